package sdktest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// verdict takes what the kit finds, instead of failing.
type verdict struct {
	*testing.T
	path  string
	found *[]string
}

func (v verdict) Errorf(format string, args ...any) {
	*v.found = append(*v.found, v.path+": "+fmt.Sprintf(format, args...))
}

func (verdict) Logf(string, ...any) {}

func (v verdict) run(name string, f func(tester)) { f(verdict{v.T, v.path + "/" + name, v.found}) }

func findings(t *testing.T, c sdk.Connector) []string {
	t.Helper()
	var found []string
	t.Run("run", func(t *testing.T) { // so that what it opened is closed
		run(verdict{t, "", &found}, Options{Connector: c, Provider: fake(), Secrets: map[string]string{"token": secret}})
	})
	return found
}

func TestASoundConnectorPasses(t *testing.T) {
	Run(t, Options{Connector: planted{calls: &atomic.Int64{}}, Provider: fake(), Secrets: map[string]string{"token": secret}})
}

// Every defect is found, in the part of the run that is there for it.
func TestPlantedDefectsAreFound(t *testing.T) {
	for bug, want := range map[string]string{
		"description changes":     "/describe: Describe gives another description",
		"unknown field":           `/describe: listing users says it fills "account.shoe_size"`,
		"fetches without Fetch":   "/describe: Description.Fetches has 1 kinds",
		"undeclared field":        "/records/users: account.name is filled, but not among",
		"unknown word":            `/records/users: account.status is "asleep"`,
		"undeclared kind":         "/records/users: a record of kind role comes",
		"new ids":                 "/again/users: ",
		"moving field":            "/again/users: ",
		"no resume":               "comes a second time",
		"deaf bookmark":           "", // lists all again: 25 of 25 is more than a small delta
		"bookmark lost":           "/bookmark/users: the walk from a bookmark gives none itself",
		"gone":                    "/bookmark/users: nothing changed since the bookmark, but account 1",
		"shard of nobody":         `/healthy/groups: shard "a" belongs to listing "users"`,
		"no certificate":          "/healthy/groups: the provider is healthy, but there is no certificate",
		"past the client":         "/healthy/users: 7 requests came to the provider, 4 were leased",
		"deaf":                    "/cancel/groups: cancelled while",
		"untyped error":           "is not an *sdk.Error",
		"wrong type":              "is of type permission",
		"leaking error":           "the error shows the secret token",
		"leaking record":          "a part holds the secret token",
		"leaking log":             "/quota and hosts: the log shows the secret token",
		"swallowed error":         "certified, although no answer was a true one",
		"unknown is false":        "account 3 says something else of admin",
		"panic":                   "panic: planted",
		"unnamed permission":      "misses a permission, but does not say which",
		"outage is no permission": "says nothing about permissions",
	} {
		t.Run(bug, func(t *testing.T) {
			if bug == "deaf" && testing.Short() {
				t.Skip("waits for what does not end")
			}
			if want == "" {
				want = "/bookmark/users: nothing changed since the bookmark, but 25 records come"
			}
			found := findings(t, planted{bug: bug, calls: &atomic.Int64{}})
			if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, want) }) {
				t.Errorf("want %q among %d findings: %q", want, len(found), found[:min(len(found), 8)])
			}
		})
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	for want, o := range map[string]Options{
		"Connector and one of":            {Connector: planted{}},
		`ProviderAt: "nowhere" is not`:    {Connector: planted{}, ProviderAt: "nowhere"},
		`Skip names listing "none"`:       {Connector: planted{}, Provider: fake(), Skip: map[string]string{"none": "why"}},
		"Connector and one of Provider a": {Provider: fake()},
	} {
		var found []string
		t.Run("run", func(t *testing.T) { run(verdict{t, "", &found}, o) })
		if len(found) == 0 || !strings.Contains(found[0], want) {
			t.Errorf("want %q, got %q", want, found)
		}
	}
}
