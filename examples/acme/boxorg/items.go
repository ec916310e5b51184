package boxorg

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

func idOf(n int64) string { return strconv.FormatInt(n, 10) }

// items is what a user sees in a folder.
func (o *org) items(user, folder string) boxtest.List[boxtest.Item] {
	who, ok := o.personWithID(user)
	if !ok {
		return boxtest.List[boxtest.Item]{}
	}
	if folder == boxtest.Root {
		return o.root(who)
	}
	id, err := strconv.ParseInt(folder, 10, 64)
	if err != nil {
		return boxtest.List[boxtest.Item]{}
	}
	if s, is := company.SpaceWithID(id); is {
		return o.list(o.live.Within(s, 0))
	}
	d, ok := o.live.Document(id)
	if !ok {
		return boxtest.List[boxtest.Item]{}
	}
	return o.list(o.live.Within(d.Space, id))
}

// root is what a person owns, the folders of all teams for their owner, and what others share with the person.
func (o *org) root(who int) boxtest.List[boxtest.Item] {
	own := o.live.Within(company.PersonalSpace(company.Box, who), 0)
	teams := func(int) (company.Space, bool) { return company.Space{}, false }
	count := 0
	if who == owner(o.live) {
		count = o.live.TeamSpaces(company.Box)
		teams = func(i int) (company.Space, bool) { return o.live.TeamSpaceAt(company.Box, i) }
	} else {
		own = append(own, o.shared(who)...)
	}
	return boxtest.List[boxtest.Item]{
		Len: func() int { return len(own) + count },
		At: func(i int) boxtest.Item {
			if i < len(own) {
				it, _ := o.item(idOf(own[i]))
				return it
			}
			s, _ := teams(i - len(own))
			return o.teamFolder(s)
		},
	}
}

