package boxtest

import (
	"net/http"
	"slices"
	"time"
)

// collaborated gives a collaboration by its id, with its item; 404 also means no access.
func (c *call) collaborated() (Item, Collaboration, bool) {
	id := c.r.PathValue("id")
	ch := &c.s.changes
	ch.mu.Lock()
	item := ch.itemOf[id]
	ch.mu.Unlock()
	if item == "" && c.s.ent.ItemOf != nil {
		item = c.s.ent.ItemOf(id)
	}
	if item != "" {
		it, ok := c.s.ent.Item(item)
		list := c.s.ent.Collaborations(item)
		if n := slices.IndexFunc(list, func(x Collaboration) bool { return x.ID == id }); ok && n >= 0 {
			if mine := list[n].User != nil && list[n].User.ID == c.user; (mine || c.may(&it)) && !c.s.inTrash(&it) {
				return it, list[n], true
			}
		}
	}
	c.fail(http.StatusNotFound, "Not Found")
	return Item{}, Collaboration{}, false
}

func (c *call) collaboration() {
	if it, x, ok := c.collaborated(); ok {
		c.ok(c.showCollaboration(&it, &x))
	}
}

// put writes the collaborations of an item.
func (c *call) put(it *Item, f func([]Collaboration) []Collaboration) {
	c.s.changes.setCollaborations(it.ID, f(slices.Clone(c.s.ent.Collaborations(it.ID))))
}

// about is what the log says of a collaboration.
func about(event, trigger string, it *Item, x *Collaboration) news {
	d := map[string]any{"collab_id": x.ID, "role": x.Role}
	if x.User != nil {
		d["user_id"] = x.User.ID
	}
	return news{event: event, trigger: trigger, item: *it, details: d}
}

// postCollaboration lets somebody in: the enterprise's own at once, others when they accept.
func (c *call) postCollaboration() {
	var in struct {
		Item struct{ ID, Type string }
		Who  struct{ ID, Type, Login string } `json:"accessible_by"`
		Role string
		Ends *time.Time `json:"expires_at"`
	}
	if !c.body(&in) {
		return
	}
	it, ok := c.s.ent.Item(in.Item.ID)
	if !ok || it.Type != in.Item.Type || !c.may(&it) || c.s.inTrash(&it) {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	if !c.mayWrite(&it) {
		return
	}
	x := Collaboration{Role: in.Role, Created: c.s.second(), By: c.s.person(c.user), Status: "accepted"}
	set(&x.Expires, in.Ends)
	switch {
	case !slices.Contains([]string{"editor", "viewer", "previewer", "uploader", "previewer uploader", "viewer uploader", "co-owner"}, in.Role):
		c.fail(http.StatusBadRequest, "Bad Request: role")
		return
	case !c.who(&x, in.Who.Type, in.Who.ID, in.Who.Login):
		c.fail(http.StatusNotFound, "Not Found")
		return
	case slices.ContainsFunc(c.s.ent.Collaborations(it.ID), func(y Collaboration) bool { return x.same(&y) }), x.User != nil && x.User.ID == it.Owner.ID:
		problemCode(c.w, http.StatusBadRequest, "user_already_collaborator", "User is already a collaborator")
		return
	}
	ch := &c.s.changes
	ch.mu.Lock()
	x.ID = ch.next()
	ch.mu.Unlock()
	c.put(&it, func(list []Collaboration) []Collaboration { return append(list, x) })
	c.news = append(c.news, about("COLLABORATION_INVITE", "COLLABORATION.CREATED", &it, &x))
	answer(c.w, http.StatusCreated, c.showCollaboration(&it, &x))
}

// who finds whom an invitation is for: the enterprise's own are in at once, unless its administrators want them asked.
func (c *call) who(x *Collaboration, kind, id, login string) bool {
	if kind == "group" {
		g, ok := c.s.ent.Groups.find(id)
		x.Group = &g
		return ok
	}
	for i := range c.s.ent.Users.len() {
		if u := c.s.ent.Users.At(i); u.ID == id || id == "" && u.Login == login {
			x.User = &u.Person
			if c.s.cfg.AskAll {
				x.Status = "pending"
			}
			return true
		}
	}
	x.Status = "pending"
	for i := range c.s.ent.External.len() {
		if u := c.s.ent.External.At(i); u.ID == id || id == "" && u.Login == login {
			x.User = &u.Person
			return true
		}
	}
	if p := c.s.service(id); p != nil {
		x.User, x.Status = p, "accepted"
		return true
	}
	x.Email = login
	return id == "" && login != ""
}

// same says whether two collaborations are somebody's.
func (x *Collaboration) same(y *Collaboration) bool {
	switch {
	case x.User != nil:
		return y.User != nil && x.User.ID == y.User.ID
	case x.Group != nil:
		return y.Group != nil && x.Group.ID == y.Group.ID
	}
	return x.Email == y.Email
}

// putCollaboration changes a role or an end, or accepts.
func (c *call) putCollaboration() {
	it, x, ok := c.collaborated()
	if !ok {
		return
	}
	var in struct {
		Role, Status *string
		Ends         *time.Time `json:"expires_at"`
	}
	if !c.body(&in) {
		return
	}
	mine := x.User != nil && x.User.ID == c.user
	if in.Status != nil && !mine {
		c.fail(http.StatusForbidden, "Access denied - insufficient permission")
		return
	}
	if in.Status == nil && !c.mayWrite(&it) {
		return
	}
	set(&x.Role, in.Role)
	set(&x.Status, in.Status)
	set(&x.Expires, in.Ends)
	c.put(&it, func(list []Collaboration) []Collaboration {
		for i := range list {
			if list[i].ID == x.ID {
				list[i] = x
			}
		}
		return list
	})
	event, trigger := "COLLABORATION_ROLE_CHANGE", "COLLABORATION.UPDATED"
	if in.Status != nil {
		event, trigger = "COLLABORATION_ACCEPT", "COLLABORATION.ACCEPTED"
	}
	c.news = append(c.news, about(event, trigger, &it, &x))
	c.ok(c.showCollaboration(&it, &x))
}

func (c *call) deleteCollaboration() {
	it, x, ok := c.collaborated()
	if !ok {
		return
	}
	if mine := x.User != nil && x.User.ID == c.user; !mine && !c.mayWrite(&it) {
		return
	}
	c.put(&it, func(list []Collaboration) []Collaboration {
		return slices.DeleteFunc(list, func(y Collaboration) bool { return y.ID == x.ID })
	})
	c.news = append(c.news, about("COLLABORATION_REMOVE", "COLLABORATION.REMOVED", &it, &x))
	c.w.WriteHeader(http.StatusNoContent)
}
