package catalog_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/agent/internal/catalog"
	"github.com/mooring-hq/mooring/agent/internal/config"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var update = flag.Bool("update", false, "write the golden files")

var _ config.Providers = (*catalog.Lock)(nil)

const digestA, digestB = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

func description(name string) *wire.Description {
	return &wire.Description{
		Name: name, Version: "1.2.0", Protocol: 1, Doc: "accounts & <files> of “" + name + "”, %{if} $${x} \\n\n\tend",
		Settings: []*wire.SettingSpec{{Name: "base_url", Type: "endpoint", Default: "https://api.example"}},
		Listings: []*wire.ListingSpec{{Name: "users", Defines: []wire.Kind{wire.Kind_KIND_ACCOUNT}, Every: durationpb.New(90 * time.Minute)}},
		Hosts:    []*wire.HostPattern{{Pattern: "${base_url}", Credentials: []string{"token"}}},
	}
}

func entry(t *testing.T, name, platform, digest string) catalog.Entry {
	t.Helper()
	e, err := catalog.NewEntry(name, description(name), platform, catalog.Prefix+name, digest, 1234)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWriteAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), catalog.FileName)
	l, diags := catalog.Load(path)
	if len(diags) > 0 || len(l.Names()) > 0 {
		t.Fatalf("no file: %v, %v", l.Names(), diags)
	}
	l.Put(entry(t, "okta", "linux_amd64", digestA))
	l.Put(entry(t, "github", "linux_arm64", digestB))
	l.Put(entry(t, "github", "linux_amd64", digestA))
	if err := catalog.Write(path, l); err != nil {
		t.Fatal(err)
	}
	again, diags := catalog.Load(path)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diff := cmp.Diff([]string{"github", "okta"}, again.Names()); diff != "" {
		t.Error(diff)
	}
	e, err := again.Entry("github")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(description("github"), e.Description(), protocmp.Transform()); diff != "" {
		t.Errorf("the description changed on its way (-want +got):\n%s", diff)
	}
	p, err := e.On("linux_arm64")
	if want := (catalog.Platform{Name: "linux_arm64", File: "mooring-connector-github", SHA256: digestB, Size: 1234}); err != nil || p != want {
		t.Errorf("got %+v, %v; want %+v", p, err, want)
	}
	one, err1 := l.Format()
	two, err2 := again.Format()
	if err1 != nil || err2 != nil || string(one) != string(two) {
		t.Errorf("written twice it differs: %v, %v\n%s", err1, err2, cmp.Diff(string(one), string(two)))
	}
	if formatted := config.Format(one); string(formatted) != string(one) {
		t.Errorf("`mooring fmt` would change it:\n%s", cmp.Diff(string(one), string(formatted)))
	}
	golden(t, "testdata/lock.golden", string(one))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".lock*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteKeepsTheOldOnError(t *testing.T) {
	dir := t.TempDir()
	if err := catalog.Write(filepath.Join(dir, "none", "lock.hcl"), &catalog.Lock{}); err == nil {
		t.Error("written into a folder that is not there")
	}
	path := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := catalog.Write(path, &catalog.Lock{}); err == nil {
		t.Error("written over a folder")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".lock*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPut(t *testing.T) {
	l := &catalog.Lock{}
	l.Put(entry(t, "github", "linux_amd64", digestA))
	l.Put(entry(t, "github", "linux_arm64", digestA))
	l.Put(entry(t, "github", "linux_amd64", digestB))
	e, _ := l.Entry("github")
	if p, err := e.On("linux_amd64"); err != nil || p.SHA256 != digestB {
		t.Errorf("the newer digest is not there: %v, %v", p, err)
	}
	if _, err := e.On("linux_arm64"); err != nil {
		t.Errorf("the other platform went: %v", err)
	}
	newer := description("github")
	newer.Version = "1.3.0"
	e, err := catalog.NewEntry("github", newer, "linux_amd64", "mooring-connector-github", digestB, 5)
	if err != nil {
		t.Fatal(err)
	}
	newer.Name = "changed by its owner"
	l.Put(e)
	e, _ = l.Entry("github")
	if _, err := e.On("linux_arm64"); !errors.Is(err, catalog.ErrNotLocked) || !strings.Contains(err.Error(), "mooring connector lock github") {
		t.Errorf("the platform of another version stayed, or the words are missing: %v", err)
	}
	if e.Description().GetName() != "github" {
		t.Error("the description is shared with its giver")
	}
	l.Remove("github")
	if _, err := l.Entry("github"); !errors.Is(err, catalog.ErrNotLocked) || !strings.Contains(err.Error(), "mooring connector lock github") {
		t.Errorf("got %v", err)
	}
	if d, err := l.Description("github"); d != nil || err == nil {
		t.Errorf("got %v, %v", d, err)
	}
}

