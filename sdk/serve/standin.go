package serve

import (
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

type standin struct {
	auth *sdk.Description
	sess *session
}

func (t *standin) RoundTrip(r *http.Request) (*http.Response, error) {
	g, err := t.sess.lease(r.Context(), call.ID(r.Context()), []*wire.Want{{Bucket: "default", Cost: 1}}, 1)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if m := t.auth.Auth.Choose(t.sess.secret); m != nil {
		if m.Apply != nil {
			m.Apply(r, t.sess.sdk, nil)
		} else {
			r.Header.Set("Authorization", "Bearer "+t.sess.secret(m.Fields[0].Name))
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	o := &wire.Observe{Id: g.GetId(), CallId: call.ID(r.Context()), Sent: true}
	if err == nil {
		o.Status = uint32(res.StatusCode) //nolint:gosec // small
	}
	t.sess.Observe(o)
	return res, err
}
