package githubtest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// blobSHA is the name that Git gives a file's content.
func blobSHA(content []byte) string {
	h := sha1.New()
	_, _ = h.Write([]byte("blob " + strconv.Itoa(len(content)) + "\x00")) // a hash takes every write
	_, _ = h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// contentInput is the body of the calls that write a file.
type contentInput struct {
	Message string
	Content string
	SHA     string
	Branch  string
}

// written reads the body of a write to the default branch, and what is there now.
func (c *call) written(in *contentInput) (now Blob, ok bool) {
	if c.r.Method == http.MethodDelete {
		in.Message, in.SHA, in.Branch = c.query("message"), c.query("sha"), c.query("branch")
	}
	if !c.body(in) {
		return now, false
	}
	switch {
	case c.repo.Archived:
		c.error(http.StatusForbidden, "Repository was archived so is read-only.")
		return now, false
	case in.Message == "":
		c.invalid("", `Invalid request. "message" wasn't supplied.`)
		return now, false
	case in.Branch != "" && in.Branch != c.repo.branch():
		c.error(http.StatusNotFound, "Branch "+in.Branch+" not found")
		return now, false
	case strings.HasPrefix(c.param("{path}"), ".github/workflows/") && c.who.kind != classic && !c.who.has("workflows=write"):
		c.error(http.StatusForbidden, "Resource not accessible by integration")
		return now, false
	}
	path := c.param("{path}")
	blobs := c.org.Tree(c.repo.Name)
	for i, n := 0, blobs.len(); i < n; i++ {
		if b := blobs.At(i); b.Path == path {
			return b, true
		}
	}
	return now, true
}

// putContents makes a file, or replaces the one whose sha is given.
func (c *call) putContents() {
	var in contentInput
	now, ok := c.written(&in)
	if !ok {
		return
	}
	content, err := base64.StdEncoding.DecodeString(in.Content)
	switch {
	case err != nil:
		c.invalid("content", "content is not valid Base64")
		return
	case now.Path != "" && in.SHA == "":
		c.invalid("", `Invalid request. "sha" wasn't supplied.`)
		return
	case in.SHA != now.SHA:
		c.error(http.StatusConflict, c.param("{path}")+" does not match "+in.SHA)
		return
	}
	b := Blob{Path: c.param("{path}"), SHA: blobSHA(content), Mode: now.Mode, Size: int64(len(content))}
	made := c.org.at()
	made.mu.Lock()
	made.content[lower(c.repo.Name)+" "+b.SHA] = content
	made.mu.Unlock()
	files := made.files.of(lower(c.repo.Name))
	c.status = http.StatusCreated
	word := "added"
	if now.Path != "" {
		c.status, word = http.StatusOK, "modified"
		files.set(b.Path, func(Blob) Blob { return b })
	} else {
		files.add(b)
	}
	commit := c.commit(word, b.Path)
	c.b = c.fileCommit(c.b, &b, commit, in.Message)
}

// deleteContents takes out the file whose sha is given.
func (c *call) deleteContents() {
	var in contentInput
	now, ok := c.written(&in)
	switch {
	case !ok:
		return
	case now.Path == "":
		c.notFound()
		return
	case in.SHA == "":
		c.invalid("", `Invalid request. "sha" wasn't supplied.`)
		return
	case in.SHA != now.SHA:
		c.error(http.StatusConflict, now.Path+" does not match "+in.SHA)
		return
	}
	c.org.at().files.of(lower(c.repo.Name)).drop(now.Path)
	commit := c.commit("removed", now.Path)
	c.status = http.StatusOK
	c.b = c.fileCommit(c.b, nil, commit, in.Message)
}

// commit moves the default branch on, and tells of the push.
func (c *call) commit(word, path string) string {
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails
	before, after, at := c.repo.Head, hex.EncodeToString(id[:]), c.now
	c.change(func(r *Repo) { r.Head, r.PushedAt = after, at })
	who := c.sender()
	c.tell("push", "", func(b []byte) []byte {
		b = str(b, "ref", "refs/heads/"+c.repo.branch())
		b = str(str(b, "before", before), "after", after)
		b = append(b, `,"created":false,"deleted":false,"forced":false,"base_ref":null`...)
		b = str(b, "compare", "https://github.com/"+c.org.Login+"/"+c.repo.Name+"/compare/"+before+"..."+after)
		b = append(key(b, "commits"), '[')
		b = c.pushed(b, word, path, after)
		b = c.pushed(key(append(b, ']'), "head_commit"), word, path, after)
		b = append(str(append(key(b, "pusher"), '{'), "name", who.Login), '}')
		return c.repository(b, &c.repo)
	})
	return after
}

// pushed appends a commit as a push tells of it.
func (c *call) pushed(b []byte, word, path, id string) []byte {
	b = str(append(b, '{'), "id", id)
	b = append(str(b, "tree_id", id), `,"distinct":true,"message":"by the API"`...)
	b = str(b, "timestamp", c.now.UTC().Format("2006-01-02T15:04:05Z"))
	b = str(b, "url", "https://github.com/"+c.org.Login+"/"+c.repo.Name+"/commit/"+id)
	who := c.sender()
	for _, by := range [...]string{"author", "committer"} {
		b = append(str(str(append(key(b, by), '{'), "name", who.Login), "email", who.Login+"@users.noreply.github.com"), '}')
	}
	for _, list := range [...]string{"added", "removed", "modified"} {
		var paths []string
		if list == word {
			paths = []string{path}
		}
		b = strs(b, list, paths)
	}
	return append(b, '}')
}

// fileCommit appends the answer to a write; b is nil where the file is gone.
func (c *call) fileCommit(out []byte, b *Blob, commit, message string) []byte {
	repo := c.base + "/repos/" + c.org.Login + "/" + c.repo.Name
	if b == nil {
		out = null(append(out, '{'), "content")
	} else {
		out = append(c.fileFields(append(key(append(out, '{'), "content"), '{'), b), '}')
	}
	who := c.sender()
	out = str(append(key(out, "commit"), '{'), "sha", commit)
	out = nodeID(out, "Commit", 1)
	out = str(out, "url", repo+"/git/commits/"+commit)
	out = str(out, "html_url", "https://github.com/"+c.org.Login+"/"+c.repo.Name+"/commit/"+commit)
	for _, by := range [...]string{"author", "committer"} {
		out = stamp(append(key(out, by), '{'), "date", c.now)
		out = append(str(str(out, "name", who.Login), "email", who.Login+"@users.noreply.github.com"), '}')
	}
	out = append(str(str(append(key(out, "tree"), '{'), "sha", commit), "url", repo+"/git/trees/"+commit), '}')
	out = str(out, "message", message)
	out = append(out, `,"parents":[],"verification":{"verified":true,"reason":"valid","signature":null,"payload":null,"verified_at":null}}`...)
	return append(out, '}')
}