func TestNewEntryRefuses(t *testing.T) {
	d := description("github")
	for want, make := range map[string]func() (catalog.Entry, error){
		"no description": func() (catalog.Entry, error) { return catalog.NewEntry("github", nil, "linux_amd64", "f", digestA, 1) },
		"calls itself":   func() (catalog.Entry, error) { return catalog.NewEntry("okta", d, "linux_amd64", "f", digestA, 1) },
		"cannot be a connector's name": func() (catalog.Entry, error) {
			return catalog.NewEntry("Git Hub", d, "linux_amd64", "f", digestA, 1)
		},
		"like linux_amd64": func() (catalog.Entry, error) { return catalog.NewEntry("github", d, "linux", "f", digestA, 1) },
		"without a folder": func() (catalog.Entry, error) { return catalog.NewEntry("github", d, "linux_amd64", "../f", digestA, 1) },
		"sha256 is empty":  func() (catalog.Entry, error) { return catalog.NewEntry("github", d, "linux_amd64", "f", "", 1) },
		"expected 64":      func() (catalog.Entry, error) { return catalog.NewEntry("github", d, "linux_amd64", "f", "abcd", 1) },
		"size must be":     func() (catalog.Entry, error) { return catalog.NewEntry("github", d, "linux_amd64", "f", digestA, 0) },
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want an error with %q", err, want)
		}
	}
}

// lockWith is a right lock with one thing replaced.
func lockWith(old, with string) string {
	right := `connector "github" {
  version = "1"
  platform "linux_amd64" {
    file   = "mooring-connector-github"
    sha256 = "` + digestA + `"
    size   = 10
  }
  description = <<-JSON
    {"name": "github", "version": "1"}
  JSON
}
`
	return strings.Replace(right, old, with, 1)
}

