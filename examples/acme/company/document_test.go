package company

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// spaces lists all that a company has.
func spaces(l *Live) (list []Space) {
	for _, in := range []Storage{Drive, Box} {
		for i := range l.People() {
			if s := PersonalSpace(in, i); l.HasSpace(s) {
				list = append(list, s)
			}
		}
		for i := range l.TeamSpaces(in) {
			s, ok := l.TeamSpaceAt(in, i)
			if !ok || !l.HasSpace(s) {
				panic("a team's space that is none")
			}
			list = append(list, s)
		}
	}
	return list
}

// TestDocumentsGolden holds the first documents against a file.
func TestDocumentsGolden(t *testing.T) {
	c := New(1, 500)
	l := c.Live(now())
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	put := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	ids := []int64{c.KeyDocument(), c.CustomerDocument()}
	for _, s := range []Space{PersonalSpace(Drive, 3), PersonalSpace(Box, 3), {Box, TeamSpace, TeamID{Sales, WholeDepartment}}} {
		all := l.Documents(s)
		ids = append(ids, all[:min(8, len(all))]...)
		put(c.SpaceShares(s))
	}
	for _, id := range ids {
		d, ok := l.Document(id)
		if !ok {
			t.Fatalf("no document %d", id)
		}
		put(d)
		put(string(c.DocumentText(&d)[:min(60, len(c.DocumentText(&d)))]))
	}
	for i := range 4 {
		put(c.documentHistory(now()).At(i))
	}
	for i := range 20 {
		put(l.StepDocument(now().Add(time.Duration(i) * time.Second)))
	}
	path := filepath.Join("testdata", "documents.jsonl")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("the documents of seed 1 changed (-golden +now):\n%s", d)
	}
}

// TestDocuments: every item is in one space, one folder and under one id; names and shares of an item are unique.
func TestDocuments(t *testing.T) {
	for _, size := range []int{MinSize, 500} {
		l := New(3, size).Live(now())
		seen, types, withs, empty := map[int64]bool{}, map[DocumentType]int{}, map[With]int{}, 0
		for _, s := range spaces(l) {
			if back, ok := SpaceWithID(s.ID()); !ok || back != s || seen[s.ID()] {
				t.Fatalf("space %+v: its id gives %+v, %v", s, back, ok)
			}
			seen[s.ID()] = true
			all := l.Documents(s)
			if len(all) == 0 {
				empty++
			}
			for _, id := range all {
				d, ok := l.Document(id)
				if !ok || d.ID != id || d.Space != s || seen[id] {
					t.Fatalf("item %d of %+v: %+v, %v", id, s, d, ok)
				}
				seen[id] = true
				types[d.Type]++
				if d.Created.After(d.Modified) || d.Modified.After(AsOf()) || d.Trashed.After(AsOf()) {
					t.Fatalf("times of %+v", d)
				}
				if _, has := AppOf(s.In).Rank(d.ModifiedBy); !has || d.ModifiedBy >= size {
					t.Fatalf("%+v was modified by somebody without an account", d)
				}
				for _, sh := range d.Shares {
					withs[sh.With]++
					if seen[sh.ID] || ItemOfShare(sh.ID) != id || sh.ID >= 1<<53 {
						t.Fatalf("share %+v of %d", sh, id)
					}
					seen[sh.ID] = true
				}
			}
			if walked := walk(t, l, s, 0, "/"); !slices.Equal(slices.Sorted(slices.Values(append(walked, l.Trash(s)...))), slices.Sorted(slices.Values(all))) {
				t.Fatalf("space %+v: walking gives %d items, listing %d", s, len(walked), len(all))
			}
		}
		if size > MinSize && (len(types) != 6 || len(withs) != 6 || empty == 0) {
			t.Errorf("types %v, shares %v, %d empty spaces", types, withs, empty)
		}
	}
}

// TestSharedWith: what was shared with somebody is found, and nothing else, also after changes.
func TestSharedWith(t *testing.T) {
	l := New(6, 300).Live(now())
	for i := range 3000 {
		l.StepDocument(now().Add(time.Duration(i) * time.Second))
	}
	people, teams := map[Storage]map[int][]int64{Drive: {}, Box: {}}, map[Storage]map[TeamID][]int64{Drive: {}, Box: {}}
	for _, s := range spaces(l) {
		for _, id := range l.Documents(s) {
			d, _ := l.Document(id)
			for _, sh := range d.Shares {
				switch {
				case !d.Trashed.IsZero():
				case sh.With == WithPerson:
					people[s.In][sh.Person] = append(people[s.In][sh.Person], id)
				case sh.With == WithTeam:
					teams[s.In][sh.Team] = append(teams[s.In][sh.Team], id)
				}
			}
		}
	}
	sorted := cmpopts.SortSlices(func(a, b int64) bool { return a < b })
	for _, in := range []Storage{Drive, Box} {
		for i := range 300 {
			if d := cmp.Diff(people[in][i], l.SharedWith(in, i), cmpopts.EquateEmpty(), sorted); d != "" {
				t.Fatalf("%s, person %d (-want +got):\n%s", in, i, d)
			}
		}
		for _, dep := range Departments() {
			for n := WholeDepartment; n < l.TeamsOf(dep); n++ {
				id := TeamID{dep, n}
				if d := cmp.Diff(teams[in][id], l.SharedWithTeam(in, id), cmpopts.EquateEmpty(), sorted); d != "" {
					t.Fatalf("%s, team %v (-want +got):\n%s", in, id, d)
				}
			}
		}
		if len(people[in]) < 100 || len(teams[in]) < 10 {
			t.Errorf("%s: only %d people and %d teams were given something", in, len(people[in]), len(teams[in]))
		}
	}
}

