package githuborg

import (
	"encoding/hex"
	"sync"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func (o *org) tree(repo string) githubtest.List[githubtest.Blob] {
	p, ok := o.project(repo)
	if !ok {
		return githubtest.List[githubtest.Blob]{}
	}
	return githubtest.List[githubtest.Blob]{
		Len: func() int { return o.live.FilesNow(&p) },
		At: func(f int) githubtest.Blob {
			if f < 0 {
				return githubtest.Blob{}
			}
			content := o.live.ContentNow(&p, f)
			return githubtest.Blob{Path: o.live.FilePath(&p, f), SHA: sha(content), Size: int64(len(content))}
		},
	}
}

func sha(content []byte) string {
	id := company.BlobID(content)
	return hex.EncodeToString(id[:])
}

// maxBlobLists is how many projects' blobs are remembered. A name cannot be turned back into a file, so without them every
// blob would cost a walk over its project.
const maxBlobLists = 4

// blobs finds files by the names of their contents.
type blobs struct {
	mu    sync.Mutex
	lists []blobList // the last used first
}

type blobList struct {
	project, pushes int
	file            map[[20]byte]int32
}

func (o *org) content(repo, sha string) []byte {
	var id [20]byte
	p, ok := o.project(repo)
	if !ok || len(sha) != 2*len(id) {
		return nil
	}
	if _, err := hex.Decode(id[:], []byte(sha)); err != nil {
		return nil
	}
	f, ok := o.blobs.find(o.live, &p, id)
	if !ok {
		return nil
	}
	return o.live.ContentNow(&p, f)
}

func (b *blobs) find(live *company.Live, p *company.Project, id [20]byte) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range b.lists {
		if l.project == p.Index && l.pushes == p.Pushes {
			copy(b.lists[1:i+1], b.lists[:i])
			b.lists[0] = l
			f, ok := l.file[id]
			return int(f), ok
		}
	}
	n := live.FilesNow(p)
	l := blobList{project: p.Index, pushes: p.Pushes, file: make(map[[20]byte]int32, n)}
	for f := range n {
		l.file[company.BlobID(live.ContentNow(p, f))] = int32(f)
	}
	b.lists = append([]blobList{l}, b.lists[:min(len(b.lists), maxBlobLists-1)]...)
	f, ok := l.file[id]
	return int(f), ok
}
