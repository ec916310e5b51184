package main

import (
	"context"
	"slices"
	"sync"

	"github.com/mooring-hq/mooring/sdk"
)

// link is a shared link.
type link struct {
	Access     string `json:"access"`
	Effective  string `json:"effective_access"`
	Permission string `json:"effective_permission"`
	Password   bool   `json:"is_password_enabled"`
	Expires    when   `json:"unshared_at"`
	Allows     struct {
		Edit     bool `json:"can_edit"`
		Download bool `json:"can_download"`
	} `json:"permissions"`
}

type collaboration struct {
	ID         string  `json:"id"`
	Role       string  `json:"role"`
	Status     string  `json:"status"`
	Expires    when    `json:"expires_at"`
	Invited    string  `json:"invite_email"`
	Accessible *person `json:"accessible_by"`
	Item       *struct {
		ID string `json:"id"`
	} `json:"item"`
}

// roles are Box's in the words of the contract.
var roles = map[string]string{
	"owner": "owner", "co-owner": "admin", "editor": "write", "uploader": "write", "previewer uploader": "write", "viewer uploader": "write",
	"viewer": "read", "previewer": "read",
}

// sight is who reaches what is in a folder.
type sight struct {
	access   []*sdk.Access // inherited
	complete bool
}

// parallel is how many lists of collaborations are asked for at once.
const parallel = 8

// collaborations reads those of the items that have some, by index; nil: Box did not show them.
func (c *scan) collaborations(ctx context.Context, as string, items []item) (map[int][]collaboration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		first error
		found = map[int][]collaboration{}
		slots = make(chan struct{}, parallel)
	)
	for i := range items {
		if it := &items[i]; it.Collaborated == nil || !*it.Collaborated {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			list, err := readCollaborations(ctx, c.s, as, &items[i])
			mu.Lock()
			defer mu.Unlock()
			found[i] = list
			if err != nil && first == nil {
				first = err
				cancel()
			}
		})
	}
	wg.Wait()
	return found, first
}

// readCollaborations gives nil when Box does not show them.
func readCollaborations(ctx context.Context, s *sdk.Session, as string, it *item) ([]collaboration, error) {
	kind := "files"
	if it.Type == typeFolder {
		kind = "folders"
	}
	list, err := all[collaboration](ctx, s, "/"+kind+path("/%s/collaborations", it.ID)+"?limit=1000", as)
	if denied(err) {
		return nil, nil
	}
	if list == nil && err == nil {
		list = []collaboration{}
	}
	return list, err
}

// accessOf says who reaches an item: its owner, who was let in, who has a link, and who reaches the folder it is in.
// list is nil where Box showed nothing although there is something.
func (it *item) accessOf(list []collaboration, up sight) *sdk.AccessList {
	a := &sdk.AccessList{Complete: up.complete && it.Collaborated != nil && (!*it.Collaborated || list != nil)}
	if owner := it.Owner.ref(); owner != nil {
		a.Items = append(a.Items, &sdk.Access{Principal: owner, Role: new("owner")})
	}
	for i := range list {
		if x := list[i].access(it.ID); x != nil && !has(a.Items, x) {
			a.Items = append(a.Items, x)
		}
	}
	if x := it.Link.access(); x != nil {
		a.Items = append(a.Items, x)
	}
	for _, x := range up.access {
		if !has(a.Items, x) {
			a.Items = append(a.Items, x)
		}
	}
	return a
}

func has(list []*sdk.Access, x *sdk.Access) bool {
	return slices.ContainsFunc(list, func(y *sdk.Access) bool {
		return x.GetPrincipal().GetId() == y.GetPrincipal().GetId() && x.GetPrincipal().GetEmail() == y.GetPrincipal().GetEmail() &&
			x.GetPrincipal().GetKind() == y.GetPrincipal().GetKind() && x.GetRole() == y.GetRole() && x.GetVia() == y.GetVia() &&
			x.GetLinkScope() == y.GetLinkScope()
	})
}

// access is nil for what gives none: an invitation that waits or was refused.
func (c *collaboration) access(item string) *sdk.Access {
	if c.Status != "accepted" || c.Role == "owner" {
		return nil
	}
	x := &sdk.Access{Role: new(roles[c.Role]), ExpiresAt: sdk.At(c.Expires.Time)}
	if roles[c.Role] == "" {
		x.Role = new("read") // a role that is new to us lets one see at least
	}
	switch p := c.Accessible; {
	case p != nil && p.Type == "group":
		x.Principal = &sdk.Ref{Kind: sdk.KindGroup, Id: new(p.ID), Name: new(p.Name)}
	case p != nil && p.ID != "":
		x.Principal = p.ref()
	case c.Invited != "":
		x.Principal = &sdk.Ref{Kind: sdk.KindAccount, Email: new(c.Invited)}
	}
	if c.Item != nil && c.Item.ID != "" && c.Item.ID != item { // of a folder above
		x.Via, x.Inherited = new(c.Item.ID), new(true)
	}
	if x.Principal == nil {
		return nil
	}
	return x
}

// access is nil for a link that opens nothing to those who have no access already.
func (l *link) access() *sdk.Access {
	if l == nil {
		return nil
	}
	open := l.Effective
	if open == "" {
		open = l.Access
	}
	x := &sdk.Access{Role: new("read"), ExpiresAt: sdk.At(l.Expires.Time)}
	switch {
	case l.Permission == "no_access":
		return nil
	case open == "open":
		x.LinkScope = new("anyone")
	case open == "company":
		x.LinkScope = new("organization")
	default:
		return nil
	}
	if l.Permission == "can_edit" {
		x.Role = new("write")
	}
	return x
}

// inside is what things in a folder inherit from it.
func (it *item) inside(own *sdk.AccessList) sight {
	s := sight{complete: own.GetComplete()}
	for _, x := range own.GetItems() {
		if x.GetRole() == "owner" {
			continue
		}
		y := &sdk.Access{
			Principal: x.GetPrincipal(), Role: x.Role, Via: x.Via, Inherited: new(true), ExpiresAt: x.GetExpiresAt(), LinkScope: x.LinkScope,
		}
		if !x.GetInherited() {
			y.Via = new(it.ID)
		}
		s.access = append(s.access, y)
	}
	return s
}
