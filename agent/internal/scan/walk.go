package scan

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const commitEvery = time.Second

// walk is one listing of one shard, from the connector into the store. Two buffers take turns: while one is written, the
// connector fills the other.
type walk struct {
	e        *Engine
	l        *listing
	shard    *shardState // "" key for a root listing
	mode     wire.ScanMode
	priority quota.Priority
	round    *roundRun // nil outside of rounds: feeds
	bookmark []byte
	from     time.Time // of a window
	until    time.Time
	baseline bool

	home store.Home
	at   checkpoint
	// tombstones: the provider itself says that records are gone.
	tombstones bool
	resumed    bool // from a checkpoint of an earlier process: proves no absence
	front      *buffer
	back       *buffer
	pending    <-chan commitResult
	flushed    time.Time
	pageSize   uint32
	line       *line // of the progress
}

// run walks to the certificate. What was committed on the way stays, and the next run goes on behind it.
func (w *walk) run(ctx context.Context) (*wire.Certificate, error) {
	w.front, w.back = &buffer{}, &buffer{}
	w.home = store.Home{Listing: w.l.GetName(), Shard: w.shard.Key, Fingerprint: w.e.fingerprint(w.l)}
	if err := w.restore(); err != nil {
		return nil, err
	}
	w.flushed = time.Now()
	cert, err := w.e.Source.Scan(ctx, w.priority, w.request(), w.part)
	if err != nil {
		return nil, errors.Join(err, w.drain())
	}
	if cert.GetFingerprint() != "" && cert.GetFingerprint()+"."+w.e.Settings != w.home.Fingerprint {
		w.at.Fingerprint = "" // what was seen differs from what Check promised: no proof of absence
	}
	return cert, nil
}

// restore takes up the checkpoint of an unfinished walk, if it is of this round and still means the same.
func (w *walk) restore() error {
	saved, err := loadDoc[checkpoint](w.e.Store, bucketCheckpoints, w.key())
	if err != nil {
		return err
	}
	w.at = checkpoint{
		Mode: w.mode, Bookmark: w.bookmark, From: w.from, Until: w.until, Started: time.Now(),
		Fingerprint: w.home.Fingerprint, Stamp: w.shard.Stamp, Round: w.roundNumber(),
	}
	if saved == nil || saved.Mode != w.mode || saved.Round != w.at.Round || !saved.From.Equal(w.from) || !saved.Until.Equal(w.until) ||
		saved.Fingerprint != w.at.Fingerprint || saved.Stamp != w.at.Stamp || string(saved.Bookmark) != string(w.bookmark) {
		if w.round != nil {
			w.round.start(w.shard.Key)
		}
		return nil
	}
	w.at = *saved
	w.resumed = w.round == nil || !w.round.began(w.shard.Key)
	return nil
}

func (w *walk) roundNumber() int {
	if w.round == nil {
		return 0
	}
	return w.round.Number
}

func (w *walk) key() []byte { return docKey(w.l.GetName(), w.shard.Key) }

func (w *walk) request() *wire.ScanRequest {
	r := &wire.ScanRequest{
		Listing: w.l.GetName(), Mode: w.mode, Bookmark: w.bookmark, Checkpoint: w.at.Position, PageSize: w.pageSize,
		Shard: &wire.Shard{Listing: w.l.GetName(), Key: w.shard.Key, Stamp: w.shard.Stamp, Name: w.shard.Name, Data: w.shard.Data},
	}
	if !w.from.IsZero() {
		r.From = timestamppb.New(w.from)
	}
	if !w.until.IsZero() {
		r.Until = timestamppb.New(w.until)
	}
	return r
}

// part takes one piece of a page from the connector.
func (w *walk) part(raw []byte) error {
	p, err := w.front.add(raw, w.l.kinds)
	if err != nil {
		return sdk.Errorf(sdk.ErrInternal, "listing %s of the connector sent %v", w.l.GetName(), err)
	}
	for _, t := range p.tombstones {
		w.tombstone(t)
	}
	if len(p.shards) > 0 {
		if err := w.found(p.shards); err != nil {
			return err
		}
	}
	for _, h := range p.hints {
		w.e.takeHint(h)
	}
	w.at.Records += int64(len(p.records))
	w.line.add(int64(len(p.records)), p.total)
	if p.checkpoint != nil {
		w.at.Pages++
		w.line.page()
		w.at.Position = append([]byte(nil), p.checkpoint...)
	}
	if w.front.full() || (p.checkpoint != nil && time.Since(w.flushed) >= commitEvery) {
		return w.flush()
	}
	return nil
}

