package company

import (
	"slices"
	"time"
)

// shelf is what differs in a space from what it was.
type shelf struct {
	added   int
	deleted ranks
	papers  map[int]*paper
}

// paper is what differs in a document.
type paper struct {
	revision int
	at       time.Time // last change of the content
	by       int
	created  time.Time // of a document that was added
	author   int
	trashed  time.Time
	given    []Share
	taken    uint64 // shares, by their number in the document
	made     int    // shares since the beginning
}

// maxGiven is how many shares a document is given beside those it had.
const maxGiven = 6

// Documents are the ids of all folders and documents of a space, those in the trash too.
func (l *Live) Documents(s Space) []int64 {
	return l.items(s, func(*space, *shelf, int) bool { return true }, func(*space, int) bool { return true })
}

// Within are the ids of what is in a folder and not in the trash: folders first. Folder 0 is the top of the space.
func (l *Live) Within(s Space, folder int64) []int64 {
	at := -1
	if folder != 0 {
		in, isFolder, n, ok := splitID(folder)
		if !ok || !isFolder || in != s || n == maxNumber {
			return nil
		}
		at = n
	}
	return l.items(s,
		func(sp *space, sh *shelf, n int) bool { return sp.place(n) == at && !sp.inTrash(sh, n) },
		func(_ *space, n int) bool { return parent(n) == at })
}

// Trash are the ids of the documents of a space that are in the trash.
func (l *Live) Trash(s Space) []int64 {
	return l.items(s, (*space).inTrash, func(*space, int) bool { return false })
}

// items lists by number, folders first.
func (l *Live) items(s Space, document func(*space, *shelf, int) bool, folder func(*space, int) bool) (ids []int64) {
	if !l.HasSpace(s) {
		return nil
	}
	sp := l.space(s)
	for n := range sp.folders {
		if folder(&sp, n) {
			ids = append(ids, itemID(s, true, n))
		}
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	sh := l.shelves[s]
	for n := range sp.documents + sh.more() {
		if !sh.lost(n) && document(&sp, sh, n) {
			ids = append(ids, itemID(s, false, n))
		}
	}
	return ids
}

// inTrash says whether a document that is there is in the trash.
func (s *space) inTrash(sh *shelf, n int) bool {
	if sh != nil && sh.papers[n] != nil {
		return !sh.papers[n].trashed.IsZero()
	}
	return n >= s.documents-s.trashed && n < s.documents
}

func (sh *shelf) more() int {
	if sh == nil {
		return 0
	}
	return sh.added
}

func (sh *shelf) lost(n int) bool { return sh != nil && sh.deleted.has(n) }

// Document gives a document or folder as it is; false when there is none with that id (any more).
func (l *Live) Document(id int64) (Document, bool) {
	d, ok := l.bare(id)
	if ok {
		d.Size = int64(len(l.DocumentContent(&d)))
	}
	return d, ok
}

// bare leaves out the size.
func (l *Live) bare(id int64) (Document, bool) {
	s, isFolder, n, ok := splitID(id)
	if !ok || !l.HasSpace(s) {
		return Document{}, false
	}
	sp := l.space(s)
	if isFolder {
		if n >= sp.folders {
			return Document{}, false
		}
		return l.folder(&sp, n), true
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.paperNow(&sp, n)
}

func (l *Live) paperNow(sp *space, n int) (Document, bool) {
	sh := l.shelves[sp.Space]
	if n >= sp.documents+sh.more() || sh.lost(n) {
		return Document{}, false
	}
	d := l.document(sp, n)
	if sh == nil {
		return d, true
	}
	p := sh.papers[n]
	if p == nil {
		if n >= sp.documents { // what was remembered of it was forgotten, not that it is there
			d.Shares = nil
		}
		return d, true
	}
	if n >= sp.documents {
		d.Shares, d.Created, d.CreatedBy = nil, p.created, p.author
	}
	if !p.at.IsZero() {
		d.Modified, d.ModifiedBy, d.Revision = p.at, p.by, p.revision
	}
	d.Trashed = p.trashed
	d.Shares = slices.DeleteFunc(d.Shares, func(s Share) bool { return p.taken>>(s.ID%maxShares)&1 == 1 })
	d.Shares = append(d.Shares, p.given...)
	return d, true
}

// DocumentActivities is how many activities there are to read in the apps with documents: sign-ins, people, documents.
// Those of Activities are other ones, but for sign-ins and people since the beginning.
func (l *Live) DocumentActivities() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.paperHistory.Len() + len(l.recentPapers)
}

// DocumentActivity gives the i-th, oldest first; false when there is none.
func (l *Live) DocumentActivity(i int) (Change, bool) {
	if i < 0 {
		return Change{}, false
	}
	if i < l.paperHistory.Len() {
		return l.paperHistory.At(i), true
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i -= l.paperHistory.Len(); i >= len(l.recentPapers) {
		return Change{}, false
	}
	return l.recentPapers[i], true
}

// DocumentChanges are the activities after a number, ascending, with the number of the last one there is. What was
// forgotten since is left out.
func (l *Live) DocumentChanges(after int) (list []Change, last int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	from := len(l.recentPapers) - (l.papersSeen - max(0, after))
	return slices.Clone(l.recentPapers[min(max(0, from), len(l.recentPapers)):]), l.papersSeen
}

// rememberDocument adds to the activities of documents.
func (l *Live) rememberDocument(ch Change) {
	l.papersSeen++
	ch.Number = l.papersSeen
	l.recentPapers = appendActivity(l.recentPapers, ch)
}

// DocumentVersion is another number after every change to documents or people.
func (l *Live) DocumentVersion() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return uint64(l.step + l.paperStep)
}

func appendActivity(list []Change, ch Change) []Change {
	if len(list) >= MaxChanges {
		list = slices.Delete(list, 0, MaxChanges/10)
	}
	return append(list, ch)
}
