package company

import (
	"slices"
	"time"
)

// StepDocument lets one thing happen to a document, and says what. It is apart from Step, so that what happens to
// projects and people does not depend on documents.
func (l *Live) StepDocument(now time.Time) Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paperStep++
	h := l.hash(ofPaperStep, l.paperStep)
	ch := Change{ID: hex20(h^mix(uint64(now.UnixNano())), l.paperStep)[:24], Time: now}
	sp := l.somewhere(h)
	ch.Actor = l.workerNow(sp.Space, h>>8)
	ch.Person, ch.In = ch.Actor, sp.In
	switch pick := h >> 57 % 32; {
	case pick < 2: // the incidents' leaver goes on
		sp = l.space(l.customerSpace())
		ch.In, ch.Actor, ch.Person = sp.In, l.Leaver(), l.Leaver()
		l.look(&sp, &ch, h, DocumentDownloaded)
	case pick < 8:
		l.write(&sp, &ch)
	case pick < 15:
		l.revise(&sp, &ch, h)
	case pick < 20:
		l.share(&sp, &ch, h)
	case pick < 23:
		l.unshare(&sp, &ch, h)
	case pick < 25:
		l.trash(&sp, &ch, h)
	case pick < 26:
		l.shred(&sp, &ch, h)
	case pick < 29:
		l.look(&sp, &ch, h, DocumentViewed)
	default:
		l.look(&sp, &ch, h, DocumentDownloaded)
	}
	l.rememberDocument(ch)
	return ch
}

// somewhere picks a space where somebody works. When too much is remembered it is one that was changed before.
func (l *Live) somewhere(h uint64) space {
	if l.papersKept >= MaxChanges {
		return l.space(l.touched[below(h>>30, len(l.touched))])
	}
	in := Drive
	if h>>20%5 < 2 {
		in = Box
	}
	for {
		person := l.anyone(h)
		s := PersonalSpace(in, person)
		if h>>24%2 == 0 {
			s, _ = SpaceOf(in, l.teamNow(person))
			if _, ok := SpaceOf(in, s.Team); !ok {
				s.Team.N = WholeDepartment
			}
		}
		if l.sees(s, person) {
			if sp := l.space(s); sp.documents > 0 {
				return sp
			}
		}
		h = mix(h)
	}
}

// sees says whether a person has an account where a space is.
func (l *Live) sees(s Space, person int) bool {
	_, has := AppOf(s.In).Rank(person)
	return has
}

// workerNow is somebody who works in a space and is still here: an administrator when nobody is.
func (l *Live) workerNow(s Space, h uint64) int {
	for range 4 {
		if i := l.worker(s, h); l.here(everyone, i) && l.Person(i).LeftAt.IsZero() {
			return i
		}
		h = mix(h)
	}
	return l.admin()
}

// pick gives a document of a space that is there, not in the trash, and plays no part; false when none is found.
func (l *Live) pick(sp *space, h uint64) (Document, int, bool) {
	sh := l.shelves[sp.Space]
	for range 8 {
		n := below(h, sp.documents+sh.more())
		if d, ok := l.paperNow(sp, n); ok && d.Trashed.IsZero() && (n > 0 || !l.plantedIn(sp.Space)) {
			return d, n, true
		}
		h = mix(h)
	}
	return Document{}, 0, false
}

// look reads a document, or signs in when there is none.
func (l *Live) look(sp *space, ch *Change, h uint64, kind ChangeKind) {
	ch.Kind = SignedIn
	if d, _, ok := l.pick(sp, h>>4); ok {
		ch.Kind, ch.Document = kind, d.ID
	}
}

// paper is what is remembered of a document, made when there is room; nil otherwise.
func (l *Live) paper(sp *space, n int) *paper {
	sh := l.shelf(sp.Space)
	if sh == nil {
		return nil
	}
	p := sh.papers[n]
	if p == nil && l.papersKept < MaxChanges {
		p = &paper{}
		if d, ok := l.paperNow(sp, n); ok {
			p.trashed, p.made = d.Trashed, len(d.Shares)
		}
		sh.papers[n] = p
		l.papersKept++
	}
	return p
}

