package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
)

const hookSecret = "hook secret"

func hookSession(org string) *sdk.Session {
	return &sdk.Session{
		Settings: sdk.Settings{"organization": org},
		Secret:   func(name string) string { return map[string]string{secretField: hookSecret}[name] },
	}
}

func request(event string, body []byte) *sdk.Hook {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(body)
	return &sdk.Hook{
		Method: http.MethodPost, Body: body, ReceivedAt: time.Unix(1_800_000_000, 0),
		Header: http.Header{"X-Github-Event": {event}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}},
	}
}

func TestSignature(t *testing.T) {
	// GitHub's own example.
	body := []byte("Hello, World!")
	const good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if !signed("It's a Secret to Everybody", good, body) {
		t.Error("GitHub's example does not fit")
	}
	for _, header := range []string{"", "sha256=", good[7:], "sha1=" + good[7:], good[:len(good)-1], good + "00", "sha256=zz"} {
		if signed("It's a Secret to Everybody", header, body) {
			t.Errorf("%q must not fit", header)
		}
	}
	empty := hmac.New(sha256.New, nil)
	empty.Write(body)
	if signed("", "sha256="+hex.EncodeToString(empty.Sum(nil)), body) {
		t.Error("without a secret nothing fits, not even what is signed with none")
	}
	r, err := connector{}.Webhook(t.Context(), hookSession("acme"), &sdk.Hook{Body: body, Header: http.Header{}})
	if err != nil || r.Verified || r.Status != http.StatusUnauthorized || len(r.Hints) != 0 {
		t.Errorf("unsigned: %+v, %v", r, err)
	}
}

