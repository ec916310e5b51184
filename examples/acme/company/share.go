package company

import (
	"slices"
	"time"
)

// With is whom something is shared with.
type With string

// Whom things are shared with.
const (
	WithPerson With = "person"
	WithGuest  With = "guest"
	WithTeam   With = "team"
	WithDomain With = "domain" // everybody of the company who has the link
	WithLink   With = "link"   // anyone with the link
	WithPublic With = "public" // anyone, and found by searching, where the app has that
)

// Role is what those something is shared with may do.
type Role string

// The roles.
const (
	Reader    Role = "reader"
	Commenter Role = "commenter"
	Writer    Role = "writer"
	Manager   Role = "manager" // also over who has access
)

// Share is one grant of access to an item, a person's own access to the own space left out.
type Share struct {
	ID      int64 // unique over all shares
	With    With
	Person  int    `json:",omitzero"` // index of the person or the guest
	Team    TeamID `json:",omitzero"`
	Role    Role
	Since   time.Time
	Expires time.Time `json:",omitzero"`
}

// sameAs says whether two shares are with the same.
func (s *Share) sameAs(o *Share) bool {
	return s.With == o.With && s.Person == o.Person && s.Team == o.Team
}

// An item has at most so many shares over its life.
const maxShares = 1 << shareBits

func shareID(item int64, n int) int64 { return item<<shareBits | int64(n) }

// ItemOfShare is the id of the item that a share is of.
func ItemOfShare(share int64) int64 { return share >> shareBits }

// documentShares are the shares that a document had from the first day on: three of four have none. In Box people share
// folders, and documents half as often.
func (c *Company) documentShares(d *Document, h uint64) (list []Share) {
	h = c.hash(ofShare, int(h))
	of := uint64(100)
	if d.Space.In == Box {
		of *= 2
	}
	switch pick := h % of; {
	case pick < 8:
		for i := range 1 + h>>8%3 {
			list = c.addShare(list, d, WithPerson, h>>(10+i))
		}
	case pick < 12:
		list = c.addShare(list, d, WithTeam, h>>8)
	case pick < 15:
		list = c.addShare(list, d, WithDomain, h>>8)
	case pick < 18:
		list = c.addShare(list, d, WithGuest, h>>8)
	case pick < 22:
		list = c.addShare(list, d, WithLink, h>>8)
	case pick < 23:
		list = c.addShare(list, d, WithPublic, h>>8)
	case pick < 25:
		list = c.addShare(c.addShare(list, d, WithPerson, h>>8), d, WithLink, h>>16)
	}
	return list
}

// folderShares are the shares of a folder.
func (c *Company) folderShares(d *Document, h uint64) []Share {
	h = c.hash(ofShare, int(h))
	switch h % 12 {
	case 0:
		return c.addShare(nil, d, WithTeam, h>>8)
	case 1:
		return c.addShare(nil, d, WithPerson, h>>8)
	case 2:
		return c.addShare(nil, d, WithGuest, h>>8)
	}
	return nil
}

// addShare adds a share with somebody from the bits of h, unless there is one.
func (c *Company) addShare(list []Share, d *Document, with With, h uint64) []Share {
	if s, ok := c.newShare(list, d, with, h); ok {
		s.ID = shareID(d.ID, len(list))
		s.Since = d.Created.Add(AsOf().Sub(d.Created) / 64 * time.Duration(h>>8%64))
		return append(list, s)
	}
	return list
}

func (c *Company) newShare(list []Share, d *Document, with With, h uint64) (s Share, ok bool) {
	s = Share{With: with, Role: [...]Role{Reader, Reader, Commenter, Writer}[h%4]}
	switch with {
	case WithPerson:
		s.Person, ok = c.neighbour(d.Space, 1+below(mix(h), neighbours))
		ok = ok && c.Person(s.Person).Type == Employee
	case WithGuest:
		s.Person, ok = below(mix(h), c.Guests()), true
		if h>>20%4 == 0 {
			s.Expires = AsOf().AddDate(0, 3, 0)
		}
	case WithTeam:
		s.Team, ok = c.sibling(d.Space, 1+below(mix(h), siblings))
	case WithLink, WithPublic:
		ok = true
		if h>>20%8 != 0 {
			s.Role = Reader
		}
	case WithDomain:
		ok = true
	}
	for i := range list {
		ok = ok && !s.sameAs(&list[i])
	}
	return s, ok
}