func (w *walk) tombstone(t *wire.Tombstone) {
	if t.GetProof() == wire.Tombstone_GONE {
		w.tombstones = true
		w.front.records = append(w.front.records, store.Record{Op: store.Delete, Kind: t.GetKind(), ID: []byte(t.GetId())})
		return
	}
	key := unconfirmedKey(t.GetKind(), t.GetId(), w.l.GetName())
	w.front.docs = append(w.front.docs, w.e.missingDoc(key, absence{
		Listing: w.l.GetName(), Since: w.at.Started, Misses: settledMisses, Reason: "left " + w.l.GetName(),
	}))
}

// found keeps the shards that a page named.
func (w *walk) found(shards []*wire.Shard) error {
	for _, s := range shards {
		child := w.e.listings[s.GetListing()]
		if child == nil || child.parent != w.l {
			return sdk.Errorf(sdk.ErrInternal, "listing %s named a shard of %.64q, which is not its child", w.l.GetName(), s.GetListing())
		}
		w.front.docs = append(w.front.docs, w.e.keepShard(s, w.shard.Key))
		if w.round != nil {
			w.round.name(s.GetListing(), s.GetKey())
		}
	}
	return nil
}

// flush hands the front buffer to the committer and goes on with the other.
func (w *walk) flush() error {
	if err := w.settle(); err != nil {
		return err
	}
	if w.at.Position != nil {
		w.front.docs = append(w.front.docs, jsonDoc(bucketCheckpoints, w.key(), w.at))
	}
	if w.front.empty() {
		return nil
	}
	batch, err := w.batch()
	if err != nil {
		return err
	}
	w.pending = w.e.committer.start(batch)
	w.front, w.back = w.back, w.front
	w.flushed = time.Now()
	return nil
}

// batch makes the front buffer's batch and notes what was seen.
func (w *walk) batch() (*store.Batch, error) {
	w.front.sort()
	if w.round != nil && w.mode == wire.ScanMode_SCAN_MODE_FULL && !w.l.feed() {
		if err := w.round.saw(w.front.records); err != nil {
			return nil, err
		}
	}
	w.front.docs = append(w.front.docs, w.e.confirmed(w.front.records, w.l.GetName())...)
	b := &store.Batch{
		At: time.Now(), Home: w.home, Defines: w.l.GetDefines(), Baseline: w.baseline, Records: w.front.records, Docs: w.front.docs,
	}
	if w.tombstones {
		b.Reason = "gone at the provider"
	}
	return b, nil
}

// settle waits for the commit under way and makes its buffer free.
func (w *walk) settle() error {
	if w.pending == nil {
		return nil
	}
	results, err := w.e.committer.wait(w.pending)
	w.pending = nil
	w.back.reset()
	if err == nil {
		w.count(results)
	}
	return err
}

func (w *walk) count(results []store.Result) {
	for _, r := range results {
		w.e.countRows(w.l.GetName(), r)
		w.line.results(r)
	}
}

// drain writes what came before a failure: it is true, although more is missing.
func (w *walk) drain() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.settle()
}

// end commits the last records together with what the certificate changes.
func (w *walk) end(docs ...store.Doc) error {
	if err := w.settle(); err != nil {
		return err
	}
	w.front.docs = append(w.front.docs, noDoc(bucketCheckpoints, w.key()))
	w.front.docs = append(w.front.docs, docs...)
	batch, err := w.batch()
	if err != nil {
		return err
	}
	results, err := w.e.committer.commit(batch)
	if err == nil {
		w.count(results)
	}
	return err
}

func (w *walk) String() string {
	if w.shard.Key == "" {
		return w.l.GetName()
	}
	return w.l.GetName() + " " + strconv.Quote(w.shard.Key)
}