func TestHints(t *testing.T) {
	type hint struct{ Listing, Shard, Ref string }
	for name, c := range map[string]struct {
		event, body string
		want        []hint
	}{
		"member added to a repository": {"member", `{"action":"added","member":{"id":5,"login":"x"},"repository":{"id":300}}`, []hint{{"repository_access", "300", ""}, {"outside_collaborators", "", "5"}}},
		"member left":                  {"organization", `{"action":"member_removed","membership":{"user":{"id":6,"login":"y"}}}`, []hint{{"members", "", "6"}, {"invitations", "", ""}, {"settings", "", ""}}},
		"team member":                  {"membership", `{"action":"added","team":{"id":50},"member":{"id":5}}`, []hint{{"team_members", "50", ""}}},
		"member of a team in a team":   {"membership", `{"action":"added","team":{"id":50,"parent":{"id":4}},"member":{"id":5}}`, []hint{{"team_members", "4", ""}, {"team_members", "50", ""}}},
		"of a deleted team":            {"membership", `{"action":"removed","team":{"id":50,"deleted":true}}`, []hint{{"teams", "", ""}}},
		"team":                         {"team", `{"action":"created","team":{"id":50}}`, []hint{{"teams", "", ""}}},
		"team on a repository":         {"team", `{"action":"added_to_repository","repository":{"id":1}}`, []hint{{"teams", "", ""}, {"repository_access", "1", ""}}},
		"published":                    {"public", `{"repository":{"id":7}}`, []hint{{"repositories", "", ""}, {"repository_access", "7", ""}}},
		"made private":                 {"repository", `{"action":"privatized","repository":{"id":7}}`, []hint{{"repositories", "", ""}, {"repository_access", "7", ""}}},
		"archived":                     {"repository", `{"action":"archived","repository":{"id":7}}`, []hint{{"repositories", "", "7"}, {"repository_access", "7", ""}}},
		"push to the default branch":   {"push", `{"ref":"refs/heads/main","repository":{"id":7,"default_branch":"main"}}`, []hint{{"files", "7", ""}, {"repositories", "", "7"}}},
		"push to another":              {"push", `{"ref":"refs/heads/x","repository":{"id":7,"default_branch":"main"}}`, nil},
		"pushed tag":                   {"push", `{"ref":"refs/tags/v1","repository":{"id":7,"default_branch":"main"}}`, nil},
		"push without details":         {"push", `{}`, []hint{{"repositories", "", ""}}},
		"secret":                       {"secret_scanning_alert", `{"action":"created"}`, []hint{{"secret_alerts", "", ""}}},
		"of another organisation":      {"public", `{"repository":{"id":7},"organization":{"login":"other"}}`, nil},
		"of another's App":             {"installation", `{"action":"created","installation":{"account":{"login":"other"}}}`, nil},
		"odd types":                    {"public", `{"action":7,"repository":{"id":7},"organization":"x"}`, []hint{{"repositories", "", ""}, {"repository_access", "7", ""}}},
		"unknown event":                {"future", `{"action":"x"}`, nil},
	} {
		r, err := connector{}.Webhook(t.Context(), hookSession("ACME"), request(c.event, []byte(c.body)))
		if err != nil || !r.Verified || r.Status != http.StatusOK {
			t.Errorf("%s: %+v, %v", name, r, err)
			continue
		}
		var got []hint
		for _, h := range r.Hints {
			one := hint{Listing: h.Listing, Shard: h.Shard}
			if len(h.Refs) > 0 {
				one.Ref = h.Refs[0].GetId()
			}
			if h.SeenAt.IsZero() || h.Reason == "" {
				t.Errorf("%s: a hint without time or reason", name)
			}
			got = append(got, one)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestFormEncodedWebhook(t *testing.T) {
	h := request("public", []byte(url.Values{"payload": {`{"repository":{"id":7}}`}}.Encode()))
	h.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r, err := connector{}.Webhook(t.Context(), hookSession("acme"), h)
	if err != nil || len(r.Hints) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// An event either points somewhere or is left out on purpose, never both, and only to listings that exist.
func TestHintTables(t *testing.T) {
	for event, list := range looks {
		if silent[event] {
			t.Errorf("%s is in both tables", event)
		}
		for _, l := range list {
			if sourceOf(l.listing) == nil {
				t.Errorf("%s points to %q", event, l.listing)
			}
		}
	}
}

// TestWebhookExamples reads the real payloads of the npm package @octokit/webhooks-examples.
func TestWebhookExamples(t *testing.T) {
	dir := os.Getenv("MOORING_WEBHOOK_EXAMPLES")
	if dir == "" {
		t.Skip("set MOORING_WEBHOOK_EXAMPLES to the folder of npm package @octokit/webhooks-examples")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "index.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no */index.json in %s: %v", dir, err)
	}
	total, pointed := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var events []struct {
			Name     string            `json:"name"`
			Examples []json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(raw, &events); err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			for i, body := range e.Examples {
				total++
				r, err := connector{}.Webhook(t.Context(), hookSession(""), request(e.Name, body))
				if err != nil || !r.Verified || r.Status != http.StatusOK {
					t.Errorf("%s %s %d: %+v, %v", file, e.Name, i, r, err)
					continue
				}
				var p payload
				_ = json.Unmarshal(body, &p) // as far as it goes
				ignored := silent[e.Name] || e.Name == "push" && p.branchOnly()
				if (len(r.Hints) == 0) != ignored {
					t.Errorf("%s %s %d: %d hints, left out on purpose: %v", file, e.Name, i, len(r.Hints), ignored)
				}
				pointed += min(len(r.Hints), 1)
			}
		}
	}
	t.Logf("%d payloads, %d of them point somewhere", total, pointed)
}

func FuzzWebhook(f *testing.F) {
	f.Add("push", []byte(`{"ref":"refs/heads/main","repository":{"id":1,"default_branch":"main"}}`))
	f.Add("member", []byte(`{"member":{"id":-1},"repository":null}`))
	f.Add("membership", []byte(`{"team":[]}`))
	f.Add("organization", []byte(`[]`))
	f.Add("x", []byte(`payload=%7B%7D`))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		r, err := connector{}.Webhook(t.Context(), hookSession("acme"), request(event, body))
		if err != nil || !r.Verified {
			t.Fatalf("%+v, %v", r, err)
		}
		for _, h := range r.Hints {
			if sourceOf(h.Listing) == nil || len(h.Shard) > sdk.MaxIDBytes || len(h.Reason) > 2*maxMessage {
				t.Errorf("hint %+v", h)
			}
			for _, ref := range h.Refs {
				if ref.GetId() == "" {
					t.Errorf("a ref without id: %v", ref)
				}
			}
		}
	})
}
