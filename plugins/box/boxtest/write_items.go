package boxtest

import (
	"encoding/json"
	"net/http"
	"time"
)

// second is now as the vendor writes it.
func (s *Server) second() time.Time { return s.cfg.Now().Truncate(time.Second) }

// change edits an item, and gives it as it is then.
func (c *call) change(it *Item, f func(*edit)) Item {
	c.s.changes.change(it.ID, c.s.person(c.user), c.s.second(), f)
	now, _ := c.s.ent.Item(it.ID)
	return now
}

// putItem renames, moves, and shares by link.
func (c *call) putItem() {
	it, ok := c.active()
	if !ok || !c.fits(&it) || !c.mayWrite(&it) {
		return
	}
	var in struct {
		Name   *string
		Parent *struct{ ID string }
		Link   json.RawMessage `json:"shared_link"`
	}
	if !c.body(&in) {
		return
	}
	link, ok := c.linkOf(&it, in.Link)
	if !ok {
		return
	}
	name, parent := it.Name, it.Parent
	if in.Name != nil {
		name = *in.Name
	}
	if in.Parent != nil {
		parent = in.Parent.ID
	}
	owner, ok := c.room(&it, name, parent)
	if !ok {
		return
	}
	was := it
	it = c.change(&it, func(e *edit) {
		e.name, e.parent, e.owner, e.link = &name, &parent, &owner, &link
	})
	c.happen(&was, &it)
	c.ok(c.showItem(&it, itemStd))
}

// mayWrite: the owner, and who was let in with a role that edits.
func (c *call) mayWrite(it *Item) bool {
	for up, n := it, 0; up != nil && n < maxDepth; up, n = c.s.parentOf(up), n+1 {
		if up.Owner.ID == c.user {
			return true
		}
		for _, x := range c.s.ent.Collaborations(up.ID) {
			edits := x.Role == "editor" || x.Role == "co-owner"
			if edits && x.Status != "pending" && x.User != nil && x.User.ID == c.user {
				return true
			}
		}
	}
	c.fail(http.StatusForbidden, "Access denied - insufficient permission")
	return false
}

// room says whether an item may be where it is to be, and whose it is there: what is moved becomes the folder's owner's.
func (c *call) room(it *Item, name, parent string) (Person, bool) {
	owner := it.Owner
	if parent == "" {
		parent = Root
	}
	switch {
	case parent != it.Parent && parent == Root:
		owner = c.s.person(c.user)
	case parent != it.Parent:
		up, ok := c.s.ent.Item(parent)
		if !ok || up.Type != Folder || c.s.inTrash(&up) || !c.may(&up) {
			c.fail(http.StatusNotFound, "Not Found")
			return owner, false
		}
		if !c.mayWrite(&up) {
			return owner, false
		}
		owner = up.Owner
	}
	return owner, c.free(it.ID, name, parent, owner.ID)
}

// free answers that a name is in use.
func (c *call) free(id, name, parent, owner string) bool {
	l := c.s.ent.Items(owner, parent)
	for i := range l.len() {
		if x := l.At(i); x.Name == name && x.ID != id && (parent != Root || x.Owner.ID == owner) {
			conflict := c.showItem(&x, nil)
			var conflicts any = conflict
			if x.Type == Folder {
				conflicts = []any{conflict} // a list for folders only
			}
			answer(c.w, http.StatusConflict, map[string]any{
				"type": "error", "status": http.StatusConflict, "code": "item_name_in_use", "message": "Item with the same name already exists",
				"request_id": "fake0409", "help_url": "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/",
				"context_info": map[string]any{"conflicts": conflicts},
			})
			return false
		}
	}
	return true
}

