package judge_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
)

// others is another instance, with accounts of the same names, and what was decided about apps.
type others struct {
	mu       sync.Mutex
	accounts map[string]*sdk.Account
	verdicts map[string]string
}

func (o *others) Account(string, *sdk.Ref) *sdk.Account { return nil }

func (o *others) Person(account record.Ref, _ string) ([]policy.PersonAccount, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a := o.accounts[account.ID]; a != nil {
		return []policy.PersonAccount{{Provider: "okta", Instance: "main", Account: a}}, true
	}
	return nil, true
}

func (o *others) Party(string) (string, bool) { return "", false }

func (o *others) Verdict(app record.Ref) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.verdicts[app.ID], true
}

func (o *others) Country(string) (string, bool) { return "", false }

func (o *others) leaves(who string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accounts[who] = &sdk.Account{Id: who, Status: new("suspended")}
}

func TestElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t,
			on("account", "leaver", "account.status == 'active' && person(account).accounts.exists(a, a.provider == 'okta' && a.account.status == 'suspended')"),
			on("app", "banned", "verdict(app) == 'banned'"))
		o := &others{accounts: map[string]*sdk.Account{}, verdicts: map[string]string{}}
		w.Elsewhere = o
		var told []bool
		w.AccountsChanged = func(first bool) { told = append(told, first) }
		w.first("all", &sdk.Account{Id: "ann", Status: new("active")}, &sdk.Account{Id: "bob", Status: new("active")},
			&sdk.Account{Id: "cat", Status: new("active")}, &sdk.App{Id: "a1"}, &sdk.App{Id: "a2"})
		o.leaves("ann")
		w.start()
		w.settle()
		expect(t, "findings", w.findings(), "leaver ann baseline")
		o.leaves("bob")
		w.running().PeopleChanged(false)
		w.settle()
		expect(t, "findings", w.findings(), "leaver ann baseline", "leaver bob")
		o.leaves("cat")
		w.running().PeopleChanged(true) // with the first list of another instance
		o.mu.Lock()
		o.verdicts["a1"] = "banned"
		o.mu.Unlock()
		w.running().VerdictsChanged()
		w.settle()
		expect(t, "findings", w.findings(), "banned a1", "leaver ann baseline", "leaver bob", "leaver cat baseline")
		if len(told) != 0 {
			t.Errorf("others are told %v of what was there before", told)
		}
		w.first("others", &sdk.Account{Id: "dan"})
		w.settle()
		w.put(&sdk.Account{Id: "eve"})
		w.settle()
		if fmt.Sprint(told) != "[true false]" {
			t.Errorf("others are told %v", told)
		}
		w.halt()
		o.leaves("eve") // who is not active
		o.accounts["bob"] = nil
		w.start()
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "banned a1", "leaver ann baseline", "leaver cat baseline")
	})
}

// TestNoAddress: findings on an account that has no address are gathered by one that its person has elsewhere.
func TestNoAddress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("account", "odd", "account.mfa == 'off'"))
		w.Elsewhere = &others{accounts: map[string]*sdk.Account{"ann": {Id: "00u1", Email: new("Ann@acme.example")}}}
		w.start()
		w.settle()
		w.put(&sdk.Account{Id: "ann", Mfa: new("off")}, &sdk.Account{Id: "bob", Mfa: new("off")})
		w.settle()
		w.halt()
		got := w.events()
		if len(got) != 2 || got[0].Group != "ann@acme.example" || len(got[0].People) != 1 || got[1].Group != "acme/main/bob" || len(got[1].People) != 0 {
			t.Errorf("events %+v", got)
		}
	})
}

// TestTooCostly: what cannot be judged is undetermined, and is told once an hour.
func TestTooCostly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "costly", "file.access.exists(a, file.access.exists(b, a.role == 'read' && b.role == 'write'))"), on("file", "public", public))
		list := &sdk.AccessList{Complete: true}
		for n := range 1100 {
			list.Items = append(list.Items, &sdk.Access{Principal: sdk.To(sdk.KindAccount, fmt.Sprint(n)), Role: new("read")})
		}
		put := func(id string) {
			f := file(id, "public")
			f.Access = list
			w.put(f)
		}
		w.start()
		w.settle()
		time.Sleep(time.Hour)
		for n := range 3 {
			put(fmt.Sprint(n))
		}
		w.settle()
		time.Sleep(time.Hour)
		put("again")
		w.settle()
		w.halt()
		var got []string
		for _, e := range w.told() {
			e, _, _ = strings.Cut(e, ":")
			got = append(got, e)
		}
		expect(t, "events", got, "policy.failed costly", "opened public 0", "opened public 1", "opened public 2", "policy.failed costly", "opened public again")
		expect(t, "findings", w.findings(), "public 0", "public 1", "public 2", "public again")
		for _, p := range w.running().Status().Policies {
			if p.Name == "costly" && !strings.Contains(p.Failure, "costs too much") {
				t.Errorf("status %+v", p)
			}
		}
	})
}
