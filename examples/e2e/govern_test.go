package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// governed is the company with all its apps, read and changed with credentials of two kinds, under the ready policies.
func governed(t *testing.T) (*site, map[string]string) {
	t.Helper()
	s := newSite(t)
	urls, admin := s.acmeApps("-accounts", "120")
	ready, err := filepath.Glob(filepath.Join("..", "policies", "*.hcl"))
	if err != nil || len(ready) < 3 {
		t.Fatalf("the ready policies: %v, %v", ready, err)
	}
	for _, path := range ready {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s.write(filepath.Join("conf", filepath.Base(path)), string(b))
	}
	s.write("conf/agent.hcl", fmt.Sprintf(`
agent {
  data_dir          = "../data"
  connector_dirs    = [%[1]q]
  audit_checkpoints = "../checkpoints.jsonl"
}
organization {
  domains   = ["acme.example"]
  protected = ["breakglass@acme.example"]
}
network {
%[2]s
}
instance "github" "platform" {
  settings {
    organization = "acme-platform"
    base_url     = %[3]q
  }
  credentials {
    app_id      = "123456"
    private_key = secret("file:../run/github-app.pem")
  }
  actions {
    credentials {
      app_id      = "123457"
      private_key = secret("file:../run/github-acting.pem")
    }
  }
  scan "activities" {
    every = "10s"
  }
  scan "members" {
    every = "10s"
  }
  scan "repositories" {
    every = "10s"
  }
}
instance "okta" "workforce" {
  settings {
    base_url = %[4]q
    key_id   = "acme-mooring-key"
  }
  credentials {
    client_id   = "0oa1acme000000000005"
    private_key = secret("file:../run/okta-app.pem")
  }
  actions {
    credentials {
      client_id   = "0oa1acme000000000006"
      private_key = secret("file:../run/okta-acting.pem")
    }
  }
}
instance "googleworkspace" "office" {
  settings {
    admin     = %[5]q
    base_url  = %[6]q
    drive_url = %[6]q
    token_url = "%[6]s/token"
  }
  credentials {
    service_account_key = secret("file:../run/googleworkspace-key.json")
  }
  actions {
    credentials {
      service_account_key = secret("file:../run/googleworkspace-acting.json")
    }
  }
}
instance "box" "content" {
  settings {
    base_url    = %[7]q
    account_url = %[7]q
  }
  credentials {
    client_id     = "acmemooringbox0clientid0000000"
    client_secret = secret("file:../run/box-client.secret")
    enterprise_id = "900100200"
  }
}
policy "open-files-are-closed" {
  description = "A file in a drive that everybody, or everybody with the link, can read."
  on          = "file"
  when        = "provider == 'googleworkspace' && file.type == 'file' && file.access_level in ['link', 'public']"
  severity    = "high"
  mode        = "enforce"
  action "make_private" {
    approval = "required"
  }
}
`, filepath.Join(s.bin, "connectors"), loopback, urls["github"], urls["okta"], admin, urls["googleworkspace"], urls["box"]))
	s.env = append(s.env, "MOORING_CONFIG=conf")
	return s, urls
}

// acmeApps serves all apps, and gives their addresses and Google's administrator.
func (s *site) acmeApps(args ...string) (urls map[string]string, admin string) {
	s.t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	s.start("acme", in, filepath.Join(s.bin, "acme"), append([]string{"-listen", "127.0.0.1:0", "-change-every", "0", "-latency", "0"}, args...)...)
	urls = map[string]string{}
	for lines := bufio.NewReader(out); len(urls) < 4; {
		line, err := lines.ReadString('\n')
		if err != nil {
			s.t.Fatalf("acme said %v, %v", urls, err)
		}
		words := strings.Fields(line)
		urls[words[0]] = words[1]
		if _, who, ok := strings.Cut(line, "administrator "); ok {
			admin, _, _ = strings.Cut(who, ";")
		}
	}
	return urls, admin
}

// alerts are those in a state, as "policy of group".
func (s *site) alerts(state string) []map[string]any {
	s.t.Helper()
	out, _ := s.mooring(all, "alerts", "--state", state, "-o", "jsonl")
	return s.lines(out)
}

func (s *site) lines(out string) (list []map[string]any) {
	s.t.Helper()
	for line := range strings.Lines(out) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		list = append(list, r)
	}
	return list
}

func (s *site) actions(args ...string) []map[string]any {
	s.t.Helper()
	out, _ := s.mooring(all, append([]string{"actions", "-o", "jsonl"}, args...)...)
	return s.lines(out)
}

// named are alerts by policy, with how many there are.
func named(alerts []map[string]any) map[string]int {
	by := map[string]int{}
	for _, a := range alerts {
		by[fmt.Sprint(a["policy"])]++
	}
	return by
}

// one gives a record that fits, or ends the test.
func (s *site) one(kind, instance, where string) map[string]any {
	s.t.Helper()
	found := s.records(kind, "--instance", instance, "--where", where, "--limit", "1")
	if len(found) == 0 {
		s.t.Fatalf("no record of %s in %s where %s", kind, instance, where)
	}
	return found[0]
}

