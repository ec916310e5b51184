package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// described are connectors for config.
type described map[string]*wire.Description

func (d described) Description(name string) (*wire.Description, error) { return d[name], nil }

func (d described) Names() []string {
	var names []string
	for n := range d {
		names = append(names, n)
	}
	return names
}

// connectors builds every connector of the repository and asks it what it is.
func connectors(t *testing.T) described {
	t.Helper()
	if testing.Short() {
		t.Skip("builds whole programs")
	}
	folders, err := filepath.Glob("../plugins/*/main.go")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no connector is found: %v", err)
	}
	all, bin := described{}, t.TempDir()
	for _, main := range folders {
		dir := filepath.Dir(main)
		program := filepath.Join(bin, "mooring-connector-"+filepath.Base(dir))
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+dir).CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", dir, err, out)
		}
		text, err := exec.CommandContext(t.Context(), program, "--describe").Output()
		if err != nil {
			t.Fatalf("%s --describe: %v", dir, err)
		}
		d := &wire.Description{}
		if err := protojson.Unmarshal(text, d); err != nil {
			t.Fatal(err)
		}
		all[d.GetName()] = d
	}
	return all
}

// TestEveryBlockIsValid: for every connector, method and choice, what is written passes `mooring validate` and is in the
// form of `mooring fmt`; the steps have no blanks left.
func TestEveryBlockIsValid(t *testing.T) {
	all := connectors(t)
	all["everything"] = everything()
	for name, d := range all {
		c := &choice{of: d}
		wants := [][]string{{wantAll}}
		for _, o := range c.offers() {
			if o.word != wantContent && o.word != wantActions && o.word != wantPush {
				wants = append(wants, []string{o.word})
			}
		}
		for _, l := range d.GetListings() {
			wants = append(wants, []string{l.GetName()})
		}
		if c.push = c.hooks() != nil; c.push {
			wants = append(wants, []string{wantAll, wantPush})
		}
		if len(d.GetActions()) > 0 {
			wants = append(wants, []string{wantAll, wantActions})
		}
		if len(c.methods()) == 0 {
			t.Errorf("%s has no method", name)
		}
		for _, m := range c.methods() {
			if name != "everything" {
				checkReadsOnly(t, d, m)
			}
			for _, want := range wants {
				text, notes, err := written(d, &connectFlags{want: want, method: m.GetName(), name: "the-one"})
				if err != nil {
					t.Errorf("%s, %s, %s: %v", name, m.GetName(), want, err)
					continue
				}
				checkBlock(t, all, text)
				if strings.Contains(notes, "${") {
					t.Errorf("%s, %s: a blank is left:\n%s", name, m.GetName(), notes)
				}
			}
		}
	}
}

// reads is how providers call scopes that can only read.
var reads = regexp.MustCompile(`(readonly|[:.]read)$`)

// noSmaller are scopes that can write and that nothing smaller stands in for; the connectors' READMEs say so.
var noSmaller = map[string][]string{"box": {"manage_managed_users", "manage_groups", "manage_enterprise_properties"}}

// checkReadsOnly: who asks for all there is to read gets no scope that can write.
func checkReadsOnly(t *testing.T, d *wire.Description, m *wire.CredentialMethod) {
	t.Helper()
	c := &choice{of: d}
	if err := c.fill(&connectFlags{want: []string{wantAll}, method: m.GetName()}, &questions{to: io.Discard}); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.needs(false) {
		if !reads.MatchString(n.scope) && !slices.Contains(noSmaller[d.GetName()], n.scope) {
			t.Errorf("%s, %s: the scope %s, for %s, can write", d.GetName(), m.GetName(), n.scope, n.use)
		}
	}
	if len(c.needs(false)) == 0 {
		t.Errorf("%s, %s: no scopes are said", d.GetName(), m.GetName())
	}
}

func checkBlock(t *testing.T, all described, text string) {
	t.Helper()
	if formatted := config.Format([]byte(text)); string(formatted) != text {
		t.Errorf("`mooring fmt` would change\n%s\ninto\n%s", text, formatted)
	}
	c, diags := loadText(starter("")+receiver+text, all)
	if len(diags) > 0 || len(c.Instances) != 1 {
		t.Errorf("%d instances, %v, in\n%s", len(c.Instances), diags, text)
	}
}

