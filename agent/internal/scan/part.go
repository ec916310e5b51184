package scan

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of what a connector may send; the SDK keeps to them by itself.
const (
	maxIDBytes         = 1 << 10
	maxRecordBytes     = 1 << 20
	maxCheckpointBytes = 64 << 10
	maxShardBytes      = 8 << 10
)

// part is a decoded piece of a page. Records keep their bytes undecoded: hashing and comparing is all that an unchanged
// record costs, and decoding every one is five times slower.
type part struct {
	records    []store.Record // slices of the raw bytes
	tombstones []*wire.Tombstone
	shards     []*wire.Shard
	hints      []*wire.Hint
	checkpoint []byte // nil: the page goes on
	total      int64  // -1: not said
}

// decodePart reads a wire.Part. raw stays referenced by the records. allowed are the kinds that the listing may give.
func decodePart(raw []byte, into *part, allowed []wire.Kind) error {
	*into = part{records: into.records[:0], total: -1}
	for len(raw) > 0 {
		num, typ, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return malformed(n)
		}
		raw = raw[n:]
		if typ != protowire.BytesType {
			v, m := protowire.ConsumeVarint(raw)
			if typ != protowire.VarintType || m < 0 {
				return malformed(m)
			}
			if num == 6 {
				into.total = int64(min(v, 1<<62))
			}
			raw = raw[m:]
			continue
		}
		body, m := protowire.ConsumeBytes(raw)
		if m < 0 {
			return malformed(m)
		}
		raw = raw[m:]
		if err := into.field(num, body, allowed); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) field(num protowire.Number, body []byte, allowed []wire.Kind) error {
	switch num {
	case 1:
		r, err := decodeEnvelope(body, allowed)
		if err == nil {
			p.records = append(p.records, r)
		}
		return err
	case 2:
		t := &wire.Tombstone{}
		if err := t.UnmarshalVT(body); err != nil {
			return fmt.Errorf("tombstone: %w", err)
		}
		if !slices.Contains(allowed, t.GetKind()) || t.GetId() == "" || len(t.GetId()) > maxIDBytes {
			return fmt.Errorf("tombstone of kind %s with an id of %d bytes does not belong to this listing", t.GetKind(), len(t.GetId()))
		}
		p.tombstones = append(p.tombstones, t)
	case 3:
		s := &wire.Shard{}
		if err := s.UnmarshalVT(body); err != nil {
			return fmt.Errorf("shard: %w", err)
		}
		if s.GetListing() == "" || s.GetKey() == "" || len(body) > maxShardBytes {
			return fmt.Errorf("shard %.64q of listing %.64q: listing and key are expected, and at most %d bytes", s.GetKey(), s.GetListing(), maxShardBytes)
		}
		p.shards = append(p.shards, s)
	case 4:
		h := &wire.Hint{}
		if err := h.UnmarshalVT(body); err != nil {
			return fmt.Errorf("hint: %w", err)
		}
		p.hints = append(p.hints, h)
	case 5:
		if len(body) > maxCheckpointBytes {
			return fmt.Errorf("checkpoint of %d bytes, at most %d are expected", len(body), maxCheckpointBytes)
		}
		p.checkpoint = body
	}
	return nil
}

func decodeEnvelope(b []byte, allowed []wire.Kind) (store.Record, error) {
	var r store.Record
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return r, malformed(n)
		}
		b = b[n:]
		var m int
		switch typ {
		case protowire.VarintType:
			var v uint64
			v, m = protowire.ConsumeVarint(b)
			if num == 1 {
				r.Kind = wire.Kind(v)
			}
		case protowire.Fixed64Type:
			var v uint64
			v, m = protowire.ConsumeFixed64(b)
			if num == 6 {
				r.Time = int64(v)
			}
		case protowire.BytesType:
			var v []byte
			v, m = protowire.ConsumeBytes(b)
			switch num {
			case 2:
				r.ID = v
			case 3:
				r.Body = v
			case 4:
				r.Volatile = v
			}
		default:
			return r, fmt.Errorf("envelope: unexpected wire type %d", typ)
		}
		if m < 0 {
			return r, malformed(m)
		}
		b = b[m:]
	}
	return r, validate(&r, allowed)
}

func validate(r *store.Record, allowed []wire.Kind) error {
	if !slices.Contains(allowed, r.Kind) {
		return fmt.Errorf("a record of kind %s, which this listing does not declare", r.Kind)
	}
	if len(r.ID) == 0 || len(r.ID) > maxIDBytes {
		return fmt.Errorf("a record of kind %s with an id of %d bytes, 1 to %d are expected", r.Kind, len(r.ID), maxIDBytes)
	}
	if slices.Contains(r.ID, 0) {
		return fmt.Errorf("a record of kind %s with a NUL in its id", r.Kind)
	}
	if n := len(r.Body) + len(r.Volatile); n > maxRecordBytes {
		return fmt.Errorf("record %s %.64q of %d bytes, at most %d are expected", r.Kind, r.ID, n, maxRecordBytes)
	}
	if r.Kind != wire.Kind_KIND_ACTIVITY {
		return nil
	}
	// Every day is a file: an event of the year 1970 or 2262 is a mistake, and thousands of them would be an attack.
	if at := time.Unix(0, r.Time); at.Before(firstActivity) || time.Until(at) > maxAhead {
		return fmt.Errorf("activity %.64q is of %s, between %s and tomorrow is expected", r.ID, at.UTC().Format(time.DateOnly), firstActivity.Format(time.DateOnly))
	}
	return nil
}

// maxAhead is how far a provider's clock may be before ours.
const maxAhead = 48 * time.Hour

var firstActivity = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func malformed(n int) error { return fmt.Errorf("malformed part: %w", protowire.ParseError(n)) }
