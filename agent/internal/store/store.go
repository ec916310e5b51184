// Package store says how one instance's data is kept: its records with their history, its change log, its activities by
// day, and the small documents (checkpoints, bookmarks, certificates) that belong to them.
//
// It promises: a Commit is atomic and durable when it returns, with everything in it or nothing; what did not change is
// not written; the log has one order, and every reader follows it from its own position; no reader holds the file for
// more than 100 ms or 10,000 records at a time.
//
// It does not judge: what is missing, which listing may speak for a record, and when something counts as deleted is
// decided by package scan. Backends are store/bolt; store/storetest is the suite that each passes.
package store

import (
	"context"
	"io"
	"iter"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Store keeps one instance.
type Store interface {
	// Commit writes batches in one transaction, in their order. Records within a batch are sorted by kind and id, which
	// makes it fast; unsorted or repeated ones are right all the same. Ids have 1 to 1024 bytes and no zero byte.
	Commit(ctx context.Context, batches ...*Batch) ([]Result, error)
	// Doc reads one document; nil when there is none.
	Doc(bucket string, key []byte) ([]byte, error)
	// Docs reads the documents of a bucket whose keys begin with prefix, in order.
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[Doc, error]
	// Rows reads facets as they are, or were, ordered by kind, id and facet. Activities are not rows. All facets of one
	// record are of one moment, two records need not be. What an iterator gave may be kept; it may be left at any time, and
	// its consumer may commit.
	Rows(ctx context.Context, r Range) iter.Seq2[Row, error]
	// History reads what was replaced, of the same range, oldest first per key. Range.At plays no part.
	History(ctx context.Context, r Range) iter.Seq2[Version, error]
	// Log reads the entries after a sequence, in order. It ends at the newest; Last gives that one's sequence.
	Log(ctx context.Context, after uint64) iter.Seq2[Entry, error]
	// Activities reads the activities of [from, until), day by day, by time within a day.
	Activities(ctx context.Context, from, until time.Time) iter.Seq2[Row, error]
	io.Closer
}

// Op is what a Put does.
type Op uint8

// The operations.
const (
	// Put writes the facet if it differs.
	Put Op = iota
	// DropFacet removes one facet: the record lives on in others, or, when it was the last, is deleted.
	DropFacet
	// Delete removes the record with all its facets, and is one "deleted" in the log.
	Delete
)

// Record is one facet of one record on its way into the store. Its slices are only borrowed until Commit returns.
type Record struct {
	Op   Op
	Kind wire.Kind
	ID   []byte
	// Body and Volatile are the serialised fields of the wire.Envelope; the store does not decode what did not change. An
	// activity has no volatile fields.
	Body, Volatile []byte
	// Time is the activity's, in Unix nanoseconds. Its day is that of UTC. The same id at another time is another activity.
	// Activities are only put: a drop or deletion of one does nothing.
	Time int64
}

// Home is where a facet was last seen, and with what sight.
type Home struct {
	Listing, Shard, Fingerprint string
}

// Batch is what one walk, or one decision, wants to write.
type Batch struct {
	// At is when it was seen.
	At time.Time
	// Home of its records; Home.Listing is the facet they write.
	Home Home
	// Defines are the kinds that the listing defines: a put of another kind enriches, which is "filled" in the log.
	Defines []wire.Kind
	// Baseline: the listing's first walk. New facets, creating or enriching, go into the log as one row per kind and
	// commit, not one each.
	Baseline bool
	Records  []Record
	Docs     []Doc
	// Reason is written beside deletions: "missing twice", "gone", "fetched absent" …
	Reason string
}

// Doc is a small named value. A nil Value deletes it.
type Doc struct {
	Bucket string
	Key    []byte
	Value  []byte
	// Append puts it behind all others of its bucket that were ever appended: its key is the next number, in 8 bytes, so that
	// keys are in the order of commits. Key is not given then.
	Append bool
}

// Result counts what a batch did.
type Result struct {
	Created, Updated, Deleted, Filled, Unchanged, Volatile, Moved int
	// Bytes that were written as keys and values.
	Bytes int64
}

// Row is one facet.
type Row struct {
	Kind           wire.Kind
	ID             string
	Facet          string
	Body, Volatile []byte
	// FirstSeen is when the facet came, Since when its body became this one. Since stays when fields are only filled, and
	// never goes back. With Range.At rows have no Volatile, and the home is that of the version.
	FirstSeen, Since time.Time
	Home             Home
}

// Range chooses rows. The zero value is all.
type Range struct {
	Kind   wire.Kind // unspecified: every kind
	Prefix string    // of the id
	ID     string    // exactly
	// After starts behind this kind and id, for pages.
	After *Position
	// At reads as it was then; zero: now.
	At time.Time
}

// Position is a place between records.
type Position struct {
	Kind wire.Kind
	ID   string
}

// Version is what a facet was until it was replaced or deleted, without its volatile fields.
type Version struct {
	Row
	Until   time.Time
	Deleted bool
}

// What happened, in the log.
type What uint8

// The entries of the log.
const (
	Created What = iota + 1
	Updated
	Deleted
	// Filled: fields went from unknown to known or back. Policies and indexes see it; history and `changes` do not.
	Filled
	// Baseline: a first look; Count records of Kind got this Facet at once.
	Baseline
	// Activities: Count new activities of Day; 0 when known ones were only corrected.
	Activities
)

// Entry is one change.
type Entry struct {
	Sequence uint64
	At       time.Time
	What     What
	Kind     wire.Kind
	ID       string
	Facet    string
	// Fields that changed, as named in the proto, for Updated and Filled. None with Updated: the bytes cannot be read.
	Fields []string
	Count  int
	Day    string // Activities: 2026-11-22
	Reason string
}
