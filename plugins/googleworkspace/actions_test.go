package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// writing are the scopes of a credential for actions.
func writing() []string {
	list := urls(allScopes()...)
	for _, n := range (connector{}).actScopes() {
		if !slices.Contains(list, n.GetScope()) {
			list = append(list, n.GetScope())
		}
	}
	return list
}

// acting is a provider without limits whose service account may act.
func acting(cfg *gw.Config) {
	endless(cfg)
	cfg.Accounts[0].Scopes = writing()
}

func actOptions(w *world) sdktest.Options {
	return sdktest.Options{
		Connector: w.connector(), ProviderAt: w.http.URL, Until: worldNow,
		Settings: map[string]string{
			adminSetting: adminEmail, quarantineSetting: quarantineDrive, driveSetting: sdktest.ProviderURL, tokenSetting: sdktest.ProviderURL + "/token",
		},
		Secrets: map[string]string{keyField: keyFile(), secretField: pushSecret},
	}
}

// fileState is what actions on a file touch, without what Google counts and numbers.
type fileState struct {
	Members              []string // of the shared drives that it is in and goes to
	Owner, Drive, Parent string
	Trashed              bool
	Shares               []string
}

func (w *world) fileState(id string) func() any {
	return func() any {
		f, _ := w.server.File(id)
		st := fileState{Owner: f.Owner, Drive: f.DriveID, Parent: f.Parent, Trashed: !f.Trashed.IsZero()}
		for _, p := range f.Permissions {
			until := ""
			if !p.Expires.IsZero() {
				until = p.Expires.UTC().String()
			}
			discoverable := map[bool]string{true: "by searching"}[p.Discoverable]
			st.Shares = append(st.Shares, strings.Join([]string{p.Type, p.Email, p.Domain, p.Role, discoverable, until}, " "))
		}
		slices.Sort(st.Shares)
		for _, drive := range []string{quarantineDrive, sharedDrive} {
			for _, p := range w.server.Members(drive) {
				st.Members = append(st.Members, strings.Join([]string{drive, p.Email, p.Role}, " "))
			}
		}
		slices.Sort(st.Members)
		return st
	}
}

// accountState is what actions on an account touch.
type accountState struct {
	Suspended, MustChange bool
	SignIn                gw.SignIn
}

func (w *world) accountState(id string) func() any {
	return func() any {
		u, _ := w.server.User(id)
		return accountState{u.Suspended, u.ChangePasswordAtNextLogin, w.server.SignIn(id)}
	}
}

// withoutSessions is what is lost when an account was suspended.
func withoutSessions(before any) any {
	st, _ := before.(accountState)
	st.SignIn.SignedOut = true
	return st
}

// actWorld has, beside the rest, a file that its new owner may comment on already.
func actWorld() *world {
	w := newWorld()
	f := w.myFile(6, 6)
	f.Parent = "file-6-4"
	f.Permissions = []gw.Permission{
		{ID: "c", Type: "user", Role: "commenter", Email: w.users[7].Email, Expires: worldNow.AddDate(0, 2, 0)},
		{ID: "r", Type: "user", Role: "reader", Email: w.users[8].Email},
	}
	f.MD5, f.Size = sumOf(contentOf(f.ID)), int64(len(contentOf(f.ID)))
	w.files = append(w.files, f)
	for n := range w.files {
		if f := &w.files[n]; f.DriveID != "" {
			f.MD5 = sumOf(contentOf(f.ID))
		}
	}
	w.more = []gw.Drive{{ID: quarantineDrive, Name: "Quarantine", Created: worldNow}}
	box := gw.File{
		ID: "box", Name: "Box", MIME: folderMime, Size: -1, Created: worldNow, Modified: worldNow, Version: 1, DriveID: quarantineDrive, Parent: quarantineDrive,
	}
	mine := w.myFile(0, 9) // of the quarantine's manager
	mine.Permissions = []gw.Permission{{ID: "r", Type: "user", Role: "reader", Email: w.users[8].Email}}
	w.files = append(w.files, box, mine)
	w.letIn = map[string]bool{}
	for n, u := range w.users[30 : 31+keepEvery] {
		w.log("token", worldNow.Add(time.Duration(n-100)*time.Minute), u, "auth", "authorize", gw.Param{Name: "client_id", Value: "app-2"})
		w.letIn[u.ID] = n != 3 // who took it back
	}
	return w
}

