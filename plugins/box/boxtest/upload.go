package boxtest

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// uploaded is a multipart upload: attributes first, then the file.
type uploaded struct {
	Name   string
	Parent struct{ ID string }
	sum    string
	size   int64
}

// upload reads one. It answers what the vendor refuses.
func (c *call) upload() (*uploaded, bool) {
	mr, err := c.r.MultipartReader()
	if err != nil {
		c.fail(http.StatusBadRequest, "Bad Request: multipart")
		return nil, false
	}
	u := &uploaded{}
	attributes := false
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) || err != nil {
			c.fail(http.StatusBadRequest, "Bad Request: no file")
			return nil, false
		}
		if part.FormName() == "attributes" {
			if json.NewDecoder(part).Decode(u) != nil {
				c.fail(http.StatusBadRequest, "Bad Request: attributes")
				return nil, false
			}
			attributes = true
			continue
		}
		if !attributes {
			problemCode(c.w, http.StatusBadRequest, "metadata_after_file_contents", "Metadata must come before the file")
			return nil, false
		}
		return u, c.content(u, part)
	}
}

func (c *call) content(u *uploaded, part *multipart.Part) bool {
	body, err := io.ReadAll(part)
	if err != nil {
		c.fail(http.StatusBadRequest, "Bad Request: file")
		return false
	}
	u.sum, u.size = sumOf(body), int64(len(body))
	if want := c.r.Header.Get("Content-MD5"); want != "" && want != u.sum { // the vendor's name for a SHA-1
		problemCode(c.w, http.StatusBadRequest, "bad_digest", "The specified content-md5 did not match what we received")
		return false
	}
	return true
}

func (c *call) uploadFile() {
	u, ok := c.upload()
	if !ok {
		return
	}
	if u.Name == "" || u.Parent.ID == "" {
		c.fail(http.StatusBadRequest, "Bad Request: name and parent")
		return
	}
	it, ok := c.make(Item{Type: File, Name: u.Name, Parent: u.Parent.ID, SHA1: u.sum, Size: u.size})
	if !ok {
		return
	}
	c.news = append(c.news, news{event: "UPLOAD", trigger: "FILE.UPLOADED", item: it})
	answer(c.w, http.StatusCreated, map[string]any{"total_count": 1, "entries": []any{c.showItem(&it, itemStd)}})
}

// uploadVersion gives a file new content; the former stays as a version.
func (c *call) uploadVersion() {
	it, ok := c.active()
	if !ok || !c.fits(&it) || !c.mayWrite(&it) {
		return
	}
	u, ok := c.upload()
	if !ok {
		return
	}
	c.s.changes.upload(&it, c.s.person(c.user), c.s.second(), u.sum, u.size)
	it, _ = c.s.ent.Item(it.ID)
	c.news = append(c.news, news{event: "EDIT", trigger: "FILE.UPLOADED", item: it})
	c.ok(map[string]any{"total_count": 1, "entries": []any{c.showItem(&it, itemStd)}})
}

// promote makes a copy of a former version the current one.
func (c *call) promote() {
	it, ok := c.active()
	if !ok || !c.mayWrite(&it) {
		return
	}
	var in struct{ ID, Type string }
	if !c.body(&in) {
		return
	}
	for _, v := range c.s.changes.past(it.ID) {
		if v.ID == in.ID && in.Type == "file_version" {
			c.s.changes.upload(&it, c.s.person(c.user), c.s.second(), v.SHA1, v.Size)
			it, _ = c.s.ent.Item(it.ID)
			c.news = append(c.news, news{event: "FILE_VERSION_RESTORE", trigger: "FILE.UPLOADED", item: it})
			now := it.current()
			answer(c.w, http.StatusCreated, now.json(it.Name))
			return
		}
	}
	c.fail(http.StatusNotFound, "Not Found")
}

func (v *Version) json(name string) map[string]any {
	return map[string]any{
		"type": "file_version", "id": v.ID, "sha1": v.SHA1, "name": name, "size": v.Size, "version_number": str(v.Number),
		"created_at": v.At.Format(time.RFC3339), "modified_at": v.At.Format(time.RFC3339), "modified_by": v.By.json(), "trashed_at": nil,
	}
}

// versions are the former ones only: of those before the first call that uploaded, there are none.
func (c *call) versions() {
	it, ok := c.active()
	if !ok {
		return
	}
	p, ok := c.paging("versions."+it.ID, false)
	if !ok {
		return
	}
	past := c.s.changes.past(it.ID)
	paged(c, p, List[Version]{Len: func() int { return len(past) }, At: func(i int) Version { return past[i] }}, func(v *Version) any {
		return v.json(it.Name)
	})
}
