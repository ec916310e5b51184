package plughost

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	// maxLeases is how many leases of one connector may wait, and how many may be open for observations.
	maxLeases = 4096
	roleRead  = "read"
)

// grant asks the ledger for one call of ours, with that call's priority and cancellation.
type grant func(wants []*wire.Want, count int) (quota.Lease, error)

type callEntry struct {
	ask    grant
	cancel context.CancelFunc
}

// session is the agent's end of the Session stream.
type session struct {
	instance string // its name, to the quota
	quota    Quota
	keeper   Keeper
	holder   string // this session, to the keeper
	out      *lines
	stream   grpc.BidiStreamingClient[wire.SessionHost, wire.SessionConnector]
	cancel   context.CancelFunc
	done     chan struct{} // the stream is over, and all that waited for it
	nextCall atomic.Uint64

	sending sync.Mutex

	mu     sync.Mutex
	calls  map[string]callEntry
	over   bool              // no more calls
	open   map[uint64]uint64 // the connector's id of a lease → the ledger's
	opened []uint64          // in order
	asked  int
	busy   sync.WaitGroup

	keeping    keeping
	stopClaims context.CancelFunc
}

// openSession starts the session and waits for the connector to accept its settings.
func openSession(ctx context.Context, p *peer, spec *Spec, secrets map[string]string, q Quota, out *lines, within time.Duration) (*session, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // its end is close
	s := &session{
		instance: spec.name(), quota: q, keeper: spec.Keeper, holder: rand.Text(), out: out, cancel: cancel, done: make(chan struct{}),
		calls: map[string]callEntry{}, open: map[uint64]uint64{}, keeping: keeping{idle: make(chan struct{})},
	}
	claims, stopClaims := context.WithCancel(ctx)
	s.stopClaims = stopClaims
	timer := time.AfterFunc(within, cancel)
	var err error
	if s.stream, err = p.rpc.Session(ctx); err == nil {
		err = s.begin(spec, secrets)
	}
	if !timer.Stop() && err != nil {
		err = sdk.Errorf(sdk.ErrUnavailable, "connector was not ready within %s", within)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	go s.receive(ctx, claims)
	return s, nil
}

func (s *session) begin(spec *Spec, secrets map[string]string) error {
	role := spec.Role
	if role == "" {
		role = roleRead
	}
	err := s.stream.Send(&wire.SessionHost{Msg: &wire.SessionHost_Start{Start: &wire.Start{
		Instance: spec.Instance, Role: role, Settings: values(spec.Settings), Secrets: values(secrets),
		Network: spec.Network, Limits: spec.Limits, Now: timestamppb.Now(),
	}}})
	if err != nil {
		return fmt.Errorf("opening the session: %w", err)
	}
	m, err := s.stream.Recv()
	if err != nil {
		return fmt.Errorf("opening the session: %w", err)
	}
	r := m.GetReady()
	if r == nil {
		return sdk.Errorf(sdk.ErrInternal, "connector did not answer start with ready")
	}
	return sdk.ErrorFromWire(r.GetError())
}

func values(m map[string]string) []*wire.Value {
	list := make([]*wire.Value, 0, len(m))
	for name, value := range m {
		list = append(list, &wire.Value{Name: name, Value: value})
	}
	return list
}

// receive answers the connector until the stream ends.
func (s *session) receive(ctx, claims context.Context) {
	defer close(s.done)
	defer s.busy.Wait()
	defer s.endCalls()
	defer s.cancel()
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return
		}
		switch b := m.GetMsg().(type) {
		case *wire.SessionConnector_Lease:
			s.lease(ctx, b.Lease)
		case *wire.SessionConnector_Observe:
			s.observe(b.Observe)
		case *wire.SessionConnector_Keep:
			s.keep(ctx, claims, b.Keep)
		case *wire.SessionConnector_Log:
			s.out.record(b.Log)
		}
	}
}

