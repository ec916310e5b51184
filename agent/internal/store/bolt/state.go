package bolt

import (
	"encoding/binary"
)

// total is what Check compares a table with: how many rows, and the sum of their checksums.
type total struct {
	rows, sum uint64
}

// state is what a file knows about itself. It is written once in each transaction that writes anything, and read once.
type state struct {
	lastLog    uint64
	lastNumber uint64 // of versions in history
	lastHome   uint32
	kinds      [16]int64 // records of each kind
	totals     [tableEnd]total
}

func (s *state) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, s.lastLog)
	b = binary.LittleEndian.AppendUint64(b, s.lastNumber)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.lastHome))
	b = binary.AppendUvarint(b, uint64(len(s.kinds)))
	for _, n := range s.kinds {
		b = binary.AppendVarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(tableEnd))
	for _, t := range s.totals {
		b = binary.LittleEndian.AppendUint64(b, t.rows)
		b = binary.LittleEndian.AppendUint64(b, t.sum)
	}
	return b
}

func parseState(b []byte) (*state, error) {
	r, s := reader{b: b}, &state{}
	s.lastLog, s.lastNumber = r.fixed(), r.fixed()
	s.lastHome = uint32(r.fixed())
	for i := range min(r.varint(), uint64(len(s.kinds))) {
		n, size := binary.Varint(r.b)
		if size <= 0 {
			return nil, errShort
		}
		s.kinds[i], r.b = n, r.b[size:]
	}
	for i := range min(r.varint(), uint64(tableEnd)) {
		s.totals[i] = total{rows: r.fixed(), sum: r.fixed()}
	}
	return s, r.end()
}

func (s *state) add(t table, sum uint64) {
	s.totals[t].rows++
	s.totals[t].sum += sum
}

func (s *state) remove(t table, sum uint64) {
	s.totals[t].rows--
	s.totals[t].sum -= sum
}
