package githubtest

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// walk follows next and returns the ids in order.
func (f *fake) walk(path string) []string {
	f.t.Helper()
	var ids []string
	for at := path; at != ""; {
		a := f.get(at, "ghp_owner")
		var page []struct {
			ID string `json:"_document_id"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != 200 {
			f.t.Fatalf("GET %s: %d %.200s", at, a.status, a.body)
		}
		for _, e := range page {
			ids = append(ids, e.ID)
		}
		at = next(a, "next")
	}
	return ids
}

func TestAuditLog(t *testing.T) {
	f := start(t, nil)
	if ids := f.walk("/orgs/acme/audit-log?per_page=50"); len(ids) != 117 || ids[0] != "doc129" || ids[116] != "doc1" {
		t.Errorf("web events, newest first: %d, %v", len(ids), ids)
	}
	ids := f.walk("/orgs/acme/audit-log?per_page=7&order=asc&include=all")
	if len(ids) != 130 || ids[0] != "doc0" || ids[129] != "doc129" {
		t.Errorf("all events, oldest first: %d, %v", len(ids), ids)
	}
	if ids := f.walk("/orgs/acme/audit-log?include=git"); len(ids) != 13 {
		t.Errorf("git events: %d", len(ids))
	}
	a := f.get("/orgs/acme/audit-log?include=git&per_page=1", "ghp_owner")
	if strings.Contains(string(a.body), "created_at") || !strings.Contains(string(a.body), `"@timestamp":`) {
		t.Errorf("a git event has no created_at: %s", a.body)
	}
	second := f.get(next(f.get("/orgs/acme/audit-log?per_page=10", "ghp_owner"), "next"), "ghp_owner")
	back := f.get(next(second, "prev"), "ghp_owner")
	if !strings.Contains(string(back.body), `"doc129"`) || back.len(t) != 10 {
		t.Errorf("the page before the second: %.200s", back.body)
	}
	if a := f.get("/orgs/acme/audit-log?after=nonsense", "ghp_owner"); a.status != 422 {
		t.Errorf("a wrong cursor: %d", a.status)
	}
	if a := f.get("/orgs/acme/audit-log?phrase=created:yesterday", "ghp_owner"); a.status != 422 {
		t.Errorf("a wrong date: %d", a.status)
	}
	f.clock.add(gitRetention)
	if ids := f.walk("/orgs/acme/audit-log?include=git"); len(ids) != 0 {
		t.Errorf("git events after 7 days: %d", len(ids))
	}
	f.clock.add(auditDefault - gitRetention)
	if ids := f.walk("/orgs/acme/audit-log"); len(ids) != 0 {
		t.Errorf("without a date after three months: %d", len(ids))
	}
	if ids := f.walk("/orgs/acme/audit-log?phrase=created:%3E%3D2026-01-01"); len(ids) != 117 {
		t.Errorf("with a date after three months: %d", len(ids))
	}
	f.clock.add(auditRetention)
	if ids := f.walk("/orgs/acme/audit-log?phrase=created:%3E%3D2026-01-01"); len(ids) != 0 {
		t.Errorf("after 180 days: %d", len(ids))
	}
}

func TestAuditPhrase(t *testing.T) {
	f := start(t, nil)
	at := func(i int) string { return begin.Add(time.Duration(i-130) * time.Minute).Format(time.RFC3339Nano) }
	for phrase, want := range map[string]int{
		"created:" + at(11) + ".." + at(19):  9,
		"created:>=" + at(121):               9,
		"created:>" + at(121):                8,
		"created:<" + at(11):                 9,
		"created:<=" + at(11):                10,
		"created:2026-11-21":                 117,
		"created:*.." + at(11):               10,
		"created:" + at(121) + "..*":         9,
		"action:org":                         117,
		"action:org.add_member":              117,
		"action:or":                          0,
		"-action:org":                        0,
		"actor:ada user:bob":                 117,
		"actor:zoe":                          0,
		"operation:create org:acme":          117,
		`user:"bob" created:>=` + at(121):    9,
		"country:DE":                         0,
		"created:>=2026-11-22 action:org":    0,
		"created:2026-11-20..2026-11-20":     0,
		"created:2026-11-20..2026-11-21 bob": 0,
	} {
		if ids := f.walk("/orgs/acme/audit-log?per_page=100&phrase=" + url.QueryEscape(phrase)); len(ids) != want {
			t.Errorf("%s: %d events, want %d", phrase, len(ids), want)
		}
	}
}

// TestAuditOddShapes serves what the vendor sometimes does: org as a list.
func TestAuditOddShapes(t *testing.T) {
	f := start(t, func(c *Config) {
		c.Orgs[0].Audit = ListOf(Event{ID: "d", Time: begin.Add(-time.Hour), Action: "x.y", Fields: map[string]any{"org": []string{"acme"}, "org_id": []int{7}, "_document_id": "z"}})
	})
	f.get("/orgs/acme/audit-log", "ghp_owner").has(t, `"_document_id":"d","action":"x.y","created_at":1795258800500,"org":["acme"],"org_id":[7]}`)
}

func FuzzPhrase(f *testing.F) {
	for _, s := range []string{"created:>=2026-01-01", `a:"b c" -d`, "created:", "created:..", "created:*..*", ":", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		p, err := parsePhrase(s)
		if err == nil {
			p.holds(&Event{Action: "a.b"}, &Org{})
		}
	})
}
