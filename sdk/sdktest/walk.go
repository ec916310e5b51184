package sdktest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// callID is that of every call: they come one after the other, or together in one part of a run.
const callID = "conformance"

// walk is what one Scan gave.
type walk struct {
	parts    []*wire.Part
	raw      [][]byte
	records  []*wire.Envelope
	shards   []*wire.Shard
	gone     []*wire.Tombstone
	marks    []mark
	cert     *wire.Certificate
	err      error
	bad      []string // what no walk may do
	requests int
}

// mark is a checkpoint, and how much came before it.
type mark struct {
	checkpoint      []byte
	records, shards int
}

// key is what the store keeps a facet under.
type key struct {
	kind sdk.Kind
	id   string
}

func (k key) String() string { return sdk.KindName(k.kind) + " " + k.id }

func keyOf(e *wire.Envelope) key { return key{e.GetKind(), e.GetId()} }

// first gives the first facet of each key.
func (w *walk) first() map[key]*wire.Envelope {
	m := make(map[key]*wire.Envelope, len(w.records))
	for _, e := range w.records {
		if _, ok := m[keyOf(e)]; !ok {
			m[keyOf(e)] = e
		}
	}
	return m
}

func (w *walk) take(part []byte) {
	p := &wire.Part{}
	if err := p.UnmarshalVT(part); err != nil {
		w.bad = append(w.bad, "a part cannot be read: "+err.Error())
		return
	}
	w.parts, w.raw = append(w.parts, p), append(w.raw, part)
	w.records = append(w.records, p.GetEnvelopes()...)
	w.shards = append(w.shards, p.GetShards()...)
	w.gone = append(w.gone, p.GetTombstones()...)
	if p.Checkpoint != nil {
		w.marks = append(w.marks, mark{p.GetCheckpoint(), len(w.records), len(w.shards)})
	}
}

// scan runs one walk on the provider as it is now. sent is called after each part; nil: nothing.
func (k *kit) scan(ctx context.Context, req *wire.ScanRequest, sent func(*walk)) *walk {
	w := &walk{}
	ctx, cancel := context.WithTimeout(call.WithID(ctx, callID), walkTime)
	defer cancel()
	defer k.release(callID)
	sw := sdk.NewWalk(ctx, req, func(part []byte) error {
		w.take(part)
		if sent != nil {
			sent(w)
		}
		return ctx.Err()
	})
	w.err = guard(func() error { return k.o.Connector.Scan(ctx, k.session, sw) })
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.bad = append(w.bad, fmt.Sprintf("the walk did not end within %s", walkTime))
	}
	if w.err == nil {
		w.cert = sw.Certificate()
	}
	if p, ok := errors.AsType[*panicked](w.err); ok {
		w.bad = append(w.bad, p.Error())
	}
	w.requests, _ = k.provider.counts()
	return w
}

// panicked is the error of a call that panicked.
type panicked struct{ what string }

func (p *panicked) Error() string { return p.what }

func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{fmt.Sprintf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return f()
}

// request is what the host asks for in a first walk.
func (k *kit) request(l *wire.ListingSpec, shard *wire.Shard) *wire.ScanRequest {
	if shard == nil {
		shard = &wire.Shard{Listing: l.GetName()}
	}
	req := &wire.ScanRequest{CallId: callID, Listing: l.GetName(), Shard: shard, Mode: sdk.ModeFull}
	if window := l.GetMaxWindow().AsDuration(); window > 0 {
		req.Mode = sdk.ModeWindow
		req.From, req.Until = timestamppb.New(k.o.Until.Add(-window)), timestamppb.New(k.o.Until)
	} else if l.GetType() == wire.ListingSpec_FEED {
		req.Mode = sdk.ModeDelta
	}
	return req
}

// with gives the same request with another checkpoint or bookmark.
func with(req *wire.ScanRequest, change func(*wire.ScanRequest)) *wire.ScanRequest {
	c := &wire.ScanRequest{}
	proto.Merge(c, req)
	change(c)
	return c
}
