package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// format is the version of the files. A change that an older agent would misread makes it one more.
const format = 1

// table is one bucket of a file. Its number is hashed with its rows and must never change.
type table uint8

const (
	tMeta     table = iota + 1 // "format", "state"
	tCurrent                   // kind, id, 0, facet → row
	tHistory                   // kind, id, 0, facet, 0, until, number → version
	tLog                       // sequence → entry
	tDocs                      // bucket, 0, key → value
	tHomes                     // number → home
	tHomeIDs                   // home → number
	tDays                      // day → activities announced
	tActivity                  // in day files: time, id → row
	tableEnd
)

var tableNames = [tableEnd]string{
	tMeta: "meta", tCurrent: "current", tHistory: "history", tLog: "log", tDocs: "docs",
	tHomes: "homes", tHomeIDs: "home_ids", tDays: "days", tActivity: "activities",
}

var (
	mainTables = []table{tMeta, tCurrent, tHistory, tLog, tDocs, tHomes, tHomeIDs, tDays}
	dayTables  = []table{tMeta, tHomes, tHomeIDs, tActivity}
)

// sumBytes is the checksum at the end of every value, over table, key and the value before it.
const sumBytes = 8

var errShort = errors.New("value is too short")

func checksum(t table, key, value []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	tag := [1]byte{byte(t)}
	_, _ = d.Write(tag[:]) // a hash takes everything
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}

// unseal takes the checksum off a stored value; ok is false when it does not hold.
func unseal(t table, key, stored []byte) (value []byte, sum uint64, ok bool) {
	if len(stored) < sumBytes {
		return nil, 0, false
	}
	value = stored[:len(stored)-sumBytes]
	sum = binary.LittleEndian.Uint64(stored[len(value):])
	return value, sum, checksum(t, key, value) == sum
}

// A row's value: first seen, since (Unix nanoseconds), home, length of the body; then body and volatile. All fixed, so
// that the comparing of an unchanged row is two comparisons of bytes.
const rowHeader = 8 + 8 + 4 + 4

type row struct {
	firstSeen, since int64
	home             uint32
	body, volatile   []byte
}

func appendRow(b []byte, r row) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(r.firstSeen))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.since))
	b = binary.LittleEndian.AppendUint32(b, r.home)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.body)))
	b = append(b, r.body...)
	return append(b, r.volatile...)
}

// parseRow reads a value without its checksum. The slices are the value's own.
func parseRow(v []byte) (row, error) {
	if len(v) < rowHeader {
		return row{}, errShort
	}
	n := binary.LittleEndian.Uint32(v[20:])
	if uint64(n) > uint64(len(v)-rowHeader) {
		return row{}, errShort
	}
	return row{
		firstSeen: int64(binary.LittleEndian.Uint64(v)),
		since:     int64(binary.LittleEndian.Uint64(v[8:])),
		home:      binary.LittleEndian.Uint32(v[16:]),
		body:      v[rowHeader : rowHeader+n : rowHeader+n],
		volatile:  v[rowHeader+n:],
	}, nil
}

// appendRecord writes what all rows of a record begin with: kind, id and a zero, which no id holds.
func appendRecord(b []byte, kind wire.Kind, id []byte) []byte {
	b = append(b, byte(kind))
	b = append(b, id...)
	return append(b, 0)
}

// compareRecord says whether a key stands before, in or behind the rows of a record.
func compareRecord(key []byte, kind wire.Kind, id []byte) int {
	if key[0] != byte(kind) {
		return int(key[0]) - int(kind)
	}
	rest := key[1:]
	if len(rest) <= len(id) {
		if c := bytes.Compare(rest, id[:len(rest)]); c != 0 {
			return c
		}
		return -1
	}
	if c := bytes.Compare(rest[:len(id)], id); c != 0 {
		return c
	}
	return int(rest[len(id)])
}

// recordOf gives the part of a key that all rows of its record begin with; nil for a key without one.
func recordOf(key []byte) []byte {
	if len(key) < 2 {
		return nil
	}
	i := bytes.IndexByte(key[1:], 0)
	if i < 0 {
		return nil
	}
	return key[:i+2]
}

// versionTail is what a key of history has behind that of the row: a zero, until, a number that makes it unique.
const versionTail = 1 + 8 + 8

func appendVersionKey(b, rowKey []byte, until int64, number uint64) []byte {
	b = append(append(b, rowKey...), 0)
	b = appendTime(b, until)
	return binary.BigEndian.AppendUint64(b, number)
}

func splitVersionKey(key []byte) (rowKey []byte, until int64, ok bool) {
	n := len(key) - versionTail
	if n < 0 || key[n] != 0 {
		return nil, 0, false
	}
	return key[:n], parseTime(key[n+1:]), true
}

// appendTime writes a time so that earlier ones sort first, also those before 1970.
func appendTime(b []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t)^(1<<63))
}

func parseTime(b []byte) int64 {
	return int64(binary.BigEndian.Uint64(b) ^ (1 << 63))
}

func appendHome(b []byte, h store.Home) []byte {
	b = appendText(b, h.Listing)
	b = appendText(b, h.Shard)
	return appendText(b, h.Fingerprint)
}

func parseHome(b []byte) (store.Home, error) {
	r := reader{b: b}
	h := store.Home{Listing: r.text(), Shard: r.text(), Fingerprint: r.text()}
	return h, r.end()
}

// notice is what a log row that announces activities says to the day file: its random number, and the times of the first and
// the last one that are new. Rows of before the times were kept have none: all of the day may be new.
type notice struct {
	nonce       uint64
	first, last int64
}

func appendEntry(b []byte, e *store.Entry, n notice) []byte {
	b = binary.LittleEndian.AppendUint64(b, n.nonce)
	b = binary.LittleEndian.AppendUint64(b, uint64(nanos(e.At)))
	b = append(b, byte(e.What), byte(e.Kind))
	b = appendText(b, e.ID)
	b = appendText(b, e.Facet)
	b = appendText(b, e.Reason)
	b = appendText(b, e.Day)
	b = binary.AppendUvarint(b, uint64(e.Count))
	b = binary.AppendUvarint(b, uint64(len(e.Fields)))
	for _, f := range e.Fields {
		b = appendText(b, f)
	}
	if e.What == store.Activities {
		b = binary.LittleEndian.AppendUint64(b, uint64(n.first))
		b = binary.LittleEndian.AppendUint64(b, uint64(n.last))
	}
	return b
}

func parseEntry(b []byte) (e store.Entry, told notice, err error) {
	r := reader{b: b}
	told.nonce = r.fixed()
	e.At = at(int64(r.fixed()))
	e.What, e.Kind = store.What(r.octet()), wire.Kind(r.octet())
	e.ID, e.Facet, e.Reason, e.Day = r.text(), r.text(), r.text(), r.text()
	e.Count = int(min(r.varint(), math.MaxInt32))
	n := r.varint()
	if n > uint64(len(r.b)) {
		return e, told, errShort
	}
	for range n {
		e.Fields = append(e.Fields, r.text())
	}
	if told.first, told.last = math.MinInt64, math.MaxInt64; e.What == store.Activities && len(r.b) > 0 {
		told.first, told.last = int64(r.fixed()), int64(r.fixed())
	}
	return e, told, r.end()
}
