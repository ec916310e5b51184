// Package record holds pure functions over records: what differs between two of them, how the facets of one become one,
// what the host adds, how a record is addressed and how it is printed.
//
// It promises: no function keeps state, reads a clock or does I/O; what was unknown stays unknown, nothing is guessed.
// It does not store, search or judge.
package record

import (
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Facet is what one listing wrote of a record, serialised as in an envelope.
type Facet struct {
	Body, Volatile []byte
}

// Decode gives a facet as a record; id stands in it when it is not empty.
func Decode(kind wire.Kind, id string, f Facet) (wire.RecordMessage, error) {
	m := wire.NewRecord(kind)
	if m == nil {
		return nil, fmt.Errorf("records of kind %s are not sent by connectors and have no message", sdk.KindName(kind))
	}
	for _, b := range [...][]byte{f.Body, f.Volatile} {
		if len(b) == 0 {
			continue
		}
		if err := m.UnmarshalVT(b); err != nil {
			return nil, fmt.Errorf("%s %q: the stored bytes are no record: %w", sdk.KindName(kind), id, err)
		}
	}
	if id != "" {
		p := m.ProtoReflect()
		p.Set(p.Descriptor().Fields().ByName("id"), protoreflect.ValueOfString(id))
	}
	return m, nil
}
