package serve

import (
	"context"

	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Lease asks the agent for quota.
func (s *session) Lease(ctx context.Context, callID string, wants []*wire.Want, count int) (httpapi.Grant, error) {
	l := &wire.Lease{Id: s.ids.Add(1), CallId: callID, Wants: wants, Count: uint32(max(count, 1))}
	a, err := s.ask(ctx, l.GetId(), &wire.SessionConnector{Msg: &wire.SessionConnector_Lease{Lease: l}})
	if err != nil {
		return httpapi.Grant{}, err
	}
	g := httpapi.Grant{ID: l.GetId(), Count: int(a.GetGranted().GetCount())}
	if t := a.GetGranted().GetExpires(); t != nil {
		g.Expires = t.AsTime()
	}
	return g, nil
}

// Observe tells the agent what an answer said.
func (s *session) Observe(o *wire.Observe) {
	select {
	case s.out <- &wire.SessionConnector{Msg: &wire.SessionConnector_Observe{Observe: o}}:
	case <-s.done:
	}
}

// transport makes the client on which all requests of the session run.
func (s *server) transport(sess *session, network *wire.Network) error {
	t, err := httpapi.New(httpapi.Config{
		Description: sess.rotating(s.spec), Session: sess.sdk, Lessor: sess, Network: network,
		UserAgent: "mooring-connector-" + s.description.GetName() + "/" + s.description.GetVersion(),
	})
	if err != nil {
		return err
	}
	sess.sdk.HTTP = httpapi.Client(t)
	sess.release = t.Release
	return nil
}
