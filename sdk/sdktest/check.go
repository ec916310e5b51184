package sdktest

import (
	"context"
	"errors"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
)

// check proves that Check answers under faults, too, and says what is missing.
func (k *kit) check(t tester) {
	c, ok := k.o.Connector.(sdk.Checker)
	if !ok {
		t.Logf("the connector has no Check of its own; package serve probes for it")
		return
	}
	k.provider.expect(nil, 0, false, 0)
	good, err := k.ask(t, c)
	if err != nil || good == nil {
		t.Errorf("the provider is healthy, but Check gives %v", err)
		return
	}
	requests, _ := k.provider.counts()
	step := (requests + maxProbes - 1) / maxProbes
	k.complete(t, good)
	for _, f := range faults() {
		if f.watches || k.o.SkipFaults["check/"+f.name] != "" {
			continue
		}
		t.run(f.name, func(t tester) {
			for from := 1; from <= requests; from += step {
				for _, once := range []bool{false, true} {
					k.provider.expect(f, from, once, requests+maxRequests)
					st, err := k.ask(t, c)
					k.answered(t, place(from, once), f, good, st, err)
				}
			}
		})
	}
}

func (k *kit) ask(t tester, c sdk.Checker) (st *sdk.Status, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(call.WithID(t.Context(), callID), walkTime)
	defer cancel()
	defer k.release(callID)
	err = guard(func() error {
		st, err = c.Check(ctx, k.session)
		return err
	})
	return st, err
}

// complete: who it is, and a word on every listing.
func (k *kit) complete(t tester, st *sdk.Status) {
	t.Helper()
	if st.TenantID == "" {
		t.Errorf("Check gives no TenantID, so that another tenant behind the same name would be mixed in")
	}
	said := map[string]bool{}
	for _, c := range st.Capabilities {
		said[c.Name] = true
	}
	for _, l := range k.d.GetListings() {
		if !said["list:"+l.GetName()] {
			t.Errorf("Check says nothing of list:%s", l.GetName())
		}
	}
	for _, a := range k.d.GetActions() {
		if c := a.GetCapability(); c != "" && said[c] != k.session.Acting {
			t.Errorf("Session.Acting is %v: Check says something of %s: %v", k.session.Acting, c, said[c])
		}
	}
}

// mayAct: the credential for actions is told who it is, and a word on every action.
func (k *kit) mayAct(t tester) {
	c, ok := k.o.Connector.(sdk.Checker)
	if !ok {
		return
	}
	st, err := k.ask(t, c)
	if err != nil || st == nil {
		t.Errorf("Check of the credential for actions: %v", err)
		return
	}
	k.complete(t, st)
}

// answered judges what Check gives under a fault.
func (k *kit) answered(t tester, when string, f *fault, good, st *sdk.Status, err error) {
	t.Helper()
	k.privateError(t, when, err)
	if err != nil {
		if p, ok := errors.AsType[*panicked](err); ok {
			t.Errorf("%s: %s", when, p)
		} else if _, fired := k.provider.counts(); fired > 0 {
			k.fits(t, when, f, err)
		}
		return
	}
	if st == nil {
		t.Errorf("%s: Check gives neither a status nor an error", when)
		return
	}
	if st.TenantID != good.TenantID {
		t.Errorf("%s: Check gives tenant %q, it is %q", when, st.TenantID, good.TenantID)
	}
	states := map[string]sdk.Capability{}
	for _, c := range good.Capabilities {
		states[c.Name] = c
	}
	for _, c := range st.Capabilities {
		if name := k.leak(c.Reason + strings.Join(c.Missing, " ")); name != "" {
			t.Errorf("%s: capability %s shows %s", when, c.Name, name)
		}
		before := states[c.Name]
		switch {
		case c.State == sdk.Missing && len(c.Missing) == 0:
			t.Errorf("%s: capability %s misses a permission, but does not say which", when, c.Name)
		case c.State == before.State:
		case c.Reason == "":
			t.Errorf("%s: capability %s is %s, without a reason", when, c.Name, c.State)
		case f.name[0] != '4' && (c.State == sdk.Missing || c.State == sdk.NotInPlan || c.State == sdk.SwitchedOff):
			t.Errorf("%s: capability %s is %s; a failure of the provider says nothing about permissions", when, c.Name, c.State)
		case f.name == "429" && c.State == sdk.Missing:
			t.Errorf("%s: capability %s is %s; a throttle says nothing about permissions", when, c.Name, c.State)
		}
	}
}
