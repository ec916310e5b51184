package action

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) {
	if child() {
		return
	}
	goleak.VerifyTestMain(m)
}

// logbook is the audit log, in memory.
type logbook struct {
	mu      sync.Mutex
	entries []audit.Entry
	full    error
}

func (l *logbook) Append(entries ...audit.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil {
		return l.full
	}
	l.entries = append(l.entries, entries...)
	return nil
}

func (l *logbook) fill(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = err
}

func (l *logbook) count(what string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.What == what {
			n++
		}
	}
	return n
}

// world is an engine over a real store.
type world struct {
	*Engine
	t     *testing.T
	store *bolt.Store
	audit *logbook
	p     *provider
	stop  func()
}

func newWorld(t *testing.T, p *provider, change func(*Config)) *world {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: s, audit: &logbook{}, p: p}
	t.Cleanup(func() {
		w.stop()
		p.working.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.start(change)
	return w
}

func (w *world) start(change func(*Config)) {
	c := Config{
		Instance: "x/one", Specs: specs(), Store: w.store, Audit: w.audit,
		Open:    func(context.Context) (Actor, func(), error) { return actor{w.p}, func() {}, nil },
		Stopped: func() string { return "" },
	}
	if change != nil {
		change(&c)
	}
	e, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Engine = e
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	w.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
}

func target(id string) record.Ref {
	return record.Ref{Provider: "x", Instance: "one", Kind: wire.Kind_KIND_ACCOUNT, ID: id}
}

// want proposes as a policy does.
func (w *world) want(wish Wish) string {
	w.t.Helper()
	if wish.Policy == "" {
		wish.Policy = "p"
	}
	docs, err := w.Propose(wish)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(docs) == 0 {
		return ""
	}
	if _, err := w.store.Commit(w.t.Context(), &store.Batch{At: time.Now(), Docs: docs}); err != nil {
		w.t.Fatal(err)
	}
	return string(docs[0].Key)
}

// after lets time pass and gives the intent.
func (w *world) after(d time.Duration, id string) *Intent {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	i, err := w.Get(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

func (w *world) told(what event.What) (n int) {
	for d, err := range w.store.Docs(w.t.Context(), event.Bucket, nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		if e, err := event.Parse(d); err != nil {
			w.t.Fatal(err)
		} else if e.What == what {
			n++
		}
	}
	return n
}

// TestWhatAnActEndsWith: for each safety mode and each thing that the provider does first, what it comes to.
func TestWhatAnActEndsWith(t *testing.T) {
	all := []string{sdk.Repeat, sdk.Key, sdk.Precondition, sdk.ReadsBack, sdk.Never}
	for first, want := range map[string]State{
		answers: Done, loses: Done, never: Done, late: Done, refuses: Refused, throttle: Done, works: Done,
	} {
		for _, mode := range all {
			t.Run(mode+" "+first, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, newProvider(first), nil)
					id := w.want(Wish{Action: mode, Target: target("a"), Because: "f"})
					i := w.after(time.Hour, id)
					state, effects := want, 1
					if mode == sdk.Never && (first == loses || first == never || first == late) {
						state = Stuck
						if w.p.calls != 1 {
							t.Errorf("%d calls", w.p.calls)
						}
						if first == never {
							effects = 0
						}
					}
					if state == Refused {
						effects = 0
					}
					if got := w.p.read("a", mode); i.State != state || got.Effects != effects {
						t.Errorf("%s (%s) with %d effects, want %s with %d", i.State, i.Problem, got.Effects, state, effects)
					}
					if w.audit.count("intent") != w.p.calls || w.audit.count("outcome") == 0 {
						t.Errorf("%d calls, the audit log has %d and %d outcomes", w.p.calls, w.audit.count("intent"), w.audit.count("outcome"))
					}
					if settled := w.told(event.ActionSettled) + w.told(event.ActionUnsure); settled != 1 {
						t.Errorf("told %d times", settled)
					}
					if again := w.want(Wish{Action: mode, Target: target("a"), Because: "f"}); again != "" {
						t.Error("the same finding wanted it twice")
					}
				})
			})
		}
	}
}

