package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// world is a Look over what a test says.
type world struct {
	accounts []*wire.Account
	groups   map[string][]*wire.Group // by account
	partial  map[string]bool          // accounts whose groups are not all known
	people   map[string][]PersonAccount
	parties  *Parties
	verdicts map[string]string
	places   map[string]string
	asked    int
}

func (w *world) Account(r *wire.Ref) *wire.Account {
	w.asked++
	for _, a := range w.accounts {
		if a.GetId() == r.GetId() || r.Id == nil && strings.EqualFold(a.GetEmail(), r.GetEmail()) {
			return a
		}
	}
	return nil
}

func (w *world) Group(r *wire.Ref) *wire.Group {
	for _, groups := range w.groups {
		for _, g := range groups {
			if g.GetId() == r.GetId() {
				return g
			}
		}
	}
	return nil
}

func (w *world) File(r *wire.Ref) *wire.File {
	if r.GetId() != "repo" {
		return nil
	}
	return &wire.File{Id: "repo", AccessLevel: new("public")}
}

func (w *world) Groups(a *wire.Account) ([]*wire.Group, bool) {
	return w.groups[a.GetId()], !w.partial[a.GetId()]
}

func (w *world) Person(r *wire.Ref) ([]PersonAccount, bool) {
	email := r.GetEmail()
	if a := w.Account(r); a != nil {
		email = a.GetEmail()
	}
	p, ok := w.people[strings.ToLower(email)]
	return p, ok
}

func (w *world) Party(domain string) (string, bool) { return w.parties.Party(domain) }

func (w *world) Verdict(r *wire.Ref) (string, bool) {
	v, ok := w.verdicts[r.GetId()]
	return v, ok
}

func (w *world) Country(ip string) (string, bool) { c, ok := w.places[ip]; return c, ok }