// contentState is the history of a file: the sums of its contents, the newest last, with whether they are kept.
func (w *world) contentState(id string) func() any {
	return func() any { return w.server.Revisions(id) }
}

// bothKept is what is left of an overwritten file: three versions, none of them kept for ever.
func bothKept(id, text string) func(any) any {
	return func(any) any {
		was := gw.Revision{MD5: sumOf(contentOf(id))}
		return []gw.Revision{was, {MD5: sumOf([]byte(text))}, was}
	}
}

// grants are the apps that everybody lets in.
func (w *world) grants() any {
	var list []string
	for _, u := range w.users {
		for _, t := range w.server.Tokens(u.ID) {
			list = append(list, u.ID+" "+t.ClientID)
		}
	}
	return list
}

func owned(by string, more ...string) map[string]string {
	args := map[string]string{ownerArg: by}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i]] = more[i+1]
	}
	return args
}

func cases(w *world) []sdktest.ActionCase {
	six := w.users[6].Email
	file := func(name, id string, args map[string]string) sdktest.ActionCase {
		return sdktest.ActionCase{Action: name, Name: name + " " + id, Target: id, Args: args, State: w.fileState(id)}
	}
	return []sdktest.ActionCase{
		file("make_private", "file-6-2", owned(six)),
		file("make_private", "file-6-0", nil), // the log says whose it is
		file("make_private", "shared-2", owned(sharedDrive)),
		file("remove_public_access", "file-6-1", owned(w.users[6].ID)),
		file("remove_public_access", "file-6-2", owned(six)),
		file("remove_external_users", "file-6-2", owned(six)),
		file("remove_collaborator", "file-6-2", owned(six, whoArg, "group1@acme.example")),
		file("remove_collaborator", "file-6-2", owned(six, whoArg, "Guest@partner.example")),
		file("trash", "file-6-1", owned(six)),
		file("trash", "shared-0", owned(sharedDrive)),
		file("transfer_ownership", "file-6-1", owned(six, newOwnerArg, "USER0007@acme.example")),
		file("transfer_ownership", "file-6-6", owned(six, newOwnerArg, "user0007@acme.example")), // who may comment on it
		file("quarantine", "file-9-0", owned(w.users[9].Email)),                                  // the first: it obtains the manager's token, which is then not counted
		file("quarantine", "file-6-2", owned(six)),
		file("quarantine", "file-6-6", owned(six, toArg, quarantineDrive+"/box")),
		file("quarantine", "shared-2", owned(sharedDrive)),
		{
			Action: "overwrite", Target: "file-6-6", Args: owned(six, textArg, "It was removed."), State: w.contentState("file-6-6"),
			Reset: w.server.Forget, Lost: bothKept("file-6-6", "It was removed."),
		},
		{
			Action: "overwrite", Name: "overwrite shared", Target: "shared-1", Args: owned(sharedDrive, textArg, "x"), State: w.contentState("shared-1"),
			Reset: w.server.Forget, Lost: bothKept("shared-1", "x"),
		},
		{
			Action: "suspend", Target: w.users[20].ID, State: w.accountState(w.users[20].ID), Reset: w.server.Forget,
			Lost: withoutSessions,
		},
		{Action: "revoke", Target: grantID(w.users[10].ID, "app-1"), State: w.grants, Reset: w.server.Forget},
		{Action: "revoke_app", Target: "app-2", State: w.grants, Reset: w.server.Forget},
		{Action: "unsuspend", Target: w.users[1].ID, State: w.accountState(w.users[1].ID)},
		{Action: "sign_out", Target: w.users[21].ID, State: w.accountState(w.users[21].ID), Reset: w.server.Forget},
		{Action: "reset_password", Target: w.users[22].ID, State: w.accountState(w.users[22].ID), Reset: w.server.Forget},
	}
}

