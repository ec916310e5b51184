package googleworkspacetest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The units that calls of Drive cost.
const (
	unitsList = 100
	unitsRead = 5
)

func (s *Server) driveRoutes(add func(string, need, handler)) {
	of := func(units int, scopes ...string) need {
		return need{scopes: scopes, quota: func(c *call) *problem {
			if p := c.take("drive "+c.subject.ID, units, c.limits.DriveUser); p != nil {
				return p
			}
			return c.take("drive", units, c.limits.DriveUnits)
		}}
	}
	meta := []string{"drive.metadata.readonly", "drive.metadata", "drive.readonly", "drive"}
	full := []string{"drive.readonly", "drive"}
	const v3 = "GET /drive/v3/"
	add(v3+"drives", of(unitsList, full...), (*call).getDrives)
	add(v3+"drives/{id}", of(unitsRead, full...), (*call).getDrive)
	add(v3+"files", of(unitsList, meta...), (*call).getFiles)
	add(v3+"files/{id}", of(unitsRead, meta...), (*call).getFile)
	add(v3+"files/{id}/permissions", of(unitsList, meta...), (*call).getPermissions)
	add(v3+"changes", of(unitsList, meta...), (*call).getChanges)
	add(v3+"changes/startPageToken", of(unitsRead, meta...), (*call).getStartPageToken)
	add("POST /drive/v3/changes/watch", of(unitsRead, meta...), (*call).watchChanges)
	add("POST /drive/v3/channels/stop", of(unitsRead, meta...), (*call).stopChannel)
}

func (c *call) param(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) yes(name string) bool { return c.param(name) == "true" }

// asAdmin says whether the call uses an administrator's rights; a problem when the subject has none.
func (c *call) asAdmin() (bool, *problem) {
	if !c.yes("useDomainAdminAccess") {
		return false, nil
	}
	if !c.subject.Admin && !c.subject.DelegatedAdmin {
		return false, &problem{403, "forbidden", "The requesting user is not an administrator"}
	}
	return true, nil
}

func (c *call) drivePermissions(id string) []Permission {
	if c.cfg.Tenant.DrivePermissions == nil {
		return nil
	}
	return c.cfg.Tenant.DrivePermissions(id)
}

// inDrive says whether the subject is a member of a shared drive, by name: the fake does not look into groups.
func (c *call) inDrive(id string) bool {
	return slices.ContainsFunc(c.drivePermissions(id), func(p Permission) bool {
		return p.Type == "user" && lower(p.Email) == lower(c.subject.Email)
	})
}

func (c *call) getDrives() (any, *problem) {
	admin, p := c.asAdmin()
	if p != nil {
		return nil, p
	}
	n, p := c.size("pageSize", 10, 100, true)
	if p != nil {
		return nil, p
	}
	list := c.cfg.Tenant.Drives
	return c.list("drives", list.len(), n, func(i int) any {
		d := list.At(i)
		if d.ID == "" || !admin && !c.inDrive(d.ID) {
			return nil
		}
		return driveObject(&d)
	})
}

func driveObject(d *Drive) object {
	return object{"kind": "drive#drive", "id": d.ID, "name": d.Name, "createdTime": stamp(d.Created), "hidden": d.Hidden}
}

func (c *call) getDrive() (any, *problem) {
	admin, p := c.asAdmin()
	if p != nil {
		return nil, p
	}
	d, ok := c.cfg.Tenant.Drives.find(c.r.PathValue("id"), isDrive)
	if !ok || !admin && !c.inDrive(d.ID) {
		return nil, notFound("Shared drive not found")
	}
	return driveObject(&d), nil
}

// space is the one that a request is about.
func (c *call) space() (Space, *problem) {
	id := c.param("driveId")
	if id == "" {
		return Space{UserID: c.subject.ID}, nil
	}
	if !c.yes("supportsAllDrives") {
		return Space{}, invalid("supportsAllDrives must be true for a shared drive")
	}
	if _, ok := c.cfg.Tenant.Drives.find(id, isDrive); !ok || !c.inDrive(id) {
		return Space{}, notFound("Shared drive not found: " + id)
	}
	return Space{DriveID: id}, nil
}

func (c *call) files(s Space) List[File] {
	if c.cfg.Tenant.Files == nil {
		return List[File]{}
	}
	return c.cfg.Tenant.Files(s)
}

