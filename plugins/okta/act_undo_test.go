package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Okta may work on a deactivation for a while; meanwhile it is neither done nor not done.
func TestSlowDeactivation(t *testing.T) {
	w := start(t, newOrg(), func(c *oktatest.Config) {
		actors(c)
		c.Later = true
	})
	c := w.accountCase(t, "deactivate", userID(9))
	c.Lost, c.Reset, c.Advance = comesBack, w.server.Undo, w.server.Finish
	k := only{connector{}, "deactivate"}
	sdktest.Actions(t, sdktest.Options{
		Connector: k, ProviderAt: w.http.URL, Secrets: appSecrets(), Settings: map[string]string{"key_id": keyID},
	}, c)
	s := w.session(t, appSecrets())
	i := intent("deactivate", userID(9))
	p, o := mustAct(t, s, i)
	if o.GetState() != sdk.Pending || o.GetToken() == "" || o.GetPollAfter().AsDuration() <= 0 {
		t.Fatalf("%v", o)
	}
	look := func(want wire.ReadBackResponse_State) {
		t.Helper()
		if r, err := (connector{}).ReadBack(t.Context(), s, i, p, []byte(o.GetToken())); err != nil || r.GetState() != want {
			t.Errorf("%v, %v, want %v", r, err, want)
		}
	}
	look(sdk.InFlight)
	w.server.Finish()
	look(sdk.Applied)
}

// only is the connector with one action.
type only struct {
	connector
	action string
}

func (o only) Describe() *sdk.Description {
	d := o.connector.Describe()
	d.Actions = slices.DeleteFunc(d.Actions, func(a *sdk.ActionSpec) bool { return a.GetName() != o.action })
	return d
}

// Undo never gives more than there was: a suspended account does not come back as one that can be used.
func TestUndoOfWhatWasSuspended(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	i := intent("deactivate", whoIs(suspended))
	p, _ := mustAct(t, s, i)
	if len(p.GetLoses()) != 1 || !strings.Contains(p.GetLoses()[0], "cannot bring a deactivated account back as suspended") {
		t.Errorf("the plan loses %q", p.GetLoses())
	}
	i.Undo = &wire.Undo{Plan: p}
	if _, err := (connector{}).Prepare(t.Context(), s, i); sdk.TypeOf(err) != sdk.ErrUnsupported {
		t.Errorf("undo: %v", err)
	}
	if got := w.see(t, whoIs(suspended)).Status; got != deactivated {
		t.Errorf("the account is %s", got)
	}
}

// What somebody else did meanwhile is not undone.
func TestUndoAfterSomebodyElse(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	i := intent("suspend", userID(9))
	p, _ := mustAct(t, s, i)
	mustAct(t, s, intent("deactivate", userID(9)))
	i.Undo = &wire.Undo{Plan: p}
	if _, err := (connector{}).Prepare(t.Context(), s, i); sdk.TypeOf(err) != sdk.ErrConflict {
		t.Errorf("undo: %v", err)
	}
	r, err := connector{}.ReadBack(t.Context(), s, intent("suspend", userID(9)), p, nil)
	if err != nil || r.GetState() != sdk.Differs {
		t.Errorf("read back: %v, %v", r, err)
	}
}

// A status that changes between the plan and the act makes Okta refuse, and nothing is done.
func TestActOnAnotherStatus(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	for _, action := range []string{"suspend", "expire_password"} {
		i := intent(action, userID(11))
		p, err := connector{}.Prepare(t.Context(), s, i)
		if err != nil {
			t.Fatal(err)
		}
		mustAct(t, s, intent("deactivate", userID(11)))
		_, err = connector{}.Act(t.Context(), s, i, p, nil, nil)
		if o := sdk.OutcomeOf(err, false); o.GetState() != sdk.Refused || w.see(t, userID(11)).Status != deactivated {
			t.Errorf("%s: %v", action, o)
		}
		w.server.Undo()
	}
}

// A rule counts where its condition holds, or may.
func TestMembersByRule(t *testing.T) {
	member := func(condition string, excluded ...string) oktatest.Rule {
		return oktatest.Rule{ID: "0pr1", Name: "fills", Expression: condition, Groups: []string{groupID(operators)}, ExcludedUsers: excluded}
	}
	for name, c := range map[string]struct {
		rule    oktatest.Rule
		refused bool
	}{
		"fits":             {member(`user.department=="Sales"`), true},
		"another value":    {member(`user.department == "Legal"`), false},
		"in capitals":      {member(`user.department=="SALES"`), true},
		"no such field":    {member(`user.costCenter=="7"`), false},
		"cannot be judged": {member(`String.startsWith(user.login,"user")`), true},
		"either":           {member(`user.department=="Legal" or user.lastName=="1"`), true},
		"an exception":     {member(`user.department=="Sales"`, userID(1)), false},
		"not active":       {oktatest.Rule{ID: "0pr1", Status: "INACTIVE", Expression: "true", Groups: []string{groupID(operators)}}, false},
		"another group":    {oktatest.Rule{ID: "0pr1", Expression: "true", Groups: []string{groupID(five)}}, false},
	} {
		o := newOrg()
		o.Rules = oktatest.ListOf(c.rule)
		w := start(t, o, actors)
		_, err := connector{}.Prepare(t.Context(), w.session(t, appSecrets()), intent("remove_from_group", sdk.ID("group", groupID(operators), userID(1))))
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), `the rule "fills"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A person whose account comes back has no password: Okta mails a link, and nobody here gets to see it.
func TestUndoMails(t *testing.T) {
	var asked []string
	w := start(t, newOrg(), func(c *oktatest.Config) {
		actors(c)
		record := c.Record
		c.Record = func(r *http.Request, status int, h http.Header, body []byte) {
			if strings.HasSuffix(r.URL.Path, "/activate") {
				asked = append(asked, r.URL.RawQuery+" "+string(body))
			}
			record(r, status, h, body)
		}
	})
	s := w.session(t, appSecrets())
	i := intent("deactivate", userID(9))
	p, _ := mustAct(t, s, i)
	i.Undo = &wire.Undo{Plan: p}
	u, _ := mustAct(t, s, i)
	if !slices.Equal(asked, []string{"sendEmail=true {}"}) || !strings.Contains(strings.Join(u.GetEffects(), " "), "mails a link") {
		t.Errorf("asked %q, effects %q", asked, u.GetEffects())
	}
}