// linkOf is an item's link after a request: null takes it away, what is not named stays.
func (c *call) linkOf(it *Item, raw json.RawMessage) (*Link, bool) {
	if raw == nil {
		return it.Link, true
	}
	if string(raw) == "null" {
		return nil, true
	}
	var in struct {
		Access      *string
		Password    *string
		Expires     json.RawMessage `json:"unshared_at"`
		Permissions *struct {
			Download *bool `json:"can_download"`
			Edit     *bool `json:"can_edit"`
		}
	}
	bad := json.Unmarshal(raw, &in) != nil
	l := Link{URL: c.s.newLink(), Access: "open"}
	if it.Link != nil {
		l = *it.Link
	}
	set(&l.Access, in.Access)
	if in.Password != nil {
		l.Password = *in.Password != ""
	}
	switch string(in.Expires) {
	case "":
	case "null":
		l.Expires = time.Time{}
	default:
		bad = json.Unmarshal(in.Expires, &l.Expires) != nil || l.Expires.Before(c.s.cfg.Now()) || bad
	}
	if p := in.Permissions; p != nil {
		switch {
		case p.Edit != nil && *p.Edit:
			l.Permission = "can_edit"
		case p.Download != nil && !*p.Download:
			l.Permission = "can_preview"
		case p.Download != nil:
			l.Permission = "can_download"
		}
	}
	switch l.Access {
	case "open", "company", "collaborators":
	default:
		bad = true
	}
	if bad {
		c.fail(http.StatusBadRequest, "Bad Request: shared_link")
	}
	return &l, !bad
}

func (s *Server) newLink() string {
	s.changes.mu.Lock()
	defer s.changes.mu.Unlock()
	return "https://app.box.example/s/new" + s.changes.next()
}

// happen tells what a change of an item is in the vendor's words.
func (c *call) happen(was, is *Item) {
	switch {
	case was.Link == nil && is.Link != nil:
		c.news = append(c.news, news{event: "SHARE", trigger: "SHARED_LINK.CREATED", item: *is})
	case was.Link != nil && is.Link == nil:
		c.news = append(c.news, news{event: "UNSHARE", trigger: "SHARED_LINK.DELETED", item: *is})
	case was.Link != nil && *was.Link != *is.Link:
		c.news = append(c.news, news{event: "ITEM_SHARED_UPDATE", trigger: "SHARED_LINK.UPDATED", item: *is})
	}
	kind := kindOf(is)
	if was.Parent != is.Parent {
		c.news = append(c.news, news{event: "MOVE", trigger: kind + ".MOVED", item: *is})
	}
	if was.Name != is.Name {
		c.news = append(c.news, news{event: "RENAME", trigger: kind + ".RENAMED", item: *is})
	}
}

// postFolder makes a folder.
func (c *call) postFolder() {
	var in struct {
		Name   string
		Parent struct{ ID string }
	}
	if !c.body(&in) {
		return
	}
	if in.Name == "" || in.Parent.ID == "" {
		c.fail(http.StatusBadRequest, "Bad Request: name and parent")
		return
	}
	if it, ok := c.make(Item{Type: Folder, Name: in.Name, Parent: in.Parent.ID}); ok {
		c.news = append(c.news, news{event: "UPLOAD", trigger: "FOLDER.CREATED", item: it})
		answer(c.w, http.StatusCreated, c.showItem(&it, itemStd))
	}
}

// make adds an item.
func (c *call) make(it Item) (Item, bool) {
	me, at := c.s.person(c.user), c.s.second()
	it.CreatedBy, it.ModifiedBy, it.CreatedAt, it.ModifiedAt, it.Owner = me, me, at, at, me
	if it.Parent != Root {
		up, ok := c.s.ent.Item(it.Parent)
		if !ok || up.Type != Folder || c.s.inTrash(&up) || !c.may(&up) {
			c.fail(http.StatusNotFound, "Not Found")
			return it, false
		}
		if !c.mayWrite(&up) {
			return it, false
		}
		it.Owner = up.Owner
	}
	if !c.free("", it.Name, it.Parent, it.Owner.ID) {
		return it, false
	}
	return c.s.changes.add(it), true
}
