package githubtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

// A directory has no row in the data: it is a run of blobs with a common prefix. Its sha names where the run begins and
// how deep it is, with a hash over repository, commit and path; so a sub-tree is found without an index.

// dirSHA is the sha of the directory that begins at blob i and whose path is prefix (ending in a slash, or empty).
func (c *call) dirSHA(i int, prefix string) string {
	var out [20]byte
	binary.BigEndian.PutUint32(out[:], uint32(i))
	binary.BigEndian.PutUint16(out[4:], uint16(strings.Count(prefix, "/")))
	sum := sha256.Sum256([]byte(strconv.FormatInt(c.repo.ID, 10) + " " + c.repo.Head + " " + prefix))
	copy(out[6:], sum[:14])
	return hex.EncodeToString(out[:])
}

// dirOf is the directory with a sha.
func (c *call) dirOf(blobs List[Blob], sha string) (from int, prefix string, ok bool) {
	b, err := hex.DecodeString(sha)
	if err != nil || len(b) != 20 {
		return 0, "", false
	}
	from = int(binary.BigEndian.Uint32(b))
	if from >= blobs.len() {
		return 0, "", false
	}
	path := blobs.At(from).Path
	end := 0
	for range binary.BigEndian.Uint16(b[4:]) {
		next := strings.IndexByte(path[end:], '/')
		if next < 0 {
			return 0, "", false
		}
		end += next + 1
	}
	prefix = path[:end]
	return from, prefix, c.dirSHA(from, prefix) == sha
}

func (c *call) getTree() {
	var blobs List[Blob]
	if c.org.Tree != nil {
		blobs = c.org.Tree(c.repo.Name)
	}
	if blobs.len() == 0 {
		c.error(http.StatusConflict, "Git Repository is empty.")
		return
	}
	ref := c.param("{tree_sha}")
	from, prefix, ok := 0, "", true
	if ref != c.repo.branch() && ref != "HEAD" && ref != c.repo.Head && ref != "heads/"+c.repo.branch() {
		from, prefix, ok = c.dirOf(blobs, ref)
	}
	if !ok {
		c.notFound()
		return
	}
	t := treeWriter{c: c, blobs: blobs, repo: c.base + "/repos/" + c.org.Login + "/" + c.repo.Name + "/git/"}
	sha := c.dirSHA(from, prefix)
	c.b = str(append(c.b, '{'), "sha", sha)
	c.b = str(c.b, "url", t.repo+"trees/"+sha)
	c.b = append(key(c.b, "tree"), '[')
	if c.query("recursive") != "" { // any value, even 0 or false, means recursive
		t.recursive(from, prefix)
	} else {
		t.flat(from, prefix)
	}
	c.b = append(c.b, ']')
	c.ok(append(flag(c.b, "truncated", t.truncated), '}'))
}

type treeWriter struct {
	c         *call
	blobs     List[Blob]
	repo      string
	bytes     int // as git stores them
	truncated bool
}

// full says that the answer takes no more; the size is counted as git stores an entry, not as JSON.
func (t *treeWriter) full(path string) bool {
	t.bytes += len(path) + 28
	t.truncated = t.c.entries >= treeEntriesMax || t.bytes > treeBytesMax
	return t.truncated
}

// recursive appends everything below a directory: each directory before what is in it.
func (t *treeWriter) recursive(from int, prefix string) {
	open := prefix // the directory of the last entry
	for i, n := from, t.blobs.len(); i < n; i++ {
		b := t.blobs.At(i)
		if !strings.HasPrefix(b.Path, prefix) {
			return
		}
		for common(open, b.Path) != len(open) {
			open = open[:strings.LastIndexByte(open[:len(open)-1], '/')+1]
		}
		for {
			slash := strings.IndexByte(b.Path[len(open):], '/')
			if slash < 0 {
				break
			}
			open = b.Path[:len(open)+slash+1]
			if t.full(open) {
				return
			}
			t.dir(open[len(prefix):len(open)-1], t.c.dirSHA(i, open))
		}
		if t.full(b.Path) {
			return
		}
		t.blob(b.Path[len(prefix):], &b)
	}
}

// common is the length of open where path is below it, else less.
func common(open, path string) int {
	if strings.HasPrefix(path, open) {
		return len(open)
	}
	return -1
}

// flat appends what is directly in a directory; it skips over sub-directories by search.
func (t *treeWriter) flat(from int, prefix string) {
	n := t.blobs.len()
	for i := from; i < n; {
		b := t.blobs.At(i)
		if !strings.HasPrefix(b.Path, prefix) {
			return
		}
		name, _, below := strings.Cut(b.Path[len(prefix):], "/")
		if t.full(name) {
			return
		}
		if !below {
			t.blob(name, &b)
			i++
			continue
		}
		dir := prefix + name + "/"
		t.dir(name, t.c.dirSHA(i, dir))
		i += sort.Search(n-i, func(k int) bool { return !strings.HasPrefix(t.blobs.At(i+k).Path, dir) })
	}
}

func (t *treeWriter) dir(path, sha string) {
	b := str(append(comma(t.c.b), '{'), "path", path)
	b = append(b, `,"mode":"040000","type":"tree","sha":"`...)
	b = append(append(b, sha...), `","url":"`...)
	b = append(append(b, t.repo...), "trees/"...)
	t.c.b = append(append(b, sha...), '"', '}')
	t.c.entries++
}

func (t *treeWriter) blob(path string, v *Blob) {
	b := str(append(comma(t.c.b), '{'), "path", path)
	b = str(b, "mode", orString(v.Mode, "100644"))
	if v.Mode == "160000" {
		b = append(b, `,"type":"commit"`...)
		t.c.b = append(str(b, "sha", v.SHA), '}')
	} else {
		b = append(b, `,"type":"blob"`...)
		b = str(b, "sha", v.SHA)
		b = num(b, "size", v.Size)
		b = append(b, `,"url":"`...)
		b = append(append(b, t.repo...), "blobs/"...)
		t.c.b = append(appendInner(b, v.SHA), '"', '}')
	}
	t.c.entries++
}
