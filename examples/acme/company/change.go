package company

import "time"

// Change is something that happened. Which fields mean something depends on its kind.
type Change struct {
	ID      string // unique
	Kind    ChangeKind
	Time    time.Time
	Actor   int // index of a person
	Person  int
	Project int
	Path    string
	Team    TeamID
	From    TeamID
	Was     Visibility
	Now     Visibility
	// In is where it happened, when it concerns documents or one app; empty: everywhere.
	In       Storage `json:",omitzero"`
	Document int64   `json:",omitzero"`
	Share    Share   `json:",omitzero"` // that was made or taken away
	// Number counts what happened since the beginning, in DocumentChanges.
	Number int `json:",omitzero"`
	// Past changes happened before anybody watched: only the activities tell of them.
	Past bool
}

// ChangeKind says what happened.
type ChangeKind string

// The kinds of changes. Only SignedIn, Downloaded, DocumentViewed and DocumentDownloaded leave everything else as it was.
const (
	SignedIn       ChangeKind = "signed in"
	Downloaded     ChangeKind = "downloaded"
	Hired          ChangeKind = "hired"
	Left           ChangeKind = "left"
	MovedTeam      ChangeKind = "moved team"
	ProjectCreated ChangeKind = "project created"
	ProjectSeen    ChangeKind = "project visibility" // Was, Now
	FileAdded      ChangeKind = "file added"
	FileChanged    ChangeKind = "file changed"

	DocumentAdded      ChangeKind = "document added"
	DocumentChanged    ChangeKind = "document changed"
	DocumentShared     ChangeKind = "document shared"   // Share
	DocumentUnshared   ChangeKind = "document unshared" // Share
	DocumentTrashed    ChangeKind = "document trashed"
	DocumentDeleted    ChangeKind = "document deleted" // for ever
	DocumentViewed     ChangeKind = "document viewed"
	DocumentDownloaded ChangeKind = "document downloaded"
)

// HistoryDays is how far back the activities of an unchanged company go.
const HistoryDays = 180

// burst is how many projects the leaver downloads in a row, once a week.
const burst = 40

const day = 24 * time.Hour

// History is what happened before a time: a list in ascending order, computed. Whatever the time, the same moment of the
// past has the same events.
type History struct {
	c        *Company
	papers   bool // documents instead of projects
	firstDay int  // since 1970
	perDay   int
	len      int
}

// HistoryUntil gives the activities of the HistoryDays before a time.
func (c *Company) HistoryUntil(until time.Time) History {
	return History{c: c, perDay: max(2*burst, c.size/10)}.until(until)
}

// documentHistory is the same for the apps with documents.
func (c *Company) documentHistory(until time.Time) History {
	return History{c: c, papers: true, perDay: max(2*burst, c.size/5)}.until(until)
}

func (h History) until(until time.Time) History {
	h.firstDay = int(until.Unix()/int64(day/time.Second)) - HistoryDays
	for h.len = HistoryDays * h.perDay; h.time(h.len).Before(until); {
		h.len++
	}
	return h
}

// Len is how many there are.
func (h History) Len() int { return h.len }

func (h History) weekly(d int) bool { return d%7 == 1 }

func (h History) time(i int) time.Time {
	d, n := h.firstDay+i/h.perDay, i%h.perDay
	start := time.Unix(int64(d)*int64(day/time.Second), 0).UTC()
	if !h.weekly(d) {
		return start.Add(day / time.Duration(h.perDay) * time.Duration(n))
	}
	const quiet = 10 * time.Minute // in which the burst happens
	if n < burst {
		return start.Add(quiet / burst * time.Duration(n))
	}
	return start.Add(quiet + (day-quiet)/time.Duration(h.perDay-burst)*time.Duration(n-burst))
}

// At gives the i-th.
func (h History) At(i int) Change {
	d, n := h.firstDay+i/h.perDay, i%h.perDay
	if h.papers {
		return h.paperAt(i, d, n)
	}
	r := h.c.hash(ofHistory, d, n)
	ch := Change{ID: hex20(r, 0)[:24], Kind: SignedIn, Time: h.time(i), Past: true}
	ch.Actor = below(r, h.c.size)
	ch.Person = ch.Actor
	ch.Project = below(r>>20, h.c.Projects())
	switch {
	case h.weekly(d) && n < burst:
		ch.Kind, ch.Actor, ch.Person = Downloaded, h.c.Leaver(), h.c.Leaver()
		ch.Project = (d + n) % h.c.Projects()
	case r>>56%8 < 3:
		ch.Kind = Downloaded
	case r>>56%8 == 7:
		p := h.c.Project(ch.Project)
		ch.Kind, ch.Path = FileChanged, h.c.FilePath(&p, below(r>>30, h.c.FileCount(&p)))
	}
	return ch
}

func (h History) paperAt(i, d, n int) Change {
	r := h.c.hash(ofPaperHistory, d, n)
	ch := Change{ID: hex20(r, 0)[:24], Kind: SignedIn, Time: h.time(i), Past: true, In: Drive}
	if r>>40%5 < 2 {
		ch.In = Box
	}
	app := AppOf(ch.In)
	ch.Actor = app.At(below(r, app.Len(h.c.size)))
	if left := h.c.Person(ch.Actor).LeftAt; !left.IsZero() && left.Before(ch.Time) {
		ch.Actor = h.c.CarelessAdmin()
	}
	s := PersonalSpace(ch.In, ch.Actor)
	if h.weekly(d) && n < burst {
		s = h.c.customerSpace()
		ch.Kind, ch.In, ch.Actor = DocumentDownloaded, s.In, h.c.Leaver()
	}
	ch.Person = ch.Actor
	sp := h.c.space(s)
	if sp.documents == 0 {
		return ch
	}
	ch.Document = itemID(s, false, below(r>>20, sp.documents))
	if ch.Kind == SignedIn {
		ch.Kind = [...]ChangeKind{SignedIn, SignedIn, DocumentDownloaded, DocumentViewed, DocumentViewed, DocumentChanged}[r>>50%6]
	}
	if ch.Kind == SignedIn {
		ch.Document = 0
	}
	return ch
}
