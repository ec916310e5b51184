// Package index holds what questions about people and access are asked of, over all instances: e-mail → accounts, account
// → groups, apps and files, owner → files, container → members.
//
// It promises: it is derived from the stores and nothing else; it follows each change log by position, and after Follow
// it is at least as new as the logs were when Follow began. It is built in memory, kind by kind, at the first question
// that needs it, and is not kept in a file: building costs about three times what reading the rows costs (a second of one
// processor for 300,000 records, 300 bytes for each), so a file would save that pause, and cost every scan twice its
// writes and every change a place in two files. An agent whom nobody asks has nothing of it in memory.
//
// It does not see a record that only moved to another home, since the log does not tell of it: until the next change it
// counts as seen where it was. It is not safe for concurrent use: who asks takes turns.
package index

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Source is one instance to follow.
type Source struct {
	Provider, Name string
	Description    *wire.Description
	Store          store.Store
}

func (s Source) id() string { return s.Provider + "/" + s.Name }

// Index is what was read so far.
type Index struct {
	graph     *access.Graph
	instances map[string]*instance
	people    *people.People // nil: to be joined anew
}

// New gives an empty index.
func New() *Index { return &Index{graph: access.New(), instances: map[string]*instance{}} }

// instance is one source and how far it was read.
type instance struct {
	Source
	order    map[string]int // listings: of each field the first speaks
	position uint64
	kinds    map[wire.Kind]bool // that are in the index
	accounts []people.Account
	at       map[string]int           // of accounts, by id
	mailbox  map[string]string        // addresses of groups, by group
	contains map[string]record.Fields // listings of memberships: the kinds of their containers
}

// Limits of following. Beyond them reading everything anew is quicker.
const (
	maxChanges = 20_000 // records looked up one by one
	maxWaste   = 0.5    // of the edges
)

// Follow brings kinds of all sources up to date. Sources that cannot be read are left out, with the error.
func (x *Index) Follow(ctx context.Context, sources []Source, kinds ...wire.Kind) (broken map[string]error) {
	broken = map[string]error{}
	if x.moved(sources) {
		*x = *New()
	}
	for _, s := range sources {
		i := x.instances[s.id()]
		if i == nil {
			i = newInstance(s)
			x.instances[s.id()] = i
		}
		if err := x.catchUp(ctx, i, kinds); err != nil {
			broken[s.id()] = err
			delete(x.instances, s.id()) // what it holds is not whole: the next question reads it anew
			x.graph.RemoveAll(s.id())
			x.people = nil
		}
	}
	return broken
}

// moved: a store was replaced or is gone, or so much has changed that a new index is smaller and quicker.
func (x *Index) moved(sources []Source) bool {
	for id, i := range x.instances {
		at := slices.IndexFunc(sources, func(s Source) bool { return s.id() == id })
		if at < 0 || sources[at].Store != i.Store {
			return true
		}
	}
	return x.graph.Waste() > maxWaste
}

func newInstance(s Source) *instance {
	i := &instance{
		Source: s, order: map[string]int{}, kinds: map[wire.Kind]bool{}, at: map[string]int{}, mailbox: map[string]string{},
		contains: map[string]record.Fields{},
	}
	for n, l := range s.Description.GetListings() {
		i.order[l.GetName()] = n
	}
	return i
}

func (i *instance) key(k wire.Kind, id string) access.Key {
	return access.Key{Instance: i.id(), Kind: k, ID: id}
}

// catchUp reads what the log tells since the last time, and the kinds that are asked for the first time.
func (x *Index) catchUp(ctx context.Context, i *instance, kinds []wire.Kind) error {
	last, err := x.follow(ctx, i)
	if err != nil {
		return fmt.Errorf("following the changes: %w", err)
	}
	for _, k := range kinds {
		if i.kinds[k] {
			continue
		}
		if err := x.load(ctx, i, k); err != nil {
			return err
		}
		i.kinds[k] = true
	}
	i.position = last
	return nil
}