func TestActions(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, actWorld(), acting)
	sdktest.Actions(t, actOptions(w), cases(w)...)
}

var _ sdk.Actor = connector{}

// readScopes are those that the README tells to grant.
func readScopes() []string {
	return slices.DeleteFunc(urls(allScopes()...), func(s string) bool { return s == scopeUserTokens.url() })
}

// intent of a case, as the agent makes it.
func intent(a *sdk.ActionSpec, c *sdktest.ActionCase) *sdk.Intent {
	i := &sdk.Intent{Id: "1", Key: "k", Action: c.Action, Target: sdk.To(a.GetTargetKind(), c.Target)}
	for name, v := range c.Args {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: v})
	}
	return i
}

// TestReadingCannotAct: with the scopes for reading each action is refused, when it is planned and when it is carried out,
// and nothing changes.
func TestReadingCannotAct(t *testing.T) {
	w := start(t, actWorld(), acting)
	s := w.session(t)
	plans := map[string]*sdk.Plan{}
	list := cases(w)
	for n := range list {
		p, err := w.connector().Prepare(t.Context(), s, intent(specOf(t, list[n].Action), &list[n]))
		if err != nil {
			t.Fatalf("%s: %v", list[n].Action, err)
		}
		plans[list[n].Action+list[n].Name] = p
	}
	w.server.Grant(robotEmail, readScopes()...)
	for n := range list {
		one := &list[n]
		i := intent(specOf(t, one.Action), one)
		before := one.State()
		_, err := w.connector().Prepare(t.Context(), s, i)
		if sdk.TypeOf(err) != sdk.ErrPermission || !strings.Contains(err.Error(), scopePrefix) {
			t.Errorf("%s, prepared: %v", one.Action, err)
		}
		o, err := w.connector().Act(t.Context(), s, i, plans[one.Action+one.Name], nil, func([]byte) error { return nil })
		if err != nil {
			o = sdk.OutcomeOf(err, false)
		}
		if o.GetState() != sdk.Refused {
			t.Errorf("%s, carried out: %v", one.Action, o)
		}
		if d := cmp.Diff(before, one.State()); d != "" {
			t.Errorf("%s changed something: %s", one.Action, d)
		}
	}
	s.Acting = true
	if got := check(t, w, s); got["act:make_private"].State != sdk.Missing || len(got["act:make_private"].Missing) == 0 {
		t.Errorf("a credential that reads: %v", got["act:make_private"])
	}
}

func specOf(t *testing.T, name string) *sdk.ActionSpec {
	t.Helper()
	specs := connector{}.actions().Specs()
	n := slices.IndexFunc(specs, func(a *sdk.ActionSpec) bool { return a.GetName() == name })
	if n < 0 {
		t.Fatalf("there is no action %s", name)
	}
	return specs[n]
}

// TestActScopes: each scope is taken away in turn; the actions that need it are missing, and only those.
func TestActScopes(t *testing.T) {
	for _, without := range []scope{scopeUserWrite, scopeDrive, scopeUserTokens, scopeAudit, scopeDomains} {
		w := start(t, actWorld(), acting)
		w.server.Grant(robotEmail, slices.DeleteFunc(writing(), func(s string) bool { return s == without.url() })...)
		s := w.session(t)
		s.Acting = true
		states := check(t, w, s)
		for _, d := range w.connector().deeds() {
			got := states[d.Capability]
			needed := slices.Contains(d.needs, without)
			if without == scopeAudit && d.On == sdk.KindFile { // then the intent has to say whose the file is
				if got.State != sdk.Held || got.Reason == "" {
					t.Errorf("%s without the log: %s %q", d.Name, got.State, got.Reason)
				}
				continue
			}
			if needed != (got.State == sdk.Missing) || needed && !slices.Contains(got.Missing, without.url()) {
				t.Errorf("%s without %s is %s, missing %v", d.Name, without, got.State, got.Missing)
			}
		}
	}
}