func acme() *world {
	ann := &wire.Account{Id: "1", Email: new("Ann@acme.example"), Status: new("active"), Admin: new(true)}
	bob := &wire.Account{Id: "2", Email: new("bob@acme.example"), Status: new("active")}
	gone := &wire.Account{Id: "00u1", Email: new("ann@acme.example"), Status: new("suspended")}
	admins := &wire.Group{Id: "g1", Name: new("Admins"), Email: new("admins@acme.example"), ExternalMembers: new(false)}
	return &world{
		accounts: []*wire.Account{ann, bob},
		groups:   map[string][]*wire.Group{"1": {admins}}, partial: map[string]bool{"2": true},
		people:   map[string][]PersonAccount{"ann@acme.example": {{"github", "sales", ann}, {"okta", "main", gone}}},
		parties:  NewParties(config.Organization{Domains: []string{"acme.example"}, Partners: []config.Partner{{Name: "globex", Domains: []string{"globex.example"}}}}),
		verdicts: map[string]string{"app1": "banned", "app2": ""},
		places:   map[string]string{"203.0.113.7": "FR"},
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestFunctions: of every function and way to call it, steps and CEL's interpreter say the same, which is what is wanted.
func TestFunctions(t *testing.T) {
	file := &wire.File{
		Id: "f", Owner: &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: new("1")}, ModifiedBy: &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: new("9")},
		ModifiedAt: timestamppb.New(noon.Add(-48 * time.Hour)), Parent: &wire.Ref{Kind: wire.Kind_KIND_FILE, Id: new("repo")}, Url: new("203.0.113.7"), Name: new("198.51.100.1"),
		Access: &wire.AccessList{Complete: true, Items: []*wire.Access{
			{Principal: &wire.Ref{Kind: wire.Kind_KIND_GROUP, Id: new("g1")}}, {Principal: &wire.Ref{Email: new("x@sub.globex.example")}},
		}},
	}
	account := &wire.Account{Id: "1", Email: new("ann@acme.example"), Status: new("active")}
	app := &wire.App{Id: "app1"}
	activity := &wire.Activity{Id: "e", Actor: &wire.Ref{Id: new("2")}, Ip: new("203.0.113.7")}
	for source, want := range map[string]Verdict{
		`owner(file).admin`:                                             Match,
		`owner(file).email.domain() == 'acme.example'`:                  Match,
		`account_of(file.modified_by).admin`:                            Undetermined,
		`known(account_of(file.modified_by))`:                           NoMatch,
		`known(owner(file))`:                                            Match,
		`parent(file).access_level == 'public'`:                         Match,
		`known(parent(parent(file)).name)`:                              NoMatch,
		`account_of(file.parent).admin`:                                 Undetermined,
		`in_group(file.owner, 'admins')`:                                Match,
		`in_group(file.owner, 'ADMINS@acme.example')`:                   Match,
		`in_group(file.owner, 'g1')`:                                    Match,
		`in_group(file.owner, 'G1')`:                                    NoMatch,
		`in_group(file.owner, 'others')`:                                NoMatch,
		`in_group('ann@acme.example', 'Admins')`:                        Match,
		`in_group('bob@acme.example', 'Admins')`:                        Undetermined,
		`in_group('nobody@acme.example', 'Admins')`:                     Undetermined,
		`in_group(owner(file), 'Admins')`:                               Match,
		`file.access.exists(a, group_of(a.principal).name == 'Admins')`: Match,
		`file.access.exists(a, group_of(a.principal).external_members)`: Undetermined, // of the other nothing is known
		`file.access.all(a, party(a.principal) == 'globex')`:            Undetermined,
		`file.access.exists(a, party(a.principal) == 'globex')`:         Match,
		`party('x@gmail.com') == 'personal'`:                            Match,
		`party('acme.example') == 'ours'`:                               Match,
		`party('sub.acme.example') == 'other'`:                          Match,
		`party(file.modified_by) == 'ours'`:                             Undetermined,
		`since(file.modified_at) > duration('1d')`:                      Match,
		`since(file.modified_at) > duration('2d')`:                      NoMatch,
		`file.modified_at == ago('2d')`:                                 Match,
		`now() == timestamp('2026-11-22T12:00:00Z')`:                    Match,
		`country(file.url) == 'fr'`:                                     Match,
		`country(file.name) == 'fr'`:                                    Undetermined,
		`person(file.owner).accounts.exists(a, a.provider == 'okta' && a.account.status in ['suspended', 'deleted'])`: Match,
		`person(file.owner).accounts.exists(a, a.provider == 'box')`:                                                  NoMatch,
		`person(file.owner).email == 'ann@acme.example'`:                                                              Match,
		`person('bob@acme.example').accounts.exists(a, a.provider == 'okta')`:                                         Undetermined,
		`size(person(file.owner).accounts) == 2`:                                                                      Match,
		`person(owner(file)).accounts.all(a, a.account.status == 'active')`:                                           NoMatch,
		`provider == 'github' && instance == 'sales'`:                                                                 Match,
		`change.what == 'updated' && 'access' in change.fields`:                                                       Match,
		`'name' in change.fields`:                                                                                     NoMatch,
		`before.trashed`:                                                                                              NoMatch,
		`known(before.name)`:                                                                                          NoMatch,
		`change.fields.exists(f, f.startsWith('acc'))`:                                                                Match,
		`account:account.status == 'active' && person(account).accounts.exists(a, a.provider == 'okta' && a.account.status in ['suspended','deleted'])`: Match,
		`account:in_group(account, 'Admins')`:                      Match,
		`account:party(account) == 'ours'`:                         Match,
		`account:before.status == 'active' || known(before.email)`: Undetermined,
		`app:verdict(app) == 'banned'`:                             Match,
		`grant:verdict(grant.app) == 'none'`:                       Match,
		`app:verdict(app) != 'approved'`:                           Match,
		`activity:owner(activity).email == 'bob@acme.example'`:     Match,
		`activity:country(activity.ip) in ['fr', 'de']`:            Match,
		`activity:person(activity.actor).email == 'x'`:             Undetermined,
	} {
		t.Run(source, func(t *testing.T) {
			kind, m := wire.Kind_KIND_FILE, wire.RecordMessage(file)
			in := Context{
				Look: acme(), Now: noon, Ref: record.Ref{Provider: "github", Instance: "sales"},
				Change: &Change{What: Updated, Fields: []string{"access", "version"}}, Before: &wire.File{Trashed: new(false)},
			}
			for name, of := range map[string]wire.RecordMessage{"account": account, "app": app, "activity": activity, "grant": &wire.Grant{Id: "g", App: &wire.Ref{Kind: wire.Kind_KIND_APP, Id: new("app2")}}} {
				if rest, ok := strings.CutPrefix(source, name+":"); ok {
					kind, m, source, in.Before = kindNamed(name), of, rest, nil
				}
			}
			c, err := compile(kind, source, true)
			if err != nil {
				t.Fatal(err)
			}
			if c.step == nil {
				t.Error("it has no steps")
			}
			if got, err := c.Judge(m, in); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			if got, err := c.interpret(m, &judgement{Context: in}); err != nil || got != want {
				t.Errorf("CEL's interpreter: got %v, %v, want %v", got, err, want)
			}
			// With nothing given, nothing but the record is known.
			if got, err := c.Judge(wire.NewRecord(kind), Context{}); err != nil || got == Match && !strings.Contains(source, "!=") {
				t.Errorf("of nothing: %v, %v", got, err)
			}
		})
	}
}

