package googleworkspacetest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// shared is something with permissions: a file, or a shared drive.
type shared struct {
	file  *File // nil: the drive
	drive string
	list  []Permission // of its own
}

// sharing is what the path names, when the subject may share it.
func (c *call) sharing() (*shared, *problem) {
	id := c.r.PathValue("id")
	admin, p := c.asAdmin()
	if p != nil {
		return nil, p
	}
	if d, ok := c.cfg.Tenant.Drives.find(id, isDrive); ok && c.yes("supportsAllDrives") && (admin || c.inDrive(id)) {
		if !admin && c.may(&File{DriveID: d.ID}) < mayOwn {
			return nil, &problem{403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."}
		}
		return &shared{drive: d.ID, list: slices.Clone(c.drivePermissions(id))}, nil
	}
	f, p := c.changeable(mayWrite)
	if p != nil {
		return nil, p
	}
	return &shared{file: &f, drive: f.DriveID, list: slices.Clone(f.Permissions)}, nil
}

// keep writes the permissions down.
func (c *call) keep(s *shared) {
	if s.file != nil {
		c.edit(s.file.ID, func(e *fileEdit) { e.permissions, e.shared = s.list, true })
		return
	}
	c.mu.Lock()
	c.edits.drives[s.drive] = s.list
	c.mu.Unlock()
	c.changed(Space{DriveID: s.drive}, "", true)
}

var accessNames = map[string]string{"": "none", "reader": "can_view", "commenter": "can_comment", "writer": "can_edit"}

// noteShare writes into the log that somebody's role changed; "" is none.
func (c *call) noteShare(s *shared, p *Permission, before, after string) {
	if s.file == nil {
		name := map[bool]string{true: "add_to_shared_drive", false: "shared_drive_membership_change"}[before == ""]
		c.note("drive", "acl_change", name, "shared_drive_id", s.drive, "owner_is_shared_drive", "true", "target", p.Email, "new_value", after)
		return
	}
	values := []string{"old_value", accessNames[before], "new_value", accessNames[after]}
	switch p.Type {
	case "anyone":
		visibility := "people_with_link"
		if after == "" {
			visibility = "private"
		} else if p.Discoverable {
			visibility = "public_on_the_web"
		}
		c.note("drive", "acl_change", "change_document_visibility", told(s.file, append(values, "visibility", visibility)...)...)
	case "domain":
		c.note("drive", "acl_change", "change_document_access_scope", told(s.file, append(values, "target_domain", p.Domain)...)...)
	default:
		c.note("drive", "acl_change", "change_user_access", told(s.file, append(values, "target_user", p.Email)...)...)
	}
}

// wanted is the body of a permission.
type wanted struct {
	Type, Role   string
	Email        string `json:"emailAddress"`
	Domain       string `json:"domain"`
	Discoverable bool   `json:"allowFileDiscovery"`
	Expires      string `json:"expirationTime"`
}

func (w *wanted) read(c *call) *problem {
	if json.NewDecoder(c.r.Body).Decode(w) != nil {
		return &problem{400, "parseError", "Parse Error"}
	}
	return nil
}

// until is when it ends: within a year, and only for people and groups.
func (w *wanted) until(c *call, kind string) (t time.Time, p *problem) {
	if w.Expires == "" {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, w.Expires)
	now := c.cfg.Now()
	if err != nil || kind != "user" && kind != "group" || !t.After(now) || t.After(now.AddDate(1, 0, 0)) {
		return t, invalid("expirationTime")
	}
	return t, nil
}

func (w *wanted) is(p *Permission) bool {
	return p.Type == w.Type && lower(p.Email) == lower(w.Email) && lower(p.Domain) == lower(w.Domain) &&
		(p.Type == "user" || p.Type == "group" || p.Discoverable == w.Discoverable)
}

func newPermissionID(w *wanted) string {
	if w.Type == "anyone" {
		return map[bool]string{true: "anyone", false: "anyoneWithLink"}[w.Discoverable]
	}
	sum := sha256.Sum256([]byte(w.Type + lower(w.Email) + lower(w.Domain)))
	return "n" + hex.EncodeToString(sum[:8])
}

// postPermission shares, or changes the role of one who has access.
func (c *call) postPermission() (any, *problem) {
	s, p := c.sharing()
	if p != nil {
		return nil, p
	}
	var in wanted
	if p := in.read(c); p != nil {
		return nil, p
	}
	people := in.Type == "user" || in.Type == "group"
	until, p := in.until(c, in.Type)
	member := in.Role == "organizer" || in.Role == "fileOrganizer"
	switch {
	case p != nil:
		return nil, p
	case in.Role == "owner":
		return c.giveAway(s, &in)
	case mayOf[in.Role] == cannot, member && s.file != nil, people != (in.Email != ""), (in.Type == "domain") != (in.Domain != ""),
		!people && in.Type != "domain" && in.Type != "anyone", s.file == nil && !people:
		return nil, invalid("permission")
	case !people && c.param("sendNotificationEmail") != "":
		return nil, invalid("sendNotificationEmail")
	}
	now := Permission{ID: newPermissionID(&in), Type: in.Type, Role: in.Role, Email: in.Email, Domain: in.Domain, Discoverable: in.Discoverable, Expires: until}
	if s.file != nil && s.file.OwnerID != "" && lower(in.Email) == lower(s.file.Owner) {
		own := ownerOf(s.file)
		return permissionObject(&own, false, ""), nil
	}
	before := ""
	if i := slices.IndexFunc(s.list, func(p Permission) bool { return in.is(&p) }); i >= 0 {
		before, now.ID = s.list[i].Role, s.list[i].ID
		s.list[i] = now
	} else {
		s.list = append(s.list, now)
	}
	c.keep(s)
	c.noteShare(s, &now, before, now.Role)
	return permissionObject(&now, false, ""), nil
}

// giveAway makes somebody of the organisation the owner; the one before may still write.
func (c *call) giveAway(s *shared, in *wanted) (any, *problem) {
	u, ok := c.cfg.Tenant.Users.find(lower(in.Email), isUser)
	switch {
	case !c.yes("transferOwnership"):
		return nil, &problem{403, "forbidden", "The transferOwnership parameter must be enabled when the permission role is 'owner'."}
	case c.param("sendNotificationEmail") == "false":
		return nil, invalid("sendNotificationEmail must not be disabled for ownership transfers")
	case s.file == nil || s.file.DriveID != "" || in.Type != "user" || !ok || u.Suspended || u.Archived:
		return nil, &problem{400, "invalidSharingRequest", "Bad Request. The new owner must be an active user of the organisation."}
	case s.file.OwnerID != c.subject.ID:
		return nil, &problem{403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."}
	}
	f := s.file
	list := slices.DeleteFunc(s.list, func(p Permission) bool { return p.Type == "user" && lower(p.Email) == lower(u.Email) })
	if f.OwnerID != u.ID {
		list = append(list, Permission{ID: "p" + f.OwnerID, Type: "user", Role: "writer", Email: f.Owner})
	}
	c.note("drive", "acl_change", "change_owner", told(f, "new_owner", u.Email)...)
	after := c.edit(f.ID, func(e *fileEdit) {
		e.owner, e.permissions, e.shared = &u.ID, list, true
		if c.yes("moveToNewOwnersRoot") {
			e.parent = new(c.root(u.ID))
		}
	})
	own := ownerOf(&after)
	return permissionObject(&own, false, ""), nil
}

// pathPermission is the place of the one that the path names, among those that are not inherited.
func (c *call) pathPermission() (*shared, int, *problem) {
	s, p := c.sharing()
	if p != nil {
		return nil, 0, p
	}
	id := c.r.PathValue("permission")
	i := slices.IndexFunc(s.list, func(p Permission) bool { return p.ID == id })
	if i >= 0 {
		return s, i, nil
	}
	if s.file != nil && (ownerOf(s.file).ID == id || slices.ContainsFunc(c.drivePermissions(s.drive), func(p Permission) bool { return p.ID == id })) {
		return nil, 0, &problem{403, "cannotModifyInheritedPermission", "The permission cannot be changed here."}
	}
	return nil, 0, &problem{404, "notFound", "Permission not found: " + id + "."}
}

func (c *call) patchPermission() (any, *problem) {
	s, i, p := c.pathPermission()
	if p != nil {
		return nil, p
	}
	var in wanted
	if p := in.read(c); p != nil {
		return nil, p
	}
	now := s.list[i]
	before := now.Role
	until, p := in.until(c, now.Type)
	switch {
	case p != nil:
		return nil, p
	case in.Role == "owner" || in.Role != "" && mayOf[in.Role] == cannot || in.Email != "" || in.Type != "":
		return nil, invalid("permission")
	}
	if in.Role != "" {
		now.Role = in.Role
	}
	if !until.IsZero() {
		now.Expires = until
	}
	if c.yes("removeExpiration") {
		now.Expires = time.Time{}
	}
	s.list[i] = now
	c.keep(s)
	c.noteShare(s, &now, before, now.Role)
	return permissionObject(&now, false, ""), nil
}

func (c *call) deletePermission() (any, *problem) {
	s, i, p := c.pathPermission()
	if p != nil {
		return nil, p
	}
	gone := s.list[i]
	s.list = slices.Delete(s.list, i, i+1)
	c.keep(s)
	c.noteShare(s, &gone, gone.Role, "")
	return nil, nil
}
