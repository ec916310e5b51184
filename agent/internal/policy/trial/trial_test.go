package trial_test

import (
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/policy/trial"
)

// TestVerdicts: what a test says of its records, right at the edges.
func TestVerdicts(t *testing.T) {
	const state = "on = \"file\"\n when = \"file.access_level == 'public' && party(file.owner) == 'ours'\"\n"
	const often = "on = \"activity\"\n when = \"activity.type == 'login_failed'\"\n repeat {\n count = 3\n within = \"1m\"\n by = \"actor\"\n distinct = \"ip\"\n }\n"
	const moment = "on = \"account\"\n when = \"before.mfa == 'on' && account.mfa == 'off' && 'mfa' in change.fields\"\n"
	for _, c := range []struct{ policy, test, want string }{
		{state, `file = { access_level = "public", owner = "ann@acme.example" }`, trial.Match},
		{state, `file = [{ access_level = "public", owner = "ann@acme.example" }, { access_level = "private", owner = "ann@acme.example" }]`, trial.NoMatch},
		{state, `file = [{ access_level = "private", owner = "ann@acme.example" }, { access_level = "public", owner = "ann@acme.example" }]`, trial.NoMatch},
		{state, `file = { owner = "ann@acme.example" }`, trial.Unknown},
		{state, `file = { access = [{ principal = "x@initech.example" }], owner = "ann@acme.example" }`, trial.NoMatch}, // derived: external
		{often, "times = 3\n every = \"29s\"\n activity = { type = \"login_failed\", actor = \"a@acme.example\", ip = \"203.0.113.1\" }", trial.NoMatch},
		{often, `activity = [{ type = "login_failed", actor = "a@acme.example", ip = "1" }, { type = "login_failed", actor = "A@acme.example", ip = "2" },
			{ type = "login_failed", actor = "a@acme.example", ip = "3", time = "+59s" }]`, trial.Match},
		{often, `activity = [{ type = "login_failed", actor = "a@acme.example", ip = "1" }, { type = "login_failed", actor = "a@acme.example", ip = "2" },
			{ type = "login_failed", actor = "a@acme.example", ip = "3", time = "+60s" }]`, trial.NoMatch},
		{often, `activity = [{ type = "login_failed", actor = "a@acme.example", ip = "1" }, { type = "login_failed", actor = "b@acme.example", ip = "2" },
			{ type = "login_failed", actor = "a@acme.example", ip = "3" }]`, trial.NoMatch},
		{often, `activity = { actor = "a@acme.example" }`, trial.Unknown},
		{moment, "before = { mfa = \"on\" }\n account = { mfa = \"off\" }", trial.Match},
		{moment, "account = { mfa = \"off\" }", trial.Unknown},
		{moment, "change = \"created\"\n account = { mfa = \"off\" }", trial.NoMatch},
	} {
		_, _, tests, said := folder(t, map[string]string{
			"p.hcl": "policy \"p\" {\n" + c.policy + "test \"t\" {\n expect = \"match\"\n" + c.test + "\n}\n}\n",
		})
		if len(tests) != 1 {
			t.Fatal(said)
		}
		if got, why := tests[0].Verdict(); got != c.want {
			t.Errorf("%s: %s (%s), want %s", c.test, got, why, c.want)
		}
	}
}

// TestGiven: what is given is found as the agent would find it.
func TestGiven(t *testing.T) {
	for when, want := range map[string]string{
		"in_group(account, 'Admins')":            trial.Match,
		"in_group('BOB@acme.example', 'Admins')": trial.NoMatch,
		"in_group('eve@acme.example', 'Admins')": trial.Unknown,
		"person(account).accounts.exists(a, a.provider == 'okta' && a.account.status == 'deleted')": trial.Match,
		"size(person(account).accounts) == 2":                                                       trial.Match,
		"person(account.manager).email == 'bob@acme.example'":                                       trial.Match,
		"party(account) == 'globex'":                                                                trial.NoMatch,
		"party('x@eu.globex.example') == 'globex'":                                                  trial.Match,
		"account.external": trial.NoMatch,
		"provider == 'github' && instance == 'sales'": trial.Match,
	} {
		_, _, tests, said := folder(t, map[string]string{"p.hcl": `
policy "p" {
  on   = "account"
  when = "` + when + `"
  test "t" {
    expect   = "` + want + `"
    instance = "github/sales"
    partners = { globex = "globex.example" }
    account  = { id = "1", email = "Ann@acme.example", manager = "bob@acme.example" }
    given "account" {
      id    = "2"
      email = "bob@acme.example"
    }
    given "account" "okta/main" {
      email  = "ann@acme.example"
      status = "deleted"
    }
    given "group" {
      name    = "Admins"
      members = ["1"]
    }
  }
}`})
		if len(tests) != 1 {
			t.Fatal(said)
		}
		if got, why := tests[0].Verdict(); got != want {
			t.Errorf("%s: %s (%s), want %s", when, got, why, want)
		}
	}
}

// TestWrongBlocks: every error has its place.
func TestWrongBlocks(t *testing.T) {
	for text, want := range map[string]string{
		`expect = "match"`: "p.hcl:4:1: test t has no account to judge: write account = { … }",
		"expect = \"match\"\n account = { statuss = \"active\" }":            `p.hcl:6:14: account has no field "statuss": did you mean "status"?`,
		"expect = \"match\"\n account = { status = \"disabled\" }":           `p.hcl:6:23: status is never "disabled"`,
		"expect = \"match\"\n account = { manager = { kind = \"human\" } }":  `there is no kind "human"`,
		"expect = \"match\"\n account = {}\n instance = \"sales\"":           `p.hcl:7:13: the instance needs its provider: write instance = "github/sales"`,
		"expect = \"match\"\n account = {}\n change = \"made\"":              `p.hcl:7:11: a record is not "made": allowed: created, deleted, filled, updated`,
		"expect = \"match\"\n account = {}\n times = 5":                      `p.hcl:7:2: only activities happen more than once`,
		"expect = \"match\"\n account = {}\n partners = [\"x\"]":             "partners must be an object of texts; this is a list",
		"expect = \"match\"\n account = {}\n given \"group\" {\n x {\n}\n}":  "there are no blocks in a record",
		"expect = \"match\"\n account = { attributes = { a = 1 } }":          "an attribute has a name and a text",
		"expect = \"match\"\n account = { admin = \"yes\", created_at = 5 }": "admin must be true or false; this is text",
		"expect = \"match\"\n account = {}\n at = \"tomorrow\"":              "at is not a time",
	} {
		_, _, tests, said := folder(t, map[string]string{
			"p.hcl": "policy \"p\" {\non = \"account\"\nwhen = \"account.admin\"\ntest \"t\" {\n" + text + "\n}\n}\n",
		})
		if len(tests) != 0 || !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", text, said, want)
		}
	}
}