// People share with those who come soon after them, teams with the next teams: so what is shared with somebody is found
// without looking through the company.
const (
	neighbours = 8
	siblings   = 2
)

// anchor is from whom the neighbours of a space are counted.
func (c *Company) anchor(s Space) int {
	if s.Shared() {
		return c.worker(s, 0)
	}
	return s.Person
}

func (c *Company) neighbour(s Space, n int) (person int, ok bool) {
	app, from := AppOf(s.In), c.anchor(s)
	rank, _ := app.Rank(from)
	person = app.At(rank + n)
	t := c.Person(from).Team // a team without anybody has an administrator of elsewhere
	home := !s.Shared() || s.Team == t || s.Team == TeamID{t.Department, WholeDepartment}
	return person, home && person < c.size
}

// sibling is the team of a personal space's owner, or the n-th team after a team.
func (c *Company) sibling(s Space, n int) (t TeamID, ok bool) {
	if !s.Shared() {
		return c.Person(s.Person).Team, true
	}
	t = TeamID{s.Team.Department, s.Team.N + n}
	return t, t.N < teamCount(units[t.Department].Len(c.size))
}

// SharedWith are the ids of what others shared with a person directly, what is in the trash left out.
func (l *Live) SharedWith(in Storage, person int) (ids []int64) {
	app := AppOf(in)
	rank, has := app.Rank(max(0, person))
	if !has {
		return nil
	}
	for n := neighbours; n > 0; n-- {
		if rank-n < 0 {
			continue
		}
		from := app.At(rank - n)
		t := l.Person(from).Team
		near := []Space{PersonalSpace(in, from), {in, TeamSpace, t}, {in, TeamSpace, TeamID{t.Department, WholeDepartment}}}
		for _, s := range near {
			if !s.Shared() || (l.HasSpace(s) && l.anchor(s) == from) {
				ids = l.sharedIn(ids, s, func(sh *Share) bool { return sh.With == WithPerson && sh.Person == person })
			}
		}
	}
	return ids
}

// SharedWithTeam are the ids of what people and other teams shared with a team.
func (l *Live) SharedWithTeam(in Storage, t TeamID) (ids []int64) {
	if t.N == WholeDepartment {
		return nil
	}
	with := func(sh *Share) bool { return sh.With == WithTeam && sh.Team == t }
	for n := max(WholeDepartment, t.N-siblings); n < t.N; n++ {
		ids = l.sharedIn(ids, Space{in, TeamSpace, TeamID{t.Department, n}}, with)
	}
	for rank, to := t.ranks(); rank < to; rank++ {
		ids = l.sharedIn(ids, PersonalSpace(in, units[t.Department].At(rank)), with)
	}
	return ids
}

func (l *Live) sharedIn(ids []int64, s Space, with func(*Share) bool) []int64 {
	for _, id := range l.Documents(s) {
		d, ok := l.bare(id)
		if ok && d.Trashed.IsZero() && slices.ContainsFunc(d.Shares, func(sh Share) bool { return with(&sh) }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// SpaceShares are who has access to a whole space, its owner left out: the team, its first member as a manager, and to
// some a guest.
func (c *Company) SpaceShares(s Space) []Share {
	if !s.Shared() {
		return nil
	}
	h := c.hash(ofShare, s.number(), len(s.In))
	since := daysBefore(h, 1200)
	list := []Share{
		{With: WithTeam, Team: s.Team, Role: Writer, Since: since},
		{With: WithPerson, Person: c.worker(s, 0), Role: Manager, Since: since},
	}
	if h%6 == 0 {
		list = append(list, Share{With: WithGuest, Person: below(h>>8, c.Guests()), Role: Writer, Since: since})
	}
	for i := range list {
		list[i].ID = shareID(s.ID(), i)
	}
	return list
}