func TestBadLocks(t *testing.T) {
	if l, diags := catalog.Parse([]byte(lockWith("", "")), "x.hcl"); diags.HasErrors() || len(l.Names()) != 1 {
		t.Fatalf("the right one is refused: %v", diags)
	}
	var out strings.Builder
	for _, c := range []struct{ name, old, with string }{
		{"empty digest", digestA, ""},
		{"short digest", digestA, "abcd"},
		{"long digest", digestA, digestA + "aa"},
		{"digest in capitals", digestA, strings.ToUpper(digestA)},
		{"digest of other letters", digestA, strings.Repeat("z", 64)},
		{"digest as a number", `"` + digestA + `"`, "5"},
		{"no digest", "    sha256 =", "    # sha256 ="},
		{"wrong platform", `platform "linux_amd64"`, `platform "linux-amd64"`},
		{"platform without label", `platform "linux_amd64"`, `platform`},
		{"no platform", `platform "linux_amd64" {`, `system "linux_amd64" {`},
		{"platform twice", `  platform "linux_amd64" {`, "  platform \"linux_amd64\" {\n    file = \"x\"\n    sha256 = \"" + digestB + "\"\n    size = 1\n  }\n  platform \"linux_amd64\" {"},
		{"traversal", "mooring-connector-github\"", "../../bin/sh\""},
		{"absolute file", "mooring-connector-github\"", "/bin/sh\""},
		{"backslash", "mooring-connector-github\"", "a\\\\b\""},
		{"dots", "mooring-connector-github\"", "..\""},
		{"option as file", "mooring-connector-github\"", "-rf\""},
		{"empty file", "mooring-connector-github\"", "\""},
		{"size zero", "size   = 10", "size   = 0"},
		{"size negative", "size   = 10", "size   = -1"},
		{"size text", "size   = 10", `size   = "10"`},
		{"size huge", "size   = 10", `size   = 99999999999999`},
		{"no version", "  version =", "  # version ="},
		{"bad version", `version = "1"`, `version = "1\n2"`},
		{"unknown attribute", `version = "1"`, "version = \"1\"\n  versoin = \"2\""},
		{"unknown platform attribute", "size   = 10", "size   = 10\n    sha512 = \"x\""},
		{"unknown block", `connector "github"`, `conector "github"`},
		{"bad name", `connector "github"`, `connector "../github"`},
		{"no label", `connector "github"`, `connector`},
		{"other name inside", `"name": "github"`, `"name": "okta"`},
		{"unknown field inside", `"name": "github"`, `"name": "github", "wings": 2`},
		{"not json", `{"name": "github", "version": "1"}`, `name: github`},
		{"no description", "  description = <<-JSON\n    {\"name\": \"github\", \"version\": \"1\"}\n  JSON\n", ""},
		{"template", `"name": "github"`, `"name": "${name}"`},
		{"entry twice", "connector", lockWith("", "") + "connector"},
		{"syntax", "platform", "platform {"},
	} {
		l, diags := catalog.Parse([]byte(lockWith(c.old, c.with)), "mooring.lock.hcl")
		if !diags.HasErrors() {
			t.Errorf("%s: nothing is found to be wrong", c.name)
		}
		if len(l.Names()) > 0 {
			t.Errorf("%s: the lock still allows %v", c.name, l.Names())
		}
		out.WriteString("# " + c.name + "\n")
		if err := config.Print(&out, diags, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	// protojson varies its spacing from build to build.
	golden(t, "testdata/bad.golden", strings.ReplaceAll(out.String(), "\u00a0", " "))
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	if l, diags := catalog.Load(t.TempDir()); !diags.HasErrors() || len(l.Names()) > 0 {
		t.Errorf("a folder was read: %v", diags)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lockWith("", "")))
	f.Add([]byte(lockWith(digestA, "x")))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, diags := catalog.Parse(src, "x.hcl")
		for _, d := range diags {
			if d.Subject == nil || d.Subject.Start.Line < 1 {
				t.Errorf("no place: %v", d)
			}
		}
		if diags.HasErrors() {
			return
		}
		one, err := l.Format()
		if err != nil {
			t.Fatal(err)
		}
		again, diags := catalog.Parse(one, "x.hcl")
		if diags.HasErrors() {
			t.Fatalf("what was written cannot be read: %v\n%s", diags, one)
		}
		for _, name := range l.Names() {
			a, _ := l.Description(name)
			b, _ := again.Description(name)
			if !proto.Equal(a, b) {
				t.Errorf("the description of %s changed", name)
			}
		}
	})
}

// FuzzDescription: whatever text a connector puts into its description comes back, in its composed form, and none of it is read as HCL.
func FuzzDescription(f *testing.F) {
	for _, s := range []string{"${x}", "$${x}", "$$${x}", "%{if true}", "JSON\n  JSON\n", "\\u0024{", "\"\\", "\u2028\r\n", "}\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		doc = norm.NFC.String(strings.ToValidUTF8(doc, "?")) // as HCL keeps every text: U+2000 is U+2002 there
		d := &wire.Description{Name: "x", Version: "1", Doc: doc}
		e, err := catalog.NewEntry("x", d, "linux_amd64", "x", digestA, 1)
		if err != nil {
			t.Fatal(err)
		}
		l := &catalog.Lock{}
		l.Put(e)
		src, err := l.Format()
		if err != nil {
			t.Skip(err)
		}
		again, diags := catalog.Parse(src, "x.hcl")
		if diags.HasErrors() {
			t.Fatalf("%v\n%s", diags, src)
		}
		if got, _ := again.Description("x"); !proto.Equal(got, d) {
			t.Errorf("%q came back as %q", doc, got.GetDoc())
		}
	})
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update to accept):\n%s", path, diff)
	}
}
