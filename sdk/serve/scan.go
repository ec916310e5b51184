package serve

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/grpc"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxRefs is how many refs one Fetch may ask for.
const maxRefs = 1000

// Scan walks one shard of one listing. It ends with a certificate or an error, in a message of its own.
func (s *server) Scan(req *wire.ScanRequest, st grpc.ServerStreamingServer[wire.ScanResponse]) error {
	cert, err := s.scan(st.Context(), req, func(part []byte, sent func([]byte)) error {
		return st.SendMsg(&link.Part{Bytes: part, Sent: sent})
	})
	if err != nil {
		return st.Send(&wire.ScanResponse{Msg: &wire.ScanResponse_Error{Error: sdk.ErrorToWire(err)}})
	}
	return st.Send(&wire.ScanResponse{Msg: &wire.ScanResponse_Certificate{Certificate: cert}})
}

func (s *server) scan(ctx context.Context, req *wire.ScanRequest, send func(part []byte, sent func([]byte)) error) (*wire.Certificate, error) {
	name := req.GetListing()
	if !slices.ContainsFunc(s.description.GetListings(), func(l *wire.ListingSpec) bool { return l.GetName() == name }) {
		return nil, sdk.Errorf(sdk.ErrInvalid, "there is no listing %q", name)
	}
	var cert *wire.Certificate
	err := s.do(ctx, "Scan of "+name, req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		var walk *sdk.Walk
		walk = sdk.NewWalk(ctx, req, func(part []byte) error { return send(part, walk.Recycle) })
		if err := s.connector.Scan(ctx, sess, walk); err != nil {
			return err
		}
		if cert = walk.Certificate(); cert == nil {
			return &sdk.Error{Type: sdk.ErrInternal, Message: "listing " + name + ": incomplete: Scan returned without Complete", Sent: true}
		}
		return nil
	})
	return cert, err
}

// Fetch gives records as they are now, ref by ref.
func (s *server) Fetch(req *wire.FetchRequest, st grpc.ServerStreamingServer[wire.FetchResponse]) error {
	f, ok := s.connector.(sdk.Fetcher)
	if !ok {
		return lacks("Fetch")
	}
	if n := len(req.GetRefs()); n > maxRefs {
		return link.Status(sdk.Errorf(sdk.ErrTooLarge, "%d refs, at most %d are expected", n, maxRefs))
	}
	return link.Status(s.do(st.Context(), "Fetch", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		return f.Fetch(ctx, sess, req.GetRefs(), func(one sdk.Fetched) error {
			m, err := fetched(one)
			if err != nil {
				return err
			}
			return st.Send(m)
		})
	}))
}

func fetched(f sdk.Fetched) (*wire.FetchResponse, error) {
	m := &wire.FetchResponse{Ref: f.Ref, State: f.State, Error: sdk.ErrorToWire(f.Err)}
	for _, listing := range slices.Sorted(maps.Keys(f.Records)) {
		e, err := sdk.Envelope(f.Records[listing], listing)
		if err != nil {
			return nil, sdk.Errorf(sdk.ErrInternal, "facet %s: %w", listing, err)
		}
		m.Envelopes = append(m.Envelopes, e)
	}
	return m, nil
}

// Watch gives hints until the agent ends it.
func (s *server) Watch(req *wire.WatchRequest, st grpc.ServerStreamingServer[wire.WatchResponse]) error {
	w, ok := s.connector.(sdk.Watcher)
	if !ok {
		return lacks("Watch")
	}
	return link.Status(s.do(st.Context(), "Watch", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		return w.Watch(ctx, sess, req.GetListings(), func(h sdk.Hint) error {
			return st.Send(&wire.WatchResponse{Hint: sdk.HintToWire(h)})
		})
	}))
}
