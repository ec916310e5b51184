package serve

import (
	"context"
	"net/http"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// lease asks the agent for quota.
func (s *session) lease(ctx context.Context, callID string, wants []*wire.Want, count int) (*wire.Granted, error) {
	l := &wire.Lease{Id: s.ids.Add(1), CallId: callID, Wants: wants, Count: uint32(max(count, 1))} //nolint:gosec // small
	a, err := s.ask(ctx, l.GetId(), &wire.SessionConnector{Msg: &wire.SessionConnector_Lease{Lease: l}})
	if err != nil {
		return nil, err
	}
	return a.GetGranted(), nil
}

// client is a stand-in until package httpapi is there: it leases and authenticates, and does no more.
func client(s *server, sess *session, _ *wire.Network) (*http.Client, error) {
	return &http.Client{Transport: &standin{auth: s.spec, sess: sess}}, nil
}
