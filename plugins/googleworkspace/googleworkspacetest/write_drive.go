package googleworkspacetest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// unitsEdit is what a call that changes something costs.
const unitsEdit = 50

const folder = "application/vnd.google-apps.folder"

func (s *Server) driveWrites(add func(string, need, handler)) {
	of := func(units int, scopes ...string) need {
		return need{scopes: scopes, quota: func(c *call) *problem {
			if p := c.take("drive "+c.subject.ID, units, c.limits.DriveUser); p != nil {
				return p
			}
			return c.take("drive", units, c.limits.DriveUnits)
		}}
	}
	edit := of(unitsEdit, "drive")
	const file = "/drive/v3/files/{id}"
	add("PATCH "+file, edit, (*call).patchFile)
	add("PATCH /upload"+file, edit, (*call).upload)
	add("POST "+file+"/permissions", edit, (*call).postPermission)
	add("PATCH "+file+"/permissions/{permission}", edit, (*call).patchPermission)
	add("DELETE "+file+"/permissions/{permission}", edit, (*call).deletePermission)
	add("GET "+file+"/revisions/{revision}", of(unitsRead, "drive.metadata.readonly", "drive.readonly", "drive"), (*call).getRevision)
	add("PATCH "+file+"/revisions/{revision}", edit, (*call).patchRevision)
}

// What somebody may do with a file.
const (
	cannot = iota
	mayRead
	mayWrite  // change its content, share it
	mayManage // trash it, move it within its drive
	mayOwn    // move it out, give it away
)

var mayOf = map[string]int{
	"reader": mayRead, "commenter": mayRead, "writer": mayWrite, "fileOrganizer": mayManage, "organizer": mayOwn, "owner": mayOwn,
}

// may is what the subject may do with a file. The fake does not look into groups.
func (c *call) may(f *File) int {
	most := cannot
	list := f.Permissions
	if f.DriveID != "" {
		list = slices.Concat(list, c.drivePermissions(f.DriveID))
	} else if f.OwnerID == c.subject.ID {
		return mayOwn
	}
	for i := range list {
		p := &list[i]
		if p.Type == "anyone" || p.Type == "domain" && p.Domain == c.cfg.Tenant.Domain || p.Type == "user" && lower(p.Email) == lower(c.subject.Email) {
			most = max(most, mayOf[p.Role])
		}
	}
	return most
}

// changeable is the file of the path, when the subject may do so much with it.
func (c *call) changeable(least int) (File, *problem) {
	f, p := c.seenFile()
	if p == nil && c.may(&f) < least {
		p = &problem{403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."}
	}
	return f, p
}

// edit changes a file: its feed and its version show it.
func (c *call) edit(id string, change func(*fileEdit)) File {
	before, _ := c.cfg.Tenant.File(id)
	c.mu.Lock()
	e := c.edits.files[id]
	e.writes++
	change(&e)
	c.edits.files[id] = e
	c.mu.Unlock()
	after, _ := c.cfg.Tenant.File(id)
	if before.space() != after.space() {
		c.changed(before.space(), id, false)
	}
	c.changed(after.space(), id, false)
	return after
}

// told are the parameters of what happens to a file.
func told(f *File, more ...string) []string {
	list := []string{"doc_id", f.ID, "doc_title", f.Name}
	if f.DriveID != "" {
		return append(append(list, "owner_is_shared_drive", "true", "shared_drive_id", f.DriveID), more...)
	}
	return append(append(list, "owner", f.Owner, "owner_is_shared_drive", "false"), more...)
}

func (c *call) patchFile() (any, *problem) {
	f, p := c.changeable(mayWrite)
	if p != nil {
		return nil, p
	}
	var in struct {
		Trashed *bool `json:"trashed"`
	}
	if json.NewDecoder(c.r.Body).Decode(&in) != nil {
		return nil, &problem{400, "parseError", "Parse Error"}
	}
	if c.param("addParents") != "" || c.param("removeParents") != "" {
		if p := c.move(&f); p != nil {
			return nil, p
		}
	}
	if in.Trashed != nil && *in.Trashed == f.Trashed.IsZero() {
		if c.may(&f) < mayManage {
			return nil, &problem{403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."}
		}
		at := time.Time{}
		if *in.Trashed {
			at = c.cfg.Now()
		}
		c.note("drive", "access", map[bool]string{true: "trash", false: "untrash"}[*in.Trashed], told(&f)...)
		f = c.edit(f.ID, func(e *fileEdit) { e.trashed = &at })
	}
	if f, p = c.seenFile(); p != nil { // the subject moved it out of its own sight
		return object{"kind": "drive#file", "id": c.r.PathValue("id")}, nil
	}
	return c.file(&f), nil
}

// move takes a file to another folder. What is in a shared drive has exactly one parent.
func (c *call) move(f *File) *problem {
	to, from := c.param("addParents"), c.param("removeParents")
	sp, ok := c.placeOf(to)
	manages := f.DriveID == "" || c.may(f) >= mayManage
	leaves := f.DriveID != sp.DriveID
	switch {
	case !ok:
		return &problem{404, "notFound", "File not found: " + to + "."}
	case to == f.Parent && from == "":
		return nil
	case from == "" || from != f.Parent:
		return &problem{403, "teamDrivesParentLimit", "A shared drive item must have exactly one parent."}
	case !manages, leaves && c.may(f) < mayOwn, sp.DriveID != "" && !c.contributes(sp.DriveID), !c.yes("supportsAllDrives"):
		return &problem{403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."}
	case leaves && f.MIME == folder && f.DriveID == "":
		return &problem{403, "teamDrivesFolderMoveInNotSupported", "Moving folders into shared drives is not supported."}
	}
	if to == "root" {
		to = c.root(c.subject.ID)
	}
	c.note("drive", "access", "move", told(f, "destination_folder_id", to)...)
	owner := f.OwnerID
	switch {
	case sp.DriveID != "":
		owner = ""
	case f.DriveID != "":
		owner = c.subject.ID
	}
	*f = c.edit(f.ID, func(e *fileEdit) { e.parent, e.drive, e.owner = &to, sp.DriveID, &owner })
	return nil
}

// root is the id of a person's My Drive.
func (s *Server) root(userID string) string {
	if s.base.Root == nil {
		return "root-" + userID
	}
	return s.base.Root(userID)
}

// contributes says whether the subject may put something into a shared drive.
func (c *call) contributes(drive string) bool {
	return c.may(&File{DriveID: drive}) >= mayWrite
}

// placeOf is where a folder is: a shared drive, the subject's My Drive, or a folder in one of them.
func (c *call) placeOf(id string) (Space, bool) {
	if id == "root" || id == c.root(c.subject.ID) {
		return Space{UserID: c.subject.ID}, true
	}
	if d, ok := c.cfg.Tenant.Drives.find(id, isDrive); ok {
		return Space{DriveID: d.ID}, c.inDrive(d.ID)
	}
	f, ok := c.findFile(id)
	return f.space(), ok && f.MIME == folder && c.sees(&f)
}

// upload writes new content.
func (c *call) upload() (any, *problem) {
	f, p := c.changeable(mayWrite)
	switch {
	case p != nil:
		return nil, p
	case c.param("uploadType") != "media":
		return nil, invalid("uploadType: the fake only knows media")
	case strings.HasPrefix(f.MIME, "application/vnd.google-apps."):
		return nil, &problem{403, "fileNotDownloadable", "The content of Docs Editors files cannot be replaced by this kind of upload."}
	case f.Locked != "":
		return nil, &problem{403, "fileLocked", "The file has a content restriction."}
	}
	return c.write(&f)
}
