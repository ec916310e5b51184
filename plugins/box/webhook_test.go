package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

func keys(primary, secondary string) map[string]string {
	s := clientSecrets()
	s[primaryField], s[secondaryField] = primary, secondary
	return s
}

func TestSignatures(t *testing.T) {
	w := start(t, newContent(), nil)
	body := []byte(`{"trigger":"FILE.UPLOADED","source":{"type":"file","id":"130","owned_by":{"id":"1001"}}}`)
	for name, c := range map[string]struct {
		primary, secondary string
		change             func(http.Header)
		body               string
		received           time.Duration
		good               bool
	}{
		"both":            {primary: "primary-key", secondary: "secondary-key", good: true},
		"primary only":    {primary: "primary-key", secondary: "old", good: true},
		"secondary only":  {primary: "old", secondary: "secondary-key", good: true},
		"swapped":         {primary: "secondary-key", secondary: "primary-key"},
		"neither":         {primary: "x", secondary: "y"},
		"no keys":         {},
		"another body":    {primary: "primary-key", secondary: "secondary-key", body: `{"trigger":"FILE.DELETED"}`},
		"another time":    {primary: "primary-key", change: func(h http.Header) { h.Set("Box-Delivery-Timestamp", time.Now().Add(time.Minute).Format(time.RFC3339)) }},
		"no time":         {primary: "primary-key", change: func(h http.Header) { h.Del("Box-Delivery-Timestamp") }},
		"too old":         {primary: "primary-key", received: 11 * time.Minute},
		"nearly too old":  {primary: "primary-key", received: 9 * time.Minute, good: true},
		"from the future": {primary: "primary-key", received: -11 * time.Minute},
		"no signature":    {primary: "primary-key", change: func(h http.Header) { h.Del("Box-Signature-Primary") }},
	} {
		h := w.fake.Sign(body)
		if c.change != nil {
			c.change(h)
		}
		sent := body
		if c.body != "" {
			sent = []byte(c.body)
		}
		hook := &sdk.Hook{Method: http.MethodPost, Header: h, Body: sent, ReceivedAt: time.Now().Add(c.received)}
		reply, err := connector{}.Webhook(t.Context(), w.session(t, keys(c.primary, c.secondary)), hook)
		if err != nil || reply.Verified != c.good || !c.good && (reply.Status != http.StatusUnauthorized || len(reply.Hints) > 0) {
			t.Errorf("%s: %+v, %v", name, reply, err)
		}
	}
}

func TestWebhookHints(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		trigger, source string
		ref             string // name of the ref, "" for none
		users           bool
	}{
		"upload":        {"FILE.UPLOADED", `{"type":"file","id":"5","owned_by":{"id":"7"}}`, "file/7", false},
		"link":          {"SHARED_LINK.DELETED", `{"type":"file","id":"5","owned_by":{"id":"7"}}`, "file/7", false},
		"trashed":       {"FILE.TRASHED", `{"type":"file","id":"5","owned_by":{"id":"7"}}`, "file/7", false},
		"folder":        {"FOLDER.MOVED", `{"type":"folder","id":"5","owned_by":{"id":"7"}}`, "folder/7", false},
		"collaboration": {"COLLABORATION.CREATED", `{"type":"collaboration","id":"1","item":{"type":"file","id":"5","owned_by":{"id":"7"}}}`, "file/7", false},
		"no owner":      {"FILE.UPLOADED", `{"type":"file","id":"5"}`, "", true},
		"odd":           {"FILE.UPLOADED", `7`, "", true},
	} {
		ref, users := "", false
		for _, h := range hookHints(c.trigger, []byte(c.source), now) {
			users = users || h.Listing == "users"
			for _, r := range h.Refs {
				ref = r.GetName()
				if r.GetId() != "5" || r.GetKind() != sdk.KindFile {
					t.Errorf("%s: ref %v", name, r)
				}
			}
		}
		if ref != c.ref || users != c.users {
			t.Errorf("%s: ref %q, users %v; want %q, %v", name, ref, users, c.ref, c.users)
		}
	}
}

// TestSubscribe registers on the top folders of a user, and takes all away again.
func TestSubscribe(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	id, expires, err := connector{}.Subscribe(t.Context(), s, "files", shard("files", "1000"), "http://127.0.0.1:1/hook", "")
	if err != nil || !expires.IsZero() {
		t.Fatal(err)
	}
	hooks := w.fake.Hooks()
	if len(hooks) != 3 || hooks[0].User != "1000" || hooks[0].TargetType != boxtest.Folder {
		t.Fatalf("hooks %+v", hooks)
	}
	if err := (connector{}).Unsubscribe(t.Context(), s, id); err != nil || len(w.fake.Hooks()) != 0 {
		t.Errorf("left: %v, %v", w.fake.Hooks(), err)
	}
	if err := (connector{}).Unsubscribe(t.Context(), s, id); err != nil {
		t.Errorf("what is gone cannot be taken away again: %v", err)
	}
	if _, _, err := (connector{}).Subscribe(t.Context(), s, "users", &sdk.Shard{}, "http://127.0.0.1:1/hook", ""); sdk.TypeOf(err) != sdk.ErrUnsupported {
		t.Errorf("users have webhooks: %v", err)
	}
}
