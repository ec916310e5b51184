package oktatest

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// changes are what calls changed. The organisation's own data is computed; this lies over it. Where the organisation
// itself later gives a user another status, that counts.
type changes struct {
	base *Org

	mu       sync.Mutex
	users    map[string]*changedUser
	groups   map[string]time.Time // when their members changed
	members  map[pair]bool        // true: put in; false: taken out
	excluded map[string][]string  // by rule: users
	assigned map[pair]*AppUser    // to apps; nil: taken away
	revoked  map[string]bool      // ids of grants and refresh tokens
	log      []Event
}

// pair is a user in a group, or of an app.
type pair struct{ in, user string }

type changedUser struct {
	was, status, becoming string
	statusAt, updated     time.Time
	factorsReset          time.Time // none made before is left
	unassigned            time.Time // no direct assignment made before is left
	signedOut, forgotten  time.Time
}

func newChanges(base *Org) *changes {
	return &changes{
		base: base, users: map[string]*changedUser{}, groups: map[string]time.Time{}, members: map[pair]bool{},
		excluded: map[string][]string{}, assigned: map[pair]*AppUser{}, revoked: map[string]bool{},
	}
}

// of is what changed about a user; it needs the lock.
func (c *changes) of(u *User) *changedUser {
	if c.users[u.ID] == nil {
		c.users[u.ID] = &changedUser{}
	}
	return c.users[u.ID]
}

// edit changes a user.
func (c *changes) edit(u *User, now time.Time, change func(*changedUser)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.of(u)
	x.updated = now
	change(x)
}

// turn gives a user another status.
func (c *changes) turn(u *User, now time.Time, status, becoming string) {
	base, _ := find(c.base.Users, u.ID)
	c.edit(u, now, func(x *changedUser) { x.was, x.status, x.becoming, x.statusAt = base.Status, status, becoming, now })
}

// leave ends everything that a deactivated user had.
func (c *changes) leave(u *User, now time.Time) {
	c.edit(u, now, func(x *changedUser) { x.unassigned, x.factorsReset, x.signedOut, x.forgotten = now, now, now, now })
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.assigned {
		if p.user == u.ID {
			c.assigned[p] = nil
		}
	}
}

func (c *changes) user(u User) User {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.users[u.ID]
	if x == nil {
		return u
	}
	if x.status != "" && u.Status == x.was {
		u.Status, u.StatusChanged, u.becoming = x.status, x.statusAt, x.becoming
	}
	if x.updated.After(u.Updated) {
		u.Updated = x.updated
	}
	return u
}

// usersSince are those of the base that no call changed, and then those that calls changed.
func (c *changes) usersSince(t time.Time) List[User] {
	base := c.base.UsersSince(t)
	c.mu.Lock()
	var ids []string
	for id, x := range c.users {
		if x.updated.After(t) {
			ids = append(ids, id)
		}
	}
	c.mu.Unlock()
	slices.Sort(ids)
	n := base.len()
	return List[User]{
		Len: func() int { return n + len(ids) },
		At: func(i int) User {
			switch {
			case i < n:
				if u := base.At(i); !slices.Contains(ids, u.ID) {
					return c.user(u)
				}
			case i < n+len(ids):
				u, _ := find(c.base.Users, ids[i-n])
				return c.user(u)
			}
			return User{}
		},
	}
}

func (c *changes) group(g Group) Group {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, changed := c.groups[g.ID]
	if !changed {
		return g
	}
	if at.After(g.MembersUpdated) {
		g.MembersUpdated = at
	}
	for p, in := range c.members {
		switch {
		case p.in != g.ID:
		case in:
			g.Users++
		default:
			g.Users--
		}
	}
	return g
}

// membersOf a group: those of the base that were not taken out, and then those put in.
func (c *changes) membersOf(group string) List[User] {
	base := c.baseMembers(group)
	c.mu.Lock()
	var in []string
	out := map[string]bool{}
	for p, member := range c.members {
		switch {
		case p.in != group:
		case member:
			in = append(in, p.user)
		default:
			out[p.user] = true
		}
	}
	c.mu.Unlock()
	slices.Sort(in)
	n := base.len()
	return List[User]{
		Len: func() int { return n + len(in) },
		At: func(i int) User {
			switch {
			case i < n:
				if u := base.At(i); !out[u.ID] {
					return c.user(u)
				}
			case i < n+len(in):
				u, _ := find(c.base.Users, in[i-n])
				return c.user(u)
			}
			return User{}
		},
		Find: func(id string) (User, bool) {
			u, ok := find(base, id)
			if ok = (ok || slices.Contains(in, id)) && !out[id]; ok {
				u, ok = find(c.base.Users, id)
			}
			return c.user(u), ok
		},
	}
}

func (c *changes) baseMembers(group string) List[User] {
	if c.base.Members == nil {
		return List[User]{}
	}
	return c.base.Members(group)
}

// put makes somebody a member, or no member.
func (c *changes) put(group, user string, member bool, now time.Time) {
	_, native := find(c.baseMembers(group), user)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.groups[group] = now
	if native == member {
		delete(c.members, pair{group, user})
	} else {
		c.members[pair{group, user}] = member
	}
}

// exclude puts a user on the lists of exceptions of the rules that fill a group, as the vendor does with who is taken out
// of it by hand.
func (c *changes) exclude(group, user string) {
	for i, n := 0, c.base.Rules.len(); i < n; i++ {
		r := c.base.Rules.At(i)
		if slices.Contains(r.Groups, group) {
			c.mu.Lock()
			if !slices.Contains(c.excluded[r.ID], user) {
				c.excluded[r.ID] = append(slices.Clone(c.excluded[r.ID]), user)
			}
			c.mu.Unlock()
		}
	}
}

func (c *changes) rule(r Rule) Rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.ExcludedUsers = slices.Concat(r.ExcludedUsers, c.excluded[r.ID])
	return r
}

// note writes into the log.
func (c *changes) note(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.log); n > 0 && c.log[n-1].Persisted.After(e.Persisted) { // a clock that was set back
		e.Persisted = c.log[n-1].Persisted
	}
	c.log = append(c.log, e)
}

// logged is the log with what calls added, in the order of Persisted.
func (c *changes) logged() List[Event] {
	added := func() []Event {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.log
	}
	place := func(e *Event, n int) int { // of an added event, n others before it
		l := c.base.Log
		return n + sort.Search(l.len(), func(i int) bool { return l.At(i).Persisted.After(e.Persisted) })
	}
	return List[Event]{
		Len: func() int { return c.base.Log.len() + len(added()) },
		At: func(i int) Event {
			own := added()
			n := sort.Search(len(own), func(j int) bool { return place(&own[j], j) >= i })
			if n < len(own) && place(&own[n], n) == i {
				return own[n]
			}
			if i-n >= c.base.Log.len() {
				return Event{}
			}
			return c.base.Log.At(i - n)
		},
	}
}
