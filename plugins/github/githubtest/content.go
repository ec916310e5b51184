package githubtest

import (
	"archive/tar"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sort"
	"strings"
	"time"
)

const (
	contentMax = 1 << 20   // bytes of a file in JSON
	rawMax     = 100 << 20 // bytes of a file at all
	codeload   = "/_codeload/"
	linkLife   = 5 * time.Minute
)

// bytesOf is a blob's content; nil: there is none.
func (c *call) bytesOf(sha string) []byte {
	if c.org.Content == nil {
		return nil
	}
	return c.org.Content(c.repo.Name, sha)
}

func (c *call) wantsRaw() bool { return strings.Contains(c.r.Header.Get("Accept"), "raw") }

// raw answers with the bytes themselves.
func (c *call) raw(content []byte) {
	c.h.Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
	c.ok(append(c.b, content...))
}

// appendBase64 appends content as the vendor does: a line break after every 60 characters.
func appendBase64(b, content []byte) []byte {
	b = append(b, '"')
	for len(content) > 0 {
		n := min(45, len(content))
		b = append(base64.StdEncoding.AppendEncode(b, content[:n]), `\n`...)
		content = content[n:]
	}
	return append(b, '"')
}

// getBlob answers with base64, or with the bytes where the client asks for raw.
func (c *call) getBlob() {
	sha := c.param("{file_sha}")
	content := c.bytesOf(sha)
	switch {
	case content == nil:
		c.notFound()
	case len(content) > rawMax:
		c.error(http.StatusForbidden, "This API returns blobs up to 100 MB in size. The requested blob is too large.")
	case c.wantsRaw():
		c.raw(content)
	default:
		b := str(append(c.b, '{'), "sha", sha)
		b = str(b, "node_id", "MDQ6QmxvYg==")
		b = num(b, "size", int64(len(content)))
		b = str(b, "url", c.base+"/repos/"+c.org.Login+"/"+c.repo.Name+"/git/blobs/"+sha)
		b = appendBase64(key(b, "content"), content)
		c.ok(append(str(b, "encoding", "base64"), '}'))
	}
}

// getContents knows files at the default branch; a directory answers 404.
func (c *call) getContents() {
	var blobs List[Blob]
	if c.org.Tree != nil {
		blobs = c.org.Tree(c.repo.Name)
	}
	path, ref := c.param("{path}"), orString(c.query("ref"), c.repo.branch())
	n := blobs.len()
	i := sort.Search(n, func(i int) bool { return blobs.At(i).Path >= path })
	if ref != c.repo.branch() && ref != c.repo.Head || i == n || blobs.At(i).Path != path {
		c.notFound()
		return
	}
	v := blobs.At(i)
	content := c.bytesOf(v.SHA)
	if content == nil {
		c.notFound()
		return
	}
	switch {
	case len(content) > rawMax:
		c.error(http.StatusForbidden, "This API returns blobs up to 100 MB in size. The requested blob is too large.")
		return
	case c.wantsRaw():
		c.raw(content)
		return
	}
	v.Size = int64(len(content))
	b := c.fileFields(append(c.b, '{'), &v)
	if len(content) > contentMax { // too big for JSON: everything but the content
		b = str(str(b, "content", ""), "encoding", "none")
	} else {
		b = str(appendBase64(key(b, "content"), content), "encoding", "base64")
	}
	c.ok(append(b, '}'))
}

// fileFields appends what is said of a file beside its content, without brackets.
func (c *call) fileFields(b []byte, v *Blob) []byte {
	repo := c.base + "/repos/" + c.org.Login + "/" + c.repo.Name
	html := "https://github.com/" + c.org.Login + "/" + c.repo.Name + "/blob/" + c.repo.branch() + "/" + v.Path
	self, git := repo+"/contents/"+v.Path+"?ref="+c.repo.branch(), repo+"/git/blobs/"+v.SHA
	b = str(b, "type", "file")
	b = str(b, "name", v.Path[strings.LastIndexByte(v.Path, '/')+1:])
	b = str(b, "path", v.Path)
	b = str(b, "sha", v.SHA)
	b = num(b, "size", v.Size)
	b = str(b, "url", self)
	b = str(b, "html_url", html)
	b = str(b, "git_url", git)
	b = str(b, "download_url", html)
	b = append(key(b, "_links"), '{')
	return append(str(str(str(b, "self", self), "git", git), "html", html), '}')
}

// tarball is an archive that may be loaded for a while by who has the address.
type tarball struct {
	org   *Org
	repo  Repo
	until time.Time
}

// getTarball sends the client to another place, which needs no credential.
func (c *call) getTarball() {
	ref := c.param("{ref}")
	if ref != c.repo.branch() && ref != c.repo.Head && ref != "HEAD" {
		c.notFound()
		return
	}
	c.s.links.Range(func(k, v any) bool {
		if t, ok := v.(tarball); ok && !c.now.Before(t.until) {
			c.s.links.Delete(k)
		}
		return true
	})
	secret := rand.Text()
	c.s.links.Store(secret, tarball{c.org, c.repo, c.now.Add(linkLife)})
	c.h.Set("Location", c.base+codeload+secret)
	c.status = http.StatusFound
}

// serveTarball streams the whole repository.
func (s *Server) serveTarball(w http.ResponseWriter, r *http.Request, secret string) {
	v, _ := s.links.Load(secret)
	t, ok := v.(tarball)
	if !ok || !s.cfg.Now().Before(t.until) || r.Header.Get("Authorization") != "" {
		s.links.Delete(secret)
		http.Error(w, "404: Not Found", http.StatusNotFound) // credentials sent to this host are a leak: refused too
		return
	}
	w.Header().Set("Content-Type", "application/x-gzip")
	gz := gzip.NewWriter(w)
	out := tar.NewWriter(gz)
	top := t.org.Login + "-" + t.repo.Name + "-" + t.repo.Head + "/"
	blobs := List[Blob]{}
	if t.org.Tree != nil {
		blobs = t.org.Tree(t.repo.Name)
	}
	for i, n := 0, blobs.len(); i < n; i++ {
		b := blobs.At(i)
		if b.Mode == "160000" || b.Path == "" || t.org.Content == nil {
			continue
		}
		content := t.org.Content(t.repo.Name, b.SHA)
		header := &tar.Header{Name: top + b.Path, Mode: 0o644, Size: int64(len(content)), ModTime: t.repo.PushedAt, Typeflag: tar.TypeReg}
		if out.WriteHeader(header) != nil {
			return // the client has gone
		}
		if _, err := out.Write(content); err != nil {
			return
		}
	}
	if out.Close() == nil {
		_ = gz.Close() // the client has gone
	}
}