// written is what the command writes, without files.
func written(d *wire.Description, f *connectFlags) (block, notes string, err error) {
	c, w := &choice{of: d}, &bytes.Buffer{}
	if err := c.fill(f, &questions{to: io.Discard}); err != nil {
		return "", "", err
	}
	text, err := c.block()
	c.explain(w, "")
	return string(text), w.String(), err
}

// everything is a description with all there can be.
func everything() *wire.Description {
	field := func(name string, secret, kept bool) *wire.CredentialField {
		return &wire.CredentialField{Name: name, Doc: "the " + name, Secret: secret, Kept: kept}
	}
	return &wire.Description{
		Name: "everything", Doc: "an app with all there is",
		Settings: []*wire.SettingSpec{
			{Name: "base_url", Type: "endpoint", Required: true, Identity: true},
			{Name: "region", Type: "string", Required: true, Enum: []string{"eu", "us"}},
			{Name: "drives", Type: "list", Required: true}, {Name: "deep", Type: "bool", Required: true},
			{Name: "depth", Type: "int", Required: true}, {Name: "pause", Type: "duration", Required: true},
			{Name: "tenant", Type: "string", Identity: true, Default: "common"}, {Name: "odd", Type: "list", Default: "a,b"},
		},
		Credentials: []*wire.CredentialMethod{
			{
				Name: "oauth", Doc: "by consent", Login: true, Rotates: "refresh_token",
				Fields: []*wire.CredentialField{field("client_id", false, false), field("client_secret", true, false), field("refresh_token", true, true)},
				Scopes: []*wire.ScopeNeed{
					{Capability: "check", Scope: "me"}, {Capability: "list:users", Scope: "users.read", Alternatives: []string{"admin.read"}},
					{Capability: "list:files", Scope: "files.read"}, {Capability: "list:access", Scope: "files.read"},
					{Capability: "content", Scope: "files.content"}, {Capability: "act:suspend", Scope: "users.write"},
					{Capability: "realtime:poll", Scope: "events.read"},
				},
				Steps: []string{"Open ${base_url}/apps as of ${tenant}.", "Tick ${scopes}, nothing else."},
			},
			{Name: "hook", Fields: []*wire.CredentialField{field("webhook_secret", true, false)}},
		},
		Listings: []*wire.ListingSpec{
			{Name: "users", Defines: []wire.Kind{wire.Kind_KIND_ACCOUNT}},
			{Name: "files", Defines: []wire.Kind{wire.Kind_KIND_FILE}},
			{Name: "access", Enriches: []wire.Kind{wire.Kind_KIND_FILE}, Parent: "files", Doc: "who reaches it; a call a file", OffByDefault: true},
			{Name: "owners", Defines: []wire.Kind{wire.Kind_KIND_OTHER}, OffByDefault: true},
			{Name: "grants", Defines: []wire.Kind{wire.Kind_KIND_GRANT}, Parent: "owners", OffByDefault: true},
			{Name: "directory", Enriches: []wire.Kind{wire.Kind_KIND_ACCOUNT}, Permissions: []string{"users.write", "admin.write"}, Doc: "e-mails"},
		},
		Realtime: []*wire.RealtimeSpec{{Name: "poll", Means: "longpoll"}, {Name: "queue", Means: "queue", Listings: []string{"grants"}, Needs: []string{"queue.read"}}, {Name: "hook", Means: "webhook", Needs: []string{"hooks.write", "webhook_secret"}}},
		Actions:  []*wire.ActionSpec{{Name: "suspend", TargetKind: wire.Kind_KIND_ACCOUNT}},
		Content:  &wire.ContentSpec{}, Unsupported: []*wire.Unsupported{{Capability: "sign_ins", Reason: "it keeps none"}},
	}
}