func (c *call) getFiles() (any, *problem) {
	s, p := c.space()
	if p != nil {
		return nil, p
	}
	q := c.param("q")
	switch {
	case s.DriveID != "" && (c.param("corpora") != "drive" || !c.yes("includeItemsFromAllDrives")):
		return nil, invalid("driveId needs corpora=drive and includeItemsFromAllDrives")
	case s.DriveID == "" && c.param("corpora") != "" && c.param("corpora") != "user":
		return nil, invalid("corpora")
	case q != "" && q != "'me' in owners" && q != "trashed = false" && q != "'me' in owners and trashed = false":
		return nil, invalid("q: the fake does not know " + q)
	}
	n, p := c.size("pageSize", 100, 1000, false)
	if p != nil {
		return nil, p
	}
	if strings.Contains(c.param("fields"), "permissions(") && c.limits.FilesPerPage > 0 {
		n = min(n, c.limits.FilesPerPage)
	}
	list, live := c.files(s), strings.Contains(q, "trashed = false")
	answer, p := c.list("files", list.len(), n, func(i int) any {
		f := list.At(i)
		if f.ID == "" || live && !f.Trashed.IsZero() {
			return nil
		}
		return c.file(&f)
	})
	if o, ok := answer.(object); ok {
		o["kind"], o["incompleteSearch"] = "drive#fileList", false
		if o["files"] == nil { // Drive, unlike the others, says that there is none
			o["files"] = []any{}
		}
	}
	return answer, p
}

// sees says whether the subject can reach a file.
func (c *call) sees(f *File) bool {
	if f.DriveID != "" {
		return c.inDrive(f.DriveID)
	}
	return f.OwnerID == c.subject.ID || slices.ContainsFunc(f.Permissions, func(p Permission) bool {
		return p.Type == "user" && lower(p.Email) == lower(c.subject.Email) || p.Type == "anyone" || p.Type == "domain" && p.Domain == c.cfg.Tenant.Domain
	})
}

func (c *call) findFile(id string) (File, bool) {
	if c.cfg.Tenant.File == nil {
		return File{}, false
	}
	f, ok := c.cfg.Tenant.File(id)
	all := c.yes("supportsAllDrives") || c.r.PathValue("revision") != "" // calls of revisions do not take it
	return f, ok && (f.DriveID == "" || all)
}

func (c *call) getFile() (any, *problem) {
	f, p := c.seenFile()
	if p != nil {
		return nil, p
	}
	if c.param("alt") == "media" {
		list := c.revisions(&f)
		if len(list) == 0 {
			return nil, &problem{403, "fileNotDownloadable", "Only files with binary content can be downloaded. Use Export with Docs Editors files."}
		}
		return c.content(&list[len(list)-1], f.MIME)
	}
	return c.file(&f), nil
}

// seenFile is the one that the path names.
func (c *call) seenFile() (File, *problem) {
	f, ok := c.findFile(c.r.PathValue("id"))
	if !ok || !c.sees(&f) {
		return f, &problem{404, "notFound", "File not found: " + c.r.PathValue("id") + "."}
	}
	return f, nil
}

func (c *call) getPermissions() (any, *problem) {
	id := c.r.PathValue("id")
	admin, p := c.asAdmin()
	if p != nil {
		return nil, p
	}
	n, p := c.size("pageSize", 100, 100, true)
	if p != nil {
		return nil, p
	}
	list := []Permission(nil)
	if d, ok := c.cfg.Tenant.Drives.find(id, isDrive); ok && c.yes("supportsAllDrives") && (admin || c.inDrive(d.ID)) {
		list = c.drivePermissions(id)
	} else if f, ok := c.findFile(id); ok && c.sees(&f) {
		list = slices.Clone(f.Permissions)
		if f.DriveID == "" {
			list = append([]Permission{ownerOf(&f)}, list...)
		} else {
			for _, p := range c.drivePermissions(f.DriveID) {
				p.Inherited = true
				list = append(list, p)
			}
		}
	} else {
		return nil, &problem{404, "notFound", "File not found: " + id + "."}
	}
	answer, p := c.list("permissions", len(list), n, func(i int) any { return permissionObject(&list[i], true, "") })
	return answer, p
}

func ownerOf(f *File) Permission {
	return Permission{ID: "p" + f.OwnerID, Type: "user", Role: "owner", Email: f.Owner}
}

func permissionObject(p *Permission, details bool, drive string) object {
	o := object{"kind": "drive#permission", "id": p.ID, "type": p.Type, "role": p.Role}
	o.set("emailAddress", p.Email, p.Email != "")
	o.set("domain", p.Domain, p.Domain != "")
	o.set("allowFileDiscovery", p.Discoverable, p.Type == "anyone" || p.Type == "domain")
	o.set("expirationTime", stamp(p.Expires), !p.Expires.IsZero())
	o.set("deleted", p.Deleted, p.Type == "user" || p.Type == "group")
	if details {
		o["permissionDetails"] = []any{object{"permissionType": "file", "role": p.Role, "inherited": p.Inherited}.set("inheritedFrom", drive, drive != "")}
	}
	return o
}

