// Package sdktest is the conformance kit: an author calls Run with the connector and a fake of its provider, in one test.
//
// It promises: what Run finds is a defect of the connector, or of the fake, that would lose, invent or leak something in
// production. It drives the connector as the agent does, over package httpapi and a loopback server, and needs to know
// nothing about the provider: faults are put between the two.
//
// Actions does the same for what the connector changes, with a case for each action.
//
// It does not prove that the records say what the provider meant, or that the fake behaves like the vendor; it does not start a
// process, so package serve and its probing Check are not in it.
package sdktest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// ProviderURL stands for the fake's address in the values of Options.Settings.
const ProviderURL = "${provider}"

// Options say what is tested, and against what.
type Options struct {
	Connector sdk.Connector
	// Settings of the instance. base_url is ProviderURL unless it says otherwise (ProviderURL + "/api").
	Settings map[string]string
	// Secrets are the credential fields. They are looked for in all that leaves the connector, so make them unlike any data.
	Secrets map[string]string
	// Provider is the fake. It must not change by itself, and must not limit how many requests it takes.
	Provider http.Handler
	// ProviderAt is the URL of a fake that runs elsewhere, when Provider is nil.
	ProviderAt string
	// Until is the end of the time that is asked of feeds by window; default: now.
	Until time.Time
	// Skip names listings that are not tested, with the reason; it is printed.
	Skip map[string]string
	// SkipFaults names faults that are not tried, as "listing/fault", with the reason; it is printed.
	SkipFaults map[string]string
}

// The limits of a run.
const (
	maxShards   = 12  // of one listing that are walked
	maxResumes  = 40  // checkpoints of one walk that are resumed from
	maxRequests = 500 // of one walk beyond those of the healthy one, before the provider fails for good
	maxProbes   = 8   // requests of Check that are made to fail, one after the other
	maxParallel = 8

	walkTime   = time.Minute // for one walk
	cancelTime = time.Second // in which a cancelled walk ends
	smallDelta = 10          // records that a delta of an unchanged provider may have, beside a tenth of all
)

// Run proves what every connector must do. Each part is a subtest.
func Run(t *testing.T, o Options) {
	t.Helper()
	run(std{t}, o)
}

// tester is the part of testing.T that the kit uses, so that its own tests can see it fail.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Context() context.Context
	Cleanup(f func())
	run(name string, f func(tester))
}

type std struct{ *testing.T }

func (t std) run(name string, f func(tester)) {
	t.Helper()
	t.T.Run(name, func(t *testing.T) { f(std{t}) })
}

// kit is one run.
type kit struct {
	o        Options
	spec     *sdk.Description
	d        *wire.Description
	provider *provider
	host     *host
	session  *sdk.Session
	release  func(callID string)
	// listings that were walked whole on the healthy provider, parents first.
	listings []*listed
}

// listed is one listing as the healthy provider gives it.
type listed struct {
	spec  *wire.ListingSpec
	walks []*healthy
}

// healthy is the walk of one shard.
type healthy struct {
	request *wire.ScanRequest
	*walk
}

func run(t tester, o Options) {
	t.Helper()
	if o.Connector == nil || (o.Provider == nil) == (o.ProviderAt == "") {
		t.Errorf("sdktest.Options: Connector and one of Provider and ProviderAt are needed")
		return
	}
	if o.Until.IsZero() {
		o.Until = time.Now().Truncate(time.Second)
	}
	k := &kit{o: o}
	described := false
	t.run("describe", func(t tester) { described = k.describe(t) })
	if !described || !k.open(t) {
		return
	}
	for what, skipped := range map[string]map[string]string{"listing": o.Skip, "fault": o.SkipFaults} {
		for _, name := range slices.Sorted(maps.Keys(skipped)) {
			t.Logf("%s %s is not tested: %s", what, name, skipped[name])
		}
	}
	t.run("healthy", func(t tester) { k.walkAll(t) })
	t.run("records", func(t tester) { k.each(t, k.judgeRecords) })
	t.run("again", func(t tester) { k.each(t, k.again) })
	t.run("resume", func(t tester) { k.each(t, k.resume) })
	t.run("bookmark", func(t tester) { k.each(t, k.bookmark) })
	t.run("parallel", k.parallel)
	t.run("cancel", func(t tester) { k.each(t, k.cancelled) })
	t.run("faults", func(t tester) { k.each(t, k.underFaults) })
	t.run("check", k.check)
	t.run("quota and hosts", k.closing)
}

// each runs one part for each listing that is healthy.
func (k *kit) each(t tester, f func(t tester, l *listed)) {
	t.Helper()
	for _, l := range k.listings {
		t.run(l.spec.GetName(), func(t tester) { f(t, l) })
	}
}