// TestApproval: nothing leaves before a person, who is not the author, approved the very plan that is carried out.
func TestApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), nil)
		id := w.want(Wish{Action: sdk.Precondition, Target: target("a"), Approval: true})
		i := w.after(time.Minute, id)
		if i.State != Waiting || i.Plan == nil || w.p.calls != 0 || w.told(event.ActionProposed) != 1 {
			t.Fatalf("%+v after %d calls", i, w.p.calls)
		}
		if _, err := w.Approve(t.Context(), "policy/p", id, ""); err == nil {
			t.Error("its author approved it")
		}
		if _, err := w.Approve(t.Context(), "ann", id, "another"); err == nil {
			t.Error("another plan was approved")
		}
		w.p.mu.Lock()
		w.p.version["a"] = 7 // somebody was at it meanwhile
		w.p.mu.Unlock()
		if _, err := w.Approve(t.Context(), "ann", id, i.Plan.Hash); err != nil {
			t.Fatal(err)
		}
		if i = w.after(time.Minute, id); i.State != Waiting || w.p.calls != 0 || !strings.Contains(i.Problem, "ann") {
			t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
		}
		if _, err := w.Approve(t.Context(), "ann", id, i.Plan.Hash); err != nil {
			t.Fatal(err)
		}
		if i = w.after(time.Minute, id); i.State != Done || w.p.read("a", sdk.Precondition).Effects != 1 {
			t.Errorf("%s (%s)", i.State, i.Problem)
		}
		if _, err := w.Approve(t.Context(), "bob", id, ""); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("approved twice: %v", err)
		}
		late := w.want(Wish{Action: sdk.Key, Target: target("b"), Approval: true})
		if i = w.after(25*time.Hour, late); i.State != Expired {
			t.Errorf("%s", i.State)
		}
		no := w.want(Wish{Action: sdk.Key, Target: target("c"), Approval: true})
		w.after(time.Minute, no)
		if _, err := w.Reject(t.Context(), "ann", no, "not now"); err != nil {
			t.Error(err)
		}
		if i = w.after(time.Hour, no); i.State != Rejected || w.p.calls != 1 {
			t.Errorf("%s after %d calls", i.State, w.p.calls)
		}
	})
}

// TestNoAuditNoCall: while the audit log cannot be written nothing leaves, and afterwards it does.
func TestNoAuditNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), nil)
		w.audit.fill(errors.New("no space left on device"))
		id := w.want(Wish{Action: sdk.Repeat, Target: target("a")})
		i := w.after(time.Hour, id)
		if i.State != Approved || w.p.calls != 0 || !strings.Contains(i.Problem, "no space left") {
			t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
		}
		if _, err := w.Act(t.Context(), "ann", Wish{Action: sdk.Key, Target: target("b")}, ""); err == nil {
			t.Error("a person's wish was taken")
		}
		w.audit.fill(nil)
		if i = w.after(time.Hour, id); i.State != Done || w.p.calls != 1 {
			t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
		}
	})
}

// TestRestrained: what keeps a policy's actions back.
func TestRestrained(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		state  State
		calls  int
	}{
		"stopped": {func(c *Config) { c.Stopped = func() string { return "ann stopped all actions" } }, Approved, 0},
		"protected": {func(c *Config) {
			c.Guard = func(context.Context, string, record.Ref) error { return errors.New("it is protected") }
		}, Refused, 0},
		"shrunk": {func(c *Config) {
			c.Doubt = func(context.Context, record.Ref) string { return "half of the accounts are gone" }
		}, Waiting, 0},
		"cap":              {nil, Waiting, defaultPerHour},
		"one in a hundred": {func(c *Config) { c.Population = func(wire.Kind) int64 { return 700 } }, Waiting, 7},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, newProvider(), c.change)
				var last string
				for n := range 12 {
					last = w.want(Wish{Action: sdk.Repeat, Target: target(string(rune('a' + n)))})
					w.after(time.Second, last)
				}
				if i := w.after(time.Minute, last); i.State != c.state || i.Problem == "" || w.p.calls != c.calls {
					t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
				}
			})
		})
	}
}

