// Package geo says in which country an address is, by a database in the MaxMind DB format (version 2) that lies on this machine:
// GeoLite2, DB-IP, IPinfo and others come like that.
//
// It promises: whatever the bytes of the file, a question ends, and what the file does not say is not known. It asks nobody
// else, and does not say how right the file is.
package geo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
)

// Limits of a database.
const (
	maxBytes = 512 << 20
	maxTail  = 128 << 10 // bytes in which the metadata is
	gap      = 16        // bytes between the tree and the data
)

var marker = []byte("\xab\xcd\xefMaxMind.com")

// DB is a database in memory. It does not change.
type DB struct {
	tree, data []byte
	nodes      uint
	width      uint // bits of a record
	v6         bool
	v4         uint // the node below which addresses of version 4 are
}

// Open reads a database.
func Open(path string) (*DB, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxBytes {
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxBytes)
	}
	db, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, nil
}

// Parse reads a database from memory, which it keeps.
func Parse(b []byte) (*DB, error) {
	tail := b[max(0, len(b)-maxTail):]
	at := bytes.LastIndex(tail, marker)
	if at < 0 {
		return nil, errors.New("it is no database of addresses in the MaxMind DB format (*.mmdb)")
	}
	meta := section(tail[at+len(marker):])
	count, okCount := meta.number(0, "node_count")
	width, okWidth := meta.number(0, "record_size")
	version, okVersion := meta.number(0, "ip_version")
	body := b[:len(b)-len(tail)+at]
	if !okCount || !okWidth || !okVersion || width != 24 && width != 28 && width != 32 || version != 4 && version != 6 {
		return nil, errors.New("its metadata cannot be read: records of 24, 28 or 32 bits for addresses of version 4 or 6 are expected")
	}
	size := count * width / 4 //nolint:mnd // two records a node, eight bits a byte
	if count == 0 || count > uint64(len(body)) || size+gap > uint64(len(body)) {
		return nil, errors.New("it is cut short")
	}
	db := &DB{tree: body[:size], data: body[size+gap:], nodes: uint(count), width: uint(width), v6: version == 6}
	if db.v6 {
		const zeros = 96 // bits before an address of version 4
		for range zeros {
			if db.v4 < db.nodes {
				db.v4 = db.record(db.v4, 0)
			}
		}
	}
	return db, nil
}

// Country gives the ISO code of the country where an address is, as two small letters.
func (db *DB) Country(ip string) (code string, known bool) {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "", false
	}
	a = a.Unmap().WithZone("")
	if a.Is6() && !db.v6 {
		return "", false
	}
	node := uint(0)
	if a.Is4() {
		node = db.v4
	}
	for _, b := range a.AsSlice() {
		for bit := 7; bit >= 0 && node < db.nodes; bit-- {
			node = db.record(node, uint(b>>bit)&1)
		}
	}
	if node < db.nodes+gap {
		return "", false
	}
	code = section(db.data).country(node - db.nodes - gap)
	return code, code != ""
}

// record is one of the two of a node.
func (db *DB) record(node, side uint) uint {
	const bits24, bits28 = 24, 28
	b := db.tree[node*db.width/4:]
	switch db.width {
	case bits24:
		b = b[side*3:]
		return uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
	case bits28:
		if side == 0 {
			return uint(b[3]>>4)<<24 | uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
		}
		return uint(b[3]&15)<<24 | uint(b[4])<<16 | uint(b[5])<<8 | uint(b[6])
	}
	return uint(binary.BigEndian.Uint32(b[side*4:]))
}

// country finds the code in a record, however its maker calls it.
func (s section) country(at uint) string {
	for _, path := range [][]string{{"country", "iso_code"}, {"country_code"}, {"country"}, {"registered_country", "iso_code"}} {
		if code, ok := s.text(at, path...); ok && len(code) == 2 {
			return strings.ToLower(code)
		}
	}
	return ""
}
