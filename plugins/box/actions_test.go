package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk/sdktest"
)

// shown is all of an item that actions may touch, and of its surroundings.
type shown struct {
	There, Trashed                        bool
	Name, Parent, Owner, SHA1, Class      string
	Access, Permission, Expires, SameLink string
	Password                              bool
	People, Above, Home, Trash, Service   []string
	Versions                              int
}

// state of the item with an id.
func (w *world) state(id string) func() any {
	home, _ := w.fake.Enterprise().Item(id)
	return func() any { return w.shown(id, &home) }
}

func (w *world) shown(id string, home *boxtest.Item) shown {
	e := w.fake.Enterprise()
	it, ok := e.Item(id)
	s := shown{There: ok, Trashed: !it.TrashedAt.IsZero(), Name: it.Name, Parent: it.Parent, Owner: it.Owner.ID, SHA1: it.SHA1, Class: it.Classification}
	s.Home, s.Trash = around(e.Items(home.Owner.ID, home.Parent)), around(e.Trash(home.Owner.ID))
	s.Service = append(ownTree(e, boxtest.Root), around(e.Trash(serviceID))...)
	if !ok {
		return s
	}
	if up, ok := e.Item(it.Parent); ok { // folders that calls make have other ids each time
		s.Parent = up.Name
		for _, x := range e.Collaborations(up.ID) {
			s.Above = append(s.Above, oneOf(&x))
		}
	}
	if l := it.Link; l != nil {
		s.Access, s.Password, s.SameLink = l.Access, l.Password, "another"
		if l.Access != "collaborators" { // where it says nothing
			s.Permission = l.Permission
		}
		if !l.Expires.IsZero() {
			s.Expires = l.Expires.UTC().Format("2006-01-02T15:04:05Z")
		}
		if !strings.Contains(l.URL, "/new") {
			s.SameLink = "the same"
		}
	}
	for _, x := range e.Collaborations(id) {
		s.People = append(s.People, oneOf(&x))
	}
	slices.Sort(s.People)
	s.Versions = max(it.Version, 1)
	return s
}

// around are the names of what is in a folder.
func around(l boxtest.List[boxtest.Item]) []string {
	var names []string
	for i := range l.Len() {
		names = append(names, l.At(i).Name)
	}
	slices.Sort(names)
	return names
}

// ownTree are the names of all that the agent's account has below a folder.
func ownTree(e *boxtest.Enterprise, folder string) []string {
	var names []string
	for l, i := e.Items(serviceID, folder), 0; i < l.Len(); i++ {
		names = append(append(names, l.At(i).Name), ownTree(e, l.At(i).ID)...)
	}
	return names
}

func oneOf(x *boxtest.Collaboration) string {
	who, status := x.Email, x.Status
	switch {
	case x.User != nil:
		who = x.User.ID
	case x.Group != nil:
		who = "group " + x.Group.ID
	}
	if status == "" {
		status = "accepted"
	}
	if x.Expires.IsZero() {
		return strings.Join([]string{who, x.Role, status}, ", ")
	}
	return strings.Join([]string{who, x.Role, status, x.Expires.UTC().Format("2006-01-02")}, ", ")
}

// acting is a world with something to act on. Where there is a document of the vendor's, all is held against it.
func acting(t *testing.T) *world {
	t.Helper()
	c := newContent()
	c.items[3].Link = &boxtest.Link{URL: "https://app.box.example/s/y", Access: "company", Permission: "can_edit", Password: true, Expires: madeAt.AddDate(9, 0, 0)}
	c.items[0].Link = &boxtest.Link{URL: "https://app.box.example/s/z", Access: "collaborators", Permission: "can_download"}
	c.items[6].Link.Permission = "can_download"
	one, five, guest, other := someone(1), someone(5), stranger(0), stranger(1)
	c.collabs["140"] = []boxtest.Collaboration{
		{ID: "c5", User: &one, Role: "editor", Created: madeAt}, {ID: "c6", User: &guest, Role: "co-owner", Created: madeAt},
		{ID: "c7", User: &five, Role: "viewer", Created: madeAt}, {ID: "c8", User: &other, Role: "viewer", Status: "pending", Created: madeAt},
		{ID: "c9", Email: "x@other.example", Role: "viewer", Status: "pending", Created: madeAt},
		{ID: "c10", Email: someone(6).Login, Role: "viewer", Status: "pending", Created: madeAt},
	}
	return start(t, c, nil)
}

