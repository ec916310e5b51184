package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

// inbox is where the webhooks of a test go, verified by the connector.
type inbox struct {
	mu      sync.Mutex
	session *sdk.Session
	replies []*sdk.Reply
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // of a test
	reply, err := connector{}.Webhook(r.Context(), b.session, &sdk.Hook{Method: r.Method, Header: r.Header, Body: body})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replies = append(b.replies, reply)
	w.WriteHeader(reply.Status)
}

// A webhook that the connector made is verified with the secret it was given, and points where the change is.
func TestSubscribe(t *testing.T) {
	box := &inbox{session: hookSession(orgName)}
	to := httptest.NewServer(box)
	defer to.Close()
	w := start(t, newOrg(), func(c *githubtest.Config) { c.Client = to.Client() })
	s, ctx := w.session(ownerToken, nil), t.Context()
	id, expires, err := connector{}.Subscribe(ctx, s, "", &sdk.Shard{}, to.URL, "an older secret")
	if err != nil || id == "" || !expires.IsZero() {
		t.Fatalf("%q %s %v", id, expires, err)
	}
	deliver := func() {
		t.Helper()
		payload := json.RawMessage(`{"action":"publicized","repository":{"id":7},"organization":{"login":"acme"}}`)
		if _, err := w.server.Deliver(ctx, orgName, "repository", payload); err != nil {
			t.Fatal(err)
		}
	}
	deliver()
	again, _, err := connector{}.Subscribe(ctx, s, "", &sdk.Shard{}, to.URL, hookSecret)
	if err != nil || again != id {
		t.Errorf("asked for again: %q, not %q, %v", again, id, err)
	}
	deliver()
	if len(box.replies) != 2 || box.replies[0].Verified || !box.replies[1].Verified || len(box.replies[1].Hints) != 2 {
		t.Errorf("%d deliveries: %+v", len(box.replies), box.replies)
	}
	for range 2 { // the second time it is gone already
		if err := (connector{}).Unsubscribe(ctx, s, id); err != nil {
			t.Error(err)
		}
	}
	deliver()
	if len(box.replies) != 2 {
		t.Error("it still sends")
	}
}

// Every event it asks for is one that points somewhere.
func TestSubscribedEvents(t *testing.T) {
	for _, event := range subscribed {
		if looks[event] == nil {
			t.Errorf("%s points nowhere", event)
		}
	}
}

// Without the permission it says what to do instead; by listing it is not asked at all.
func TestSubscribeRefused(t *testing.T) {
	w := start(t, newOrg(), func(c *githubtest.Config) {
		c.Tokens = append(c.Tokens, githubtest.Token{Value: "reader", User: someone(0), Scopes: []string{"read:org"}, SSO: []string{orgName}})
	})
	before := len(w.paths)
	_, _, err := connector{}.Subscribe(t.Context(), w.session(ownerToken, nil), "members", &sdk.Shard{}, "https://hooks.acme.example", "s")
	if sdk.TypeOf(err) != sdk.ErrUnsupported || len(w.paths) != before {
		t.Errorf("for a listing: %v", err)
	}
	for name, s := range map[string]*sdk.Session{"an App that may only read": w.appSession(t), "a token that may not": w.session("reader", nil)} {
		_, _, err := connector{}.Subscribe(t.Context(), s, "", &sdk.Shard{}, "https://hooks.acme.example", "s")
		if sdk.TypeOf(err) != sdk.ErrPermission {
			t.Errorf("%s: %v", name, err)
		}
	}
}
