package githubtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// receiver is where webhooks go.
type receiver struct {
	mu     sync.Mutex
	status int
	got    []http.Header
	bodies []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.bodies = append(r.got, req.Header), append(r.bodies, string(b))
	w.WriteHeader(r.status)
}

// TestSignature is the vendor's own test vector.
func TestSignature(t *testing.T) {
	const want = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := sign(sha256.New, "It's a Secret to Everybody", []byte("Hello, World!")); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestDeliver(t *testing.T) {
	to := &receiver{status: 503}
	hs := httptest.NewServer(to)
	defer hs.Close()
	f := start(t, func(c *Config) {
		c.Client = hs.Client()
		c.Orgs[0].Hooks = ListOf(
			Hook{ID: 71, URL: hs.URL, Secret: "s3cret", Events: []string{"member"}},
			Hook{ID: 72, URL: "http://127.0.0.1:1", Events: []string{"*"}},
			Hook{ID: 73, URL: hs.URL, Events: []string{"push"}}, Hook{ID: 74, URL: hs.URL, Events: []string{"*"}, Inactive: true})
		c.Apps[0].Hook = Hook{ID: 9, URL: hs.URL, Secret: "app", ContentType: "form"}
	})
	payload := `{"action":"added","repository":{"id":21}}`
	sent, err := f.Deliver(t.Context(), "acme", "member", json.RawMessage(payload))
	if err != nil || len(sent) != 3 {
		t.Fatalf("%d deliveries, %v", len(sent), err)
	}
	h := to.got[0]
	if h.Get("X-Hub-Signature-256") != "sha256="+sign(sha256.New, "s3cret", []byte(payload)) || h.Get("X-Github-Event") != "member" ||
		h.Get("X-Github-Delivery") != sent[0].GUID || h.Get("X-Github-Hook-Id") != "71" || !strings.HasPrefix(h.Get("User-Agent"), "GitHub-Hookshot/") || to.bodies[0] != payload {
		t.Errorf("delivery %v %s", h, to.bodies[0])
	}
	if h := to.got[1]; !strings.HasPrefix(to.bodies[1], "payload=") || h.Get("X-Hub-Signature-256") != "sha256="+sign(sha256.New, "app", []byte(to.bodies[1])) {
		t.Errorf("a form is signed as it is sent: %v %s", h, to.bodies[1])
	}
	hook := "/orgs/acme/hooks/71/deliveries"
	f.get(hook+"?status=failure", "ghp_owner").has(t, `"status":"Invalid HTTP Response: 503","status_code":503,"event":"member","action":"added"`)
	f.get("/orgs/acme/hooks/72/deliveries", "ghp_owner").has(t, `"status":"failed to connect to host","status_code":0`)
	if n := f.get(hook+"?status=success", "ghp_owner").len(t); n != 0 {
		t.Errorf("%d successes", n)
	}
	f.get(fmt.Sprintf("%s/%d", hook, sent[0].ID), "ghp_owner").has(t, `"payload":{"action":"added"`)
	f.get("/app/hook/deliveries", f.jwt()).has(t, `"installation_id":501`)

	to.mu.Lock()
	to.status = 200
	to.mu.Unlock()
	if a := f.do("POST", fmt.Sprintf("%s/%d/attempts", hook, sent[0].ID), "ghp_owner"); a.status != 202 {
		t.Errorf("again: %d", a.status)
	}
	if a := f.do("POST", hook+"/1/attempts", "ghp_owner"); a.status != 404 {
		t.Errorf("again what never was: %d", a.status)
	}
	f.Wait()
	a := f.get(hook, "ghp_owner")
	if a.len(t) != 2 {
		t.Fatalf("%s", a.body)
	}
	a.has(t, `"redelivery":true`)
	if n := strings.Count(string(a.body), sent[0].GUID); n != 2 {
		t.Errorf("the GUID stands %d times, want in both attempts", n)
	}
	if sent, err := f.Deliver(t.Context(), "acme", "member", json.RawMessage(`"`+strings.Repeat("x", payloadMax)+`"`)); err != nil || sent != nil {
		t.Errorf("a payload over 25 MB: %d sent, %v", len(sent), err)
	}
}

func TestDeliveryPages(t *testing.T) {
	f := start(t, nil)
	for range 5 {
		if _, err := f.Deliver(t.Context(), "acme", "member", json.RawMessage(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []int64
	for at := "/orgs/acme/hooks/71/deliveries?per_page=2"; at != ""; {
		a := f.get(at, "ghp_owner")
		var page []struct{ ID int64 }
		if err := json.Unmarshal(a.body, &page); err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			ids = append(ids, d.ID)
		}
		at = next(a, "next")
	}
	if len(ids) != 5 || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("deliveries %v: want 5, newest first", ids)
	}
}
