package sdk

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Shard is a part of a listing that is listed on its own.
type Shard = wire.Shard

// The states of a shard.
const (
	ShardActive      = wire.Shard_ACTIVE
	ShardUnavailable = wire.Shard_UNAVAILABLE
)

// Mode says what a walk should give.
type Mode = wire.ScanMode

// The modes of a walk.
const (
	ModeFull   = wire.ScanMode_SCAN_MODE_FULL
	ModeDelta  = wire.ScanMode_SCAN_MODE_DELTA
	ModeWindow = wire.ScanMode_SCAN_MODE_WINDOW
)

// Limits of a walk; the host refuses what is larger.
const (
	MaxRecordBytes     = 1 << 20
	MaxCheckpointBytes = 64 << 10
	MaxShardDataBytes  = 4 << 10
	MaxIDBytes         = 1 << 10
	partBytes          = 256 << 10
	maxSpareParts      = 4
	maxCursors         = 1 << 20 // remembered, to notice a cursor that comes again
)

// A checkpoint is the author's bytes behind one mark.
const (
	markNext = 'n'
	markEnd  = 'e'
)

// Walk is one listing of one shard, as asked for by the host, and the way to hand over what it gives. It belongs to one
// goroutine.
type Walk struct {
	Listing     string
	Shard       Shard
	Mode        Mode
	From, Until time.Time // ModeWindow
	Bookmark    []byte    // ModeDelta, and cursor feeds
	PageSize    int       // when the host asks for smaller pages; 0: the connector's own

	ctx        context.Context //nolint:containedctx // a walk is one call; it does not outlive it
	send       func(part []byte) error
	checkpoint []byte

	part     []byte      // the part being filled, already in wire form
	spare    chan []byte // memory of parts that were sent
	inPage   map[idOfKind]struct{}
	cursors  map[uint64]struct{}
	seed     maphash.Seed
	err      error
	complete bool
	cert     wire.Certificate
}

type idOfKind struct {
	kind Kind
	id   string
}

// NewWalk is for serve and sdktest: it answers one request; send takes parts in wire form and may keep them.
func NewWalk(ctx context.Context, req *wire.ScanRequest, send func(part []byte) error) *Walk {
	w := &Walk{
		Listing: req.GetListing(), Mode: req.GetMode(), PageSize: int(req.GetPageSize()),
		Bookmark: req.GetBookmark(), checkpoint: req.GetCheckpoint(),
		ctx: ctx, send: send, seed: maphash.MakeSeed(),
		inPage: map[idOfKind]struct{}{}, cursors: map[uint64]struct{}{}, spare: make(chan []byte, maxSpareParts),
	}
	if s := req.GetShard(); s != nil {
		w.Shard = Shard{Listing: s.GetListing(), Key: s.GetKey(), Stamp: s.GetStamp(), Name: s.GetName(), Data: s.GetData()}
	}
	if t := req.GetFrom(); t != nil {
		w.From = t.AsTime()
	}
	if t := req.GetUntil(); t != nil {
		w.Until = t.AsTime()
	}
	return w
}

// Add hands over records of this page: whole facets, by id. Empty strings count as unknown; sets are sorted; what does
// not fit the limits ends the walk. A record that comes twice in a page counts once.
func (w *Walk) Add(records ...Record) {
	for _, r := range records {
		if w.err != nil {
			return
		}
		kind := KindOf(r)
		id := r.GetId()
		switch {
		case kind == wire.Kind_KIND_UNSPECIFIED:
			w.fail(ErrInternal, "Add takes the SDK's records, not %T", r)
		case id == "" || len(id) > MaxIDBytes:
			w.fail(ErrInternal, "a record of kind %s has an id of %d bytes, 1 to %d are expected", KindName(kind), len(id), MaxIDBytes)
		default:
			key := idOfKind{kind, id}
			if _, twice := w.inPage[key]; twice {
				continue
			}
			w.inPage[key] = struct{}{}
			w.add(kind, r)
		}
	}
}

func (w *Walk) add(kind Kind, r Record) {
	before := len(w.part)
	part, err := appendEnvelope(w.part, kind, r, "")
	if err != nil {
		w.fail(ErrInternal, "%v", err)
		return
	}
	if n := len(part) - before; n > MaxRecordBytes {
		w.fail(ErrInternal, "record %s %q has %d bytes, at most %d are expected", KindName(kind), r.GetId(), n, MaxRecordBytes)
		return
	}
	w.part = part
	w.cert.Records++
	w.flushIfFull()
}

// Gone says that the provider deleted a record.
func (w *Walk) Gone(k Kind, id string) { w.tombstone(k, id, wire.Tombstone_GONE) }

// Left says that a record is no longer in this listing and shard, and may live elsewhere.
func (w *Walk) Left(k Kind, id string) { w.tombstone(k, id, wire.Tombstone_LEFT) }

func (w *Walk) tombstone(k Kind, id string, proof wire.Tombstone_Proof) {
	if w.err == nil {
		w.part = appendMessage(w.part, partTombstones, &wire.Tombstone{Kind: k, Id: id, Proof: proof})
		w.flushIfFull()
	}
}

