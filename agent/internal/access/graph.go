package access

import (
	"slices"
	"time"
)

// Graph holds what all records say. It is not safe for concurrent use.
//
// Nodes and edges are numbers in flat arrays, and the edges of a node are a chain through them: a million of either are
// a few allocations. Edges of a record that changed are marked dead and stay in their chains until the graph is built
// anew; Waste says when that pays.
type Graph struct {
	nodes
	edges   []edge
	homes   []Home
	homeID  map[Home]int32
	words   []string
	wordID  map[string]uint32
	others  map[int32][]int32   // defining homes of a record beyond its first
	expires map[int32]time.Time // of edges; most never do
	dead    int
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
		nodes: newNodes(), homeID: map[Home]int32{}, wordID: map[string]uint32{"": 0}, words: []string{""},
		others: map[int32][]int32{}, expires: map[int32]time.Time{},
	}
}

// Grow makes room for so many more records, so that a large graph is not copied while it grows.
func (g *Graph) Grow(records int) {
	const bytesPerID = 24
	g.list = slices.Grow(g.list, records)
	g.edges = slices.Grow(g.edges, 2*records)
	g.ids = slices.Grow(g.ids, bytesPerID*records)
	for (len(g.list)+records)*4 > len(g.slots)*3 {
		g.grow()
	}
}

// Has says whether a record was put.
func (g *Graph) Has(k Key) bool {
	n, ok := g.find(k)
	return ok && g.list[n].home != none
}

// Waste is the share of edges that are dead.
func (g *Graph) Waste() float64 {
	const few = 1000 // are no matter
	if len(g.edges) < few {
		return 0
	}
	return float64(g.dead) / float64(len(g.edges))
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
	if s == "" {
		return 0
	}
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
	if n, ok := g.find(k); ok {
		g.clear(n)
	}
}

func (g *Graph) clear(n int32) {
	nd := &g.list[n]
	if nd.home == none {
		return
	}
	for i := nd.first; i < nd.first+nd.count; i++ {
		g.edges[i].dead = true
		g.dead++
	}
	nd.first, nd.count, nd.home, nd.list, nd.whole, nd.ownList, nd.inactive = 0, 0, none, none, false, false, 0
	delete(g.others, n)
}

// RemoveAll forgets all records of an instance.
func (g *Graph) RemoveAll(instance string) {
	for n := range g.list {
		if g.spaces[g.list[n].space].instance == instance {
			g.clear(int32(n))
		}
	}
}

// Put takes what is said of a record now, in place of what was said before.
func (g *Graph) Put(r Record) {
	p := &put{g: g, Record: r, n: g.make(g.space(r.Key.Instance, r.Key.Kind), r.Key.ID)}
	g.clear(p.n)
	start := int32(len(g.edges))
	for _, f := range r.Facets {
		if !f.Defines {
			continue
		}
		h := g.home(f.Home)
		if g.list[p.n].home == none {
			g.list[p.n].home = h
		} else {
			g.others[p.n] = append(g.others[p.n], h)
		}
	}
	if g.list[p.n].home == none {
		return // nothing makes it exist yet
	}
	p.facts()
	g.list[p.n].first, g.list[p.n].count = start, int32(len(g.edges))-start
}

// fact is one edge as a record states it.
type fact struct {
	thing, holder    int32
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
	thing, holder := &g.list[f.thing], &g.list[f.holder]
	g.edges = append(g.edges, edge{
		thing: f.thing, holder: f.holder, nextIn: thing.in, nextOut: holder.out, record: record, home: f.home,
		role: g.word(f.role), weak: g.word(f.weak), pass: g.word(f.pass), how: f.how,
	})
	thing.in, holder.out = id, id
	if !f.expires.IsZero() {
		g.expires[id] = f.expires
	}
}