func (c *call) file(f *File) object {
	o := object{
		"kind": "drive#file", "id": f.ID, "name": f.Name, "mimeType": f.MIME, "createdTime": stamp(f.Created), "modifiedTime": stamp(f.Modified),
		"version": strconv.FormatInt(f.Version, 10), "trashed": !f.Trashed.IsZero(), "webViewLink": "https://drive.google.com/file/d/" + f.ID + "/view",
		"lastModifyingUser": object{"kind": "drive#user", "emailAddress": f.ModifiedBy, "permissionId": "p" + f.ModifiedBy},
	}
	o.set("size", strconv.FormatInt(f.Size, 10), f.Size >= 0)
	o.set("md5Checksum", f.MD5, f.MD5 != "")
	o.set("sha256Checksum", f.SHA256, f.SHA256 != "")
	o.set("trashedTime", stamp(f.Trashed), !f.Trashed.IsZero())
	o.set("parents", []any{f.Parent}, f.Parent != "" && (f.DriveID != "" || f.OwnerID == c.subject.ID)) // others may not see the folder
	o.set("shortcutDetails", object{"targetId": f.ShortcutTo}, f.ShortcutTo != "")
	if list := c.revisions(f); len(list) > 0 {
		o["headRevisionId"] = list[len(list)-1].id
	}
	o.set("contentRestrictions", []any{object{"readOnly": true, "reason": f.Locked}}, f.Locked != "")
	if f.DriveID != "" {
		o["driveId"], o["hasAugmentedPermissions"] = f.DriveID, len(f.Permissions) > 0
		var ids []any
		for _, p := range slices.Concat(f.Permissions, c.drivePermissions(f.DriveID)) {
			ids = append(ids, p.ID)
		}
		o["permissionIds"] = ids
		return o
	}
	o["owners"] = []any{object{"kind": "drive#user", "emailAddress": f.Owner, "permissionId": "p" + f.OwnerID}}
	o["ownedByMe"], o["shared"] = f.OwnerID == c.subject.ID, len(f.Permissions) > 0
	if f.OwnerID != c.subject.ID { // who may not share does not see with whom it is shared
		return o
	}
	owner := ownerOf(f)
	list, ids := []any{permissionObject(&owner, false, "")}, []any{owner.ID}
	for i := range f.Permissions {
		list, ids = append(list, permissionObject(&f.Permissions[i], false, "")), append(ids, f.Permissions[i].ID)
	}
	o["permissions"], o["permissionIds"] = list, ids
	return o
}

func (c *call) changes(s Space, after int64) ([]Change, int64) {
	if c.cfg.Tenant.Changes == nil {
		return nil, 0
	}
	return c.cfg.Tenant.Changes(s, after)
}

func (c *call) getStartPageToken() (any, *problem) {
	s, p := c.space()
	if p != nil {
		return nil, p
	}
	_, last := c.changes(s, 1<<62)
	return object{"kind": "drive#startPageToken", "startPageToken": strconv.FormatInt(last+1, 10)}, nil
}

func (c *call) getChanges() (any, *problem) {
	s, p := c.space()
	if p != nil {
		return nil, p
	}
	from, err := strconv.ParseInt(c.param("pageToken"), 10, 64)
	if err != nil || from < 1 {
		return nil, invalid("pageToken")
	}
	n, p := c.size("pageSize", 100, 1000, false)
	if p != nil {
		return nil, p
	}
	list, last := c.changes(s, from-1)
	out := object{"kind": "drive#changeList"}
	if len(list) > n {
		list = list[:n]
		out["nextPageToken"] = strconv.FormatInt(list[n-1].Number+1, 10)
	} else {
		out["newStartPageToken"] = strconv.FormatInt(last+1, 10)
	}
	items := []any{}
	for i := range list {
		items = append(items, c.change(s, &list[i]))
	}
	out["changes"] = items
	return out, nil
}

func (c *call) change(s Space, ch *Change) object {
	o := object{"kind": "drive#change", "changeType": "file", "time": ch.Time.UTC().Format(time.RFC3339Nano), "removed": ch.Removed}
	if ch.DriveChanged {
		o["changeType"], o["driveId"] = "drive", s.DriveID
		return o
	}
	o["fileId"] = ch.FileID
	if f, ok := c.findFile(ch.FileID); ok && !ch.Removed && c.sees(&f) {
		o["file"] = c.file(&f)
	} else {
		o["removed"] = true
	}
	return o
}
