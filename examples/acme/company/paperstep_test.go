package company

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestDocumentsChange: a step does what it says, and nothing else.
func TestDocumentsChange(t *testing.T) {
	l := New(5, 60).Live(now())
	list := func(s Space) map[int64]Document {
		m := map[int64]Document{}
		for _, id := range l.Documents(s) {
			d, ok := l.Document(id)
			if !ok {
				t.Fatalf("listed document %d is not there", id)
			}
			m[id] = d
		}
		return m
	}
	kinds := map[ChangeKind]int{}
	all := map[Space]map[int64]Document{}
	for _, s := range spaces(l) {
		all[s] = list(s)
	}
	for i := range 700 {
		version := l.DocumentVersion()
		ch := l.StepDocument(now().Add(time.Duration(i) * time.Second))
		if l.DocumentVersion() == version {
			t.Fatal("a step leaves the version as it was")
		}
		kinds[ch.Kind]++
		s, _, _, ok := splitID(ch.Document)
		if ch.Kind == SignedIn && !ok {
			continue
		}
		after := list(s)
		want, ok := replay(all[s], after, &ch)
		if d := cmp.Diff(want, after, cmpopts.EquateEmpty()); d != "" || !ok {
			t.Fatalf("step %d: %+v is possible: %v (-want +got):\n%s", i, ch, ok, d)
		}
		all[s] = after
	}
	for s, want := range all {
		if d := cmp.Diff(want, list(s), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("a step changed another space too (-want +got):\n%s", d)
		}
	}
	for _, k := range []ChangeKind{
		DocumentAdded, DocumentChanged, DocumentShared, DocumentUnshared, DocumentTrashed, DocumentDeleted, DocumentViewed, DocumentDownloaded,
	} {
		if kinds[k] == 0 {
			t.Errorf("in 700 steps nothing is %q: %v", k, kinds)
		}
	}
}

// replay does to a copy what a change says. What a new or changed document looks like is taken from after.
func replay(before, after map[int64]Document, ch *Change) (want map[int64]Document, ok bool) {
	d, had := before[ch.Document]
	is := after[ch.Document]
	want = maps.Clone(before)
	switch ch.Kind {
	case DocumentAdded:
		want[ch.Document] = is
		return want, !had && is.Created.Equal(ch.Time) && is.CreatedBy == ch.Actor && len(is.Shares) == 0
	case DocumentChanged:
		d.Modified, d.ModifiedBy, d.Size = ch.Time, ch.Actor, is.Size
		d.Revision++
	case DocumentShared:
		d.Shares = append(slices.Clip(d.Shares), ch.Share)
	case DocumentUnshared:
		d.Shares = slices.DeleteFunc(slices.Clone(d.Shares), func(s Share) bool { return s == ch.Share })
		had = had && len(d.Shares) == len(before[ch.Document].Shares)-1
	case DocumentTrashed:
		had = had && d.Trashed.IsZero()
		d.Trashed = ch.Time
	case DocumentDeleted:
		delete(want, ch.Document)
		return want, had && !d.Trashed.IsZero()
	case DocumentViewed, DocumentDownloaded:
		had = had && d.Trashed.IsZero()
	default:
		had = false
	}
	want[ch.Document] = d
	return want, had
}

// TestDocumentMemoryIsBounded goes beyond MaxChanges, and life goes on.
func TestDocumentMemoryIsBounded(t *testing.T) {
	l := New(2, 100_000).Live(now())
	const steps = 5 * MaxChanges / 2
	last := map[ChangeKind]int{}
	for i := range steps {
		last[l.StepDocument(now().Add(time.Duration(i)*time.Second)).Kind] = i
	}
	held := len(l.shelves)
	for _, sh := range l.shelves {
		held += len(sh.papers) + len(sh.deleted)
	}
	if held != l.papersKept || held > MaxChanges || held < MaxChanges*9/10 || len(l.touched) != len(l.shelves) || len(l.recentPapers) > MaxChanges {
		t.Errorf("%d differences are held, %d counted; %d activities", held, l.papersKept, len(l.recentPapers))
	}
	for _, k := range []ChangeKind{DocumentAdded, DocumentChanged, DocumentShared, DocumentUnshared, DocumentDownloaded} {
		if last[k] < steps-5000 {
			t.Errorf("nothing %q since step %d", k, last[k])
		}
	}
}

// TestAccounts: two of three have Box, those who left are blocked and stay known.
func TestAccounts(t *testing.T) {
	l := New(1, 10_000).Live(now())
	if n := BoxPeople().Len(10_000); n < 6400 || n > 7100 {
		t.Errorf("%d of 10000 have Box", n)
	}
	for i := range 2000 {
		ch := l.Step(now().Add(time.Duration(i) * time.Second))
		switch ch.Kind {
		case Left:
			if at, left := l.LeftAt(ch.Person); !left || !at.Equal(ch.Time) || l.OfficeState(ch.Person) != Blocked {
				t.Fatalf("%+v: left %v at %s, state %s", ch, left, at, l.OfficeState(ch.Person))
			}
		case Hired:
			if l.OfficeState(ch.Person) != Active || ch.Person >= l.People() {
				t.Fatalf("%+v is %s", ch, l.OfficeState(ch.Person))
			}
		}
	}
	if got := l.OfficeState(l.People()); got != NoAccount {
		t.Errorf("somebody hired later is %s", got)
	}
}

// TestDocumentChanges: each is told once, in order, whatever was asked before.
func TestDocumentChanges(t *testing.T) {
	l := New(1, 100).Live(now())
	var want []string
	after := 0
	for i := range 400 {
		at := now().Add(time.Duration(i) * time.Second)
		want = append(want, l.StepDocument(at).ID)
		if ch := l.Step(at); ch.Kind == SignedIn || ch.Kind == Hired || ch.Kind == Left || ch.Kind == MovedTeam {
			want = append(want, ch.ID)
		}
		if i%7 != 0 {
			continue
		}
		list, last := l.DocumentChanges(after)
		for n, ch := range list {
			if ch.Number != after+n+1 || ch.ID != want[ch.Number-1] {
				t.Fatalf("change %d after %d is %+v, want id %s", n, after, ch, want[after+n])
			}
		}
		if after += len(list); last != after || after != len(want) {
			t.Fatalf("told of %d changes up to %d, there were %d", after, last, len(want))
		}
	}
}

// TestReadDocumentsWhileLiving is for the race detector.
func TestReadDocumentsWhileLiving(_ *testing.T) {
	l := New(2, 60).Live(now())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				s := PersonalSpace(Drive, i%60)
				for _, id := range slices.Concat(l.Documents(s), l.Within(s, 0), l.Trash(s), l.SharedWith(Box, i%60)) {
					l.Document(id)
				}
				l.DocumentActivity(l.DocumentActivities() - 1)
				l.DocumentChanges(i)
				l.BoxState(i % 60)
			}
		})
	}
	for i := range 500 {
		l.StepDocument(now().Add(time.Duration(i) * time.Second))
		l.Step(now().Add(time.Duration(i) * time.Second))
	}
	wg.Wait()
}
