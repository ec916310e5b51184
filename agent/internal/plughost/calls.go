package plughost

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The fields of wire.ScanResponse.
const (
	scanPart        protowire.Number = 1
	scanCertificate protowire.Number = 2
	scanError       protowire.Number = 3
)

// call runs one call on the running connector. When the provider refused the credential and there is a newer one, the
// connector is started with it, and the call made again if again allows it.
func (c *Connector) call(ctx context.Context, p quota.Priority, again func() bool, f func(ctx context.Context, l *live, id string) error) error {
	for {
		l, err := c.current(ctx)
		if err != nil {
			return err
		}
		callCtx, id, end, ok := l.session.call(ctx, p)
		if !ok { // it ended, and the next one is on its way
			c.lose(l)
			continue
		}
		err = f(callCtx, l, id)
		end()
		if link.Lost(err) {
			c.lose(l)
		}
		err = link.Error(ctx, err)
		if sdk.TypeOf(err) == sdk.ErrAuth && c.refresh(ctx, l) && again() {
			continue
		}
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("instance %s: %w", c.spec.Instance, ctx.Err())
		}
		return c.wrap(err)
	}
}

func always() bool { return true }

// Check asks who the credential is and what it may do.
func (c *Connector) Check(ctx context.Context) (*wire.CheckResponse, error) {
	var out *wire.CheckResponse
	err := c.call(ctx, quota.Check, always, func(ctx context.Context, l *live, id string) (err error) {
		out, err = l.peer.rpc.Check(ctx, &wire.CheckRequest{CallId: id})
		return err
	})
	return out, err
}

// Scan walks one shard of one listing. part gets the bytes of each wire.Part, which are lent until it returns; an error
// of part ends the walk and is given back as it is. The certificate is there only when the walk was complete.
func (c *Connector) Scan(ctx context.Context, p quota.Priority, req *wire.ScanRequest, part func(raw []byte) error) (*wire.Certificate, error) {
	var cert *wire.Certificate
	var partErr error
	delivered := false
	err := c.call(ctx, p, func() bool { return !delivered }, func(ctx context.Context, l *live, id string) error {
		asked := proto.CloneOf(req)
		asked.CallId = id
		st, err := l.peer.rpc.Scan(ctx, asked)
		if err != nil {
			return err
		}
		cert, err = receiveScan(st, func(raw []byte) error {
			delivered = true
			partErr = part(raw)
			return partErr
		})
		return err
	})
	if partErr != nil {
		return nil, partErr
	}
	return cert, err
}

// receiveScan reads a walk without decoding its records.
func receiveScan(st grpc.ClientStream, part func([]byte) error) (*wire.Certificate, error) {
	var raw link.Raw
	defer raw.Free()
	for {
		if err := st.RecvMsg(&raw); errors.Is(err, io.EOF) {
			return nil, broken("a walk ended with neither certificate nor error")
		} else if err != nil {
			return nil, err
		}
		field, body, err := onlyField(raw.Bytes())
		if err != nil {
			return nil, err
		}
		switch field {
		case scanPart:
			if err := part(body); err != nil {
				return nil, err
			}
		case scanCertificate:
			cert := &wire.Certificate{}
			if err := cert.UnmarshalVT(body); err != nil {
				return nil, broken("a certificate cannot be read")
			}
			return cert, nil
		case scanError:
			e := &wire.Error{}
			if err := e.UnmarshalVT(body); err != nil {
				return nil, broken("an error cannot be read")
			}
			return nil, sdk.ErrorFromWire(e)
		default:
			return nil, broken("a message of a walk is neither part, certificate nor error")
		}
	}
}

// onlyField splits a message of exactly one field that has bytes.
func onlyField(b []byte) (protowire.Number, []byte, error) {
	field, typ, n := protowire.ConsumeTag(b)
	if n < 0 || typ != protowire.BytesType {
		return 0, nil, broken("a message of a walk cannot be read")
	}
	body, m := protowire.ConsumeBytes(b[n:])
	if m < 0 || n+m != len(b) {
		return 0, nil, broken("a message of a walk has not exactly one field")
	}
	return field, body, nil
}

func broken(what string) error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "the connector broke the contract: " + what, Sent: true}
}

// Fetch asks for records as they are now.
func (c *Connector) Fetch(ctx context.Context, p quota.Priority, refs []*wire.Ref, each func(*wire.FetchResponse) error) error {
	var eachErr error
	delivered := false
	err := c.call(ctx, p, func() bool { return !delivered }, func(ctx context.Context, l *live, id string) error {
		st, err := l.peer.rpc.Fetch(ctx, &wire.FetchRequest{CallId: id, Refs: refs})
		if err != nil {
			return err
		}
		return receiveAll(st, func(m *wire.FetchResponse) error {
			delivered = true
			eachErr = each(m)
			return eachErr
		})
	})
	if eachErr != nil {
		return eachErr
	}
	return err
}

// Watch gives hints until ctx ends or the connector does.
func (c *Connector) Watch(ctx context.Context, listings []string, each func(*wire.Hint) error) error {
	var eachErr error
	err := c.call(ctx, quota.Realtime, always, func(ctx context.Context, l *live, id string) error {
		st, err := l.peer.rpc.Watch(ctx, &wire.WatchRequest{CallId: id, Listings: listings})
		if err != nil {
			return err
		}
		return receiveAll(st, func(m *wire.WatchResponse) error {
			eachErr = each(m.GetHint())
			return eachErr
		})
	})
	if eachErr != nil {
		return eachErr
	}
	return err
}

func receiveAll[M any](st grpc.ServerStreamingClient[M], each func(*M) error) error {
	for {
		m, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(m); err != nil {
			return err
		}
	}
}

// Webhook has one request of the provider verified and turned into hints.
func (c *Connector) Webhook(ctx context.Context, req *wire.WebhookRequest) (*wire.WebhookResponse, error) {
	var out *wire.WebhookResponse
	err := c.call(ctx, quota.Realtime, always, func(ctx context.Context, l *live, id string) (err error) {
		asked := proto.CloneOf(req)
		asked.CallId = id
		out, err = l.peer.rpc.Webhook(ctx, asked)
		return err
	})
	return out, err
}

// Authorize begins or finishes a person's consent. It is not repeated: a code works once.
func (c *Connector) Authorize(ctx context.Context, req *wire.AuthorizeRequest) (*wire.AuthorizeResponse, error) {
	var out *wire.AuthorizeResponse
	never := func() bool { return false }
	err := c.call(ctx, quota.Action, never, func(ctx context.Context, l *live, id string) (err error) {
		asked := proto.CloneOf(req)
		asked.CallId = id
		c.out.conceal(asked.GetFinish().GetPasted())
		out, err = l.peer.rpc.Authorize(ctx, asked)
		for _, v := range out.GetSecrets() {
			c.out.conceal(v.GetValue())
		}
		c.out.conceal(out.GetToken().GetValue())
		return err
	})
	return out, err
}
