package daemon

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// What the scripted provider lists, in this order.
var listed = map[string]wire.Kind{
	"accounts": sdk.KindAccount, "groups": sdk.KindGroup, "members": sdk.KindMembership, "files": sdk.KindFile,
}

// snapshot is what its listings give, by listing.
type snapshot map[string][]sdk.Record

// scripted is a provider whose listings give what a test says, and which does what it is asked to.
type scripted struct {
	mu    sync.Mutex
	gives snapshot
	acts  []string // that were carried out
}

func (s *scripted) Check(context.Context) (*wire.CheckResponse, error) {
	return &wire.CheckResponse{TenantId: "t", Subject: "agent"}, nil
}

func (s *scripted) Scan(ctx context.Context, _ quota.Priority, req *wire.ScanRequest, part func([]byte) error) (*wire.Certificate, error) {
	s.mu.Lock()
	records := s.gives[req.GetListing()]
	s.mu.Unlock()
	w := sdk.NewWalk(ctx, req, part)
	w.Resume("0")
	for _, r := range records {
		w.Add(r)
	}
	w.EndPage("")
	err := w.Complete()
	return w.Certificate(), err
}

func (s *scripted) Fetch(context.Context, quota.Priority, []*wire.Ref, func(*wire.FetchResponse) error) error {
	return nil
}

func (s *scripted) Watch(ctx context.Context, _ []string, _ func(*wire.Hint) error) error {
	<-ctx.Done()
	return nil
}

func (s *scripted) Prepare(context.Context, *wire.Intent) (*wire.Plan, error) {
	return &wire.Plan{Effects: []string{"it is done"}}, nil
}

func (s *scripted) Act(_ context.Context, i *wire.Intent, _ *wire.Plan, _ []byte, _ func([]byte) error) *wire.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = append(s.acts, i.GetAction()+" "+i.GetTarget().GetId())
	return &wire.Outcome{State: sdk.Done}
}

func (s *scripted) ReadBack(context.Context, *wire.Intent, *wire.Plan, []byte) (*wire.ReadBackResponse, error) {
	return &wire.ReadBackResponse{State: sdk.Applied}, nil
}

// done gives what was carried out since it was asked last.
func (s *scripted) done() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	acts := s.acts
	s.acts = nil
	slices.Sort(acts)
	return acts
}

// governed is a daemon with two scripted instances: main, which may be changed, and hr, which knows who left. Scans, judge,
// actions, stores and audit log are the real ones; no process is started.
type governed struct {
	t        testing.TB
	d        *Daemon
	main, hr scripted
}

