package sdk

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Parts are written straight in wire form, each record once: building messages first costs twice the time
// (reference: the stream measurements in make bench). The numbers are those of connector.proto; a test compares.
const (
	partEnvelopes  protowire.Number = 1
	partTombstones protowire.Number = 2
	partShards     protowire.Number = 3
	partHints      protowire.Number = 4
	partCheckpoint protowire.Number = 5
	partTotal      protowire.Number = 6

	envelopeKind     protowire.Number = 1
	envelopeID       protowire.Number = 2
	envelopeRecord   protowire.Number = 3
	envelopeVolatile protowire.Number = 4
	envelopeListing  protowire.Number = 5
	envelopeTime     protowire.Number = 6
)

// KindOf gives the kind of a record; unspecified for what is not one.
func KindOf(r Record) Kind {
	switch r.(type) {
	case *Account:
		return KindAccount
	case *Group:
		return KindGroup
	case *Role:
		return KindRole
	case *Membership:
		return KindMembership
	case *Activity:
		return KindActivity
	case *File:
		return KindFile
	case *App:
		return KindApp
	case *Grant:
		return KindGrant
	case *TenantItem:
		return KindSetting
	case *Other:
		return KindOther
	}
	return wire.Kind_KIND_UNSPECIFIED
}

var kindNames = [...]string{
	"unspecified", "account", "group", "role", "membership", "activity", "file", "app", "grant", "setting", "other", "person",
}

// KindName is the word for a kind, as in configuration, commands and refs.
func KindName(k Kind) string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// ParseKind reads the word for a kind, in singular or plural.
func ParseKind(s string) (Kind, bool) {
	for i, n := range kindNames {
		plural := n + "s"
		if n == "activity" {
			plural = "activities"
		}
		if n == "person" {
			plural = "people"
		}
		if i > 0 && (s == n || s == plural) {
			return Kind(i), true
		}
	}
	return 0, false
}

// NewRecord gives an empty record of a kind, nil for a kind without one.
func NewRecord(k Kind) wire.RecordMessage { return wire.NewRecord(k) }

// Envelope puts one facet of a record into a message, as Add does into a part.
func Envelope(r Record, listing string) (*wire.Envelope, error) {
	b, err := appendEnvelope(nil, KindOf(r), r, listing)
	if err != nil {
		return nil, err
	}
	_, _, n := protowire.ConsumeTag(b)
	body, m := protowire.ConsumeBytes(b[n:])
	if m < 0 {
		return nil, protowire.ParseError(m)
	}
	e := &wire.Envelope{}
	return e, e.UnmarshalVT(body)
}

// appendEnvelope writes one record as an envelope of a part: its stable fields and its volatile ones apart.
func appendEnvelope(b []byte, kind Kind, r Record, listing string) ([]byte, error) {
	id := r.GetId()
	normalize(r)
	volatile, kept := splitVolatile(r)
	defer kept.putBack(r)
	var at uint64
	if a, ok := r.(*Activity); ok {
		if a.GetTime() == nil {
			return b, fmt.Errorf("activity %q has no time", id)
		}
		at = uint64(a.GetTime().AsTime().UnixNano())
	}
	size := protowire.SizeTag(envelopeKind) + protowire.SizeVarint(uint64(kind))
	size += protowire.SizeTag(envelopeID) + protowire.SizeBytes(len(id))
	recordSize := r.SizeVT()
	size += protowire.SizeTag(envelopeRecord) + protowire.SizeBytes(recordSize)
	volatileSize := 0
	if volatile != nil {
		volatileSize = volatile.SizeVT()
		size += protowire.SizeTag(envelopeVolatile) + protowire.SizeBytes(volatileSize)
	}
	if listing != "" {
		size += protowire.SizeTag(envelopeListing) + protowire.SizeBytes(len(listing))
	}
	if at != 0 {
		size += protowire.SizeTag(envelopeTime) + protowire.SizeFixed64()
	}
	b = protowire.AppendTag(b, partEnvelopes, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = appendVarint(b, envelopeKind, uint64(kind))
	b = protowire.AppendTag(b, envelopeID, protowire.BytesType)
	b = protowire.AppendString(b, id)
	var err error
	if b, err = appendRecord(b, envelopeRecord, r, recordSize); err != nil {
		return b, err
	}
	if volatile != nil {
		if b, err = appendRecord(b, envelopeVolatile, volatile, volatileSize); err != nil {
			return b, err
		}
	}
	if listing != "" {
		b = protowire.AppendTag(b, envelopeListing, protowire.BytesType)
		b = protowire.AppendString(b, listing)
	}
	if at != 0 {
		b = protowire.AppendTag(b, envelopeTime, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, at)
	}
	return b, nil
}

func appendRecord(b []byte, field protowire.Number, r Record, size int) ([]byte, error) {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	start := len(b)
	b = append(b, make([]byte, size)...)
	if _, err := r.MarshalToSizedBufferVT(b[start:]); err != nil {
		return b[:start], fmt.Errorf("encoding %T: %w", r, err)
	}
	return b, nil
}

type sized interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
}

func appendMessage(b []byte, field protowire.Number, m sized) []byte {
	size := m.SizeVT()
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	start := len(b)
	b = append(b, make([]byte, size)...)
	_, _ = m.MarshalToSizedBufferVT(b[start:]) // fails only on a wrong size
	return b
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

// HintToWire gives the message of a hint.
func HintToWire(h Hint) *wire.Hint {
	at := h.SeenAt
	if at.IsZero() {
		at = time.Now()
	}
	return &wire.Hint{Listing: h.Listing, Shard: h.Shard, Refs: h.Refs, Reason: h.Reason, SeenAt: timestamppb.New(at)}
}
