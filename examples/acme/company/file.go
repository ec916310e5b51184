package company

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// filesPerDir is how many files a directory below src/ has.
const filesPerDir = 12

// fixed are the files above src/, in order. Some projects have more: see the incidents.
func (c *Company) fixed(p *Project) []string {
	head := []string{".github/workflows/ci.yml", ".gitignore", "LICENSE", "README.md"}
	head = append(head, c.planted(p.Index)...)
	return append(head, "docs/guide.md")
}

// FileCount is how many files a project had before any change.
func (c *Company) FileCount(p *Project) int { return len(c.fixed(p)) + p.files }

// FilePath gives the path of the f-th file; paths ascend with f. Files from FileCount on are those added later.
func (c *Company) FilePath(p *Project, f int) string {
	fixed := c.fixed(p)
	if f < len(fixed) {
		return fixed[f]
	}
	f -= len(fixed)
	if f >= p.files {
		n := strconv.Itoa(f - p.files)
		return "updates/" + strings.Repeat("0", max(0, 7-len(n))) + n + ".md"
	}
	dir, n := f/filesPerDir, f%filesPerDir
	b := append(make([]byte, 0, 64), "src/"...)
	for scale := dirScale(p.files); scale > 0; scale /= len(words) {
		b = append(append(b, words[dir/scale%len(words)]...), '/')
	}
	h := c.hash(ofFile, p.Index, dir)
	b = append(b, words[n*5+below(h, 5)]...)
	ext := [...]string{".go", ".ts", ".py", ".json", ".md", ".yaml", ".sql", ".txt"}
	return string(append(b, ext[h>>8>>(3*n)%8]...))
}

// dirScale is the weight of the first of the words that name a directory of so many files.
func dirScale(files int) int {
	scale := 1
	for files > scale*len(words)*filesPerDir {
		scale *= len(words)
	}
	return scale
}

// The sizes of made files, in bytes.
const (
	minFileBytes = 200
	maxFileBytes = 6_000
	hugeBytes    = 1_500_000 // one file in hugeOneIn
	hugeOneIn    = 20_000
)

// FileContent gives the bytes of a file after a number of changes.
func (c *Company) FileContent(p *Project, f, revision int) []byte {
	path := c.FilePath(p, f)
	if b := c.secretContent(p, path); b != nil {
		return b
	}
	switch path {
	case "LICENSE":
		return []byte("Copyright Acme. All rights reserved.\nFor use inside the company only.\n")
	case ".gitignore":
		return []byte("bin/\nnode_modules/\n*.log\n.env\n")
	}
	h := c.hash(ofContent, p.Index, f, revision)
	size := minFileBytes + below(h, below(h>>32, maxFileBytes)+1)
	if h>>12%hugeOneIn == 0 {
		size = hugeBytes
	}
	b := make([]byte, 0, size+256)
	b = append(append(append(b, "# "...), path...), '\n')
	b = append(strconv.AppendInt(append(append(append(b, "# "...), p.Name...), ", revision "...), int64(revision), 10), '\n')
	from := len(b)
	for range 20 {
		h = mix(h)
		b = append(append(b, words[h%64]...), ' ')
		b = append(append(b, words[h>>8%64]...), '\n')
	}
	for text := b[from:]; len(b) < size; { // the same lines again: content costs a copy
		b = append(b, text[:min(len(text), size-len(b))]...)
	}
	return b
}

// BlobID is git's name of a file's content.
func BlobID(content []byte) [sha1.Size]byte {
	h := sha1.New()
	var head [32]byte
	h.Write(append(strconv.AppendInt(append(head[:0], "blob "...), int64(len(content)), 10), 0))
	h.Write(content)
	return [sha1.Size]byte(h.Sum(nil))
}

// hex20 gives forty hexadecimal digits from a hash: a commit's name.
func hex20(h uint64, n int) string {
	var b [24]byte
	for i := range 3 {
		h = mix(h + uint64(n))
		binary.BigEndian.PutUint64(b[i*8:], h)
	}
	return hex.EncodeToString(b[:20])
}
