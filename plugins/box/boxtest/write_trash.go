package boxtest

import (
	"net/http"
	"time"
)

// deleteItem puts an item into the trash. A folder that is not empty wants recursive.
func (c *call) deleteItem() {
	it, ok := c.active()
	if !ok || !c.fits(&it) || !c.mayWrite(&it) {
		return
	}
	if it.Type == Folder && c.r.URL.Query().Get("recursive") != "true" {
		if l := c.s.ent.Items(it.Owner.ID, it.ID); l.len() > 0 {
			problemCode(c.w, http.StatusBadRequest, "folder_not_empty", "Cannot delete - folder not empty")
			return
		}
	}
	now := c.s.second()
	it = c.change(&it, func(e *edit) { e.trashed = &now })
	c.news = append(c.news, news{event: "DELETE", trigger: kindOf(&it) + ".TRASHED", item: it})
	c.w.WriteHeader(http.StatusNoContent)
}

func kindOf(it *Item) string {
	if it.Type == Folder {
		return "FOLDER"
	}
	return "FILE"
}

// inTrash gives the item of the path, which somebody put into the trash: not with a folder above it.
func (c *call) inTrash() (Item, bool) {
	it, ok := c.find()
	if ok && it.TrashedAt.IsZero() {
		c.fail(http.StatusNotFound, "Not Found")
		return it, false
	}
	return it, ok
}

// restoreItem takes an item out of the trash, to where it was.
func (c *call) restoreItem() {
	it, ok := c.inTrash()
	if !ok || !c.mayWrite(&it) {
		return
	}
	var in struct {
		Name   *string
		Parent *struct{ ID string }
	}
	if c.r.ContentLength != 0 && !c.body(&in) {
		return
	}
	name, parent := it.Name, it.Parent
	set(&name, in.Name)
	if in.Parent != nil {
		parent = in.Parent.ID
	}
	if up, found := c.s.ent.Item(parent); parent != Root && parent != "" && (!found || c.s.inTrash(&up)) {
		c.fail(http.StatusNotFound, "Not Found") // another parent has to be named
		return
	}
	if !c.free(it.ID, name, parent, it.Owner.ID) {
		return
	}
	it = c.change(&it, func(e *edit) { e.trashed, e.name, e.parent = &time.Time{}, &name, &parent })
	c.news = append(c.news, news{event: "UNDELETE", trigger: kindOf(&it) + ".RESTORED", item: it})
	answer(c.w, http.StatusCreated, c.showTrashed(&it))
}

// purgeItem deletes what is in the trash for good.
func (c *call) purgeItem() {
	it, ok := c.inTrash()
	if !ok || !c.mayWrite(&it) {
		return
	}
	c.change(&it, func(e *edit) { e.gone = true })
	c.news = append(c.news, news{trigger: kindOf(&it) + ".DELETED", item: it}) // which event there is for it, is written nowhere
	c.w.WriteHeader(http.StatusNoContent)
}