// TestScopesOfTheChoice: the scopes are those of what was chosen, and writing ones only where actions are.
func TestScopesOfTheChoice(t *testing.T) {
	for _, c := range []struct {
		want       string
		read, acts []string
	}{
		{"accounts", []string{"me", "users.read", "events.read"}, []string{"me"}},
		{"files", []string{"me", "files.read", "events.read"}, []string{"me"}},
		{"access", []string{"me", "files.read", "events.read"}, []string{"me"}},
		{"directory", []string{"me", "events.read", "users.write"}, []string{"me"}},
		{"grants", []string{"me", "events.read", "queue.read"}, []string{"me"}},
		{"all", []string{"me", "users.read", "files.read", "files.content", "events.read"}, []string{"me"}},
		{"accounts,push", []string{"me", "users.read", "events.read", "hooks.write"}, []string{"me"}},
		{"accounts,actions", []string{"me", "users.read", "events.read"}, []string{"me", "users.write"}},
	} {
		chosen := &choice{of: everything()}
		if err := chosen.fill(&connectFlags{want: strings.Split(c.want, ",")}, &questions{to: io.Discard}); err != nil {
			t.Fatal(err)
		}
		for _, acting := range []bool{false, true} {
			var got []string
			for _, n := range chosen.needs(acting) {
				got = append(got, n.scope)
			}
			want := c.read
			if acting {
				want = c.acts
			}
			if !slices.Equal(got, want) {
				t.Errorf("--for %s, acting %t: %q, want %q", c.want, acting, got, want)
			}
		}
	}
}

func TestBlockOfTheChoice(t *testing.T) {
	block, notes, err := written(everything(), &connectFlags{
		want: []string{"files", "actions"}, name: "eu", set: []string{"base_url=https://x.example/", "client_id=${id}", "drives=a, b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`instance "everything" "eu" {`, `base_url = "https://x.example/"`, `region = "eu"`, `drives = ["a", "b"]`, `deep = false`, `depth = 0`,
		`pause = "12h"`, `tenant = "common"`, `# odd = ["a", "b"]`, `client_id = "$${id}"`,
		`client_secret = secret("env:EVERYTHING_EU_CLIENT_SECRET")`, `client_secret = secret("env:EVERYTHING_EU_ACT_CLIENT_SECRET")`,
		"# refresh_token (the refresh_token) does not stand here: `mooring login everything/eu` obtains it", `scan "users" { enabled = false }`,
		`scan "directory" { enabled = false }`, "scan \"access\" {\n    enabled = false\n  }", `realtime = "pull"`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(block), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%q is missing in\n%s", want, block)
		}
	}
	for _, want := range []string{
		"Open https://x.example/apps as of common.", "Tick me, files.read, events.read, nothing else.",
		"mooring login everything/eu", "EVERYTHING_EU_CLIENT_SECRET, EVERYTHING_EU_ACT_CLIENT_SECRET", "Scopes of the second credential",
		"users.write", "who reaches it; a call a file", "it keeps none",
	} {
		if !strings.Contains(strings.Join(strings.Fields(notes), " "), want) {
			t.Errorf("%q is missing in\n%s", want, notes)
		}
	}
	for _, never := range []string{"webhook_secret", "hooks.write", "queue.read"} {
		if strings.Contains(block+notes, never) {
			t.Errorf("%q stands in\n%s\n%s", never, block, notes)
		}
	}
}

// TestNoScopes: a method whose steps mention no scopes has none.
func TestNoScopes(t *testing.T) {
	d := everything()
	if _, notes, err := written(d, &connectFlags{want: []string{wantAll}}); err != nil || !strings.Contains(notes, "Scopes, and what for:") {
		t.Errorf("%v\n%s", err, notes)
	}
	d.Credentials[0].Steps = []string{"Press the button."}
	if _, notes, err := written(d, &connectFlags{want: []string{wantAll}}); err != nil || strings.Contains(notes, "Scopes") {
		t.Errorf("%v\n%s", err, notes)
	}
}

// TestParents: who asks for a listing by name gets the one that carries its shards, both switched on.
func TestParents(t *testing.T) {
	for want, on := range map[string]bool{"grants": true, "grant": false, "all": false, "all,grants": true} {
		block, _, err := written(everything(), &connectFlags{want: strings.Split(want, ",")})
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(block, "enabled = true"); (n == 2) != on || (n == 0) == on {
			t.Errorf("--for %s: %d listings are switched on in\n%s", want, n, block)
		}
	}
}

// TestAsked: without flags a person is asked, a wrong answer again, and no secret.
func TestAsked(t *testing.T) {
	answers := "nothing\nusers, files\n7\n1\n\nhttps://x.example\nus\n"
	c, said := &choice{of: everything()}, &bytes.Buffer{}
	c.of.Credentials = append(c.of.Credentials, &wire.CredentialMethod{
		Name: "token", Fields: []*wire.CredentialField{{Name: "token", Secret: true}},
	})
	if err := c.fill(&connectFlags{}, &questions{from: newLines(strings.NewReader(answers)), to: said}); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"base_url": "https://x.example", "region": "us"}
	if c.method.GetName() != "oauth" || c.name != "main" || !c.listings["users"] || c.listings["directory"] || !maps.Equal(c.values, values) {
		t.Errorf("method %s, name %s, %v, %v, after\n%s", c.method.GetName(), c.name, c.listings, c.values, said)
	}
	if strings.Contains(said.String(), "client_secret") {
		t.Errorf("a secret is asked for:\n%s", said)
	}
	if err := c.fill(&connectFlags{want: []string{wantAll}, method: "hook"}, &questions{to: io.Discard}); err == nil {
		t.Error("the key of webhooks passes for a way to call the provider")
	}
	c = &choice{of: everything()}
	err := c.fill(&connectFlags{}, &questions{from: newLines(strings.NewReader("nope")), to: io.Discard})
	if e, ok := errors.AsType[*exit](err); !ok || e.code != exitUsage {
		t.Errorf("after an answer that nobody understands: %v", err)
	}
}

