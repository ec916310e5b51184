package main

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestFilesSayWhatTheConnectorsSay fails when a description changed and the files did not.
func TestFilesSayWhatTheConnectorsSay(t *testing.T) {
	if testing.Short() {
		t.Skip("builds whole programs")
	}
	if err := run(t.Context(), "../..", true); err != nil {
		t.Fatal(err)
	}
}

func example() *wire.Description {
	return &wire.Description{
		Name: "github", Doc: "an app",
		Listings: []*wire.ListingSpec{
			{Name: "users", Defines: []wire.Kind{wire.Kind_KIND_ACCOUNT}, Type: wire.ListingSpec_DELTA, Doc: "a | b\n<c>"},
			{Name: "mails", Enriches: []wire.Kind{wire.Kind_KIND_ACCOUNT}, OffByDefault: true, Permissions: []string{"a", "b"}},
			{Name: "members", Enriches: []wire.Kind{wire.Kind_KIND_OTHER}, Parent: "users", Every: durationpb.New(24 * time.Hour)},
		},
		Credentials: []*wire.CredentialMethod{
			{Name: "token", Fields: []*wire.CredentialField{{Name: "token"}}, Scopes: []*wire.ScopeNeed{
				{Capability: "list:users", Scope: "x", Alternatives: []string{"y"}}, {Capability: "list:users", Scope: "z"}, {Capability: "list:mails2", Scope: "q"},
			}}, {Name: "hook", Fields: []*wire.CredentialField{{Name: "secret"}}},
		},
		Realtime:    []*wire.RealtimeSpec{{Name: "hook", Means: "webhook", Needs: []string{"secret"}}},
		Unsupported: []*wire.Unsupported{{Capability: "files", Reason: "it has none"}, {Capability: "fetch", Reason: notImplemented}},
	}
}

// TestRows: what a description says, and what it leaves out, for its reason or ours.
func TestRows(t *testing.T) {
	d := example()
	want := map[string][2]string{
		"accounts": {"yes", "`users`; more of them from `mails`"}, "files": {"not offered", "not offered: it has none"},
		"groups": {"no", "no"}, "fetch": {"no", "no"}, "sharing": {"not offered", "not offered: it has none"},
		"delta": {"1 of 3 lists", "1 of 3 lists; one by one, where something may have moved: `members`; read whole: `mails`"}, "methods": {"token", "`token`: "},
		"realtime": {"webhook soon", "`hook`: webhook soon, needs secret, for 0 lists"}, "actions": {"no", "no"},
	}
	for _, r := range rows() {
		if w, ok := want[r.key]; ok && (r.short(d) != w[0] || r.full(d) != w[1]) {
			t.Errorf("%s: %q and %q, want %q", r.key, r.short(d), r.full(d), w)
		}
	}
}

// TestPage: every row of a table has as many cells as its head, whatever the text.
func TestPage(t *testing.T) {
	m, err := newMatrix([]*wire.Description{example(), {Name: "unheard-of"}})
	if err != nil {
		t.Fatal(err)
	}
	text, cells := string(m.page()), 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("%d cells, the head has %d: %s", n, cells, line)
		}
	}
	for _, want := range []string{"## GitHub", "## unheard-of", `a \| b &lt;c&gt;`, "off by default | a, b", "| x or y, z |", "every 1 day", "fetch | this connector does not do it"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestInto(t *testing.T) {
	m, err := newMatrix([]*wire.Description{example()})
	if err != nil {
		t.Fatal(err)
	}
	once, err := m.into([]byte("a\n" + begin + "\nold\n" + end + "\nz\n"))
	if err != nil || strings.Contains(string(once), "old") || !strings.HasPrefix(string(once), "a\n") || !strings.HasSuffix(string(once), "\nz\n") {
		t.Fatalf("%v: %s", err, once)
	}
	if twice, err := m.into(once); err != nil || string(twice) != string(once) {
		t.Errorf("written twice it differs: %v", err)
	}
	if _, err := m.into([]byte("no marks")); err == nil {
		t.Error("written into a file without marks")
	}
}
