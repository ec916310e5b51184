package boxtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func atoi(v string) (int, error) { return strconv.Atoi(v) }

var (
	fileMini   = []string{"type", "id", "etag", "sequence_id", "name", "sha1", "file_version"}
	folderMini = []string{"type", "id", "etag", "sequence_id", "name"}
	linkMini   = []string{"type", "id", "etag", "sequence_id", "name", "url"}
	itemStd    = []string{
		"description", "size", "path_collection", "created_at", "modified_at", "trashed_at", "purged_at", "content_created_at",
		"content_modified_at", "created_by", "modified_by", "owned_by", "shared_link", "parent", "item_status",
	}
)

// maxDepth bounds a walk to the root.
const maxDepth = 100

func mini(it *Item) []string {
	switch it.Type {
	case File:
		return fileMini
	case WebLink:
		return linkMini
	}
	return folderMini
}

func (c *call) showItem(it *Item, standard []string) map[string]any {
	status := "active"
	if !it.TrashedAt.IsZero() {
		status = "trashed"
	}
	version := max(it.Version, 1)
	obj := map[string]any{
		"type": it.Type, "id": it.ID, "etag": it.etag(), "sequence_id": it.etag(), "name": it.Name, "description": "",
		"created_at": stamp(it.CreatedAt), "modified_at": stamp(it.ModifiedAt), "content_created_at": stamp(it.CreatedAt),
		"content_modified_at": stamp(it.ModifiedAt), "trashed_at": stamp(it.TrashedAt), "purged_at": nil,
		"created_by": it.CreatedBy.json(), "modified_by": it.ModifiedBy.json(), "owned_by": it.Owner.json(),
		"parent": folderRef(c.s.parentOf(it)), "item_status": status, "shared_link": it.Link.json(),
		"path_collection": c.s.path(it), "size": it.Size,
	}
	if it.Type != WebLink {
		obj["has_collaborations"], obj["is_externally_owned"] = it.Collaborated, it.Foreign
		obj["classification"] = nil
		if it.Classification != "" {
			obj["classification"] = map[string]any{"name": it.Classification, "color": "#FF0000", "definition": ""}
		}
	} else {
		obj["url"] = it.URL
		delete(obj, "size")
	}
	if it.Type == File {
		obj["sha1"], obj["version_number"] = it.SHA1, str(version)
		obj["file_version"] = map[string]any{"type": "file_version", "id": versionID(it.ID, version), "sha1": it.SHA1}
	}
	return c.shown(obj, mini(it), standard)
}

// etag moves with every change.
func (it *Item) etag() string { return str(max(it.Version, 1) - 1 + it.Touched) }

func (l *Link) json() any {
	if l == nil {
		return nil
	}
	perm := orDefault(l.Permission, "can_download")
	return map[string]any{
		"url": l.URL, "download_url": nil, "vanity_url": nil, "vanity_name": nil, "access": l.Access, "effective_access": l.Access,
		"effective_permission": perm, "unshared_at": stamp(l.Expires), "is_password_enabled": l.Password,
		"permissions":    map[string]any{"can_download": perm != "can_preview", "can_preview": true, "can_edit": perm == "can_edit"},
		"download_count": l.Downloads, "preview_count": 0,
	}
}

func folderRef(it *Item) any {
	if it == nil {
		return map[string]any{"type": Folder, "id": Root, "sequence_id": nil, "etag": nil, "name": "All Files"}
	}
	return map[string]any{"type": Folder, "id": it.ID, "sequence_id": "0", "etag": "0", "name": it.Name}
}

// parentOf is nil for what is at the top.
func (s *Server) parentOf(it *Item) *Item {
	if it.Parent == "" || it.Parent == Root {
		return nil
	}
	if p, ok := s.ent.Item(it.Parent); ok {
		return &p
	}
	return nil
}

func (s *Server) path(it *Item) map[string]any {
	var above []any
	for p, n := s.parentOf(it), 0; p != nil && n < maxDepth; p, n = s.parentOf(p), n+1 {
		above = append(above, folderRef(p))
	}
	above = append(above, folderRef(nil))
	slices.Reverse(above)
	return map[string]any{"total_count": len(above), "entries": above}
}