// walk lists what is in a folder and below.
func walk(t *testing.T, l *Live, s Space, folder int64, path string) (ids []int64) {
	t.Helper()
	names := map[string]bool{}
	for _, id := range l.Within(s, folder) {
		d, ok := l.Document(id)
		if !ok || d.Folder != folder || d.Path != path || names[d.Name] {
			t.Fatalf("in folder %d (%s): %+v, %v", folder, path, d, ok)
		}
		names[d.Name] = true
		ids = append(ids, id)
		if d.Type == Folder {
			ids = append(ids, walk(t, l, s, id, strings.TrimSuffix(path, "/")+"/"+d.Name)...)
		}
	}
	return ids
}

// TestDocumentContent: files are what they say, and open.
func TestDocumentContent(t *testing.T) {
	l := New(1, 250).Live(now())
	opened, secrets := map[DocumentType]int{}, 0
	for _, s := range spaces(l) {
		for _, id := range l.Documents(s) {
			d, _ := l.Document(id)
			b, text := l.DocumentContent(&d), l.DocumentText(&d)
			if int64(len(b)) != d.Size {
				t.Fatalf("%s: %d bytes, said %d", d.Name, len(b), d.Size)
			}
			if l.secretLine(&d) != nil && d.Type != Image {
				secrets++
			}
			opened[d.Type]++
			switch d.Type {
			case Doc:
				z, err := zip.NewReader(bytes.NewReader(b), d.Size)
				if err != nil {
					t.Fatal(err)
				}
				f, err := z.Open("word/document.xml")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(f)
				if err != nil || !bytes.Contains(body, text[:20]) {
					t.Fatalf("%s does not hold its text: %v", d.Name, err)
				}
			case PDF:
				if !bytes.HasPrefix(b, []byte("%PDF-1.4")) || !bytes.Contains(b, text[:20]) {
					t.Fatalf("%s is %.40q", d.Name, b)
				}
			case Image:
				if _, err := png.Decode(bytes.NewReader(b)); err != nil {
					t.Fatalf("%s: %v", d.Name, err)
				}
			case Folder, Text, Sheet:
				if !bytes.Equal(b, text) {
					t.Fatalf("%s is not its text", d.Name)
				}
			}
		}
	}
	if secrets < 5 || len(opened) != 6 {
		t.Errorf("%d secrets, %v", secrets, opened)
	}
}

// TestPlantedDocuments: the incidents are where they are said to be, after any number of steps.
func TestPlantedDocuments(t *testing.T) {
	for _, size := range []int{MinSize, 500, MaxSize} {
		c := New(4, size)
		l := c.Live(now())
		for i := range 3000 {
			l.StepDocument(now().Add(time.Duration(i) * time.Second))
		}
		keys, ok := l.Document(c.KeyDocument())
		project := c.Project(c.KeyProject())
		if !ok || keys.Name != "id_rsa" || keys.Shares[0].With != WithPublic || !keys.Trashed.IsZero() || keys.Space.In != Drive ||
			!bytes.Equal(l.DocumentContent(&keys), c.secretContent(&project, KeyFile)) {
			t.Errorf("size %d: the keys are %+v, %v", size, keys, ok)
		}
		data, ok := l.Document(c.CustomerDocument())
		if !ok || data.Name != "customers.csv" || data.Shares[0].With != WithLink || data.Space.In != Box {
			t.Errorf("size %d: the customers' data are %+v, %v", size, data, ok)
		}
		leaver := c.Leaver()
		if l.OfficeState(leaver) != Blocked || l.BoxState(leaver) != Active || l.OfficeState(0) != Active {
			t.Errorf("size %d: the leaver is %s, in Box %s", size, l.OfficeState(leaver), l.BoxState(leaver))
		}
		past, live := 0, 0
		for i := max(0, l.DocumentActivities()-100_000); i < l.DocumentActivities(); i++ {
			ch, ok := l.DocumentActivity(i)
			switch {
			case !ok:
				t.Fatalf("no activity %d", i)
			case ch.Actor == leaver && ch.Kind == DocumentDownloaded && ch.In == Box && ch.Past:
				past++
			case ch.Actor == leaver && ch.Kind == DocumentDownloaded && ch.In == Box:
				live++
			case ch.Actor == leaver && ch.Kind != DocumentDownloaded && ch.Time.After(c.Person(leaver).LeftAt):
				t.Fatalf("the leaver also did %+v", ch)
			}
		}
		if live == 0 || size < MaxSize && past < burst { // the week of a large one is too long to read
			t.Errorf("size %d: the leaver downloaded %d times before, %d times since", size, past, live)
		}
	}
}
