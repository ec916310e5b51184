package githubtest

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	const members = "/orgs/acme/members?per_page=100"
	for name, tc := range map[string]struct {
		fault Fault
		check func(t *testing.T, a *answer, err error)
	}{
		"status":    {Fault{Do: FaultStatus, Status: 502}, func(t *testing.T, a *answer, _ error) { wantStatus(t, a, 502) }},
		"not found": {Fault{Do: FaultStatus, Status: 404, Body: "Not Found"}, func(t *testing.T, a *answer, _ error) { wantStatus(t, a, 404) }},
		"secondary": {Fault{Do: FaultSecondary}, func(t *testing.T, a *answer, _ error) {
			wantStatus(t, a, 429)
			if a.header.Get("Retry-After") == "" {
				t.Error("no retry-after")
			}
		}},
		"primary": {Fault{Do: FaultPrimary}, func(t *testing.T, a *answer, _ error) {
			wantStatus(t, a, 403)
			if a.header.Get("X-Ratelimit-Remaining") != "0" {
				t.Error("something remains")
			}
		}},
		"truncate": {Fault{Do: FaultTruncate}, func(t *testing.T, a *answer, err error) {
			if err != nil || a.status != 200 || json.Valid(a.body) {
				t.Errorf("%v %d, valid JSON %v", err, a.status, json.Valid(a.body))
			}
		}},
		"cut": {Fault{Do: FaultCut}, func(t *testing.T, _ *answer, err error) {
			if err == nil {
				t.Error("the body came whole")
			}
		}},
		"reset": {Fault{Do: FaultReset}, func(t *testing.T, _ *answer, err error) {
			if err == nil {
				t.Error("an answer came")
			}
		}},
		"short": {Fault{Do: FaultShort}, func(t *testing.T, a *answer, _ error) {
			if a.len(t) != 50 || next(a, "next") != "" {
				t.Errorf("%d members, Link %s", a.len(t), a.header.Get("Link"))
			}
		}},
		"hide": {Fault{Do: FaultHide}, func(t *testing.T, a *answer, _ error) {
			if a.len(t) != 100 || next(a, "last") == "" || next(a, "last") != next(a, "next") {
				t.Errorf("%d members, Link %s: want two pages", a.len(t), a.header.Get("Link"))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, nil)
			tc.fault.Match, tc.fault.After, tc.fault.Times = "/orgs/*/members", 1, 1
			f.Fault(tc.fault)
			if a := f.get(members, "ghp_owner"); a.status != 200 || a.len(t) != 100 {
				t.Fatalf("before: %d", a.status)
			}
			if a := f.get("/orgs/acme/teams", "ghp_owner"); a.status != 200 {
				t.Fatalf("another path: %d", a.status)
			}
			f.http.CloseIdleConnections() // else the client quietly asks again after a reset
			a, err := f.try("GET", members, "ghp_owner")
			tc.check(t, a, err)
			if a := f.get(members, "ghp_owner"); a.status != 200 || a.len(t) != 100 || next(a, "next") == "" {
				t.Fatalf("after: %d", a.status)
			}
		})
	}
}

func wantStatus(t *testing.T, a *answer, want int) {
	t.Helper()
	if a.status != want || !json.Valid(a.body) {
		t.Errorf("%d %s, want %d", a.status, a.body, want)
	}
}

func TestRepeatedCursor(t *testing.T) {
	f := start(t, nil)
	for _, path := range []string{"/orgs/acme/members?per_page=100&page=2", "/orgs/acme/audit-log?per_page=20"} {
		a := f.get(path, "ghp_owner")
		if path[11] == 'a' {
			a = f.get(next(a, "next"), "ghp_owner")
		}
		f.Fault(Fault{Match: "**", Do: FaultRepeat})
		at := next(f.get(path, "ghp_owner"), "next")
		if b := f.get(at, "ghp_owner"); next(b, "next") != at {
			t.Errorf("%s: next is %s, want the same page %s (fault free: %s)", path, next(b, "next"), at, next(a, "next"))
		}
		f.ClearFaults()
	}
}

func TestSlow(t *testing.T) {
	f := start(t, nil)
	f.Fault(Fault{Match: "/orgs/**", Do: FaultSlow, Delay: 30 * time.Millisecond})
	began := time.Now()
	if a := f.get("/orgs/acme", "ghp_owner"); a.status != 200 || time.Since(began) < 30*time.Millisecond {
		t.Errorf("%d after %v", a.status, time.Since(began))
	}
}

func TestControl(t *testing.T) {
	f := start(t, nil)
	for body, want := range map[string]int{
		`{"match":"/orgs/*","do":"status","status":502,"times":1}`:                 204,
		`[{"match":"/user","do":"status","status":503},{"match":"/x","do":"cut"}]`: 204,
		`nonsense`: 400, `{"match":1}`: 400,
	} {
		if a, err := f.post(f.url+"/_fake/faults", "", body); err != nil || a.status != want {
			t.Errorf("%s: %v %v, want %d", body, a, err, want)
		}
	}
	for _, want := range []int{502, 200} {
		if a := f.get("/orgs/acme", "ghp_owner"); a.status != want {
			t.Errorf("%d, want %d", a.status, want)
		}
	}
	if a := f.get("/user", "ghp_owner"); a.status != 503 {
		t.Errorf("/user: %d", a.status)
	}
	var s Stats
	if err := json.Unmarshal(f.get("/_fake/stats", "").body, &s); err != nil {
		t.Fatal(err)
	}
	if s.Requests != 3 || s.Routes["GET /orgs/{org}"]["502"] != 1 || s.Routes["GET /orgs/{org}"]["200"] != 1 {
		t.Errorf("%+v", s)
	}
	if a := f.do("DELETE", "/_fake/faults", ""); a.status != 204 {
		t.Errorf("DELETE: %d", a.status)
	}
	if a := f.get("/user", "ghp_owner"); a.status != 200 {
		t.Errorf("without faults: %d", a.status)
	}
	if a := f.do("POST", "/_fake/reset", ""); a.status != 204 || f.Stats().Requests != 0 {
		t.Errorf("reset: %d %+v", a.status, f.Stats())
	}
	if a, err := f.post(f.url+"/_fake/deliver", "", `{"org":"acme","event":"member","payload":{"action":"added"}}`); err != nil || a.status != http.StatusOK {
		t.Errorf("deliver: %v %v", a, err)
	}
	if a, err := f.post(f.url+"/_fake/deliver", "", `{"org":"none","event":"member","payload":{}}`); err != nil || a.status != 400 {
		t.Errorf("deliver to nobody: %v %v", a, err)
	}
}