// TestIncidents: after a silent first look each incident raises the alerts that it should, once, and nothing else is raised.
// One of them waits for approval, is approved, and taken back. The audit log tells of all, and of a byte that was changed.
func TestIncidents(t *testing.T) {
	s, urls := governed(t)
	agent := s.start("agent", nil, filepath.Join(s.bin, "mooring"), "run")
	waits := ""
	t.Cleanup(func() { t.Log("the first look waited for: " + waits) })
	s.wait("the first look", func() bool {
		if w := s.lookedAt(); w != "" {
			waits = w
			return false
		}
		return true
	})
	if open := s.alerts("open"); len(open) > 0 {
		t.Fatalf("the first look raised %v", named(open))
	}
	if s.actions() != nil {
		t.Fatal("the first look caused actions")
	}
	expected := s.attack(urls)
	var by map[string]int
	t.Cleanup(func() { t.Logf("alerts %v, expected %v", by, expected) })
	var found []string
	t.Cleanup(func() { t.Log(strings.Join(found, "\n")) })
	s.wait("the alerts", func() bool {
		open := s.alerts("open")
		by, found = named(open), nil
		for _, a := range open {
			found = append(found, fmt.Sprint(a["policy"], " of ", a["group"], ": ", a["title"]))
		}
		for policy, n := range expected {
			if by[policy] < n {
				return false
			}
		}
		return true
	})
	s.quiet()
	if by = named(s.alerts("open")); !maps.Equal(by, expected) {
		t.Errorf("alerts %v, expected %v", by, expected)
	}
	s.approved()
	s.mooring(all, "audit", "verify")
	agent.stop()
	s.mooring(all, "audit", "verify", "--checkpoint", s.path("checkpoints.jsonl"))
	s.tampered()
}

// lookedAt says what is missing until every listing was listed, and every policy told what its first look found.
func (s *site) lookedAt() string {
	out, _ := s.mooring(all, "status", "-o", "json")
	var st struct {
		Instances []struct {
			Instance string
			Listings []struct{ Listing, State string }
			Policies *struct {
				Behind   uint64
				Policies []struct {
					Name            string
					Looked, Waiting bool
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &st); err != nil {
		s.t.Fatal(err)
	}
	for _, i := range st.Instances {
		if i.Policies == nil || i.Policies.Behind > 0 || len(i.Policies.Policies) == 0 || len(i.Listings) == 0 {
			return fmt.Sprintf("%s %+v", i.Instance, i.Policies)
		}
		for _, l := range i.Listings {
			if l.State == "never" || l.State == "incomplete" {
				return i.Instance + " " + l.Listing + " " + l.State
			}
		}
		for _, p := range i.Policies.Policies {
			if !p.Looked || p.Waiting {
				return i.Instance + " " + p.Name
			}
		}
	}
	if len(st.Instances) != 4 {
		return "instances"
	}
	return ""
}

// quiet waits until nothing comes any more: two whole polls of what is polled.
func (s *site) quiet() {
	s.t.Helper()
	last, since := "", time.Now()
	s.wait("quiet", func() bool {
		out, _ := s.mooring(all, "alerts", "--state", "all", "-o", "jsonl")
		if out != last {
			last, since = out, time.Now()
		}
		return time.Since(since) > 25*time.Second
	})
}

// approved has the one action that waits carried out, and takes it back.
func (s *site) approved() {
	s.t.Helper()
	waiting := s.actions("--state", "waiting")
	if len(waiting) != 1 {
		s.t.Fatalf("%d actions wait for approval: %v", len(waiting), waiting)
	}
	id, target := fmt.Sprint(waiting[0]["id"]), fmt.Sprint(waiting[0]["target"])
	where := fmt.Sprintf("file.id == %q", target[strings.LastIndexByte(target, '/')+1:])
	before := s.one("files", "googleworkspace/office", where)
	plan, _ := s.mooring(all, "plan", "make_private", target)
	if !strings.Contains(plan, "loses access") {
		s.t.Errorf("the plan says %s", plan)
	}
	s.mooring(all, "approve", id)
	s.wait("the file being private", func() bool {
		return s.one("files", "googleworkspace/office", where)["access_level"] == "private"
	})
	s.wait("the alert closing by itself", func() bool { return named(s.alerts("closed"))["open-files-are-closed"] == 1 })
	s.mooring(all, "undo", id)
	s.wait("the access being as before", func() bool {
		now := s.one("files", "googleworkspace/office", where)
		return fmt.Sprint(now["access"]) == fmt.Sprint(before["access"]) && now["access_level"] == before["access_level"]
	})
}

// tampered changes one byte of an entry.
func (s *site) tampered() {
	s.t.Helper()
	path := s.path("data/audit/entries.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	at := slices.Index(b, '\n') + 40 // in the second entry
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if _, problem := s.mooring(1, "audit", "verify"); !strings.Contains(problem, "entry 1") {
		s.t.Errorf("a changed byte is told as %s", problem)
	}
}