// busyFor answers beside the stream; too many at once are refused.
func (s *session) busyFor(id uint64, answer func() *wire.SessionHost) {
	s.mu.Lock()
	full := s.asked >= maxLeases
	if !full {
		s.asked++
	}
	s.mu.Unlock()
	if full {
		s.send(refusal(id, sdk.Errorf(sdk.ErrThrottled, "%d requests for quota wait already", maxLeases)))
		return
	}
	s.busy.Go(func() {
		m := answer()
		s.mu.Lock()
		s.asked--
		s.mu.Unlock()
		s.send(m)
	})
}

func (s *session) send(m *wire.SessionHost) {
	s.sending.Lock()
	defer s.sending.Unlock()
	_ = s.stream.Send(m) // its end is seen by receive
}

func refusal(id uint64, err error) *wire.SessionHost {
	return &wire.SessionHost{Msg: &wire.SessionHost_Refused{Refused: &wire.Refused{Id: id, Error: sdk.ErrorToWire(err)}}}
}

// lease asks the ledger under the call that the connector names. What belongs to no call (any more) comes last.
func (s *session) lease(ctx context.Context, l *wire.Lease) {
	s.mu.Lock()
	ask := s.calls[l.GetCallId()].ask
	s.mu.Unlock()
	switch {
	case ask == nil && l.GetCallId() != "":
		s.send(refusal(l.GetId(), sdk.Errorf(sdk.ErrNotFound, "call %.40q is over", l.GetCallId())))
		return
	case ask == nil:
		ask = func(wants []*wire.Want, count int) (quota.Lease, error) {
			return s.quota.Lease(ctx, s.instance, "", quota.Inspect, wants, count)
		}
	}
	s.busyFor(l.GetId(), func() *wire.SessionHost {
		got, err := ask(l.GetWants(), max(int(l.GetCount()), 1))
		if err != nil {
			return refusal(l.GetId(), err)
		}
		s.note(l.GetId(), got.ID)
		return &wire.SessionHost{Msg: &wire.SessionHost_Granted{Granted: &wire.Granted{
			Id: l.GetId(), Waited: durationpb.New(got.Waited), Count: uint32(got.Count), Expires: timestamppb.New(got.Expires),
		}}}
	})
}

// note remembers which lease of the ledger the connector's id means, for its observations.
func (s *session) note(theirs, ours uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[theirs] = ours
	s.opened = append(s.opened, theirs)
	if len(s.opened) > maxLeases {
		delete(s.open, s.opened[0])
		s.opened = s.opened[1:]
	}
}

func (s *session) observe(o *wire.Observe) {
	s.mu.Lock()
	o.Id = s.open[o.GetId()] // 0: the ledger learns from it all the same
	s.mu.Unlock()
	s.quota.Observe(s.instance, o)
}

// call names one call of ours, so that leases under it get its priority and end with it. end ends it; it is not ok when
// the session is over.
func (s *session) call(ctx context.Context, p quota.Priority) (_ context.Context, id string, end func(), ok bool) {
	id = strconv.FormatUint(s.nextCall.Add(1), 10)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, "", nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	s.calls[id] = callEntry{cancel: cancel, ask: func(wants []*wire.Want, count int) (quota.Lease, error) {
		return s.quota.Lease(ctx, s.instance, id, p, wants, count)
	}}
	return ctx, id, func() {
		cancel()
		s.mu.Lock()
		delete(s.calls, id)
		s.mu.Unlock()
	}, true
}

// endCalls ends what is under way when the session ends, so that nothing waits for quota that nobody will use.
func (s *session) endCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for _, c := range s.calls {
		c.cancel()
	}
}

// close ends the stream and waits for what was being answered.
func (s *session) close() {
	s.cancel()
	<-s.done
	if s.keeper != nil {
		s.keeper.Gone(s.holder)
	}
	s.quota.Drop(s.instance)
}
