package boxtest

import (
	"cmp"
	"slices"
	"sort"
)

// over is the enterprise with what calls changed.
func (c *changes) over() *Enterprise {
	e := *c.base
	e.Users = List[User]{
		Len: c.base.Users.Len,
		At:  func(i int) User { return c.user(c.base.Users.At(i)) },
		Find: func(id string) (User, bool) {
			u, ok := c.base.Users.find(id)
			return c.user(u), ok
		},
	}
	e.Item, e.Items, e.Trash, e.Sees, e.Collaborations = c.item, c.itemsIn, c.trash, c.sees, c.collaborations
	e.Events = List[Event]{Len: func() int { return c.base.Events.len() + c.happened() }, At: c.event}
	return &e
}

func (c *changes) user(u User) User {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.status[u.ID]; ok {
		u.Status = s
	}
	return u
}

func (c *changes) item(id string) (Item, bool) {
	c.mu.Lock()
	e := c.items[id]
	var it Item
	known := e != nil && e.made != nil
	if known {
		it = *e.made
	}
	list, listed := c.collabs[id]
	c.mu.Unlock()
	if !known {
		if c.base.Item == nil {
			return it, false
		}
		var ok bool
		if it, ok = c.base.Item(id); !ok {
			return it, false
		}
	}
	if listed {
		it.Collaborated = len(list) > 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return it, e == nil || e.apply(&it)
}

// touched are the items that calls changed in whatever way, by id.
func (c *changes) touched() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make(map[string]bool, len(c.items)+len(c.collabs))
	for id := range c.items {
		ids[id] = true
	}
	for id := range c.collabs {
		ids[id] = true
	}
	return ids
}

// mend gives a list of the enterprise's with what calls changed: what no longer belongs left out, what belongs now added.
// Lists of which nothing changed stay as they are.
func (c *changes) mend(l List[Item], belongs func(*Item) bool) List[Item] {
	touched := c.touched()
	var more []Item
	for id := range touched {
		if it, ok := c.item(id); ok && belongs(&it) {
			more = append(more, it)
		}
	}
	stays := len(more) == 0
	var list []Item
	if len(touched) > 0 {
		for i := range l.len() {
			it := l.At(i)
			stays = stays && !touched[it.ID]
			list = append(list, it)
		}
	}
	if stays {
		return l
	}
	list = slices.DeleteFunc(list, func(it Item) bool { return touched[it.ID] })
	list = append(list, more...)
	slices.SortFunc(list, func(a, b Item) int { return cmp.Or(len(a.ID)-len(b.ID), cmp.Compare(a.ID, b.ID)) })
	return ListOf(list...)
}

func (c *changes) itemsIn(user, folder string) List[Item] {
	var l List[Item]
	if c.base.Items != nil {
		l = c.base.Items(user, folder)
	}
	return c.mend(l, func(it *Item) bool {
		switch {
		case !it.TrashedAt.IsZero():
			return false
		case folder != Root:
			return it.Parent == folder
		case it.Owner.ID == user:
			return it.Parent == Root || it.Parent == ""
		}
		return c.letIn(user, it.ID)
	})
}

func (c *changes) trash(user string) List[Item] {
	var l List[Item]
	if c.base.Trash != nil {
		l = c.base.Trash(user)
	}
	return c.mend(l, func(it *Item) bool { return !it.TrashedAt.IsZero() && it.Owner.ID == user })
}

func (c *changes) collaborations(item string) []Collaboration {
	c.mu.Lock()
	list, ok := c.collabs[item]
	list = slices.Clone(list)
	c.mu.Unlock()
	if ok || c.base.Collaborations == nil {
		return list
	}
	return c.base.Collaborations(item)
}

// letIn says whether a user collaborates in an item itself, alone or in a group.
func (c *changes) letIn(user, item string) bool {
	for _, x := range c.collaborations(item) {
		switch {
		case x.Status != "" && x.Status != "accepted":
		case x.User != nil && x.User.ID == user:
			return true
		case x.Group != nil && c.base.Members != nil:
			members := c.base.Members(x.Group.ID)
			for i := range members.len() {
				if members.At(i).User.ID == user {
					return true
				}
			}
		}
	}
	return false
}

// sees: who was let in to an item, or to a folder above it.
func (c *changes) sees(user string, it *Item) bool {
	touched, plain := c.touched(), true
	above := []Item{*it}
	for up, ok := c.item(it.Parent); ok && len(above) < maxDepth; up, ok = c.item(up.Parent) {
		above = append(above, up)
	}
	for i := range above {
		plain = plain && !touched[above[i].ID]
	}
	if plain {
		return c.base.Sees != nil && c.base.Sees(user, it)
	}
	return slices.ContainsFunc(above, func(up Item) bool { return up.Owner.ID == user || c.letIn(user, up.ID) })
}

func (c *changes) happened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.events)
}

// event is the i-th of the log: those of calls stand between the enterprise's own.
func (c *changes) event(i int) Event {
	c.mu.Lock()
	n := sort.Search(len(c.events), func(k int) bool { return c.events[k].before+k > i })
	if n > 0 && c.events[n-1].before+n-1 == i {
		defer c.mu.Unlock()
		return c.events[n-1].event
	}
	c.mu.Unlock()
	return c.base.Events.At(i - n)
}
