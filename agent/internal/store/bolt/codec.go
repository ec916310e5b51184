package bolt

import (
	"encoding/binary"
	"math"
	"time"
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes values off bytes. After the first that is not there it gives zeros, and end tells.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) varint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) fixed() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) octet() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) text() string { return string(r.take(r.varint())) }

func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return errShort
	}
	return nil
}

// noTime stands for the zero time, which no number of nanoseconds is.
const noTime = math.MinInt64

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixNano()
}

func at(n int64) time.Time {
	if n == noTime {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// arena holds what a commit puts until the transaction has ended: bbolt copies keys, not values.
type arena struct {
	block []byte
	full  int // bytes in blocks that were left behind
}

const arenaBlock = 1 << 20

// room gives a slice without length and space for n bytes.
func (a *arena) room(n int) []byte {
	if cap(a.block)-len(a.block) < n {
		a.full += cap(a.block)
		a.block = make([]byte, 0, max(n, arenaBlock, min(a.full, maxArenaBytes/2)))
	}
	return a.block[len(a.block):len(a.block):cap(a.block)]
}

// keep makes what was appended to the room the arena's.
func (a *arena) keep(b []byte) { a.block = a.block[:len(a.block)+len(b)] }

// reset makes the arena empty; the newest block, the largest, is used again.
func (a *arena) reset() {
	a.full = 0
	if cap(a.block) > maxArenaBytes {
		a.block = nil
	}
	a.block = a.block[:0]
}