// may: the owner may see an item, and who was let in.
func (c *call) may(it *Item) bool {
	return it.Owner.ID == c.user || c.s.ent.Sees != nil && c.s.ent.Sees(c.user, it)
}

// find gives the item of the path; 404 also means no access.
func (c *call) find() (Item, bool) {
	id := c.r.PathValue("id")
	if c.s.ent.Item != nil {
		it, ok := c.s.ent.Item(id)
		folder := strings.HasPrefix(c.r.URL.Path, "/2.0/folders/")
		if ok && c.may(&it) && (it.Type == Folder) == folder && it.Type != WebLink {
			return it, true
		}
	}
	c.fail(http.StatusNotFound, "Not Found")
	return Item{}, false
}

func (c *call) item() {
	if c.r.PathValue("id") == Root {
		c.ok(folderRef(nil))
		return
	}
	if it, ok := c.active(); ok {
		c.ok(c.showItem(&it, itemStd))
	}
}

// active gives the item of the path, which is not in the trash, nor in a folder that is.
func (c *call) active() (Item, bool) {
	it, ok := c.find()
	if ok && c.s.inTrash(&it) {
		problemCode(c.w, http.StatusNotFound, "trashed", "Item is trashed")
		return it, false
	}
	return it, ok
}

func (s *Server) inTrash(it *Item) bool {
	for n := 0; it != nil && n < maxDepth; it, n = s.parentOf(it), n+1 {
		if !it.TrashedAt.IsZero() {
			return true
		}
	}
	return false
}

func (c *call) items() {
	id := c.r.PathValue("id")
	if id != Root {
		if _, ok := c.active(); !ok {
			return
		}
	}
	var l List[Item]
	if c.s.ent.Items != nil {
		l = c.s.ent.Items(c.user, id)
	}
	if p, ok := c.paging("items."+id+"."+c.user, true); ok {
		paged(c, p, l, func(it *Item) any { return c.showItem(it, nil) })
	}
}

func (c *call) trash() {
	var l List[Item]
	if c.s.ent.Trash != nil {
		l = c.s.ent.Trash(c.user)
	}
	if p, ok := c.paging("trash."+c.user, true); ok {
		paged(c, p, l, func(it *Item) any { return c.showItem(it, nil) })
	}
}

func (c *call) trashed() {
	it, ok := c.find()
	switch {
	case !ok:
	case it.TrashedAt.IsZero():
		c.fail(http.StatusNotFound, "Not Found")
	default:
		c.ok(c.showTrashed(&it))
	}
}

// showTrashed: in the trash, and when it is restored, a link is not shown.
func (c *call) showTrashed(it *Item) map[string]any {
	obj := c.showItem(it, itemStd)
	if _, ok := obj["shared_link"]; ok {
		obj["shared_link"] = nil
	}
	return obj
}

func (c *call) collaborations() {
	it, ok := c.active()
	if !ok {
		return
	}
	var list []Collaboration
	if c.s.ent.Collaborations != nil {
		list = c.s.ent.Collaborations(it.ID)
	}
	p, ok := c.paging("collaborations."+it.ID, true)
	if !ok {
		return
	}
	l := List[Collaboration]{Len: func() int { return len(list) }, At: func(i int) Collaboration { return list[i] }}
	paged(c, p.always(), l, func(col *Collaboration) any { return c.showCollaboration(&it, col) })
}

func (c *call) showCollaboration(it *Item, col *Collaboration) any {
	obj := map[string]any{
		"type": "collaboration", "id": col.ID, "role": col.Role, "status": orDefault(col.Status, "accepted"),
		"created_at": stamp(col.Created), "modified_at": stamp(col.Created), "acknowledged_at": stamp(col.Created),
		"expires_at": stamp(col.Expires), "created_by": col.By.json(), "invite_email": nil, "is_access_only": false,
		"item": c.shown(map[string]any{"type": it.Type, "id": it.ID, "name": it.Name, "etag": "0", "sequence_id": "0"}, folderMini, nil),
	}
	switch {
	case col.User != nil:
		obj["accessible_by"] = col.User.json()
	case col.Group != nil:
		obj["accessible_by"] = map[string]any{
			"type": "group", "id": col.Group.ID, "name": col.Group.Name, "group_type": orDefault(col.Group.Type, "managed_group"),
		}
	default:
		obj["invite_email"] = col.Email
	}
	return obj
}
