package policy_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var update = flag.Bool("update", false, "write the golden files")

// connectors are what the wrong policies are checked against: fake may act, mute may not.
type connectors struct{}

func (connectors) Names() []string { return []string{"fake", "mute"} }

func (connectors) Description(name string) (*wire.Description, error) {
	account, file := wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_FILE
	d := &wire.Description{
		Name: name, Credentials: []*wire.CredentialMethod{{Name: "token", Fields: []*wire.CredentialField{{Name: "token", Secret: true}}}},
		Listings: []*wire.ListingSpec{
			{
				Name: "users", Defines: []wire.Kind{account, wire.Kind_KIND_GRANT, wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_APP, wire.Kind_KIND_ACTIVITY},
				Fields: []string{"account.name", "account.email", "account.status"},
			},
			{Name: "files", Defines: []wire.Kind{file}, Fields: []string{"file.name", "file.owner", "file.access", "file.trashed"}},
		},
		Actions: []*wire.ActionSpec{{Name: "trash", TargetKind: file}},
	}
	if name == "fake" {
		d.Actions = []*wire.ActionSpec{
			{Name: "suspend", TargetKind: account}, {Name: "make_private", TargetKind: file},
			{Name: "transfer_ownership", TargetKind: file, Args: []*wire.SettingSpec{
				{Name: "to", Type: "string", Required: true, Doc: "whose it becomes"}, {Name: "keep", Type: "bool"},
			}},
			{Name: "change_link", TargetKind: file, Args: []*wire.SettingSpec{
				{Name: "access", Type: "string", Enum: []string{"company", "collaborators"}}, {Name: "for", Type: "duration"}, {Name: "times", Type: "int"},
			}},
		}
	}
	return d, nil
}

const instances = `
agent {
  data_dir = "./data"
}
instance "fake" "one" {
  credentials {
    token = secret("env:TOKEN")
  }
  actions {
    credentials {
      token = secret("env:ACT")
    }
  }
}
instance "mute" "one" {
  credentials {
    token = secret("env:TOKEN")
  }
}
`

func load(t *testing.T, policies string) (*config.Config, []*policy.Policy, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"instances.hcl": instances, "policies.hcl": policies} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, diags := config.Load(dir, connectors{})
	all, found := policy.Load(c)
	var out bytes.Buffer
	if err := config.Print(&out, append(c.All(diags), found...), c.Files, false); err != nil {
		t.Fatal(err)
	}
	return c, all, strings.ReplaceAll(out.String(), dir+string(filepath.Separator), "")
}

// TestWrongPolicies: each is refused, or warned of, at the place where it is wrong and with what to write instead.
func TestWrongPolicies(t *testing.T) {
	wrong, err := os.ReadFile(filepath.Join("testdata", "wrong.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	c, all, got := load(t, string(wrong))
	golden := filepath.Join("testdata", "wrong.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
	for _, p := range c.Policies {
		if !strings.Contains(got, "policy "+p.Name) {
			t.Errorf("of %s nothing is said", p.Name)
		}
	}
	if len(c.Policies) < 60 || len(all) > 10 {
		t.Errorf("%d wrong policies, %d of them only warned of", len(c.Policies), len(all))
	}
}

// TestLoad: what is written is what is judged by.
func TestLoad(t *testing.T) {
	_, all, said := load(t, `
policy "a" {
  description = "d"
  on   = "activity"
  when = "activity.type == 'file_download'"
  severity = "high"
  mode = "enforce"
  repeat {
    count  = 50
    within = "1m"
    by     = "actor"
    distinct = "target"
  }
  action "suspend" {
    approval = "required"
  }
}
policy "b" {
  on      = "account"
  when    = "before.status == 'active'"
  group   = "none"
  enabled = false
  act_within = "1h"
}`)
	if len(all) != 2 {
		t.Fatal(len(all), said)
	}
	a, b := all[0], all[1]
	if a.Kind != wire.Kind_KIND_ACTIVITY || a.Group != "actor" || !a.Momentary() || !a.Actions[0].Approval || a.ActWithin != policy.DefaultActWithin ||
		a.MaxPerHour != policy.DefaultMaxPerHour || *a.Repeat != (policy.Repeat{Count: 50, Within: time.Minute, By: "actor", Distinct: "target"}) {
		t.Errorf("%+v", a)
	}
	if b.Enabled || !b.Momentary() || b.Group != "none" || b.ActWithin != time.Hour {
		t.Errorf("%+v", b)
	}
}

// TestHash: it changes with what is judged, and with nothing else.
func TestHash(t *testing.T) {
	hash := func(text string) string {
		_, all, said := load(t, text)
		if len(all) != 1 {
			t.Fatal(said)
		}
		return all[0].Hash
	}
	base := hash(`policy "a" {
	  on   = "account"
	  when = "account.admin"
	}`)
	for text, same := range map[string]bool{
		`policy "a" {
		  on = "account"
		  when = " account.admin "
		  severity = "low"
		  mode = "observe"
		  description = "x"
		}`: true,
		`policy "a" {
		  on = "account"
		  when = "!account.admin"
		}`: false,
		`policy "a" {
		  on = "account"
		  when = "account.admin"
		  group = "none"
		}`: false,
	} {
		if (hash(text) == base) != same {
			t.Errorf("%s: same is not %v", text, same)
		}
	}
}
