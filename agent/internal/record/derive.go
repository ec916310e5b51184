package record

import (
	"strings"

	"google.golang.org/protobuf/proto"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Organisation is who "we" are: the e-mail domains of our own people.
type Organisation struct {
	domains map[string]bool
}

// NewOrganisation takes domains in any case. Subdomains do not count: each is named.
func NewOrganisation(domains ...string) Organisation {
	o := Organisation{domains: make(map[string]bool, len(domains))}
	for _, d := range domains {
		o.domains[strings.ToLower(strings.TrimSpace(d))] = true
	}
	return o
}

// Lookup finds the other records on which derived fields stand. A nil func knows nothing.
type Lookup struct {
	// Account gives an account with its derived fields; nil: not known.
	Account func(id string) *wire.Account
	// Group gives the group that a ref names by its id or its address, with its derived fields; nil: not known.
	Group func(ref *wire.Ref) *wire.Group
	// Members gives the accounts in a group, also those in its subgroups, and whether these are all.
	Members func(group string) (accounts []*wire.Account, all bool)
	// Roles gives the roles that an account holds, also through groups, and whether these are all.
	Roles func(account string) (roles []*wire.Role, all bool)
}

// Derive writes the fields that the host, not the connector, knows. What cannot be told stays unknown.
func (o Organisation) Derive(m wire.RecordMessage, look Lookup) {
	switch r := m.(type) {
	case *wire.Account:
		r.External = o.External(r.GetEmail())
		if r.Admin == nil && look.Roles != nil {
			r.Admin = admin(look.Roles(r.GetId()))
		}
	case *wire.Group:
		r.ExternalMembers = nil
		if look.Members != nil {
			r.ExternalMembers = externalMembers(look.Members(r.GetId()))
		}
	case *wire.File:
		if l := r.GetAccessLevel(); l != "link" && l != "public" {
			r.AccessLevel = o.accessLevel(r, look)
		}
	}
}

// External says whether an e-mail address is of somebody else's; nil when that cannot be told.
func (o Organisation) External(email string) *bool {
	at := strings.LastIndexByte(email, '@')
	if at < 0 || at == len(email)-1 || len(o.domains) == 0 {
		return nil
	}
	return new(!o.domains[strings.ToLower(email[at+1:])])
}

// admin: one privileged role is enough; none only counts when all roles are known and say so.
func admin(roles []*wire.Role, all bool) *bool {
	for _, r := range roles {
		if r.GetPrivileged() {
			return new(true)
		}
		all = all && r.Privileged != nil
	}
	if !all {
		return nil
	}
	return new(false)
}

func externalMembers(accounts []*wire.Account, all bool) *bool {
	for _, a := range accounts {
		if a.GetExternal() {
			return new(true)
		}
		all = all && a.External != nil
	}
	if !all {
		return nil
	}
	return new(false)
}

// accessLevel tells private, internal and external by who is in the access list. One external principal is enough; the
// other two need a complete list in which everyone is known.
func (o Organisation) accessLevel(f *wire.File, look Lookup) *string {
	if f.Access == nil {
		return nil
	}
	certain, shared := f.Access.GetComplete(), false
	var owner *wire.Access
	for _, a := range f.Access.GetItems() {
		switch a.GetLinkScope() {
		case "anyone":
			return new("link")
		case "organization":
			shared = true
		}
	}
	for _, a := range f.Access.GetItems() {
		if a.LinkScope != nil {
			continue
		}
		external := o.principalExternal(a.GetPrincipal(), look)
		if external != nil && *external {
			return new("external")
		}
		if owns(f, a) && (owner == nil || proto.Equal(owner.GetPrincipal(), a.GetPrincipal())) {
			owner = a
			continue // whether the one owner is known changes nothing between private and internal
		}
		shared = true
		certain = certain && external != nil
	}
	switch {
	case !certain:
		return nil
	case shared:
		return new("internal")
	}
	return new("private")
}

func owns(f *wire.File, a *wire.Access) bool {
	if a.GetRole() == "owner" {
		return true
	}
	owner, p := f.GetOwner(), a.GetPrincipal()
	return owner.GetId() != "" && owner.GetId() == p.GetId() && owner.GetKind() == p.GetKind()
}

func (o Organisation) principalExternal(p *wire.Ref, look Lookup) *bool {
	if p.GetKind() == wire.Kind_KIND_APP {
		return new(false) // an app has been let in by one of ours
	}
	group := p.GetKind() == wire.Kind_KIND_GROUP
	// An address that does not say whose it is may be a group's.
	if (group || p.GetKind() == wire.Kind_KIND_UNSPECIFIED && p.GetId() == "") && p.GetInstance() == "" && look.Group != nil {
		if g := look.Group(p); g != nil {
			return g.ExternalMembers
		}
	}
	if group {
		return nil // its own address says nothing about its members
	}
	if p.GetInstance() == "" && p.GetId() != "" && look.Account != nil {
		if a := look.Account(p.GetId()); a != nil && a.External != nil {
			return a.External
		}
	}
	return o.External(p.GetEmail())
}
