package access

import wire "github.com/mooring-hq/mooring/sdk/wire/v1"

// Who can reach a thing.
func (g *Graph) Who(thing Key, l Looks) *Answer {
	w := newWalk(g, l, false)
	n, ok := g.find(thing)
	if ok {
		w.begin(n, "")
	}
	switch thing.Kind { //nolint:exhaustive // what one can be given access to
	case wire.Kind_KIND_FILE, wire.Kind_KIND_GROUP, wire.Kind_KIND_APP:
		if n, ok := g.find(Administrators(thing.Instance)); ok {
			w.begin(n, mayTake)
		}
	}
	w.run()
	a := w.answer()
	w.holes(a)
	if !ok && contains(thing.Kind) {
		a.Holes = append(a.Holes, Hole{thing, notListed})
	}
	return a
}

const (
	mayTake   = "administrators may give themselves access"
	notListed = "it is not among those that were listed"
)

// Start is from where Reach goes. Why says why that is only possible; "" when it is certain.
type Start struct {
	Key Key
	Why string
}

// Reach is what can be reached from some accounts, or other holders.
func (g *Graph) Reach(l Looks, starts ...Start) *Answer {
	w := newWalk(g, l, true)
	for _, s := range starts {
		if n, ok := g.find(s.Key); ok {
			w.begin(n, s.Why)
		}
	}
	w.run()
	return w.answer()
}

// walk goes from its starts along edges: with them (forward: Reach), or against them (Who). First along certain ones only,
// then along all: a certain way is found where there is one, and each edge is looked at twice at most.
type walk struct {
	g       *Graph
	l       Looks
	forward bool
	starts  []int32
	why     map[int32]string // of starts: why only possible
	state   []state
	rank    []uint8
	from    []int32        // the edge by which a node was reached
	order   []int32        // as nodes were reached
	queues  [ranks][]int32 // by rank, so that the strongest role is the one that is told
	later   []int32        // edges that are only possible, at the end of certain ways
	homes   []*string      // what Looks said
}

type state uint8

const (
	unseen state = iota
	possible
	terminal // certain, but no certain way goes on from here
	certain
)

// Ranks of the words of an access list, the strongest first. 0 is before any such word.
const (
	ranks  = 7
	noRank = 6
)

func rankOf(role string) uint8 {
	for n, word := range [...]string{"owner", "admin", "write", "comment", "read"} {
		if role == word {
			return uint8(n + 1)
		}
	}
	return noRank
}

func newWalk(g *Graph, l Looks, forward bool) *walk {
	w := &walk{
		g: g, l: l, forward: forward, why: map[int32]string{}, homes: make([]*string, len(g.homes)),
		state: make([]state, len(g.list)), rank: make([]uint8, len(g.list)), from: make([]int32, len(g.list)),
	}
	for i := range w.from {
		w.from[i] = none
	}
	return w
}

func (w *walk) begin(n int32, why string) {
	was, again := w.why[n]
	if again && (was == "" || why != "") {
		return
	}
	if !again {
		w.starts = append(w.starts, n)
	}
	w.why[n] = why
	if why == "" {
		w.state[n] = certain
		w.queues[0] = append(w.queues[0], n)
	}
}

func (w *walk) run() {
	w.drain(false)
	for _, n := range w.starts {
		if w.state[n] == unseen {
			w.state[n] = possible
			w.queues[0] = append(w.queues[0], n)
		}
	}
	for _, id := range w.later {
		w.step(id, true)
	}
	for _, n := range w.order {
		if w.state[n] == terminal {
			w.queues[w.rank[n]] = append(w.queues[w.rank[n]], n)
		}
	}
	w.drain(true)
}

func (w *walk) drain(all bool) {
	for r := range w.queues {
		for i := 0; i < len(w.queues[r]); i++ {
			w.expand(w.queues[r][i], all)
		}
		w.queues[r] = nil
	}
}

// ends are those of an edge, as the walk goes.
func (w *walk) ends(e *edge) (near, far int32) {
	if w.forward {
		return e.holder, e.thing
	}
	return e.thing, e.holder
}

func (w *walk) expand(n int32, all bool) {
	if w.forward {
		for id := w.g.list[n].out; id != none; id = w.g.edges[id].nextOut {
			w.step(id, all)
		}
		return
	}
	for id := w.g.list[n].in; id != none; id = w.g.edges[id].nextIn {
		w.step(id, all)
	}
}

// step goes along one edge; not all: only when it is certain.
func (w *walk) step(id int32, all bool) {
	e := &w.g.edges[id]
	near, far := w.ends(e)
	if e.dead || w.state[far] == certain || (all && w.state[far] != unseen) {
		return
	}
	if at, ok := w.g.expires[id]; ok && !at.After(w.l.Now()) {
		return
	}
	to := possible
	if !all {
		if w.weakness(e) != "" {
			w.later = append(w.later, id)
			return
		}
		to = certain
		if e.pass != 0 && w.forward {
			to = terminal
		}
		if to == w.state[far] {
			return
		}
	}
	if w.state[far] == unseen {
		w.order = append(w.order, far)
	}
	w.state[far], w.from[far], w.rank[far] = to, id, w.ranked(e, near)
	if to != terminal {
		w.queues[w.rank[far]] = append(w.queues[w.rank[far]], far)
	}
}

// ranked is the rank of a way that goes on by an edge. Only Who is led by it.
func (w *walk) ranked(e *edge, near int32) uint8 {
	switch r := w.rank[near]; {
	case w.forward || r != 0:
		return r
	case e.how == Listed || e.how == Owns:
		return rankOf(w.g.words[e.role])
	case e.how == Inherits:
		return 0
	}
	return noRank
}

// weakness is why an edge is only possible.
func (w *walk) weakness(e *edge) string {
	switch {
	case e.weak != 0:
		return w.g.words[e.weak]
	case e.pass != 0 && !w.forward && !w.isStart(e.thing):
		return w.g.words[e.pass]
	case w.g.list[e.holder].inactive != 0:
		return w.g.words[w.g.list[e.holder].inactive]
	case e.how == Bears && w.shared(e.thing):
		return "several accounts bear the address"
	}
	return w.unproven(e.record, e.home)
}

func (w *walk) isStart(n int32) bool {
	_, ok := w.why[n]
	return ok
}

func (w *walk) shared(address int32) bool {
	n := 0
	for id := w.g.list[address].in; id != none; id = w.g.edges[id].nextIn {
		if !w.g.edges[id].dead && w.g.edges[id].how == Bears {
			n++
		}
	}
	return n > 1
}

// unproven is why what a facet of a record says is only possible: its own look, or that the record may be gone.
func (w *walk) unproven(record, home int32) string {
	why := w.look(record, home)
	nd := &w.g.list[record]
	if why != "" || home == nd.home {
		return why
	}
	if why = w.look(record, nd.home); why == "" {
		return ""
	}
	for _, h := range w.g.others[record] {
		if w.look(record, h) == "" {
			return ""
		}
	}
	return why
}

func (w *walk) look(record, home int32) string {
	if w.homes[home] == nil {
		w.homes[home] = new(w.l.Home(w.g.homes[home]))
	}
	if why := *w.homes[home]; why != "" {
		return why
	}
	return w.l.Record(w.g.key(record), w.g.homes[home].Listing)
}