// shared is what others share with a person, alone or in a team.
func (o *org) shared(who int) []int64 {
	ids := o.live.SharedWith(company.Box, who)
	t := o.live.TeamNow(who)
	for _, t := range []company.TeamID{t, {Department: t.Department, N: company.WholeDepartment}} {
		if s, ok := company.SpaceOf(company.Box, t); ok && o.live.HasSpace(s) {
			ids = append(ids, s.ID())
		}
		ids = append(ids, o.live.SharedWithTeam(company.Box, t)...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	own := company.PersonalSpace(company.Box, who)
	return slices.DeleteFunc(ids, func(id int64) bool {
		d, ok := o.live.Document(id)
		return ok && d.Space == own
	})
}

func (o *org) list(ids []int64) boxtest.List[boxtest.Item] {
	return boxtest.List[boxtest.Item]{
		Len: func() int { return len(ids) },
		At: func(i int) boxtest.Item {
			it, _ := o.item(idOf(ids[i]))
			return it
		},
	}
}

// item is a team's folder, a folder or a document.
func (o *org) item(id string) (boxtest.Item, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return boxtest.Item{}, false
	}
	if s, is := company.SpaceWithID(n); is {
		if s.In != company.Box || !s.Shared() || !o.live.HasSpace(s) {
			return boxtest.Item{}, false
		}
		return o.teamFolder(s), true
	}
	d, ok := o.live.Document(n)
	if !ok || d.Space.In != company.Box {
		return boxtest.Item{}, false
	}
	return o.document(&d), true
}

func (o *org) teamFolder(s company.Space) boxtest.Item {
	p := o.person(owner(o.live))
	return boxtest.Item{
		ID: idOf(s.ID()), Type: boxtest.Folder, Name: o.live.Team(s.Team).Name, Parent: boxtest.Root, Owner: p, CreatedBy: p, ModifiedBy: p,
		CreatedAt: madeAt(), ModifiedAt: madeAt(), Collaborated: true,
	}
}

func (o *org) document(d *company.Document) boxtest.Item {
	it := boxtest.Item{
		ID: idOf(d.ID), Type: boxtest.File, Name: d.Name, Parent: idOf(d.Folder), Size: d.Size, Version: d.Revision + 1, CreatedAt: d.Created,
		ModifiedAt: d.Modified, CreatedBy: o.person(d.CreatedBy), ModifiedBy: o.person(d.ModifiedBy), TrashedAt: d.Trashed,
		Link: link(d), Collaborated: slices.ContainsFunc(d.Shares, collaborates),
	}
	if d.Space.Shared() {
		it.Owner = o.person(owner(o.live))
		if d.Folder == 0 {
			it.Parent = idOf(d.Space.ID())
		}
	} else {
		it.Owner = o.person(d.Owner())
		if d.Folder == 0 {
			it.Parent = boxtest.Root
		}
	}
	if d.Type == company.Folder {
		it.Type = boxtest.Folder
	} else {
		sum := sha1.Sum(o.live.DocumentContent(d))
		it.SHA1 = hex.EncodeToString(sum[:])
	}
	return it
}

// link is the widest shared link of a document: Box has one for each item.
func link(d *company.Document) *boxtest.Link {
	var l *boxtest.Link
	for i := range d.Shares {
		s := &d.Shares[i]
		access := ""
		switch s.With {
		case company.WithLink, company.WithPublic:
			access = "open"
		case company.WithDomain:
			access = "company"
		case company.WithPerson, company.WithGuest, company.WithTeam:
		}
		if access == "" || l != nil && l.Access == "open" {
			continue
		}
		l = &boxtest.Link{URL: "https://acme.app.box.example/s/" + idOf(s.ID), Access: access, Expires: s.Expires}
		if s.Role == company.Writer && d.Type != company.Folder {
			l.Permission = "can_edit"
		}
	}
	return l
}

// collaborates says whether a share is somebody's, not a link.
func collaborates(s company.Share) bool {
	return s.With == company.WithPerson || s.With == company.WithGuest || s.With == company.WithTeam
}

func (o *org) trash(user string) boxtest.List[boxtest.Item] {
	who, ok := o.personWithID(user)
	if !ok {
		return boxtest.List[boxtest.Item]{}
	}
	ids := o.live.Trash(company.PersonalSpace(company.Box, who))
	if who == owner(o.live) {
		for i := range o.live.TeamSpaces(company.Box) {
			if s, ok := o.live.TeamSpaceAt(company.Box, i); ok {
				ids = append(ids, o.live.Trash(s)...)
			}
		}
	}
	return o.list(ids)
}

// shares are those of an item itself.
func (o *org) shares(id string) []company.Share {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	if s, is := company.SpaceWithID(n); is {
		return o.live.SpaceShares(s)
	}
	d, _ := o.live.Document(n)
	return d.Shares
}

func (o *org) collaborations(id string) []boxtest.Collaboration {
	var list []boxtest.Collaboration
	by := o.person(owner(o.live))
	for _, s := range o.shares(id) {
		if !collaborates(s) {
			continue
		}
		c := boxtest.Collaboration{ID: idOf(s.ID), Role: role(s.Role), Created: s.Since, Expires: s.Expires, By: by}
		switch s.With {
		case company.WithPerson:
			p := o.person(s.Person)
			c.User = &p
		case company.WithGuest:
			p := mini(o.live.Guest(s.Person))
			c.User = &p
		default:
			g := o.group(s.Team)
			c.Group = &g
		}
		list = append(list, c)
	}
	return list
}

// itemOf is the item that a collaboration is in.
func itemOf(collaboration string) string {
	n, err := strconv.ParseInt(collaboration, 10, 64)
	if err != nil {
		return ""
	}
	return idOf(company.ItemOfShare(n))
}

func role(r company.Role) string {
	switch r {
	case company.Manager:
		return "co-owner"
	case company.Writer:
		return "editor"
	case company.Commenter:
		return "previewer"
	}
	return "viewer"
}

// sees: who was let in to an item or a folder above it, alone or in a team.
func (o *org) sees(user string, it *boxtest.Item) bool {
	who, ok := o.personWithID(user)
	if !ok {
		return false
	}
	for at, ok := *it, true; ok; at, ok = o.item(at.Parent) {
		for _, s := range o.shares(at.ID) {
			if s.With == company.WithPerson && s.Person == who || s.With == company.WithTeam && o.inTeam(who, s.Team) {
				return true
			}
		}
	}
	return false
}

func (o *org) inTeam(who int, t company.TeamID) bool {
	now := o.live.TeamNow(who)
	return now == t || t.N == company.WholeDepartment && now.Department == t.Department
}