func TestReads(t *testing.T) {
	account, group, role, membership := wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_MEMBERSHIP
	for _, c := range []struct {
		kind   wire.Kind
		source string
		want   Reads
	}{
		{wire.Kind_KIND_FILE, `file.name == 'x' && known(file.owner.email)`, Reads{Fields: []string{"name", "owner"}}},
		{
			wire.Kind_KIND_FILE, `file.access_level == 'public'`,
			Reads{Fields: []string{"access", "access_level", "owner"}, Kinds: []wire.Kind{account, group, membership}},
		},
		{wire.Kind_KIND_FILE, `owner(file).email == 'x'`, Reads{Fields: []string{"owner"}, Kinds: []wire.Kind{account}}},
		{
			wire.Kind_KIND_FILE, `parent(file).access_level == 'public' || parent(file).name == 'x'`,
			Reads{
				Fields: []string{"parent"}, Kinds: []wire.Kind{account, group, membership, wire.Kind_KIND_FILE},
				Looked: map[wire.Kind][]string{wire.Kind_KIND_FILE: {"access", "access_level", "name", "owner"}},
			},
		},
		{wire.Kind_KIND_FILE, `parent(parent(file)).trashed`, Reads{Fields: []string{"parent"}, Kinds: []wire.Kind{wire.Kind_KIND_FILE}}},
		{wire.Kind_KIND_FILE, `owner(file).admin`, Reads{Fields: []string{"owner"}, Kinds: []wire.Kind{account, group, role, membership}}},
		{account, `account.admin && !known(account.mfa)`, Reads{Fields: []string{"admin", "mfa"}, Kinds: []wire.Kind{group, role, membership}}},
		{account, `account.external`, Reads{Fields: []string{"email", "external"}}},
		{account, `in_group(account, 'x')`, Reads{Fields: []string{"email", "external_id", "id", "saml_name_id"}, Kinds: []wire.Kind{account, group, membership}}},
		{account, `account.created_at < ago('1d')`, Reads{Fields: []string{"created_at"}, Now: true}},
		{account, `before.status != account.status`, Reads{Fields: []string{"status"}, Change: true}},
		{account, `change.what == 'created'`, Reads{Change: true}},
		{account, `change.what == 'created' || 'mfa' in change.fields`, Reads{Fields: []string{"mfa"}, Change: true}},
		{account, `before.external`, Reads{Fields: []string{"email", "external"}, Change: true}},
		{
			account, `person(account).accounts.exists(a, a.account.status == 'deleted')`,
			Reads{Fields: []string{"email", "external_id", "id", "saml_name_id"}, Kinds: []wire.Kind{account}, People: true},
		},
		{wire.Kind_KIND_APP, `verdict(app) == 'banned'`, Reads{Fields: []string{"id", "name"}, Verdicts: true}},
		{group, `group.external_members`, Reads{Fields: []string{"external_members"}, Kinds: []wire.Kind{account, group, membership}}},
	} {
		compiled, err := compile(c.kind, c.source, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, compiled.Reads(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", c.source, diff)
		}
	}
	for _, any := range []string{`change.what == 'updated'`, `change.what != 'created'`, `change.fields.exists(f, f != 'mfa')`, `known(before)`} {
		c, err := compile(account, any, true)
		if err != nil || len(c.Reads().Fields) < 15 {
			t.Errorf("%s may be true of any change: %v, %v", any, c, err)
		}
	}
	whole, err := Compile(wire.Kind_KIND_SETTING, `setting == setting`)
	if err != nil || len(whole.Reads().Fields) != 7 {
		t.Errorf("who compares a record reads all of it: %v, %v", whole, err)
	}
}

// TestLooksAreBounded: a list with a thousand principals cannot make a thousand times a thousand questions.
func TestLooksAreBounded(t *testing.T) {
	for _, source := range []string{
		`file.labels.all(a, !in_group(a, 'nobody'))`,
		`file.labels.map(a, in_group(a, 'nobody')).all(x, !x)`, // without steps
	} {
		c, err := Compile(wire.Kind_KIND_FILE, source)
		if err != nil {
			t.Fatal(err)
		}
		f := &wire.File{Labels: &wire.Strings{}}
		for range 5_000 {
			f.Labels.Items = append(f.Labels.Items, "ann@acme.example")
		}
		w := acme()
		if v, err := c.Judge(f, Context{Look: w}); err == nil || v != Undetermined || w.asked > maxLooks {
			t.Errorf("%s: %v, %v after %d questions", source, v, err, w.asked)
		}
	}
}

// TestTargets: what an action changes when a policy matched.
func TestTargets(t *testing.T) {
	owner := &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: new("u1")}
	file := &wire.File{Id: "f1", Owner: owner}
	for _, c := range []struct {
		kind wire.Kind
		of   wire.RecordMessage
		want string
	}{
		{wire.Kind_KIND_FILE, file, "f1"},
		{wire.Kind_KIND_ACCOUNT, file, "u1"},
		{wire.Kind_KIND_ACCOUNT, &wire.Account{Id: "u2"}, "u2"},
		{wire.Kind_KIND_GROUP, file, ""},
		{wire.Kind_KIND_ACCOUNT, &wire.Activity{Id: "a", Actor: owner}, "u1"},
		{wire.Kind_KIND_FILE, &wire.Activity{Id: "a", Targets: []*wire.Ref{{Kind: wire.Kind_KIND_FILE, Id: new("f2")}}}, "f2"},
		{wire.Kind_KIND_APP, &wire.Grant{Id: "g", App: &wire.Ref{Kind: wire.Kind_KIND_APP, Id: new("p")}}, "p"},
	} {
		if got := Target(c.kind, c.of).GetId(); got != c.want {
			t.Errorf("%s of %T: %q, want %q", c.kind, c.of, got, c.want)
		}
	}
}
