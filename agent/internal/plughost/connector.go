package plughost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Phase says where a connector is in its life.
type Phase string

// The phases.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Backoff  Phase = "backoff"  // it failed, and is started again soon
	Degraded Phase = "degraded" // it failed too often; still tried now and then
	Waiting  Phase = "waiting"  // somebody has to log in; looked at now and then
	Stopped  Phase = "stopped"
)

// State is a connector as status shows it.
type State struct {
	Phase     Phase
	PID       int
	Since     time.Time
	Restarts  int
	LastError string
	// Level that the process really has.
	Level string
	// Isolated: it sees no processes and mounts but its own.
	Isolated bool
}

// Connector is one instance's connector, through all the processes it may need.
type Connector struct {
	host  *Host
	spec  Spec
	out   *lines
	stop  func() // ends it for good
	ended chan struct{}

	stopped chan struct{}
	end     func() // closes ended
	renew   chan struct{}

	mu      sync.Mutex
	state   State
	live    *live         // while running
	changed chan struct{} // closed at every change of state
	crashed []time.Time
}

// live is a running process and its session.
type live struct {
	peer    *peer
	session *session
	secrets map[string]string
	renewed bool // the secrets were resolved anew already
}

func newConnector(h *Host, spec Spec) *Connector {
	c := &Connector{
		host: h, spec: spec, ended: make(chan struct{}), stopped: make(chan struct{}), renew: make(chan struct{}, 1),
		out:     newLines(h.cfg.Logger.With("instance", spec.Instance)),
		state:   State{Phase: Starting, Since: time.Now()},
		changed: make(chan struct{}),
	}
	c.stop = sync.OnceFunc(func() { close(c.stopped) })
	c.end = sync.OnceFunc(func() {
		c.set(func(s *State) { s.Phase, s.PID = Stopped, 0 }, nil)
		close(c.ended)
	})
	return c
}

// State gives the present state.
func (c *Connector) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *Connector) set(change func(*State), l *live) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.state.Phase
	change(&c.state)
	if c.state.Phase != before {
		c.state.Since = time.Now()
	}
	c.live = l
	close(c.changed)
	c.changed = make(chan struct{})
}

// supervise keeps the connector running until ctx ends or stop is called.
func (c *Connector) supervise(ctx context.Context) {
	defer c.end()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	wait := c.host.timing.backoffMin
	for ctx.Err() == nil {
		c.set(func(s *State) { s.Phase = Starting }, nil)
		began := time.Now()
		err := c.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errRenew) {
			continue
		}
		if time.Since(began) >= c.host.timing.healthy {
			wait = c.host.timing.backoffMin
		}
		if _, ok := errors.AsType[*loginError](err); ok {
			c.waits(err)
			wait = c.host.timing.backoffMax
		} else if c.failed(err) {
			wait = c.host.timing.backoffMax
		}
		pause := time.NewTimer(wait/2 + rand.N(wait/2+1)) //nolint:gosec // jitter
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
		wait = min(2*wait, c.host.timing.backoffMax)
	}
}

// failed notes a failure and tells whether there were too many.
func (c *Connector) failed(err error) bool {
	t := &c.host.timing
	text := c.out.clean(err.Error())
	now := time.Now()
	c.crashed = append(c.crashed, now)
	for len(c.crashed) > 0 && now.Sub(c.crashed[0]) > t.crashWindow {
		c.crashed = c.crashed[1:]
	}
	phase := Backoff
	if len(c.crashed) >= t.crashes {
		phase = Degraded
	}
	c.set(func(s *State) {
		s.Phase, s.PID, s.LastError = phase, 0, text
		s.Restarts++
	}, nil)
	c.host.cfg.Logger.Warn("connector failed", "instance", c.spec.Instance, "phase", string(phase), "error", text)
	return phase == Degraded
}

// waits notes that it cannot start before somebody logs in. That is no failure of the connector.
func (c *Connector) waits(err error) {
	c.set(func(s *State) { s.Phase, s.PID, s.LastError = Waiting, 0, c.out.clean(err.Error()) }, nil)
	c.host.cfg.Logger.Warn("connector waits", "instance", c.spec.Instance, "for", c.State().LastError)
}

