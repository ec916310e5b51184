package access

import (
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Graph holds what all records say. It is not safe for concurrent use.
//
// Nodes and edges are numbers in flat arrays, and the edges of a node are a chain through them: a million of either are
// a few allocations. Edges of a record that changed are marked dead and stay in their chains until the graph is built
// anew; Waste says when that pays.
type Graph struct {
	nodes   []node
	byKey   map[Key]int32
	edges   []edge
	homes   []Home
	homeID  map[Home]int32
	words   []string
	wordID  map[string]uint32
	others  map[int32][]int32   // defining homes of a record beyond its first
	expires map[int32]time.Time // of edges; most never do
	dead    int
}

type node struct {
	key          Key
	in, out      int32 // chains: edges whose thing, or whose holder, this is
	first, count int32 // the edges that this record carries
	home         int32 // that defines it; none: no record was put
	list         int32 // home of a file's access list
	whole        bool  // that list is complete
	ownList      bool  // of a file: one is to be had
	inactive     uint32
}

type edge struct {
	thing, holder   int32
	nextIn, nextOut int32
	record          int32 // that carries it
	home            int32 // of the facet that does
	role, weak      uint32
	pass            uint32 // why it is only possible on the way to something else
	how             How
	dead            bool
}

const none = -1

// New gives an empty graph.
func New() *Graph {
	return &Graph{
		byKey: map[Key]int32{}, homeID: map[Home]int32{}, wordID: map[string]uint32{"": 0}, words: []string{""},
		others: map[int32][]int32{}, expires: map[int32]time.Time{},
	}
}

// Has says whether a record was put.
func (g *Graph) Has(k Key) bool {
	n, ok := g.byKey[k]
	return ok && g.nodes[n].home != none
}

// Waste is the share of edges that are dead.
func (g *Graph) Waste() float64 {
	if len(g.edges) == 0 {
		return 0
	}
	return float64(g.dead) / float64(len(g.edges))
}

func (g *Graph) node(k Key) int32 {
	if n, ok := g.byKey[k]; ok {
		return n
	}
	n := int32(len(g.nodes))
	g.nodes = append(g.nodes, node{key: k, in: none, out: none, home: none, list: none})
	g.byKey[k] = n
	return n
}

func (g *Graph) home(h Home) int32 {
	if n, ok := g.homeID[h]; ok {
		return n
	}
	n := int32(len(g.homes))
	g.homes = append(g.homes, h)
	g.homeID[h] = n
	return n
}

func (g *Graph) word(s string) uint32 {
	if n, ok := g.wordID[s]; ok {
		return n
	}
	n := uint32(len(g.words))
	g.words = append(g.words, s)
	g.wordID[s] = n
	return n
}

// Remove forgets what a record said.
func (g *Graph) Remove(k Key) {
	n, ok := g.byKey[k]
	if !ok {
		return
	}
	nd := &g.nodes[n]
	for i := nd.first; i < nd.first+nd.count; i++ {
		g.edges[i].dead = true
		g.dead++
	}
	nd.first, nd.count, nd.home, nd.list, nd.whole, nd.ownList, nd.inactive = 0, 0, none, none, false, false, 0
	delete(g.others, n)
}

// Put takes what is said of a record now, in place of what was said before.
func (g *Graph) Put(r Record) {
	g.Remove(r.Key)
	if len(r.Facets) == 0 {
		return
	}
	p := &put{g: g, Record: r, n: g.node(r.Key)}
	start := int32(len(g.edges))
	for _, f := range r.Facets {
		if !f.Defines {
			continue
		}
		h := g.home(f.Home)
		if g.nodes[p.n].home == none {
			g.nodes[p.n].home = h
		} else {
			g.others[p.n] = append(g.others[p.n], h)
		}
	}
	if g.nodes[p.n].home == none {
		return // nothing makes it exist yet
	}
	p.facts()
	g.nodes[p.n].first, g.nodes[p.n].count = start, int32(len(g.edges))-start
}

// fact is one edge as a record states it.
type fact struct {
	thing, holder    Key
	how              How
	role, weak, pass string
	expires          time.Time
	home             int32
}

func (g *Graph) add(record int32, f fact) {
	if f.thing == f.holder {
		return
	}
	id := int32(len(g.edges))
	thing, holder := g.node(f.thing), g.node(f.holder)
	g.edges = append(g.edges, edge{
		thing: thing, holder: holder, nextIn: g.nodes[thing].in, nextOut: g.nodes[holder].out, record: record, home: f.home,
		role: g.word(f.role), weak: g.word(f.weak), pass: g.word(f.pass), how: f.how,
	})
	g.nodes[thing].in, g.nodes[holder].out = id, id
	if !f.expires.IsZero() {
		g.expires[id] = f.expires
	}
}

// Carriers gives the records that speak of a record: its memberships, the files that name it.
func (g *Graph) Carriers(k Key, kinds ...wire.Kind) []Key {
	n, ok := g.byKey[k]
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
		for _, kind := range kinds {
			if g.nodes[e.record].key.Kind == kind {
				out = append(out, g.nodes[e.record].key)
			}
		}
	}
	for id := g.nodes[n].in; id != none; id = g.edges[id].nextIn {
		take(id)
	}
	for id := g.nodes[n].out; id != none; id = g.edges[id].nextOut {
		take(id)
	}
	return out
}