func newGoverned(t testing.TB, c *config.Config) *governed {
	t.Helper()
	g := &governed{t: t}
	c.Agent.DataDir, c.Organization.Domains = memoryDir(t), []string{"acme.example"}
	policies, diags := policy.Load(c)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	own, err := bolt.OpenAgent(c.Agent.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := &Daemon{
		Options: Options{Logger: hclog.NewNullLogger()}, own: own, config: c, policies: policies, instances: map[string]*instance{},
		swapped: make(chan struct{}), joined: true, ctx: ctx,
	}
	d.judges.by = map[string]*judge.Judge{}
	d.elsewhere = &elsewhere{d: d, ctx: ctx, readers: map[string]*follower{}}
	if err := d.openGovernance(); err != nil {
		t.Fatal(err)
	}
	g.d = d
	for name, s := range map[string]*scripted{"main": &g.main, "hr": &g.hr} {
		g.add(name, s)
	}
	d.order = []string{"scripted/hr", "scripted/main"}
	d.survey()
	for _, i := range d.instances {
		d.wg.Go(func() {
			if err := i.judge(ctx, d); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
		if i.actions != nil {
			d.wg.Go(func() {
				if err := i.actions.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
	t.Cleanup(func() {
		cancel()
		d.wg.Wait()
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// memoryDir is a folder in memory where there is one: hundreds of commits need no disk.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "mooring-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (g *governed) add(name string, s *scripted) {
	g.t.Helper()
	dir := filepath.Join(g.d.config.Agent.DataDir, name)
	st, err := bolt.Open(bolt.Options{Dir: dir})
	if err != nil {
		g.t.Fatal(err)
	}
	description := &wire.Description{Name: "scripted"}
	for _, l := range slices.Sorted(maps.Keys(listed)) {
		description.Listings = append(description.Listings, &wire.ListingSpec{Name: l, Defines: []wire.Kind{listed[l]}})
	}
	c := &config.Instance{Provider: "scripted", Name: name, Description: description, Enabled: true}
	i := &instance{c: c, store: st}
	if name == "main" {
		description.Actions = sdk.Actions{
			{Name: "suspend", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoFull},
			{Name: "remove_member", On: sdk.KindMembership, Safety: sdk.Repeat, Undo: sdk.UndoFull},
			{Name: "make_private", On: sdk.KindFile, Safety: sdk.Repeat, Undo: sdk.UndoFull},
		}.Specs()
		c.Actions = &config.Actions{}
	}
	i.engine = scan.New(scan.Config{
		Instance: c.ID(), Description: description, Source: s, Store: st, TempDir: g.t.TempDir(), Logger: hclog.NewNullLogger(),
	})
	if err := i.openActions(g.d); err != nil {
		g.t.Fatal(err)
	}
	if i.actions != nil {
		i.actions.Open = func(context.Context) (action.Actor, func(), error) { return s, func() {}, nil }
	}
	g.d.instances[c.ID()] = i
}

// enforcing policies act without approval, as often as they like.
func enforcing() (all []*config.Policy) {
	for _, p := range [][4]string{
		{"leaver", "account", "account.status == 'active' && person(account).accounts.exists(a, a.instance == 'hr' && a.account.status == 'suspended')", "suspend"},
		{"suspended", "account", "account.status == 'suspended'", "suspend"},
		{"nowhere", "account", "!in_group(account, 'staff')", "suspend"},
		{"stranger", "account", "account.external", "suspend"},
		{"weak", "account", "account.mfa == 'off'", "suspend"},
		{"newcomer", "account", "change.what == 'created'", "suspend"},
		{"open", "file", "file.access_level in ['link', 'public']", "make_private"},
		{"orphan", "file", "owner(file).status != 'active'", "make_private"},
		{"member", "membership", "membership.role == 'owner'", "remove_member"},
	} {
		all = append(all, &config.Policy{
			Name: p[0], On: p[1], When: config.Source{Text: p[2]}, Severity: "high", Mode: "enforce", Enabled: true, MaxPerHour: 1000,
			Actions: []config.PolicyAction{{Name: p[3]}},
		})
	}
	return all
}

// pass lists everything once and lets everybody conclude what they do.
func (g *governed) pass(main, hr snapshot) {
	g.t.Helper()
	for s, gives := range map[*scripted]snapshot{&g.main: main, &g.hr: hr} {
		s.mu.Lock()
		s.gives = gives
		s.mu.Unlock()
	}
	for _, id := range g.d.order {
		if _, err := g.d.instances[id].engine.Once(g.t.Context(), scan.Request{}); err != nil {
			g.t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Minute) // walks for what is looked up come after half a minute at most
	synctest.Wait()
}

const tenant = 60 // accounts, and as many memberships and files

// sound is a company of which no policy has to say anything.
func sound() snapshot { return company(tenant) }

func company(people int) snapshot {
	s := snapshot{"groups": {&sdk.Group{Id: "staff", Name: new("staff")}, &sdk.Group{Id: "board", Name: new("board")}}}
	for n := range people {
		id := fmt.Sprintf("a%03d", n)
		s["accounts"] = append(s["accounts"], &sdk.Account{
			Id: id, Name: new(id), Email: new(id + "@acme.example"), Status: new("active"), Mfa: new("on"),
		})
		s["members"] = append(s["members"], &sdk.Membership{
			Id: "m" + id, Container: sdk.To(sdk.KindGroup, "staff"), Member: sdk.To(sdk.KindAccount, id), Role: new("member"),
		})
		s["files"] = append(s["files"], &sdk.File{
			Id: "f" + id, Name: new(id + ".txt"), AccessLevel: new("private"), Owner: sdk.To(sdk.KindAccount, id),
			Access: &wire.AccessList{Complete: true, Items: []*wire.Access{{Principal: sdk.To(sdk.KindAccount, id), Role: new("owner")}}},
		})
	}
	return s
}

// personnel is what hr lists of them.
func personnel() snapshot { return snapshot{"accounts": sound()["accounts"]} }
