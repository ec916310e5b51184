package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// loser loses one request that it is told of, before the fake gets it or after.
type loser struct {
	next    http.Handler
	at      atomic.Int64 // requests until the one that is lost; 0: none
	arrives bool
	status  int // the answer; 0: none
}

func (l *loser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.at.Load() > 0 && l.at.Add(-1) == 0 {
		if l.arrives {
			l.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		if l.status != 0 {
			w.WriteHeader(l.status)
			return
		}
		panic(http.ErrAbortHandler)
	}
	l.next.ServeHTTP(w, r)
}

func losing(t *testing.T, w *world) (*loser, *sdk.Session) {
	t.Helper()
	l := &loser{next: w.fake}
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	return l, sessionAt(t, srv.URL, nil)
}

// done is an intent with what it came to.
type done struct {
	intent   *sdk.Intent
	plan     *sdk.Plan
	progress []byte
	outcome  *sdk.Outcome
}

func intent(action, target string, args map[string]string) *sdk.Intent {
	i := &sdk.Intent{Id: "1", Action: action, Target: sdk.To(sdk.KindFile, target)}
	for _, a := range actions() {
		if a.Name == action {
			i.Target.Kind = a.On
		}
	}
	for name, value := range args {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: value})
	}
	return i
}

func planOf(t *testing.T, s *sdk.Session, i *sdk.Intent) *done {
	t.Helper()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Fatalf("prepare %s: %v", i.GetAction(), err)
	}
	return &done{intent: i, plan: p}
}

func (d *done) act(t *testing.T, s *sdk.Session) *sdk.Outcome {
	t.Helper()
	kept := len(d.progress) > 0
	o, err := connector{}.Act(t.Context(), s, d.intent, d.plan, d.progress, func(p []byte) error {
		d.progress, kept = slices.Clone(p), true
		return nil
	})
	if err != nil {
		o = sdk.OutcomeOf(err, kept)
	}
	d.outcome = o
	return o
}

func (d *done) undo() *sdk.Intent {
	i := intent(d.intent.GetAction(), d.intent.GetTarget().GetId(), nil)
	i.Args, i.Undo = d.intent.GetArgs(), &wire.Undo{Plan: d.plan, Snapshot: d.outcome.GetUndoSnapshot()}
	return i
}

func (d *done) look(t *testing.T, s *sdk.Session) *sdk.ReadBack {
	t.Helper()
	r, err := connector{}.ReadBack(t.Context(), s, d.intent, d.plan, d.progress)
	if err != nil {
		t.Errorf("read back: %v", err)
	}
	return r
}

func asJSON(t *testing.T, v any) string { return string(marshal(t, v)) }

// undone are the actions that undo takes back, each with something to do it to.
var undone = []struct {
	action, target string
	args           map[string]string
}{
	{"remove_shared_link", "103", nil},
	{"change_shared_link", "130", map[string]string{"access": "company"}},
	{"remove_collaborator", "100", map[string]string{"who": "1001"}},
	{"remove_external_users", "140", nil},
	{"trash", "100", nil},
	{"restore", "131", nil},
	{"overwrite", "103", map[string]string{"text": "removed"}},
	{"quarantine", "100", nil},
	{"quarantine", "103", nil},
}

