package boxtest

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// firstMade is the id of the first item that a call made, beyond all that enterprises compute.
const firstMade = 990_000_000_000

// changes are what calls changed. They lie over what the enterprise computes, of which they hold no copy: only the fields
// that a call set stay as it left them.
type changes struct {
	one  sync.Mutex // held by each call that changes something: they come one after the other
	mu   sync.Mutex
	base *Enterprise

	status  map[string]string // of users
	items   map[string]*edit
	collabs map[string][]Collaboration // of an item, all
	itemOf  map[string]string          // of collaborations that calls made
	events  []happened
	jobs    []string // users whose sessions are to end
	ended   map[string]int
	last    int
}

// edit is what calls changed of one item. What is nil was not.
type edit struct {
	made    *Item // there is none below
	name    *string
	parent  *string
	owner   *Person
	trashed *time.Time
	link    **Link
	by      *Person
	at      time.Time
	sha1    *string
	size    int64
	uploads int // versions that calls added
	touched int // changes beside those
	past    []Version
	gone    bool
}

// Version is a former version of a file.
type Version struct {
	ID, SHA1 string
	Size     int64
	Number   int
	At       time.Time
	By       Person
}

func (c *changes) init(base *Enterprise) {
	c.base = base
	c.status, c.items, c.collabs = map[string]string{}, map[string]*edit{}, map[string][]Collaboration{}
	c.itemOf, c.ended = map[string]string{}, map[string]int{}
}

// Enterprise is all as it is now, with what calls changed.
func (s *Server) Enterprise() *Enterprise { return s.ent }

// Scopes gives all apps other scopes, as their owners can.
func (s *Server) Scopes(scopes []string) { s.scopes.Store(&scopes) }

// Forget undoes all that calls changed, but for what stands in the log.
func (s *Server) Forget() {
	c := &s.changes
	c.mu.Lock()
	defer c.mu.Unlock()
	events, last := c.events, c.last
	c.init(c.base)
	c.events, c.last, c.jobs = events, last, nil
}

// next is an id that was never given before.
func (c *changes) next() string {
	c.last++
	return str(firstMade + c.last)
}

// of gives an item's edit, to be changed; c.mu is held.
func (c *changes) of(id string) *edit {
	e := c.items[id]
	if e == nil {
		e = &edit{}
		c.items[id] = e
	}
	return e
}

// change edits an item, which moves its etag.
func (c *changes) change(id string, by Person, at time.Time, f func(*edit)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of(id)
	e.touched++
	e.by, e.at = &by, at
	f(e)
}

// upload gives a file a new version.
func (c *changes) upload(it *Item, by Person, at time.Time, sum string, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of(it.ID)
	e.past = append(e.past, it.current())
	e.uploads++
	e.by, e.at, e.sha1, e.size = &by, at, &sum, size
}

// current is the version that a file has now.
func (it *Item) current() Version {
	n := max(it.Version, 1)
	return Version{ID: versionID(it.ID, n), SHA1: it.SHA1, Size: it.Size, Number: n, At: it.ModifiedAt, By: it.ModifiedBy}
}

func versionID(file string, number int) string { return file + str(number) }

// past are the former versions of a file, the newest first.
func (c *changes) past(id string) []Version {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[id]
	if e == nil {
		return nil
	}
	list := slices.Clone(e.past)
	slices.Reverse(list)
	return list
}

// add makes an item.
func (c *changes) add(it Item) Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	it.ID = c.next()
	c.items[it.ID] = &edit{made: &it}
	return it
}

// apply gives an item as it is; false: it is gone.
func (e *edit) apply(it *Item) bool {
	if e.gone {
		return false
	}
	set(&it.Name, e.name)
	set(&it.Parent, e.parent)
	set(&it.Owner, e.owner)
	set(&it.TrashedAt, e.trashed)
	set(&it.Link, e.link)
	set(&it.ModifiedBy, e.by)
	if e.sha1 != nil {
		it.SHA1, it.Size = *e.sha1, e.size
	}
	if !e.at.IsZero() {
		it.ModifiedAt = e.at
	}
	it.Version, it.Touched = max(it.Version, 1)+e.uploads, it.Touched+e.touched
	return true
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// setCollaborations says who was let in to an item.
func (c *changes) setCollaborations(item string, list []Collaboration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.collabs[item] = list
	for i := range list {
		c.itemOf[list[i].ID] = item
	}
}

// happened is an event of a call, with how many of the enterprise's own came before.
type happened struct {
	before int
	event  Event
}

func (c *changes) log(before int, e *Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.events); n > 0 {
		before = max(before, c.events[n-1].before)
	}
	e.ID = "call-" + c.next()
	c.events = append(c.events, happened{before, *e})
}

func sumOf(content []byte) string {
	sum := sha1.Sum(content)
	return hex.EncodeToString(sum[:])
}