// TestPersons: a person acts, undoes, and meets what is under way.
func TestPersons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(late), nil)
		ctx := t.Context()
		plan, err := w.Plan(ctx, Wish{Action: sdk.ReadsBack, Target: target("a")})
		if err != nil || w.p.calls != 0 {
			t.Fatalf("%v after %d calls", err, w.p.calls)
		}
		i, err := w.Act(ctx, "ann", Wish{Action: sdk.ReadsBack, Target: target("a")}, plan.Hash)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := w.Act(ctx, "bob", Wish{Action: sdk.Key, Target: target("a")}, ""); err == nil {
			t.Error("two actions of one target are under way")
		}
		if i = w.after(time.Minute, i.ID); i.State != Done || w.p.calls != 1 {
			t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
		}
		u, err := w.Undo(ctx, "bob", i.ID, "a mistake")
		if err != nil {
			t.Fatal(err)
		}
		if u = w.after(time.Minute, u.ID); u.State != Done || u.Author != "bob" {
			t.Errorf("%s (%s)", u.State, u.Problem)
		}
		if _, err := w.Undo(ctx, "bob", i.ID, ""); err == nil {
			t.Error("undone twice")
		}
		if _, err := w.Undo(ctx, "bob", u.ID, ""); err == nil {
			t.Error("an undo was undone")
		}
		if _, err := w.Act(ctx, "ann", Wish{Action: sdk.Key, Target: target("a")}, plan.Hash); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []Wish{
			{Action: "nothing", Target: target("a")},
			{Action: sdk.Key, Target: record.Ref{Provider: "x", Instance: "one", Kind: wire.Kind_KIND_FILE, ID: "f"}},
			{Action: sdk.Key, Target: target("a"), Args: map[string]string{"unheard": "of"}},
		} {
			if _, err := w.Plan(ctx, wrong); err == nil {
				t.Errorf("%+v was planned", wrong)
			}
		}
	})
}

// TestTakenBack: what a person took back, its policy does not do again without one.
func TestTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(), nil)
		id := w.want(Wish{Action: sdk.Key, Target: target("a"), Because: "first"})
		w.after(time.Second, id)
		if _, err := w.Undo(t.Context(), "ann", id, ""); err != nil {
			t.Fatal(err)
		}
		w.after(time.Minute, id)
		for _, again := range []func(){func() {}, func() { w.stop(); w.start(nil) }} {
			again()
			next := w.want(Wish{Action: sdk.Key, Target: target("a"), Because: time.Now().String()})
			if i := w.after(time.Minute, next); i.State != Waiting || !strings.Contains(i.Problem, "took the same back") {
				t.Errorf("%s (%s)", i.State, i.Problem)
			}
		}
		if i := w.after(time.Minute, w.want(Wish{Action: sdk.Key, Target: target("b"), Because: "first"})); i.State != Done {
			t.Errorf("another target: %s (%s)", i.State, i.Problem)
		}
	})
}

// TestQuiet: what may still arrive from an act that got no answer is waited for before the target is touched again.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newProvider(loses), func(c *Config) {
			for _, s := range c.Specs {
				s.InFlightMax.Seconds = 60
			}
		})
		i, err := w.Act(t.Context(), "ann", Wish{Action: sdk.Repeat, Target: target("a")}, mustPlan(t, w, sdk.Repeat))
		if err != nil {
			t.Fatal(err)
		}
		if i = w.after(5*time.Second, i.ID); i.State != Done {
			t.Fatalf("%s (%s)", i.State, i.Problem)
		}
		u, err := w.Undo(t.Context(), "ann", i.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if u = w.after(20*time.Second, u.ID); u.State != Approved {
			t.Errorf("the undo is %s while the act may arrive", u.State)
		}
		if u = w.after(time.Minute, u.ID); u.State.Open() {
			t.Errorf("the undo is %s (%s)", u.State, u.Problem)
		}
	})
}

func mustPlan(t *testing.T, w *world, action string) string {
	t.Helper()
	p, err := w.Plan(t.Context(), Wish{Action: action, Target: target("a")})
	if err != nil {
		t.Fatal(err)
	}
	return p.Hash
}

// TestRestored: a store that was restored from a backup sends nothing that the backup had open.
func TestRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := true
		w := newWorld(t, newProvider(), func(c *Config) {
			c.Stopped = func() string {
				if stopped {
					return "not yet"
				}
				return ""
			}
		})
		id := w.want(Wish{Action: sdk.Repeat, Target: target("a")})
		w.after(time.Second, id)
		w.stop()
		if _, err := w.store.Commit(t.Context(), &store.Batch{At: time.Now(), Docs: []store.Doc{{Bucket: bolt.EpochBucket, Key: []byte(bolt.EpochKey), Value: []byte("another")}}}); err != nil {
			t.Fatal(err)
		}
		stopped = false
		w.start(nil)
		if i := w.after(time.Hour, id); i.State != Stuck || w.p.calls != 0 {
			t.Errorf("%s (%s) after %d calls", i.State, i.Problem, w.p.calls)
		}
		if i, err := w.Settle(t.Context(), "ann", id, false, "not done"); err != nil || i.State != Refused {
			t.Errorf("%v, %v", i, err)
		}
		next := w.want(Wish{Action: sdk.Repeat, Target: target("b")})
		if i := w.after(time.Hour, next); i.State != Done {
			t.Errorf("%s (%s)", i.State, i.Problem)
		}
	})
}
