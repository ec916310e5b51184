package serve

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// hookTime is how long a webhook's sender waits for its answer.
const hookTime = 2 * time.Second

// Webhook verifies one request of the provider and turns it into hints.
func (s *server) Webhook(ctx context.Context, req *wire.WebhookRequest) (*wire.WebhookResponse, error) {
	h, ok := s.connector.(sdk.Hooker)
	if !ok {
		return nil, lacks("Webhook")
	}
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	hook := &sdk.Hook{
		Method: req.GetMethod(), Path: req.GetPath(), Body: req.GetBody(), ReceivedAt: req.GetReceivedAt().AsTime(),
		Query: map[string][]string{}, Header: http.Header{},
	}
	for _, q := range req.GetQuery() {
		hook.Query[q.GetName()] = append(hook.Query[q.GetName()], q.GetValue())
	}
	for _, v := range req.GetHeaders() {
		hook.Header.Add(v.GetName(), v.GetValue())
	}
	var out *wire.WebhookResponse
	err := s.do(ctx, "Webhook", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		r, err := h.Webhook(ctx, sess, hook)
		if err != nil {
			return err
		}
		if r == nil {
			return sdk.Errorf(sdk.ErrInternal, "Webhook gave neither a reply nor an error")
		}
		out = reply(r)
		return nil
	})
	return out, link.Status(err)
}

// reply gives the message. Hints of a request that was not verified are dropped.
func reply(r *sdk.Reply) *wire.WebhookResponse {
	m := &wire.WebhookResponse{Status: uint32(r.Status), Body: r.Body, Verified: r.Verified}
	if r.Status == 0 && r.Verified {
		m.Status = http.StatusOK
	} else if r.Status == 0 {
		m.Status = http.StatusUnauthorized
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		m.Headers = append(m.Headers, &wire.Value{Name: name, Value: r.Header[name]})
	}
	if r.Verified {
		for _, h := range r.Hints {
			m.Hints = append(m.Hints, sdk.HintToWire(h))
		}
	}
	return m
}

// Subscribe registers a webhook at the provider.
func (s *server) Subscribe(ctx context.Context, req *wire.SubscribeRequest) (*wire.SubscribeResponse, error) {
	sub, ok := s.connector.(sdk.Subscriber)
	if !ok {
		return nil, lacks("Subscribe")
	}
	out := &wire.SubscribeResponse{}
	shard := req.GetShard()
	err := s.do(ctx, "Subscribe", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		id, expires, err := sub.Subscribe(ctx, sess, req.GetListing(), &sdk.Shard{
			Listing: shard.GetListing(), Key: shard.GetKey(), Stamp: shard.GetStamp(), Name: shard.GetName(), Data: shard.GetData(),
		}, req.GetCallbackUrl(), req.GetSecret())
		out.Id, out.Expires = id, sdk.At(expires)
		return err
	})
	return out, link.Status(err)
}

// Unsubscribe takes a webhook back.
func (s *server) Unsubscribe(ctx context.Context, req *wire.UnsubscribeRequest) (*wire.UnsubscribeResponse, error) {
	sub, ok := s.connector.(sdk.Subscriber)
	if !ok {
		return nil, lacks("Unsubscribe")
	}
	return &wire.UnsubscribeResponse{}, link.Status(s.do(ctx, "Unsubscribe", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		return sub.Unsubscribe(ctx, sess, req.GetId())
	}))
}
