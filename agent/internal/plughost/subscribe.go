package plughost

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Subscribe registers a webhook at the provider. There may be thousands, so they come after what is urgent.
func (c *Connector) Subscribe(ctx context.Context, req *wire.SubscribeRequest) (*wire.SubscribeResponse, error) {
	var out *wire.SubscribeResponse
	err := c.call(ctx, quota.Delta, always, func(ctx context.Context, l *live, id string) (err error) {
		asked := proto.CloneOf(req)
		asked.CallId = id
		out, err = l.peer.rpc.Subscribe(ctx, asked)
		return err
	})
	return out, err
}

// Unsubscribe takes a webhook back.
func (c *Connector) Unsubscribe(ctx context.Context, id string) error {
	return c.call(ctx, quota.Delta, always, func(ctx context.Context, l *live, call string) error {
		_, err := l.peer.rpc.Unsubscribe(ctx, &wire.UnsubscribeRequest{CallId: call, Id: id})
		return err
	})
}