func (w *world) try(t *testing.T, cases ...sdktest.ActionCase) {
	t.Helper()
	for i := range cases {
		if cases[i].State == nil {
			cases[i].State = w.state(cases[i].Target)
		}
	}
	sdktest.Actions(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Secrets: clientSecrets(),
		Settings: map[string]string{"account_url": sdktest.ProviderURL},
	}, cases...)
}

func TestActions(t *testing.T) {
	w := acting(t)
	otherLink := func(before any) any {
		s := before.(shown)
		s.SameLink = "another"
		return s
	}
	accepts := func(before any) any { // nobody but the guest can
		s := before.(shown)
		s.People = slices.Clone(s.People)
		for i, p := range s.People {
			if strings.HasPrefix(p, "9") {
				s.People[i] = strings.Replace(p, "accepted", "pending", 1)
			}
		}
		return s
	}
	moved := func(before any) any {
		s := otherLink(accepts(before)).(shown)
		s.Service = []string{quarantineName}
		return s
	}
	w.try(t,
		sdktest.ActionCase{Action: "remove_shared_link", Target: "103", Lost: otherLink, Reset: w.fake.Forget},
		sdktest.ActionCase{Name: "remove the link of a folder", Action: "remove_shared_link", Target: "100", Lost: otherLink, Reset: w.fake.Forget},
		sdktest.ActionCase{Name: "close", Action: "change_shared_link", Target: "130", Args: map[string]string{"access": "collaborators"}},
		sdktest.ActionCase{Name: "company only", Action: "change_shared_link", Target: "130", Args: map[string]string{"access": "company"}},
		sdktest.ActionCase{Name: "open a folder", Action: "change_shared_link", Target: "100", Args: map[string]string{"access": "open"}},
		sdktest.ActionCase{Name: "an end", Action: "expire_shared_link", Target: "130", Args: map[string]string{"at": "2031-01-31T12:00:00+01:00"}},
		sdktest.ActionCase{Name: "another end", Action: "expire_shared_link", Target: "103", Args: map[string]string{"at": "2031-01-31T12:00:00Z", "owner": "1000"}},
		sdktest.ActionCase{Name: "a guest", Action: "remove_collaborator", Target: "103", Args: map[string]string{"who": "90000"}, Lost: accepts, Reset: w.fake.Forget},
		sdktest.ActionCase{Name: "a user", Action: "remove_collaborator", Target: "100", Args: map[string]string{"who": "USER1@acme.example"}},
		sdktest.ActionCase{Name: "a group", Action: "remove_collaborator", Target: "100", Args: map[string]string{"who": "301"}},
		sdktest.ActionCase{Name: "an invitation", Action: "remove_collaborator", Target: "100", Args: map[string]string{"who": "new@other.example"}},
		sdktest.ActionCase{Action: "remove_external_users", Target: "140", Lost: accepts, Reset: w.fake.Forget},
		sdktest.ActionCase{Action: "trash", Target: "103"},
		sdktest.ActionCase{Name: "trash a folder", Action: "trash", Target: "100"},
		sdktest.ActionCase{Action: "restore", Target: "131"},
		sdktest.ActionCase{Action: "purge", Target: "131", Reset: w.fake.Forget},
		sdktest.ActionCase{Action: "overwrite", Target: "103", Args: map[string]string{"text": "removed"}, Reset: w.fake.Forget, Lost: func(before any) any {
			s := before.(shown)
			s.Versions += 2
			return s
		}},
		sdktest.ActionCase{Name: "quarantine a file", Action: "quarantine", Target: "103", Lost: moved, Reset: w.fake.Forget},
		sdktest.ActionCase{Name: "quarantine a folder", Action: "quarantine", Target: "100", Lost: moved, Reset: w.fake.Forget},
		sdktest.ActionCase{Action: "suspend", Target: "1004", State: w.standing("1004")},
		sdktest.ActionCase{Action: "unsuspend", Target: "1003", State: w.standing("1003")},
		sdktest.ActionCase{Action: "sign_out", Target: "1004", State: w.standing("1004"), Reset: w.fake.Forget},
	)
}

func (w *world) standing(id string) func() any {
	return func() any {
		u, _ := w.fake.Enterprise().Users.Find(id)
		times, waiting := w.fake.SignedOut(id)
		return map[string]any{"status": u.Status, "ended, or to be ended": times+waiting > 0}
	}
}
