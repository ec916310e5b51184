package access

import (
	"hash/maphash"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// nodes are the records, circles and addresses by their keys. There are millions in a large tenant, so nothing in here is
// a pointer: ids stand in one text, and the garbage collector has nothing to follow.
type nodes struct {
	list     []node
	ids      []byte
	slots    []int32 // a hash table with open addresses; none
	seed     maphash.Seed
	spaces   []space
	spaceIDs map[space]int32
}

// space is an instance and a kind.
type space struct {
	instance string
	kind     wire.Kind
}

type node struct {
	at           int    // of its id
	length, hash uint32 // of its id
	space        int32
	in, out      int32 // chains: edges whose thing, or whose holder, this is
	first, count int32 // the edges that this record carries
	home         int32 // that defines it; none: no record was put
	list         int32 // home of a file's access list
	inactive     uint32
	whole        bool // that list is complete
	ownList      bool // of a file: one is to be had
}

func newNodes() nodes {
	return nodes{seed: maphash.MakeSeed(), slots: empty(1 << 10), spaceIDs: map[space]int32{}}
}

func empty(n int) []int32 {
	slots := make([]int32, n)
	for i := range slots {
		slots[i] = none
	}
	return slots
}

func (t *nodes) space(instance string, kind wire.Kind) int32 {
	s := space{instance, kind}
	n, ok := t.spaceIDs[s]
	if !ok {
		n = int32(len(t.spaces))
		t.spaces = append(t.spaces, s)
		t.spaceIDs[s] = n
	}
	return n
}

func (t *nodes) key(n int32) Key {
	s := t.spaces[t.list[n].space]
	return Key{Instance: s.instance, Kind: s.kind, ID: string(t.id(n))}
}

func (t *nodes) id(n int32) []byte { return t.ids[t.list[n].at : t.list[n].at+int(t.list[n].length)] }

func (t *nodes) kind(n int32) wire.Kind { return t.spaces[t.list[n].space].kind }

// slot finds where a node is, or would be.
func (t *nodes) slot(space int32, id string) (slot int, hash uint32) {
	hash = uint32(maphash.String(t.seed, id)) ^ uint32(space)*0x9e3779b1
	for slot = int(hash) & (len(t.slots) - 1); t.slots[slot] != none; slot = (slot + 1) & (len(t.slots) - 1) {
		nd := &t.list[t.slots[slot]]
		if nd.hash == hash && nd.space == space && string(t.id(t.slots[slot])) == id {
			break
		}
	}
	return slot, hash
}

func (t *nodes) find(k Key) (int32, bool) {
	s, ok := t.spaceIDs[space{k.Instance, k.Kind}]
	if !ok {
		return none, false
	}
	slot, _ := t.slot(s, k.ID)
	return t.slots[slot], t.slots[slot] != none
}

func (t *nodes) make(space int32, id string) int32 {
	slot, hash := t.slot(space, id)
	if n := t.slots[slot]; n != none {
		return n
	}
	n := int32(len(t.list))
	t.list = append(t.list, node{
		at: len(t.ids), length: uint32(len(id)), hash: hash, space: space, in: none, out: none, home: none, list: none,
	})
	t.ids = append(t.ids, id...)
	t.slots[slot] = n
	if len(t.list)*4 > len(t.slots)*3 {
		t.grow()
	}
	return n
}

func (t *nodes) grow() {
	t.slots = empty(2 * len(t.slots))
	for n := range t.list {
		slot := int(t.list[n].hash) & (len(t.slots) - 1)
		for t.slots[slot] != none {
			slot = (slot + 1) & (len(t.slots) - 1)
		}
		t.slots[slot] = int32(n)
	}
}