// run is one process, from launch to its end.
func (c *Connector) run(ctx context.Context) error {
	t := &c.host.timing
	select {
	case <-c.renew: // meant for the process before, which ended otherwise
	default:
	}
	secrets, kept, err := c.resolve(ctx)
	if err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, t.start)
	defer cancel()
	p, err := c.host.launcher().launch(starting, c.spec.Path, c.spec.SHA256, c.spec.Level, c.out)
	if err != nil {
		return err
	}
	gently := false
	defer func() { p.close(gently) }()
	s, err := openSession(starting, p, &c.spec, kept, c.host.cfg.Quota, c.out, t.start)
	if err != nil {
		return err
	}
	defer s.close()
	c.set(func(st *State) {
		st.Phase, st.PID, st.Isolated = Running, p.proc.pid(), p.proc.isolated
		st.Level = p.proc.level
	}, &live{peer: p, session: s, secrets: secrets})
	err = c.watch(ctx, p, s)
	gently = ctx.Err() != nil || errors.Is(err, errRenew)
	c.set(func(st *State) { st.Phase, st.PID = Starting, 0 }, nil)
	if gently {
		s.settle(t.settle)
	}
	return err
}

// loginError says that what a login obtains is not there.
type loginError struct{ error }

func (e *loginError) Unwrap() error { return e.error }

// errRenew ends a process so that the next one gets fresh secrets.
var errRenew = errors.New("secrets changed")

// watch returns when the process must end, and why.
func (c *Connector) watch(ctx context.Context, p *peer, s *session) error {
	t := &c.host.timing
	ping := time.NewTicker(t.ping)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.renew:
			return errRenew
		case <-s.done:
			return errGone
		case <-p.proc.exited:
			return errGone
		case <-ping.C:
			if err := p.ping(ctx, t.answer); err != nil && ctx.Err() == nil {
				return fmt.Errorf("connector did not answer within %s: %w", t.answer, err)
			}
		}
	}
}

// resolve gets the configured secrets, and all with what is kept. They are masked in what the connector writes.
func (c *Connector) resolve(ctx context.Context) (configured, all map[string]string, err error) {
	if c.spec.Secrets != nil {
		if configured, err = c.spec.Secrets(ctx); err != nil {
			return nil, nil, fmt.Errorf("secrets: %w", err)
		}
	}
	all = maps.Clone(configured)
	if c.spec.Keeper != nil {
		kept, err := c.spec.Keeper.Values(ctx)
		if err != nil {
			return nil, nil, &loginError{err}
		}
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, kept)
	}
	c.out.hide(slices.Collect(maps.Values(all)))
	return configured, all, nil
}

// refresh resolves the configured secrets anew, once for a process, after the provider refused them. Where they differ the
// connector is started again with them. What is kept is renewed by the connector itself.
func (c *Connector) refresh(ctx context.Context, l *live) bool {
	c.mu.Lock()
	again := l.renewed
	l.renewed = true
	c.mu.Unlock()
	if again || c.spec.Secrets == nil {
		return false
	}
	fresh, err := c.spec.Secrets(ctx)
	if err != nil || maps.Equal(fresh, l.secrets) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == l { // else it ended meanwhile, and the next one has them anyway
		c.live = nil
		select {
		case c.renew <- struct{}{}:
		default:
		}
	}
	return true
}

// lose says that the connection broke under a call: nobody gets it any more, and the process is replaced.
func (c *Connector) lose(l *live) {
	c.mu.Lock()
	if c.live == l {
		c.live = nil
	}
	c.mu.Unlock()
	l.session.cancel()
}

// current waits for the connector to run. One that is stopped or degraded is an error at once.
func (c *Connector) current(ctx context.Context) (*live, error) {
	for {
		c.mu.Lock()
		l, state, changed := c.live, c.state, c.changed
		c.mu.Unlock()
		switch {
		case l != nil:
			return l, nil
		case state.Phase == Stopped:
			return nil, c.wrap(sdk.Errorf(sdk.ErrUnavailable, "connector is stopped"))
		case state.Phase == Waiting:
			return nil, c.wrap(sdk.Errorf(sdk.ErrAuth, "%s", state.LastError))
		case state.Phase == Degraded:
			return nil, c.wrap(sdk.Errorf(sdk.ErrUnavailable, "connector failed too often: %s", state.LastError))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			why := "connector is " + string(state.Phase)
			if state.LastError != "" {
				why += ": " + state.LastError
			}
			return nil, c.wrap(&sdk.Error{Type: sdk.ErrUnavailable, Message: why, Cause: ctx.Err()})
		}
	}
}

// wrap names the instance in an error, and masks what the connector put into it.
func (c *Connector) wrap(err error) error {
	if err == nil {
		return nil
	}
	e := &sdk.Error{Type: sdk.ErrInternal, Message: err.Error(), Sent: true}
	if typed, ok := errors.AsType[*sdk.Error](err); ok {
		copied := *typed
		e = &copied
	} else if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Type = sdk.ErrUnavailable
	}
	e.Message = "instance " + c.spec.Instance + ": " + c.out.clean(e.Message)
	e.Permission, e.RequestID, e.URL = c.out.clean(e.Permission), c.out.clean(e.RequestID), c.out.clean(e.URL)
	if e.Cause == nil {
		e.Cause = err
	}
	return e
}
