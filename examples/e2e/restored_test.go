package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// acting is an instance that may change the simulated organisation.
func acting(url string) string {
	return strings.TrimSuffix(instance("platform", "acme-platform", url, platformApp), "}\n") + `  actions {
    credentials {
      app_id      = "123457"
      private_key = secret("file:./run/github-acting.pem")
    }
  }
}
`
}

// writes are the requests by which the provider was changed.
func (s *site) writes(url string) (n int) {
	s.t.Helper()
	res, err := http.Get(url + "/_fake/stats")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var stats struct{ Routes map[string]map[string]int }
	if err := json.NewDecoder(res.Body).Decode(&stats); err != nil {
		s.t.Fatal(err)
	}
	for route, statuses := range stats.Routes {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet || strings.HasSuffix(path, "/access_tokens") || strings.HasSuffix(path, "/graphql") {
			continue
		}
		for _, times := range statuses {
			n += times
		}
	}
	return n
}

// TestRestoredIntents: what was approved and had not left when a backup was made is not sent by whoever restores it. It is a
// person's, who says what became of it.
func TestRestoredIntents(t *testing.T) {
	s := newSite(t)
	url := s.acme("-accounts", "120", "-latency", "0")
	s.configure("data", loopback, acting(url))
	mooring := filepath.Join(s.bin, "mooring")
	agent := s.start("agent", nil, mooring, "run")
	plain := "account.status == 'active' && account.type == 'user' && !account.admin"
	s.wait("accounts", func() bool { return len(s.records("accounts", "--where", plain)) > 1 })
	s.mooring(all, "actions", "stop", "--reason", "a backup is tested")
	members := s.records("accounts", "--where", plain)
	for n, who := range members[:2] {
		s.start(fmt.Sprint("act", n), nil, mooring, "act", "change_role", fmt.Sprint(who["ref"]), "--arg", "role=admin", "--yes")
	}
	s.wait("two approved actions that are held back", func() bool {
		open := s.actions("--state", "approved")
		return len(open) == 2 && strings.Contains(fmt.Sprint(open[0]["problem"]), "a backup is tested")
	})
	out, _ := s.mooring(all, "backup", "copy")
	files := strings.Fields(out)
	agent.stop()

	s.configureIn("restored.hcl", "restored", loopback, acting(url))
	s.mooring(all, append([]string{"--config", "restored.hcl", "restore"}, files...)...)
	s.env = append(s.env, "MOORING_CONFIG=restored.hcl")
	began := time.Now()
	s.start("restored agent", nil, mooring, "run")
	s.wait("the restored agent", func() bool {
		out, _ := s.mooring(all, "status", "-o", "json")
		return strings.Contains(out, `"agent":`)
	})
	s.mooring(all, "actions", "resume")
	s.wait("both being stuck", func() bool { return len(s.actions("--state", "stuck")) == 2 })
	s.wait("a whole pass of the restored agent", func() bool {
		out, _ := s.mooring(all, "status")
		return strings.Contains(out, " members ") && time.Since(began) > 10*time.Second
	})
	for _, i := range s.actions("--state", "stuck") {
		if !strings.Contains(fmt.Sprint(i["problem"]), "restored from a backup") || fmt.Sprint(i["sent"]) != "<nil>" {
			t.Errorf("%v", i)
		}
	}
	for _, i := range s.actions("--state", "stuck") {
		s.mooring(all, "actions", "settle", fmt.Sprint(i["id"]), "--not-done", "--reason", "seen at the provider")
	}
	if open := s.actions("--state", "stuck"); open != nil {
		t.Errorf("after it was settled: %v", open)
	}
	for _, who := range members[:2] {
		if now := s.one("accounts", "github/platform", fmt.Sprintf("account.id == %q", who["id"])); now["admin"] == true {
			t.Errorf("%v is an owner now", who["name"])
		}
	}
	if n := s.writes(url); n != 0 {
		t.Errorf("the provider was asked for %d changes", n)
	}
	s.mooring(all, "audit", "verify")
}
