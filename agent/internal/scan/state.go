package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The documents that scanning keeps beside the records, so that both change in one commit.
const (
	bucketCheck       = "check"       // checkKey → wire.CheckResponse
	bucketRounds      = "rounds"      // listing → Round
	bucketShards      = "shards"      // listing NUL key → shardState
	bucketCheckpoints = "checkpoints" // listing NUL key → checkpoint
	bucketUnconfirmed = "unconfirmed" // kind id NUL facet → absence
	bucketFeeds       = "feeds"       // listing NUL key → feedState
	bucketGaps        = "gaps"        // listing NUL time → Gap
)

// Round is one pass over all shards of a listing. The last one of each listing says how old and how complete what we
// know is.
type Round struct {
	Listing  string
	Number   int
	Started  time.Time
	Finished time.Time // zero: going on
	// Complete: every shard that is not unavailable has its certificate.
	Complete bool
	// Narrow: it looked only at what a hint or a stamp named, so it was no poll.
	Narrow bool `json:",omitempty"`
	// LastComplete is the start of the last complete round, this one included.
	LastComplete time.Time
	// LastFinished is when the last complete round ended.
	LastFinished time.Time
	Shards       int
	Unavailable  int
	Records      int64
	Pages        int64
	Fingerprint  string
	// Held: so much was missing at once that nothing of it counts before the next walk.
	Held    bool
	Missing int
	// Unsettled of the missing ones were missed for the first time: only another whole walk can settle them.
	Unsettled int `json:",omitempty"`
	// Skipped: so many shards could only be listed in part.
	Skipped   int `json:",omitempty"`
	Error     string
	ErrorType string
}

// polled is when the listing was last looked at as a whole, successfully or not; zero: never, or not to the end.
func (r Round) polled() time.Time {
	if r.Narrow {
		return r.LastFinished
	}
	return r.Finished
}

// shardState is what is known of one shard.
type shardState struct {
	Listing, Key, ParentKey string
	Name, Stamp             string
	Data                    []byte
	Unavailable             bool
	Reason                  string
	// Misses counts complete rounds of the parent that did not name it; at two it is retired.
	Misses  int
	Retired bool
	// Of its last certificate.
	WalkedRound       int
	WalkedAt          time.Time
	WalkedStamp       string
	WalkedFingerprint string
	Bookmark          []byte
	// ListedAt is when it was last walked whole, and not by what changed.
	ListedAt time.Time
	// Unproven: nobody has looked yet for what its last walk did not give, and nobody can any more once the process that
	// walked it has ended. Then it is listed whole again, whatever its stamp or bookmark says.
	Unproven bool
	// Skipped names what the walks could not see of it, since the last full one.
	Skipped []string `json:",omitempty"`
}

// checkpoint is where an unfinished walk goes on.
type checkpoint struct {
	Round       int
	Mode        wire.ScanMode
	Bookmark    []byte
	Position    []byte
	From, Until time.Time
	Pages       int64
	Records     int64
	Started     time.Time
	Fingerprint string
	Stamp       string
}

// absence is a facet that its home no longer lists.
type absence struct {
	Listing string
	Since   time.Time // when it was missed first
	// Misses counts rounds that proved it missing. 0: it was last seen with another view, so nothing is proven.
	Misses int
	Reason string
	Asked  time.Time // when fetching it could not tell
	Held   bool      // missed together with too many others: only the next walk can settle it
}

// Gap is a time that a feed could not give us any more.
type Gap struct {
	Listing     string
	From, Until time.Time
	Reason      string
}

func docKey(listing, shard string) []byte { return []byte(listing + "\x00" + shard) }

func jsonDoc(bucket string, key []byte, v any) store.Doc {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("scan: %T does not marshal: %v", v, err)) // plain structs of ours
	}
	return store.Doc{Bucket: bucket, Key: key, Value: b}
}

func noDoc(bucket string, key []byte) store.Doc { return store.Doc{Bucket: bucket, Key: key} }

// Documents is the part of the store that holds them.
type Documents interface {
	Doc(bucket string, key []byte) ([]byte, error)
}

func loadDoc[T any](s Documents, bucket string, key []byte) (*T, error) {
	b, err := s.Doc(bucket, key)
	if err != nil || b == nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("document %s %q: %w", bucket, key, err)
	}
	return v, nil
}

func loadDocs[T any](ctx context.Context, s store.Store, bucket string, prefix []byte, each func(key []byte, v *T) error) error {
	for d, err := range s.Docs(ctx, bucket, prefix) {
		if err != nil {
			return err
		}
		v := new(T)
		if err := json.Unmarshal(d.Value, v); err != nil {
			return fmt.Errorf("document %s %q: %w", bucket, d.Key, err)
		}
		if err := each(d.Key, v); err != nil {
			return err
		}
	}
	return nil
}

// Rounds reads the last round of every listing.
func Rounds(ctx context.Context, s store.Store) ([]Round, error) {
	var rounds []Round
	err := loadDocs(ctx, s, bucketRounds, nil, func(_ []byte, r *Round) error {
		rounds = append(rounds, *r)
		return nil
	})
	return rounds, err
}

// LastCheck reads the answer of the last Check; nil before the first.
func LastCheck(s Documents) (*wire.CheckResponse, error) {
	b, err := s.Doc(bucketCheck, []byte(checkKey))
	if err != nil || b == nil {
		return nil, err
	}
	c := &wire.CheckResponse{}
	if err := c.UnmarshalVT(b); err != nil {
		return nil, fmt.Errorf("the last check: %w", err)
	}
	return c, nil
}

// UnconfirmedKey is the address of a facet among those that their home no longer lists.
func unconfirmedKey(kind wire.Kind, id, facet string) []byte {
	k := make([]byte, 0, len(id)+len(facet)+2)
	k = append(k, byte(kind))
	k = append(k, id...)
	k = append(k, 0)
	return append(k, facet...)
}

func splitUnconfirmed(key []byte) (kind wire.Kind, id, facet string) {
	id, facet, _ = strings.Cut(string(key[1:]), "\x00")
	return wire.Kind(key[0]), id, facet
}
