package serve

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
	"github.com/mooring-hq/mooring/sdk/wire/v1/rpc"
)

// server answers the agent's calls. Content is not there yet: its calls are unsupported.
type server struct {
	rpc.UnimplementedConnectorServer
	connector   sdk.Connector
	spec        *sdk.Description
	description *wire.Description
	stop        func() // ends the process

	mu      sync.Mutex
	claimed bool
	session *session // nil until its Start was accepted
}

func newServer(c sdk.Connector, spec *sdk.Description, d *wire.Description) *server {
	return &server{connector: c, spec: spec, description: d}
}

// Describe is constant.
func (s *server) Describe(context.Context, *wire.DescribeRequest) (*wire.Description, error) {
	return s.description, nil
}

// current gives the session, or why there is none.
func (s *server) current() (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil, sdk.Errorf(sdk.ErrNotReady, "no session yet: the agent opens Session first")
	}
	return s.session, nil
}

// do runs one call of the connector: under the call's id, until the agent cancels it or the session ends. A panic is the
// call's failure.
func (s *server) do(ctx context.Context, what, callID string, f func(context.Context, *sdk.Session) error) error {
	sess, err := s.current()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(call.WithID(ctx, callID))
	defer cancel()
	defer sess.begin(callID, cancel)()
	return guard(sess, what, func() error { return f(ctx, sess.sdk) })
}

func guard(sess *session, what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			sess.log("error", fmt.Sprintf("%s panicked: %v", what, p), "stack", string(debug.Stack()))
			err = &sdk.Error{Type: sdk.ErrInternal, Message: fmt.Sprintf("%s panicked: %v", what, p), Sent: true}
		}
	}()
	return f()
}

// lacks is the answer to a call for which the connector has no ability.
func lacks(ability string) error {
	return link.Status(sdk.Errorf(sdk.ErrUnsupported, "this connector does not implement %s", ability))
}
