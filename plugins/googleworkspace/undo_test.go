package main

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// loss is how a request is lost.
type loss string

const (
	before  loss = "before the provider gets it"
	after   loss = "its answer"
	forGood loss = "with all that follow: the process ends"
)

// lossy loses requests.
type lossy struct {
	http.Handler

	mu       sync.Mutex
	n, loses int // 0: none
	how      loss
}

func (l *lossy) expect(loses int, how loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n, l.loses, l.how = 0, loses, how
}

func (l *lossy) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func (l *lossy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.n++
	lost, how := l.n == l.loses || l.loses > 0 && l.n > l.loses && l.how == forGood, l.how
	l.mu.Unlock()
	if lost && how == after {
		l.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
	l.Handler.ServeHTTP(w, r)
}

// actor does what the agent does, on a provider that loses requests.
type actor struct {
	*testing.T
	c    connector
	s    *sdk.Session
	lost *lossy
}

func newActor(t *testing.T, w *world) *actor {
	t.Helper()
	l := &lossy{Handler: w.server}
	front := httptest.NewServer(l)
	t.Cleanup(front.Close)
	back := w.http
	w.http = front
	a := &actor{T: t, c: w.connector(), s: w.session(t), lost: l}
	w.http = back
	return a
}

func (a *actor) prepare(i *sdk.Intent) *sdk.Plan {
	a.Helper()
	p, err := a.c.Prepare(a.Context(), a.s, i)
	if err != nil {
		a.Fatalf("%s: %v", i.GetAction(), err)
	}
	return p
}

// act repeats what is unsure, with the progress that was kept. It gives how many requests the first time took.
func (a *actor) act(i *sdk.Intent, p *sdk.Plan) (requests int) {
	a.Helper()
	var progress []byte
	for try := range 5 {
		kept := false
		o, err := a.c.Act(a.Context(), a.s, i, p, progress, func(b []byte) error {
			kept, progress = true, b
			return nil
		})
		if err != nil {
			o = sdk.OutcomeOf(err, kept || progress != nil)
		}
		if try == 0 {
			requests = a.lost.count()
		}
		a.lost.expect(0, "")
		if s := o.GetState(); s == sdk.Done || s == sdk.Already {
			return requests
		}
		if o.GetState() == sdk.Refused {
			a.Fatalf("%s: refused: %v", i.GetAction(), o)
		}
	}
	a.Fatalf("%s does not end", i.GetAction())
	return 0
}

// TestUndoLosesRequests: the kit loses each request of an action; here each of its undo is lost.
func TestUndoLosesRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, actWorld(), acting)
	a := newActor(t, w)
	for _, one := range cases(w) {
		spec := specOf(t, one.Action)
		if spec.GetUndo() == sdk.UndoNone {
			continue
		}
		t.Run(one.Action+" "+one.Target, func(t *testing.T) { a.loseEach(t, spec, &one, w.server.Forget) })
	}
}

func (a *actor) loseEach(t *testing.T, spec *sdk.ActionSpec, one *sdktest.ActionCase, forget func()) {
	t.Helper()
	a.T = t
	want := one.State()
	if one.Lost != nil {
		want = one.Lost(want)
	}
	// round does it and undoes it, and counts their requests.
	round := func(doing, undoing int, how loss) (n, back int) {
		i := intent(spec, one)
		p := a.prepare(i)
		a.lost.expect(doing, how)
		n = a.act(i, p)
		i = intent(spec, one)
		i.Undo = &wire.Undo{Plan: p}
		p = a.prepare(i)
		a.lost.expect(undoing, how)
		back = a.act(i, p)
		if d := cmp.Diff(want, one.State()); d != "" {
			t.Fatalf("request %d lost, request %d of the undo lost, %s: %s", doing, undoing, how, d)
		}
		forget()
		return n, back
	}
	round(0, 0, "") // obtains the tokens
	n, back := round(0, 0, "")
	for at := 1; at <= n; at++ {
		round(at, 0, forGood)
	}
	for at := 1; at <= back; at++ {
		for _, how := range []loss{before, after, forGood} {
			round(0, at, how)
		}
	}
}
