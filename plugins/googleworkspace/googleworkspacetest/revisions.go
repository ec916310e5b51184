package googleworkspacetest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"
)

// revision is one state of a file's content.
type revision struct {
	id          string
	content     []byte
	keepForever bool
	at          time.Time
	by          string
	sum         string // of the tenant's, whose content is made when it is asked for
	size        int64
}

// Revision is one content of a file.
type Revision struct {
	MD5         string
	KeepForever bool
}

// Revisions are the contents of a file, the newest last.
func (s *Server) Revisions(id string) (list []Revision) {
	f, _ := s.File(id)
	for _, r := range s.revisions(&f) {
		list = append(list, Revision{r.md5(), r.keepForever})
	}
	return list
}

func (r *revision) md5() string {
	if r.sum != "" {
		return r.sum
	}
	sum := md5.Sum(r.content)
	return hex.EncodeToString(sum[:])
}

func (r *revision) sha256() string {
	sum := sha256.Sum256(r.content)
	return hex.EncodeToString(sum[:])
}

// revisions of a binary file, oldest first; documents of Google's own have none that can be fetched.
func (s *Server) revisions(f *File) []revision {
	if e, ok := s.fileEdit(f.ID); ok && len(e.revisions) > 0 {
		return e.revisions
	}
	if f.Size < 0 {
		return nil
	}
	return []revision{{id: "r1-" + f.ID, at: f.Modified, by: f.ModifiedBy, sum: f.MD5, size: f.Size}}
}

// content of a revision: that of the tenant is made when it is asked for.
func (c *call) content(r *revision, mime string) (any, *problem) {
	if !c.scopes[scopePrefix+"drive"] && !c.scopes[scopePrefix+"drive.readonly"] {
		return nil, &problem{403, "insufficientPermissions", "Request had insufficient authentication scopes."}
	}
	b := r.content
	if b == nil && c.cfg.Tenant.Content != nil {
		b = c.cfg.Tenant.Content(c.r.PathValue("id"))
	}
	return media{mime, b}, nil
}

func revisionObject(r *revision) object {
	return object{
		"kind": "drive#revision", "id": r.id, "md5Checksum": r.md5(), "modifiedTime": stamp(r.at), "keepForever": r.keepForever,
		"size": strconv.FormatInt(r.size, 10), "lastModifyingUser": object{"kind": "drive#user", "emailAddress": r.by},
	}
}

func (c *call) pathRevision(f *File) ([]revision, int, *problem) {
	list := slices.Clone(c.revisions(f))
	i := slices.IndexFunc(list, func(r revision) bool { return r.id == c.r.PathValue("revision") })
	if i < 0 {
		return nil, 0, &problem{404, "notFound", "Revision not found: " + c.r.PathValue("revision") + "."}
	}
	return list, i, nil
}

func (c *call) getRevision() (any, *problem) {
	f, p := c.changeable(mayWrite)
	if p != nil {
		return nil, p
	}
	list, i, p := c.pathRevision(&f)
	if p != nil {
		return nil, p
	}
	if c.param("alt") == "media" {
		return c.content(&list[i], f.MIME)
	}
	return revisionObject(&list[i]), nil
}

func (c *call) patchRevision() (any, *problem) {
	f, p := c.changeable(mayWrite)
	if p != nil {
		return nil, p
	}
	list, i, p := c.pathRevision(&f)
	if p != nil {
		return nil, p
	}
	var in struct {
		KeepForever *bool `json:"keepForever"`
	}
	if json.NewDecoder(c.r.Body).Decode(&in) != nil || in.KeepForever == nil {
		return nil, invalid("revision")
	}
	list[i].keepForever = *in.KeepForever
	c.edit(f.ID, func(e *fileEdit) { e.revisions = list })
	return revisionObject(&list[i]), nil
}

// write adds a revision.
func (c *call) write(f *File) (any, *problem) {
	b, err := io.ReadAll(c.r.Body)
	if err != nil {
		return nil, &problem{400, "badContent", "Bad content"}
	}
	list := slices.Clone(c.revisions(f))
	list = append(list, revision{id: "r" + strconv.Itoa(len(list)+1) + "-" + f.ID, content: b, size: int64(len(b)), at: c.cfg.Now(), by: c.subject.Email})
	after := c.edit(f.ID, func(e *fileEdit) { e.revisions, e.by = list, c.subject.Email })
	c.note("drive", "access", "edit", told(&after)...)
	return c.file(&after), nil
}
