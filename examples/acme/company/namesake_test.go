package company

import (
	"fmt"
	"testing"
)

// TestEmails: every address finds its person and no other, namesakes too; and there are namesakes.
func TestEmails(t *testing.T) {
	c := New(7, 100_000)
	names, emails, people, guests := map[string]int{}, map[string]string{}, 0, 0
	see := func(p Person) {
		key := fmt.Sprint(p.Type, p.Index)
		if other, twice := emails[p.Email]; twice {
			t.Fatalf("%s is of %s and %s", p.Email, other, key)
		}
		emails[p.Email] = key
	}
	for i := range 100_000 {
		p := c.Person(i)
		see(p)
		if got, ok := c.PersonWithEmail(p.Email); !ok || got != i {
			t.Fatalf("address %s: got %d, %v, want %d", p.Email, got, ok, i)
		}
		if got, ok := c.PersonWithID(p.ID); !ok || got != i {
			t.Fatalf("id %d: got %d, %v, want %d", p.ID, got, ok, i)
		}
		if i < block && p.Type == Employee {
			if names[p.Name]++; names[p.Name] > 1 {
				people++
			}
		}
	}
	for i := range c.Guests() {
		g := c.Guest(i)
		see(g)
		if got, ok := c.GuestWithEmail(g.Email); !ok || got != i {
			t.Fatalf("address %s: got %d, %v, want %d", g.Email, got, ok, i)
		}
		if got, ok := c.GuestWithID(g.ID); !ok || got != i {
			t.Fatalf("id %d: got %d, %v, want %d", g.ID, got, ok, i)
		}
		if names[g.Name] > 0 {
			guests++
		}
	}
	if people < 200 || guests < 20 {
		t.Errorf("only %d people and %d guests are called like somebody else", people, guests)
	}
	for _, bad := range []string{"", "@", "a.b@" + Domain, "x@y", "ada.adler.-1@" + Domain, "ada.adler.99999999999999999999@" + Domain, "acme-@" + Domain} {
		if i, ok := c.PersonWithEmail(bad); ok {
			t.Errorf("%q finds person %d", bad, i)
		}
		if i, ok := c.GuestWithEmail(bad); ok {
			t.Errorf("%q finds guest %d", bad, i)
		}
	}
}
