package access

import (
	"slices"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Carriers gives the records that speak of a record: its memberships, the files that name it.
func (g *Graph) Carriers(k Key, kinds ...wire.Kind) []Key {
	n, ok := g.find(k)
	if !ok {
		return nil
	}
	seen := map[int32]bool{}
	var out []Key
	take := func(id int32) {
		e := &g.edges[id]
		if e.dead || seen[e.record] || e.record == n {
			return
		}
		seen[e.record] = true
		if slices.Contains(kinds, g.kind(e.record)) {
			out = append(out, g.key(e.record))
		}
	}
	for id := g.list[n].in; id != none; id = g.edges[id].nextIn {
		take(id)
	}
	for id := g.list[n].out; id != none; id = g.edges[id].nextOut {
		take(id)
	}
	return out
}

// Bearers are the groups and accounts that have an address.
func (g *Graph) Bearers(address Key) (all []Key) {
	n, ok := g.find(address)
	if !ok {
		return nil
	}
	for id := g.list[n].in; id != none; id = g.edges[id].nextIn {
		if e := &g.edges[id]; !e.dead && e.how == Bears {
			all = append(all, g.key(e.holder))
		}
	}
	return all
}