// TestFiles: what stands in a file stays, whatever is asked for.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.hcl")
	put := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder := &target{path: dir, add: true}
	if err := folder.read("x/y"); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a folder: %v", err)
	}
	for _, c := range []struct{ name, there, wrong string }{
		{"without a line's end", "agent {}", ""},
		{"empty", "", ""},
		{"with the same instance", "instance \"x\" \"y\" {\n}\n", "has x/y in line 1"},
		{"broken", "agent {", "cannot be read"},
	} {
		put(c.there)
		once := &target{path: path}
		if err := once.read("x/y"); err == nil || !strings.Contains(err.Error(), "--append") {
			t.Errorf("%s: without --append: %v", c.name, err)
		}
		if err := once.write([]byte("new"), io.Discard); err == nil {
			t.Errorf("%s: a file was overwritten", c.name)
		}
		more := &target{path: path, add: true}
		err := more.read("x/y")
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v; want %q", c.name, err, c.wrong)
		}
		if err != nil {
			continue
		}
		if err := more.write([]byte("moved {}\n"), io.Discard); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		want := "moved {}\n"
		if c.there != "" {
			want = c.there + "\n\n" + want
		}
		if err != nil || string(got) != want {
			t.Errorf("%s: it is now %q, %v", c.name, got, err)
		}
		if body, _, diags := syntax.Parse(got, path, config.MaxFileBytes); body == nil {
			t.Errorf("%s: %q: %v", c.name, got, diags)
		}
	}
}

// FuzzBlock: whatever a connector says of itself, what is written is one block that holds no more than it should.
func FuzzBlock(f *testing.F) {
	for _, s := range []string{"}\ninstance \"a\" \"b\" {", "${x}", "%{if true}", "\"\\", "a\u2028b\r\nc", "\x1b[31m", "#", "*/", strings.Repeat("x ", 300)} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, doc, value string) {
		doc, value = strings.ToValidUTF8(doc, "?"), strings.ToValidUTF8(value, "?")
		d := everything()
		d.Doc, d.Settings[6].Default, d.Settings[7].Default = doc, value, value
		for _, s := range d.GetSettings() {
			s.Doc = doc
		}
		for _, m := range d.GetCredentials() {
			m.Doc, m.Steps = doc, []string{doc}
			for _, f := range m.GetFields() {
				f.Doc = doc
			}
		}
		for _, l := range d.GetListings() {
			l.Doc = doc
		}
		block, notes, err := written(d, &connectFlags{want: []string{wantAll}, set: []string{"client_id=" + value}})
		if err != nil {
			t.Skip(err)
		}
		body, _, diags := syntax.Parse([]byte(block), "x.hcl", config.MaxFileBytes)
		if body == nil || len(body.Blocks) != 1 || len(body.Attributes) > 0 || len(body.Blocks[0].Body.Attributes) != 1 {
			t.Errorf("%q, %q: %v\n%s", doc, value, diags, block)
		}
		if strings.ContainsAny(block+notes, "\x1b\r") {
			t.Errorf("control characters in %q", block+notes)
		}
	})
}
