package access

import (
	"slices"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Answer is what a walk found. It can be read until the graph changes.
type Answer struct {
	w *walk
	// Reached is whom or what was found, the certain ones first, then as near as possible. It includes the groups and
	// folders that lie on the ways.
	Reached []Reached
	// Holes on the ways. Only of Who: what a holder might reach besides cannot be told by walking.
	Holes []Hole
}

func (w *walk) answer() *Answer {
	a := &Answer{w: w, Reached: make([]Reached, 0, len(w.order))}
	for _, sure := range []bool{true, false} {
		for _, n := range w.order {
			if (w.state[n] >= terminal) == sure {
				a.Reached = append(a.Reached, Reached{Key: w.g.key(n), Certain: sure, Role: w.role(n)})
			}
		}
	}
	return a
}

// role is the word of the access list on the way, the one nearest to the thing.
func (w *walk) role(n int32) string {
	role := ""
	for id := w.from[n]; id != none; id = w.from[n] {
		e := &w.g.edges[id]
		if e.how == Listed || e.how == Owns {
			if role = w.g.words[e.role]; w.forward {
				break
			}
		}
		n, _ = w.ends(e)
	}
	return role
}

// Way is how it is reached: from the holder, step by step, to the thing.
func (a *Answer) Way(k Key) []Step {
	w := a.w
	n, ok := w.g.find(k)
	if !ok {
		return nil
	}
	end := n
	var edges []int32
	for id := w.from[n]; id != none; id = w.from[n] {
		edges = append(edges, id)
		n, _ = w.ends(&w.g.edges[id])
	}
	if w.forward {
		slices.Reverse(edges)
	} else {
		end = n
	}
	steps := make([]Step, 0, len(edges))
	for i, id := range edges {
		e := &w.g.edges[id]
		s := Step{Thing: w.g.key(e.thing), Holder: w.g.key(e.holder), How: e.how, Role: w.g.words[e.role], Why: w.weakness(e)}
		if s.Why == "" && e.thing != end {
			s.Why = w.g.words[e.pass]
		}
		if i == 0 && s.Why == "" {
			s.Why = w.why[e.holder]
		}
		steps = append(steps, s)
	}
	return steps
}

// holes finds the places that were come by and could hide more.
func (w *walk) holes(a *Answer) {
	look := func(n int32) {
		if why := w.hole(n); why != "" {
			a.Holes = append(a.Holes, Hole{Key: w.g.key(n), Why: why})
		}
	}
	for _, n := range w.starts {
		look(n)
	}
	for _, n := range w.order {
		look(n)
	}
}

// hole is why not all who hold a thing may be known.
func (w *walk) hole(n int32) string {
	nd := &w.g.list[n]
	switch w.g.kind(n) {
	case wire.Kind_KIND_FILE:
		return w.fileHole(nd, n)
	case wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE:
		if nd.home == none {
			return notListed
		}
		return w.l.Members(w.g.key(n))
	case wire.Kind_KIND_APP:
		return w.l.Members(w.g.key(n))
	}
	return ""
}

// contains: what others hold or are in, so that one of which nothing is known hides them.
func contains(k wire.Kind) bool {
	return k == wire.Kind_KIND_FILE || k == wire.Kind_KIND_GROUP || k == wire.Kind_KIND_ROLE
}

func (w *walk) fileHole(nd *node, n int32) string {
	switch {
	case nd.home == none:
		return notListed
	case nd.list != none && !nd.whole:
		return "the provider shows only a part of its access list"
	case nd.list != none:
		return w.unproven(n, nd.list)
	case nd.ownList:
		return "its access list is not known yet"
	case w.parentless(n):
		return "nothing says who can reach it"
	}
	return w.unproven(n, nd.home)
}

// parentless: no folder, whose access would be that of the file.
func (w *walk) parentless(n int32) bool {
	for id := w.g.list[n].in; id != none; id = w.g.edges[id].nextIn {
		if e := &w.g.edges[id]; !e.dead && e.how == Inherits {
			return false
		}
	}
	return true
}
