package ingest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// key names a subscription: one of the connector's webhooks, and where that needs it, a listing and a shard.
type key struct{ hook, listing, shard string }

func (k key) doc() []byte { return []byte("of\x00" + k.hook + "\x00" + k.listing + "\x00" + k.shard) }

// String is for people.
func (k key) String() string {
	return strings.TrimRight(strings.Join([]string{k.hook, k.listing, k.shard}, " "), " ")
}

// subscription is what is kept of one.
type subscription struct {
	ID  string
	URL string
	// Made is when the provider last confirmed it; Expires is zero when it does not end by itself.
	Made, Expires time.Time
}

func (s *subscription) expired(now time.Time) bool {
	return !s.Expires.IsZero() && !now.Before(s.Expires)
}

// item is a subscription that is wanted, or has to go.
type item struct {
	key
	subscription             // zero ID: there is none
	at           *wire.Shard // nil: none, or not known in this process yet
	unwanted     bool
	due          time.Time
	failures     int
	err          string
	// silent: the connector has no such subscription; then the webhook is set up by hand, or another key stands for it.
	silent bool
}

// renewAt is when it is asked for again: at two thirds of its life. One that does not end by itself is asked for each day,
// where asking again is known to give the same one: a connector's only one. Somebody may have removed it.
func (i *item) renewAt() time.Time {
	life := reassure
	switch {
	case !i.Expires.IsZero():
		life = i.Expires.Sub(i.Made) * 2 / 3
	case i.listing != "":
		life = never
	}
	return i.Made.Add(max(life, renewMin))
}

func (i *item) save() store.Doc {
	b, err := json.Marshal(i.subscription)
	if err != nil {
		panic("ingest: a subscription does not marshal: " + err.Error()) // a plain struct of ours
	}
	return store.Doc{Bucket: bucket, Key: i.key.doc(), Value: b}
}

// parse reads a kept one; false for what is not a subscription.
func parse(d store.Doc) (*item, bool) {
	parts := strings.Split(string(d.Key), "\x00")
	if len(parts) < 4 || parts[0] != "of" {
		return nil, false
	}
	i := &item{key: key{parts[1], parts[2], strings.Join(parts[3:], "\x00")}}
	if err := json.Unmarshal(d.Value, &i.subscription); err != nil {
		return nil, false
	}
	i.due = i.renewAt()
	return i, true
}
