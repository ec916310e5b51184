package serve

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// outgoing is how many messages may wait for the agent. Log lines beyond it are dropped; everything else waits.
const outgoing = 256

type stream = grpc.BidiStreamingServer[wire.SessionHost, wire.SessionConnector]

// session is the connector's end of the Session stream.
type session struct {
	sdk  *sdk.Session
	role string
	out  chan *wire.SessionConnector
	done chan struct{} // closed when the stream is over

	release func(callID string) // gives back what a call leased and did not use

	ids     atomic.Uint64
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting map[uint64]chan *wire.SessionHost // by lease or keep
	calls   map[string]context.CancelFunc
	stepped map[string]chan struct{} // by call: its progress is on the disk
	secrets map[string]string
	kept    map[string]bool // of them: they change without the credential being another one
}

// Session serves the one session of this process; when it ends, so does the process.
func (s *server) Session(st stream) error {
	s.mu.Lock()
	second := s.claimed
	s.claimed = true
	s.mu.Unlock()
	if second {
		return link.Status(sdk.Errorf(sdk.ErrConflict, "this process has a session already"))
	}
	defer func() { go s.stop() }() // waits for the transport, which waits for this handler
	first, err := st.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return link.Status(sdk.Errorf(sdk.ErrInvalid, "the first message of a session must be start"))
	}
	sess := &session{
		out: make(chan *wire.SessionConnector, outgoing), done: make(chan struct{}),
		waiting: map[uint64]chan *wire.SessionHost{}, calls: map[string]context.CancelFunc{}, secrets: map[string]string{},
		stepped: map[string]chan struct{}{},
	}
	defer sess.end()
	ready := &wire.Ready{}
	if err := s.open(sess, start); err != nil {
		ready.Error = sdk.ErrorToWire(err)
	} else {
		s.mu.Lock()
		s.session = sess
		s.mu.Unlock()
	}
	sess.out <- &wire.SessionConnector{Msg: &wire.SessionConnector_Ready{Ready: ready}}
	go sess.write(st)
	for { // after a refusal too: the agent reads why, and ends the stream
		m, err := st.Recv()
		if err != nil {
			return nil
		}
		sess.receive(m)
	}
}

// open makes the sdk.Session of the settings.
func (s *server) open(sess *session, start *wire.Start) error {
	settings := sdk.Settings{}
	for _, spec := range s.description.GetSettings() {
		if spec.GetDefault() != "" {
			settings[spec.GetName()] = spec.GetDefault()
		}
	}
	maps.Copy(settings, values(start.GetSettings()))
	for _, spec := range s.description.GetSettings() {
		if spec.GetRequired() && settings[spec.GetName()] == "" {
			return &sdk.Error{
				Type: sdk.ErrInvalid, Field: spec.GetName(),
				Message: fmt.Sprintf("instance %s: setting %q is required", start.GetInstance(), spec.GetName()),
			}
		}
	}
	sess.kept = map[string]bool{}
	for _, m := range s.description.GetCredentials() {
		for _, f := range m.GetFields() {
			sess.kept[f.GetName()] = f.GetKept()
		}
	}
	sess.role, sess.secrets = start.GetRole(), values(start.GetSecrets())
	sess.sdk = &sdk.Session{
		Instance: start.GetInstance(), Settings: settings, Secret: sess.secret, Keep: sess.keep, Log: sess.log,
		KeepRaw: start.GetLimits().GetKeepRaw(), Acting: sdk.ForActing(sess.role), Classify: s.spec.Classify,
	}
	return s.transport(sess, start.GetNetwork())
}

func values(list []*wire.Value) map[string]string {
	m := make(map[string]string, len(list))
	for _, v := range list {
		m[v.GetName()] = v.GetValue()
	}
	return m
}

func (s *session) write(st stream) {
	for {
		select {
		case m := <-s.out:
			if st.Send(m) != nil {
				return // Recv ends the session
			}
		case <-s.done:
			return
		}
	}
}

func (s *session) receive(m *wire.SessionHost) {
	var id uint64
	switch b := m.GetMsg().(type) {
	case *wire.SessionHost_Granted:
		id = b.Granted.GetId()
	case *wire.SessionHost_Refused:
		id = b.Refused.GetId()
	case *wire.SessionHost_Kept:
		id = b.Kept.GetId()
	case *wire.SessionHost_ProgressKept:
		s.mu.Lock()
		kept := s.stepped[b.ProgressKept.GetCallId()]
		delete(s.stepped, b.ProgressKept.GetCallId())
		s.mu.Unlock()
		if kept != nil {
			close(kept)
		}
		return
	case *wire.SessionHost_CallCancelled:
		s.mu.Lock()
		cancel := s.calls[b.CallCancelled.GetCallId()]
		s.mu.Unlock()
		if cancel != nil {
			cancel()
		}
		return
	default:
		return
	}
	s.mu.Lock()
	answer := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if answer != nil {
		answer <- m // has room for its one answer
		return
	}
	if g := m.GetGranted(); g != nil { // whoever asked has gone: nobody will use it
		go s.Observe(&wire.Observe{Id: g.GetId(), Returned: g.GetCount()})
	}
}

// begin notes a call, so that the agent can cancel it; the result ends the note.
func (s *session) begin(callID string, cancel context.CancelFunc) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[callID] = cancel
	return func() {
		s.release(callID)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.calls, callID)
	}
}

// end cancels what is under way.
func (s *session) end() {
	close(s.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.calls {
		cancel()
	}
}

func (s *session) secret(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[name]
}

// ask sends a message with an id and waits for its answer.
func (s *session) ask(ctx context.Context, id uint64, m *wire.SessionConnector) (*wire.SessionHost, error) {
	answer := make(chan *wire.SessionHost, 1)
	s.mu.Lock()
	s.waiting[id] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
	}()
	select {
	case s.out <- m:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.done:
		return nil, errOver()
	}
	select {
	case a := <-answer:
		if r := a.GetRefused(); r != nil {
			return nil, sdk.ErrorFromWire(r.GetError())
		}
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.done:
		return nil, errOver()
	}
}

func errOver() error { return sdk.Errorf(sdk.ErrUnavailable, "the session with the agent is over") }

// log hands a line to the agent. fields are names and values in turn. Lines that the agent does not take in time are
// dropped and counted.
func (s *session) log(level, message string, fields ...string) {
	l := &wire.Log{Level: level, Message: message}
	for i := 0; i+1 < len(fields); i += 2 {
		l.Fields = append(l.Fields, &wire.Value{Name: fields[i], Value: fields[i+1]})
	}
	before := s.dropped.Swap(0)
	if before > 0 {
		l.Fields = append(l.Fields, &wire.Value{Name: "dropped_before", Value: fmt.Sprint(before)})
	}
	select {
	case s.out <- &wire.SessionConnector{Msg: &wire.SessionConnector_Log{Log: l}}:
	default:
		s.dropped.Add(before + 1)
	}
}
