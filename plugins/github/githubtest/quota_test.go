package githubtest

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPrimaryLimit(t *testing.T) {
	f := start(t, func(c *Config) { c.Limits = Limits{Core: 3, AuditLog: 1, Window: 10 * time.Second} })
	for i := range 3 {
		a := f.get("/orgs/acme", "ghp_owner")
		if a.status != 200 || a.header.Get("X-Ratelimit-Remaining") != strconv.Itoa(2-i) || a.header.Get("X-Ratelimit-Limit") != "3" {
			t.Fatalf("request %d: %d %v", i, a.status, a.header)
		}
	}
	a := f.get("/orgs/acme", "ghp_owner")
	if a.status != 403 || a.header.Get("X-Ratelimit-Remaining") != "0" || a.header.Get("Retry-After") != "" {
		t.Fatalf("over the limit: %d %v", a.status, a.header)
	}
	a.has(t, "API rate limit exceeded for user ID")
	if want := strconv.FormatInt(begin.Unix()+11, 10); a.header.Get("X-Ratelimit-Reset") != want { // begin has half a second
		t.Errorf("reset %s, want the whole second %s", a.header.Get("X-Ratelimit-Reset"), want)
	}
	if a := f.get("/rate_limit", "ghp_owner"); a.status != 200 {
		t.Errorf("/rate_limit costs nothing: %d", a.status)
	}
	audit := f.get("/orgs/acme/audit-log", "ghp_owner")
	if audit.status != 200 || audit.header.Get("X-Ratelimit-Resource") != "audit_log" {
		t.Errorf("the audit log has a bucket of its own: %d %v", audit.status, audit.header)
	}
	if a := f.get("/orgs/acme/audit-log", "ghp_owner"); a.status != 403 {
		t.Errorf("audit log over the limit: %d", a.status)
	}
	if a := f.get("/orgs/acme", "ghp_member"); a.status != 200 {
		t.Errorf("another credential: %d", a.status)
	}
	f.get("/orgs/acme", "ghp_owner")
	if s := f.Stats(); s.Limited != 3 || s.LimitedAgain != 1 {
		t.Errorf("limited %d, again %d; want 3 and 1", s.Limited, s.LimitedAgain)
	}
	f.clock.add(10*time.Second + 499*time.Millisecond)
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 403 {
		t.Errorf("a moment before the reset: %d", a.status)
	}
	f.clock.add(time.Millisecond)
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 200 {
		t.Errorf("at the reset: %d", a.status)
	}
}

func TestVendorLimits(t *testing.T) {
	f := start(t, nil)
	for token, want := range map[string]string{"": "60", "ghp_owner": "5000", f.mint(""): "15000"} {
		if got := f.get("/orgs/acme", token).header.Get("X-Ratelimit-Limit"); got != want {
			t.Errorf("limit of %.6q: %s, want %s", token, got, want)
		}
	}
	f = start(t, func(c *Config) { c.Orgs[0].Plan = Team })
	if got, want := f.get("/orgs/acme", f.mint("")).header.Get("X-Ratelimit-Limit"), strconv.Itoa(min(5000+50*(253-20), 12500)); got != want {
		t.Errorf("limit without Enterprise: %s, want %s", got, want)
	}
}

func TestSecondaryLimit(t *testing.T) {
	f := start(t, func(c *Config) { c.Limits = Limits{Points: 6, PointsWindow: time.Minute} })
	for range 6 {
		if a := f.get("/orgs/acme", "ghp_owner"); a.status != 200 {
			t.Fatal(a.status)
		}
	}
	a := f.get("/orgs/acme", "ghp_owner")
	if a.status != 429 || a.header.Get("Retry-After") != "60" || a.header.Get("X-Ratelimit-Remaining") == "0" {
		t.Errorf("over the points: %d %v", a.status, a.header)
	}
	a.has(t, "You have exceeded a secondary rate limit")
	if a := f.get("/orgs/acme/teams", "ghp_owner"); a.status != 200 {
		t.Errorf("another endpoint: %d", a.status)
	}
	f.clock.add(30 * time.Second)
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 429 {
		t.Errorf("after half a minute: %d", a.status)
	}
	f.clock.add(31 * time.Second)
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 200 {
		t.Errorf("after a minute: %d", a.status)
	}
	f = start(t, func(c *Config) { c.Limits = Limits{Points: 2, PointsShared: true, Status: 403} })
	f.get("/orgs/acme", "ghp_owner")
	f.get("/orgs/acme/teams", "ghp_owner")
	if a := f.get("/user", "ghp_owner"); a.status != 403 || a.header.Get("Retry-After") == "" {
		t.Errorf("points over all endpoints: %d %v", a.status, a.header)
	}
}

func TestConcurrency(t *testing.T) {
	f := start(t, func(c *Config) { c.Limits.Concurrent = 2; c.Latency = 200 * time.Millisecond })
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[int]int{}
	for range 6 {
		wg.Go(func() {
			a, err := f.try("GET", "/orgs/acme", "ghp_owner")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			got[a.status]++
			if a.status == 429 && !strings.Contains(string(a.body), "secondary rate limit") {
				t.Errorf("%s", a.body)
			}
		})
	}
	wg.Wait()
	if got[200] < 2 || got[429] == 0 || got[200]+got[429] != 6 {
		t.Errorf("six at once with two allowed: %v", got)
	}
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 200 {
		t.Errorf("afterwards: %d", a.status)
	}
}