// last is optional in a store: to know the newest entry without reading the log.
type last interface{ Last() (uint64, error) }

// follow applies the log. It gives the sequence up to which it was read.
func (x *Index) follow(ctx context.Context, i *instance) (uint64, error) {
	if l, ok := i.Store.(last); ok {
		n, err := l.Last()
		if err != nil || len(i.kinds) == 0 || n == i.position {
			return n, err
		}
	}
	touched := map[record.Ref]bool{}
	again := map[wire.Kind]bool{} // a first list does not name what it gave
	position := i.position
	for e, err := range i.Store.Log(ctx, i.position) {
		if err != nil {
			return 0, err
		}
		position = e.Sequence
		switch {
		case !i.kinds[e.Kind] || len(touched) > maxChanges:
		case e.What == store.Baseline:
			again[e.Kind] = true
		case e.ID != "":
			touched[i.ref(e.Kind, e.ID)] = true
		}
	}
	if len(touched) > maxChanges {
		x.graph.RemoveAll(i.id())
		*i = *newInstance(i.Source)
		x.people = nil
		return position, nil
	}
	for k := range again {
		if err := x.load(ctx, i, k); err != nil {
			return 0, err
		}
	}
	for r := range touched {
		if err := x.reread(ctx, i, r.Kind, r.ID); err != nil {
			return 0, err
		}
	}
	return position, nil
}

func (x *Index) reread(ctx context.Context, i *instance, k wire.Kind, id string) error {
	var rows []store.Row
	for row, err := range i.Store.Rows(ctx, store.Range{Kind: k, ID: id}) {
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		x.remove(i, k, id)
		return nil
	}
	return x.put(i, rows)
}

// counter is optional in a store: to know how much is coming.
type counter interface{ Counts() map[wire.Kind]int64 }

// load reads all records of a kind.
func (x *Index) load(ctx context.Context, i *instance, k wire.Kind) error {
	if c, ok := i.Store.(counter); ok && !i.kinds[k] {
		x.graph.Grow(int(c.Counts()[k]))
	}
	var rows []store.Row
	for row, err := range i.Store.Rows(ctx, store.Range{Kind: k}) {
		if err != nil {
			return err
		}
		if len(rows) > 0 && rows[0].ID != row.ID {
			if err := x.put(i, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	return x.put(i, rows)
}

func (x *Index) remove(i *instance, k wire.Kind, id string) {
	x.graph.Remove(i.key(k, id))
	switch k { //nolint:exhaustive // people are made of these
	case wire.Kind_KIND_ACCOUNT:
		x.dropAccount(i, id)
	case wire.Kind_KIND_GROUP:
		delete(i.mailbox, id)
		x.people = nil
	}
}

// Contains says whether a listing has given members of a kind of container; known is false when it gave none yet.
func (x *Index) Contains(instance, listing string, k wire.Kind) (contains, known bool) {
	i := x.instances[instance]
	if i == nil || i.contains[listing] == 0 {
		return false, false
	}
	return i.contains[listing]&(1<<k) != 0, true
}

// Graph is who holds what. It is valid until the next Follow.
func (x *Index) Graph() *access.Graph { return x.graph }

// People are joined anew only when something about them has changed, or the rules are told to have.
func (x *Index) People(rules people.Rules, changed bool) *people.People {
	if x.people != nil && !changed {
		return x.people
	}
	var all []people.Account
	shared := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(x.instances)) {
		i := x.instances[id]
		all = append(all, i.accounts...)
		for _, address := range i.mailbox {
			shared[address] = true
		}
	}
	rules.Shared = func(email string) bool { return shared[email] }
	x.people = people.Join(all, rules)
	return x.people
}

func (i *instance) ref(k wire.Kind, id string) record.Ref {
	return record.Ref{Provider: i.Provider, Instance: i.Name, Kind: k, ID: id}
}