// Found hands over shards of the child listings. A shard whose stamp is the one of its last complete walk is not walked.
func (w *Walk) Found(shards ...*Shard) {
	for _, s := range shards {
		if w.err != nil {
			return
		}
		if s.GetListing() == "" || s.GetKey() == "" || len(s.GetData()) > MaxShardDataBytes {
			w.fail(ErrInternal, "shard %q of listing %q: listing and key must be set and data at most %d bytes", s.GetKey(), s.GetListing(), MaxShardDataBytes)
			return
		}
		w.part = appendMessage(w.part, partShards, s)
		w.flushIfFull()
	}
}

// Hint says where else the host should look soon.
func (w *Walk) Hint(h Hint) {
	if w.err == nil {
		w.part = appendMessage(w.part, partHints, HintToWire(h))
		w.flushIfFull()
	}
}

// Resume gives where to start: first, or the cursor of the last page that the host keeps; "" when only Complete is left.
func (w *Walk) Resume(first string) string {
	if len(w.checkpoint) == 0 {
		return first
	}
	if w.checkpoint[0] == markEnd {
		return ""
	}
	return string(w.checkpoint[1:])
}

// EndPage ends the page and gives back next, the cursor of the next one; "" after the last. It blocks while the host is
// behind, and gives "" when the walk is to stop: then Complete says why.
func (w *Walk) EndPage(next string) string {
	if w.err == nil && next != "" {
		h := maphash.String(w.seed, next)
		if _, again := w.cursors[h]; again {
			w.fail(ErrInternal, "the provider gave the same cursor twice, so this walk would not end")
		} else if len(w.cursors) < maxCursors {
			w.cursors[h] = struct{}{}
		}
	}
	if w.err != nil {
		return ""
	}
	mark := []byte{markEnd}
	if next != "" {
		mark = append([]byte{markNext}, next...)
	}
	if len(mark) > MaxCheckpointBytes {
		w.fail(ErrInternal, "a cursor has %d bytes, at most %d are expected", len(mark), MaxCheckpointBytes)
		return ""
	}
	w.part = appendBytes(w.part, partCheckpoint, mark)
	w.cert.Pages++
	clear(w.inPage)
	w.flush()
	if w.err != nil {
		return ""
	}
	return next
}

// Total says how many records the walk will give, where the provider says so. It feeds the estimate of the time left.
func (w *Walk) Total(n int64) {
	if w.err == nil && n >= 0 {
		w.part = appendVarint(w.part, partTotal, uint64(n))
	}
}

// Complete certifies that the walk saw all there is. After a stop or a failure it gives the reason instead.
func (w *Walk) Complete(options ...Completion) error {
	if w.err == nil && len(w.part) > 0 {
		w.EndPage("")
	}
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return w.err
	}
	for _, o := range options {
		o(&w.cert)
	}
	if len(w.cert.GetBookmark()) > MaxCheckpointBytes {
		w.fail(ErrInternal, "a bookmark has %d bytes, at most %d are expected", len(w.cert.GetBookmark()), MaxCheckpointBytes)
		return w.err
	}
	w.complete = true
	return nil
}

// Completion says more about how a walk ended.
type Completion func(*wire.Certificate)

// Next is where the next walk starts: a delta token, the position in a log.
func Next(bookmark []byte) Completion {
	return func(c *wire.Certificate) { c.Bookmark = bytes.Clone(bookmark) }
}

// StoppedBy says which sign of the provider ended the walk.
func StoppedBy(t wire.Certificate_Terminal) Completion {
	return func(c *wire.Certificate) { c.Terminal = t }
}

// SeenUntil is the time up to which a feed was complete, when that is not Walk.Until.
func SeenUntil(t time.Time) Completion {
	return func(c *wire.Certificate) { c.Until = timestamppb.New(t) }
}

// SeenWith is the fingerprint of what the credential could see in this walk, when it is not that of Check.
func SeenWith(fingerprint string) Completion {
	return func(c *wire.Certificate) { c.Fingerprint = fingerprint }
}

// Skipped names what the walk could not see and left out: it then proves nothing absent.
func Skipped(what ...string) Completion {
	return func(c *wire.Certificate) { c.Skipped = append(c.Skipped, what...) }
}

// Warning says what an operator should know of a walk that is complete as far as the provider lets it be.
func Warning(texts ...string) Completion {
	return func(c *wire.Certificate) { c.Warnings = append(c.Warnings, texts...) }
}

// Certificate is for serve: the certificate of a walk that completed, else nil.
func (w *Walk) Certificate() *wire.Certificate {
	if !w.complete {
		return nil
	}
	return &w.cert
}

func (w *Walk) flushIfFull() {
	if len(w.part) >= partBytes {
		w.flush()
	}
}

func (w *Walk) flush() {
	if len(w.part) == 0 || w.err != nil {
		return
	}
	part := w.part
	select {
	case w.part = <-w.spare:
	default:
		w.part = make([]byte, 0, len(part)+len(part)/8) // the next page is likely as large
	}
	if w.err = w.ctx.Err(); w.err == nil {
		w.err = w.send(part)
	}
}

// Recycle is for serve: it takes back the memory of a part that nobody reads any more. It may run beside the walk.
func (w *Walk) Recycle(part []byte) {
	if cap(part) > 2*partBytes { // one giant record must not stay in memory
		return
	}
	select {
	case w.spare <- part[:0]:
	default:
	}
}

func (w *Walk) fail(t ErrorType, format string, args ...any) {
	if w.err == nil {
		w.err = &Error{Type: t, Message: fmt.Sprintf("listing %s: ", w.Listing) + fmt.Sprintf(format, args...), Sent: true}
	}
}
