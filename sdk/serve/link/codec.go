package link

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto" // registers the codec that the rest falls back to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// partField is the number of part in wire.ScanResponse.
const partField protowire.Number = 1

// Part is an outgoing wire.ScanResponse whose part is already encoded. The bytes are sent as they are and must not
// change until Sent, if there is one, gets them back.
type Part struct {
	Bytes []byte
	Sent  func([]byte)
}

// giveBack is the pool that the transport returns a part's bytes to.
type giveBack func([]byte)

// Get is part of mem.BufferPool; nobody takes bytes from here.
func (giveBack) Get(length int) *[]byte { b := make([]byte, length); return &b }

// Put is part of mem.BufferPool.
func (g giveBack) Put(b *[]byte) { g(*b) }

// Raw is an incoming message that stays encoded. Its bytes are lent until the next message or Free. They lie in memory of
// its own, because what gRPC's pools give is cleared first, which costs as much as copying into it.
type Raw struct{ bytes []byte }

// Bytes are those of the message.
func (r *Raw) Bytes() []byte { return r.bytes }

// Free lets go of the bytes.
func (r *Raw) Free() { r.bytes = nil }

func (r *Raw) read(data mem.BufferSlice) {
	n := data.Len()
	if cap(r.bytes) < n {
		r.bytes = make([]byte, n, n+n/8) // the next message is likely as large
	}
	r.bytes = r.bytes[:n]
	data.CopyTo(r.bytes)
}

// message is what the generated types can do without reflection.
type message interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVT([]byte) error
}

// Codec encodes our messages with their generated code, passes parts through, and leaves what is not ours (health,
// go-plugin's own) to gRPC's codec.
type Codec struct{}

// Name is that of gRPC's codec: the bytes are the same.
func (Codec) Name() string { return proto.Name }

// Marshal gives the wire form.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	switch m := v.(type) {
	case *Part:
		head := make([]byte, 0, 8)
		head = protowire.AppendTag(head, partField, protowire.BytesType)
		head = protowire.AppendVarint(head, uint64(len(m.Bytes)))
		if m.Sent == nil {
			return mem.BufferSlice{mem.SliceBuffer(head), mem.SliceBuffer(m.Bytes)}, nil
		}
		return mem.BufferSlice{mem.SliceBuffer(head), mem.NewBuffer(&m.Bytes, giveBack(m.Sent))}, nil
	case message:
		size := m.SizeVT()
		pool := mem.DefaultBufferPool()
		buf := pool.Get(size)
		if _, err := m.MarshalToSizedBufferVT((*buf)[:size]); err != nil {
			pool.Put(buf)
			return nil, fmt.Errorf("encoding %T: %w", v, err)
		}
		return mem.BufferSlice{mem.NewBuffer(buf, pool)}, nil
	}
	return encoding.GetCodecV2(proto.Name).Marshal(v)
}

// Unmarshal reads the wire form.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	switch m := v.(type) {
	case *Raw:
		m.read(data)
		return nil
	case message:
		buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer buf.Free()
		if err := m.UnmarshalVT(buf.ReadOnlyData()); err != nil {
			return fmt.Errorf("decoding %T: %w", v, err)
		}
		return nil
	}
	return encoding.GetCodecV2(proto.Name).Unmarshal(data, v)
}
