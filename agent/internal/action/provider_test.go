package action

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// What the provider does with a request.
const (
	answers  = "answers"
	loses    = "applied, answer lost"
	never    = "not applied, no answer"
	late     = "applied late, no answer"
	refuses  = "refuses"
	throttle = "throttles"
	works    = "works on it"
)

// lateBy is how late an effect may be; the actions declare twice that.
const lateBy = 20 * time.Millisecond

// provider counts effects. Its five actions are named by their safety modes.
type provider struct {
	mu      sync.Mutex
	script  []string // of the next acts; empty: answers
	calls   int
	effects map[string]int // by target and action
	keys    map[string]bool
	version map[string]int
	set     map[string]bool // of repeat: the state, not an effect
	working sync.WaitGroup
}

func newProvider(script ...string) *provider {
	return &provider{script: script, effects: map[string]int{}, keys: map[string]bool{}, version: map[string]int{}, set: map[string]bool{}}
}

func specs() []*wire.ActionSpec {
	d := &sdk.Description{}
	all := sdk.Actions{}
	for _, mode := range []string{sdk.Repeat, sdk.Key, sdk.Precondition, sdk.ReadsBack, sdk.Never} {
		all = append(all, sdk.Action{Name: mode, On: sdk.KindAccount, Safety: mode, InFlightMax: 2 * lateBy, Undo: sdk.UndoFull})
	}
	d.Actions = all.Specs()
	return d.Actions
}

// order is a request to the provider.
type order struct{ Action, Target, Key, Precondition string }

// do takes one request; answered is false when the answer is lost.
func (p *provider) do(o order) (verdict string, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	how := answers
	if len(p.script) > 0 {
		how, p.script = p.script[0], p.script[1:]
	}
	switch how {
	case never:
		return "", false
	case refuses, throttle:
		return how, true
	case late:
		p.working.Go(func() {
			time.Sleep(lateBy) //nolint:forbidigo // the provider's own pace
			p.mu.Lock()
			defer p.mu.Unlock()
			p.apply(o)
		})
		return "", false
	case works:
		p.working.Go(func() {
			time.Sleep(lateBy)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.apply(o)
		})
		return works, true
	}
	return p.apply(o), how != loses
}

func (p *provider) apply(o order) string {
	at := o.Target + " " + o.Action
	switch o.Action {
	case sdk.Repeat:
		if p.set[o.Target] {
			return "already"
		}
		p.set[o.Target] = true
	case sdk.Key:
		if p.keys[o.Key] {
			return "done"
		}
		p.keys[o.Key] = true
	case sdk.Precondition:
		if strconv.Itoa(p.version[o.Target]) != o.Precondition {
			return "conflict"
		}
	}
	p.effects[at]++
	p.version[o.Target]++
	return "done"
}

// now is what can be read of a target.
type now struct {
	Effects, Version int
	Set              bool
}

func (p *provider) read(target, action string) now {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now{p.effects[target+" "+action], p.version[target], p.set[target]}
}

// remote is the provider over HTTP, for processes that are killed.
func (p *provider) serve() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o order
		if json.NewDecoder(r.Body).Decode(&o) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if r.Method == http.MethodGet {
			_ = json.NewEncoder(w).Encode(p.read(o.Target, o.Action))
			return
		}
		verdict, answered := p.do(o)
		if !answered {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, verdict)
	}))
}

// backend is a provider, in this process or another.
type backend interface {
	do(o order) (verdict string, answered bool)
	read(target, action string) now
}

// actor speaks to a provider as a connector does.
type actor struct{ backend }

func (a actor) Prepare(_ context.Context, i *wire.Intent) (*wire.Plan, error) {
	n := a.read(i.GetTarget().GetId(), i.GetAction())
	b, err := json.Marshal(n)
	return &wire.Plan{
		Snapshot: b, Effects: []string{i.GetAction()}, Precondition: strconv.Itoa(n.Version), Already: i.GetAction() == sdk.Repeat && n.Set,
	}, err
}

func (a actor) Act(ctx context.Context, i *wire.Intent, p *wire.Plan, _ []byte, _ func([]byte) error) *wire.Outcome {
	verdict, answered := a.do(order{i.GetAction(), i.GetTarget().GetId(), i.GetKey(), p.GetPrecondition()})
	if !answered || ctx.Err() != nil {
		return &wire.Outcome{State: sdk.Unsure, Error: sdk.ErrorToWire(&sdk.Error{Type: sdk.ErrUnavailable, Message: "no answer", Sent: true})}
	}
	refused := func(t sdk.ErrorType) *wire.Outcome {
		return &wire.Outcome{State: sdk.Refused, Error: sdk.ErrorToWire(&sdk.Error{Type: t, Message: verdict, Sent: true})}
	}
	switch verdict {
	case refuses:
		return refused(sdk.ErrPermission)
	case throttle:
		return refused(sdk.ErrThrottled)
	case "conflict":
		return refused(sdk.ErrConflict)
	case "already":
		return &wire.Outcome{State: sdk.Already}
	case works:
		return &wire.Outcome{State: sdk.Pending, Token: "token"}
	}
	return &wire.Outcome{State: sdk.Done}
}

func (a actor) ReadBack(_ context.Context, i *wire.Intent, p *wire.Plan, progress []byte) (*wire.ReadBackResponse, error) {
	var was now
	if err := json.Unmarshal(p.GetSnapshot(), &was); err != nil {
		return nil, err
	}
	n := a.read(i.GetTarget().GetId(), i.GetAction())
	state := sdk.NotApplied
	switch {
	case n.Effects > was.Effects:
		state = sdk.Applied
	case string(progress) == "token":
		state = sdk.InFlight
	}
	return &wire.ReadBackResponse{State: state}, nil
}
