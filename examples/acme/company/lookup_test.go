package company

import (
	"strings"
	"testing"
)

// FuzzNamed: whatever is asked for, what is found bears that name.
func FuzzNamed(f *testing.F) {
	c := New(1, 500)
	for i := range 3 {
		f.Add(c.Person(i*7777).Login, int64(i))
		f.Add(c.Guest(i*7777).Login, c.Project(i).ID)
		f.Add(c.Project(i*7777).Name, c.Team(TeamID{Sales, i}).ID)
		f.Add(c.Team(TeamID{Legal, i * 77}).Slug, int64(-i))
	}
	f.Add("acme-audit-robot-99999999999999999999", int64(1)<<62)
	f.Add("acme-", int64(-1)<<63)
	f.Add("worker-\u017fervice", int64(0))
	f.Fuzz(func(t *testing.T, name string, id int64) {
		lower := strings.ToLower(name)
		if i, ok := c.PersonNamed(name); ok && c.Person(i).Login != lower {
			t.Errorf("%q finds person %s", name, c.Person(i).Login)
		}
		if i, ok := c.GuestNamed(name); ok && c.Guest(i).Login != lower {
			t.Errorf("%q finds guest %s", name, c.Guest(i).Login)
		}
		if i, ok := c.ProjectNamed(name); ok && c.Project(i).Name != lower {
			t.Errorf("%q finds project %s", name, c.Project(i).Name)
		}
		if i, ok := TeamNamed(name); ok && c.Team(i).Slug != lower {
			t.Errorf("%q finds team %s", name, c.Team(i).Slug)
		}
		if i, ok := c.ProjectWithID(id); ok && c.Project(i).ID != id {
			t.Errorf("id %d finds project %d", id, c.Project(i).ID)
		}
		if i, ok := TeamWithID(id); ok && c.Team(i).ID != id {
			t.Errorf("id %d finds team %d", id, c.Team(i).ID)
		}
	})
}