// TestUndoLost: each request of an undo is lost once, before the fake got it and after; the undo done again ends where the
// one of which nothing was lost does, and once more it changes nothing.
func TestUndoLost(t *testing.T) {
	for _, c := range undone {
		t.Run(c.action+c.target, func(t *testing.T) {
			w := acting(t)
			l, s := losing(t, w)
			state := w.state(c.target)
			var want string
			for n := int64(0); ; n++ { // the 0th is not lost
				for _, l.arrives = range []bool{false, true} {
					w.fake.Forget()
					d := planOf(t, s, intent(c.action, c.target, c.args))
					if o := d.act(t, s); o.GetState() != sdk.Done {
						t.Fatalf("done: %v", o)
					}
					away := asJSON(t, state())
					u := planOf(t, s, d.undo())
					l.at.Store(n)
					first := u.act(t, s)
					left := l.at.Swap(0)
					if first.GetState() == sdk.Refused && asJSON(t, state()) != away {
						t.Errorf("request %d: refused, but the state is %s", n, asJSON(t, state()))
					}
					if r := u.look(t, s); want != "" && (r.GetState() == sdk.Applied) != (asJSON(t, state()) == want) {
						t.Errorf("request %d lost, got %v: read back %v, but the state is %s", n, l.arrives, r, asJSON(t, state()))
					}
					for range 2 { // as the agent repeats it, and once more
						if o := u.act(t, s); o.GetState() != sdk.Done && o.GetState() != sdk.Already {
							t.Errorf("request %d lost, got %v: again: %v", n, l.arrives, o)
						}
					}
					if r := u.look(t, s); r.GetState() != sdk.Applied {
						t.Errorf("request %d lost, got %v: read back %v", n, l.arrives, r)
					}
					got := asJSON(t, state())
					if n == 0 {
						want = got
					} else if got != want {
						t.Errorf("request %d lost, got %v: the state is\n%s\nwant\n%s", n, l.arrives, got, want)
					}
					if n > 0 && left > 0 {
						return // there are no more
					}
				}
			}
		})
	}
}

// TestRefusedMidway: when the n-th request is refused, what is told as refused changed nothing, neither by the act nor by
// its undo.
func TestRefusedMidway(t *testing.T) {
	for _, c := range undone {
		w := acting(t)
		l, s := losing(t, w)
		state := w.state(c.target)
		refuse := func(d *done, n int64) (more bool) {
			before := asJSON(t, state())
			l.at.Store(n)
			l.status = http.StatusForbidden
			o := d.act(t, s)
			if now := asJSON(t, state()); o.GetState() == sdk.Refused && now != before {
				t.Errorf("%s: request %d refused: told as refused, but the state is\n%s\nwas\n%s", c.action, n, now, before)
			}
			return l.at.Swap(0) == 0
		}
		for n := int64(1); ; n++ {
			w.fake.Forget()
			more := refuse(planOf(t, s, intent(c.action, c.target, c.args)), n)
			w.fake.Forget()
			d := planOf(t, s, intent(c.action, c.target, c.args))
			d.act(t, s)
			if again := refuse(planOf(t, s, d.undo()), n); !more && !again {
				break
			}
		}
	}
}

// TestQuarantineFolder: only a folder of the agent's own account is taken. Where people have to accept invitations, the
// owner does.
func TestQuarantineFolder(t *testing.T) {
	c := acting(t).content
	own := thing(boxtest.Folder, 800, "Cells", boxtest.Root, boxtest.Person{ID: serviceID, Name: "Mooring"})
	c.items = append(c.items, own)
	w := start(t, c, func(c *boxtest.Config) { c.AskAll = true })
	s := w.session(t, nil)
	for _, folder := range []string{"140", "103", "4711"} {
		if _, err := (connector{}).Prepare(t.Context(), s, intent("quarantine", "103", map[string]string{"to": folder})); sdk.TypeOf(err) != sdk.ErrInvalid {
			t.Errorf("into %s: %v", folder, err)
		}
	}
	d := planOf(t, s, intent("quarantine", "103", map[string]string{"to": "800"}))
	if o := d.act(t, s); o.GetState() != sdk.Done || d.look(t, s).GetState() != sdk.Applied {
		t.Fatalf("%v, %v", o, d.look(t, s))
	}
	it, _ := w.fake.Enterprise().Item("103")
	if cell, _ := w.fake.Enterprise().Item(it.Parent); cell.Parent != "800" || it.Owner.ID != serviceID {
		t.Errorf("it is in %+v, of %s", cell, it.Owner.ID)
	}
	u := planOf(t, s, d.undo())
	if o := u.act(t, s); o.GetState() != sdk.Done || u.look(t, s).GetState() != sdk.Applied {
		t.Errorf("%v, %v", o, u.look(t, s))
	}
}
