package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
)

func groupParty(i int) oktatest.Party {
	return oktatest.Party{ID: groupID(i), Type: "UserGroup", Name: "g"}
}

func appParty(i int) oktatest.Party {
	return oktatest.Party{ID: appID(i), Type: "AppInstance", Name: "a"}
}

// places of hints: listing, then shard or ids.
func places(hints []sdk.Hint) []string {
	var list []string
	for _, h := range hints {
		p := h.Listing
		if h.Shard != "" {
			p += " " + h.Shard
		}
		for _, r := range h.Refs {
			p += " " + sdk.KindName(r.GetKind()) + ":" + r.GetId()
		}
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

func TestWhereEventsLead(t *testing.T) {
	for kind, c := range map[string]struct {
		targets []oktatest.Party
		want    []string
	}{
		"user.lifecycle.suspend":             {[]oktatest.Party{person(1)}, []string{"users account:" + userID(1)}},
		"user.lifecycle.delete.completed":    {[]oktatest.Party{person(1)}, []string{"users account:" + userID(1)}},
		"user.account.privilege.grant":       {[]oktatest.Party{person(1)}, []string{"admin_roles", "users account:" + userID(1)}},
		"group.privilege.grant":              {[]oktatest.Party{groupParty(3)}, []string{"admin_roles", "group_roles " + groupID(3), "groups"}},
		"group.user_membership.add":          {[]oktatest.Party{person(1), groupParty(1)}, []string{"memberships " + groupID(1)}},
		"group.lifecycle.create":             {[]oktatest.Party{groupParty(9)}, []string{"groups"}},
		"group.lifecycle.delete":             {[]oktatest.Party{groupParty(1)}, []string{"groups group:" + groupID(1), "memberships " + groupID(1)}},
		"user.mfa.factor.activate":           {[]oktatest.Party{person(1)}, []string{"factors"}},
		"application.lifecycle.update":       {[]oktatest.Party{appParty(0)}, []string{"apps"}},
		"application.user_membership.add":    {[]oktatest.Party{person(1), appParty(0)}, []string{"app_users " + appID(0)}},
		"group.application_assignment.add":   {[]oktatest.Party{appParty(0), groupParty(1)}, []string{"app_groups " + appID(0), "app_users " + appID(0)}},
		"app.oauth2.as.consent.grant":        {[]oktatest.Party{appParty(1)}, []string{"app_grants " + appID(1)}},
		"system.api_token.create":            {nil, []string{"api_tokens"}},
		"user.session.start":                 {[]oktatest.Party{person(1)}, nil},
		"group.user_membership.rule.trigger": {nil, []string{"group_rules"}},
	} {
		e := event{UUID: "u", Type: kind, Published: when{time.Now()}}
		for _, p := range c.targets {
			e.Targets = append(e.Targets, party{ID: text(p.ID), Type: text(p.Type)})
		}
		if got := places(hintsOf([]event{e, e})); !slices.Equal(got, c.want) {
			t.Errorf("%s leads to %v, want %v", kind, got, c.want)
		}
	}
	var many []event
	for i := range 120 {
		many = append(many, event{Type: "user.lifecycle.create", Targets: []party{{ID: text(userID(i)), Type: "User"}}})
	}
	n := 0
	for _, h := range hintsOf(many) {
		if n += len(h.Refs); len(h.Refs) > maxRefs {
			t.Errorf("%d refs in one hint", len(h.Refs))
		}
	}
	if n != 120 {
		t.Errorf("%d refs", n)
	}
}

// What a hint leads to is a listing that there is.
func TestHintsLeadSomewhere(t *testing.T) {
	for _, name := range hinted() {
		if sourceOf(name) == nil {
			t.Errorf("there is no listing %q", name)
		}
	}
}

func TestWatch(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	o.Log = oktatest.ListOf(append(history(time.Now().UTC()), happened(1, "user.lifecycle.suspend", person(1)))...)
	enough := errors.New("enough")
	var got []sdk.Hint
	err := connector{}.Watch(t.Context(), s, nil, func(h sdk.Hint) error {
		if got = append(got, h); len(got) == 2 {
			return enough
		}
		return nil
	})
	if want := []string{"system_log", "users account:" + userID(1)}; !errors.Is(err, enough) || !slices.Equal(places(got), want) {
		t.Errorf("%v, hints %v", err, places(got))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o.Log = oktatest.ListOf(history(time.Now().UTC())...)
	if err := (connector{}).Watch(ctx, s, nil, func(sdk.Hint) error { return nil }); err == nil {
		t.Error("watching ended by itself")
	}
}

func TestWatchPause(t *testing.T) {
	for limit, want := range map[string]time.Duration{
		"120": 3 * time.Second, "60": 6 * time.Second, "50": 7200 * time.Millisecond, "20": 18 * time.Second, "1": time.Minute, "": watchLeast,
		"-5": watchLeast, "many": watchLeast, "100000": watchLeast,
	} {
		if got := watchPause(limit); got != want {
			t.Errorf("limit %q: %s, want %s", limit, got, want)
		}
	}
}

func TestWebhook(t *testing.T) {
	s := &sdk.Session{Secret: func(string) string { return hookSecret }}
	body := `{"eventType":"com.okta.event_hook","eventId":"1","data":{"events":[{"uuid":"u1","eventType":"user.lifecycle.deactivate",` +
		`"published":"2026-01-01T00:00:00.000Z","target":[{"id":"` + userID(4) + `","type":"User"}]}]}}`
	for name, c := range map[string]struct {
		method, auth, challenge, body string
		status                        int
		verified                      bool
		hints                         int
	}{
		"delivery":           {"POST", hookSecret, "", body, 200, true, 2},
		"wrong secret":       {"POST", hookSecret + "x", "", body, 401, false, 0},
		"no secret":          {"POST", "", "", body, 401, false, 0},
		"challenge":          {"GET", "", "abc", "", 200, false, 0},
		"signed challenge":   {"GET", hookSecret, "abc", "", 200, true, 0},
		"empty challenge":    {"GET", hookSecret, "", "", 400, false, 0},
		"endless challenge":  {"GET", hookSecret, strings.Repeat("a", maxChallenge+1), "", 400, false, 0},
		"not JSON":           {"POST", hookSecret, "", "<xml>", 400, true, 0},
		"nothing in it":      {"POST", hookSecret, "", `{"data":{"events":[]}}`, 200, true, 0},
		"a sign-in":          {"POST", hookSecret, "", `{"data":{"events":[{"eventType":"user.session.start"}]}}`, 200, true, 1},
		"other things in it": {"POST", hookSecret, "", `{"data":{"events":[{"eventType":7}]}}`, 400, true, 0},
	} {
		h := &sdk.Hook{Method: c.method, Header: http.Header{}, Body: []byte(c.body), ReceivedAt: time.Now()}
		h.Header.Set("Authorization", c.auth)
		h.Header.Set("X-Okta-Verification-Challenge", c.challenge)
		r, err := connector{}.Webhook(t.Context(), s, h)
		if err != nil || r.Status != c.status || r.Verified != c.verified || len(r.Hints) != c.hints {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if c.challenge == "abc" && string(r.Body) != `{"verification":"abc"}` {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
	nobody := &sdk.Session{Secret: func(string) string { return "" }}
	if r, _ := (connector{}).Webhook(t.Context(), nobody, &sdk.Hook{Method: "POST", Header: http.Header{}, Body: []byte(body)}); r.Verified {
		t.Error("without a secret everything is verified")
	}
}

// The whole way: registered and verified by Okta, delivered, verified here, taken back.
func TestSubscribe(t *testing.T) {
	w := start(t, newOrg(), nil)
	secrets := sswsSecrets()
	secrets[secretField] = hookSecret
	s := w.session(t, secrets)
	var hints []sdk.Hint
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		reply, err := connector{}.Webhook(r.Context(), s, &sdk.Hook{Method: r.Method, Header: r.Header, Body: body, ReceivedAt: time.Now()})
		if err != nil {
			t.Error(err)
			return
		}
		hints = append(hints, reply.Hints...)
		rw.WriteHeader(reply.Status)
		_, _ = rw.Write(reply.Body)
	}))
	defer receiver.Close()
	id, expires, err := connector{}.Subscribe(t.Context(), s, "", &sdk.Shard{}, receiver.URL+"/in", hookSecret)
	if err != nil || id == "" || !expires.IsZero() {
		t.Fatalf("%q, %s, %v", id, expires, err)
	}
	if again, _, err := (connector{}).Subscribe(t.Context(), s, "", &sdk.Shard{}, receiver.URL+"/in", hookSecret); err != nil || again != id {
		t.Errorf("a second hook %q beside %q: %v", again, id, err)
	}
	if n := w.server.Deliver(t.Context(), happened(1, "user.lifecycle.deactivate", person(4)), happened(2, "user.session.start", person(4))); n != 1 {
		t.Errorf("%d deliveries", n)
	}
	if want := []string{"system_log", "users account:" + userID(4)}; !slices.Equal(places(hints), want) {
		t.Errorf("hints %v", places(hints))
	}
	if err := (connector{}).Unsubscribe(t.Context(), s, id); err != nil {
		t.Error(err)
	}
	if err := (connector{}).Unsubscribe(t.Context(), s, id); err != nil {
		t.Errorf("taking back what is gone: %v", err)
	}
	if n := w.server.Deliver(t.Context(), happened(3, "user.lifecycle.deactivate", person(4))); n != 0 {
		t.Errorf("%d deliveries to nobody", n)
	}
}

func TestSubscribeRefused(t *testing.T) {
	w := start(t, newOrg(), nil)
	for _, c := range []struct {
		secrets         map[string]string
		listing, secret string
		want            sdk.ErrorType
		says            string
	}{
		{appSecrets(), "", hookSecret, sdk.ErrPermission, hookScope},
		{sswsSecrets(), "", "", sdk.ErrInvalid, secretField},
		{sswsSecrets(), "users", hookSecret, sdk.ErrUnsupported, "users"},
		{sswsSecrets(), "", hookSecret, sdk.ErrInvalid, "verification"}, // nobody answers there
	} {
		_, _, err := connector{}.Subscribe(t.Context(), w.session(t, c.secrets), c.listing, &sdk.Shard{}, "http://127.0.0.1:1/in", c.secret)
		if sdk.TypeOf(err) != c.want || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), hookSecret) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add("POST", `{"data":{"events":[{"eventType":"group.user_membership.add","target":[{"id":"x","type":"UserGroup"}]}]}}`)
	f.Add("GET", "abc")
	s := &sdk.Session{Secret: func(string) string { return hookSecret }}
	f.Fuzz(func(t *testing.T, method, body string) {
		h := &sdk.Hook{Method: method, Header: http.Header{}, Body: []byte(body)}
		h.Header.Set("Authorization", hookSecret)
		h.Header.Set("X-Okta-Verification-Challenge", url.QueryEscape(body))
		r, err := connector{}.Webhook(t.Context(), s, h)
		if err != nil || r.Status < 200 {
			t.Errorf("%+v, %v", r, err)
		}
		for _, hint := range r.Hints {
			if sourceOf(hint.Listing) == nil {
				t.Errorf("a hint at %q", hint.Listing)
			}
		}
	})
}