func (l *Live) shelf(s Space) *shelf {
	sh := l.shelves[s]
	if sh == nil && l.papersKept < MaxChanges {
		sh = &shelf{papers: map[int]*paper{}}
		l.shelves[s] = sh
		l.touched = append(l.touched, s)
		l.papersKept++
	}
	return sh
}

// write adds a document.
func (l *Live) write(sp *space, ch *Change) {
	sh := l.shelf(sp.Space)
	n := sp.documents + sh.more()
	if sh == nil || n >= maxNumber {
		l.look(sp, ch, uint64(n), DocumentViewed)
		return
	}
	sh.added++
	if p := l.paper(sp, n); p != nil {
		p.at, p.created, p.by, p.author = ch.Time, ch.Time, ch.Actor, ch.Actor
	}
	ch.Kind, ch.Document = DocumentAdded, itemID(sp.Space, false, n)
}

// change does something with what is remembered of a document, or reads one when there is no room.
func (l *Live) change(sp *space, ch *Change, h uint64, kind ChangeKind, do func(*Document, *paper) bool) {
	d, n, ok := l.pick(sp, h>>4)
	if ok {
		if p := l.paper(sp, n); p != nil && do(&d, p) {
			ch.Kind, ch.Document = kind, d.ID
			return
		}
	}
	l.look(sp, ch, h, DocumentViewed)
}

func (l *Live) revise(sp *space, ch *Change, h uint64) {
	l.change(sp, ch, h, DocumentChanged, func(_ *Document, p *paper) bool {
		p.revision++
		p.at, p.by = ch.Time, ch.Actor
		return true
	})
}

func (l *Live) share(sp *space, ch *Change, h uint64) {
	l.change(sp, ch, h, DocumentShared, func(d *Document, p *paper) bool {
		with := [...]With{WithPerson, WithPerson, WithTeam, WithDomain, WithGuest, WithLink, WithLink, WithPublic}[h>>40%8]
		s, ok := l.newShare(d.Shares, d, with, h>>12)
		if !ok || len(p.given) >= maxGiven || p.made >= maxShares {
			return false
		}
		s.ID, s.Since = shareID(d.ID, p.made), ch.Time
		p.made++
		p.given = append(slices.Clip(p.given), s)
		ch.Share = s
		return true
	})
}

func (l *Live) unshare(sp *space, ch *Change, h uint64) {
	l.change(sp, ch, h, DocumentUnshared, func(d *Document, p *paper) bool {
		if len(d.Shares) == 0 {
			return false
		}
		s := d.Shares[below(h>>12, len(d.Shares))]
		p.taken |= 1 << (s.ID % maxShares)
		var left []Share
		for _, g := range p.given {
			if g.ID != s.ID {
				left = append(left, g)
			}
		}
		p.given, ch.Share = left, s
		return true
	})
}

func (l *Live) trash(sp *space, ch *Change, h uint64) {
	l.change(sp, ch, h, DocumentTrashed, func(_ *Document, p *paper) bool {
		p.trashed = ch.Time
		return true
	})
}

// shred deletes the first document of a space that is in the trash.
func (l *Live) shred(sp *space, ch *Change, h uint64) {
	sh := l.shelf(sp.Space)
	for n := range sp.documents + sh.more() {
		if sh == nil || sh.lost(n) || !sp.inTrash(sh, n) {
			continue
		}
		if sh.papers[n] == nil {
			if l.papersKept >= MaxChanges {
				break
			}
			l.papersKept++ // a deletion costs what a paper does
		}
		delete(sh.papers, n)
		sh.deleted.add(n)
		ch.Kind, ch.Document = DocumentDeleted, itemID(sp.Space, false, n)
		return
	}
	l.look(sp, ch, h, DocumentViewed)
}
