package sdk

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// MaxAttributes is the most that a record keeps of the vendor's own; further ones are dropped.
const MaxAttributes = 64

// normalize makes equal things equal: empty strings and refs are unknown, sets are sorted and unique, and what only the
// host may say is taken out. Without it an unchanged record would look changed.
func normalize(r Record) {
	switch r := r.(type) {
	case *Account:
		known(&r.Name, &r.Email, &r.DisplayName, &r.Status, &r.Type, &r.Mfa, &r.OrgUnit, &r.SamlNameId, &r.ExternalId)
		knownRefs(&r.Manager)
		r.External = nil
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Group:
		known(&r.Name, &r.Email, &r.Type)
		knownRefs(&r.Parent)
		r.ExternalMembers = nil
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Role:
		known(&r.Name)
		sortSet(r.Permissions)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Membership:
		known(&r.Role, &r.Condition, &r.State)
		knownRefs(&r.Container, &r.Member, &r.Scope, &r.Via)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Activity:
		known(&r.Type, &r.Action, &r.Ip, &r.UserAgent, &r.Location, &r.Outcome, &r.SessionId)
		knownRefs(&r.Actor, &r.App)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *File:
		normalizeFile(r)
	case *App:
		known(&r.Name, &r.Publisher, &r.Type, &r.PermissionLevel)
		sortSet(r.Scopes)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Grant:
		known(&r.Name, &r.Type, &r.State)
		knownRefs(&r.App, &r.Account, &r.Resource, &r.CreatedBy)
		sortSet(r.Scopes)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *TenantItem:
		known(&r.Name, &r.Value, &r.Default)
		knownRefs(&r.Scope)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	case *Other:
		known(&r.Type, &r.Name)
		r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
	}
}

func normalizeFile(r *File) {
	known(&r.Name, &r.Path, &r.Type, &r.Mime, &r.ContentHash, &r.Version, &r.Url, &r.AccessLevel)
	knownRefs(&r.Owner, &r.ModifiedBy, &r.Parent)
	r.Inspection = nil
	if l := r.GetAccessLevel(); l != "" && l != "link" && l != "public" {
		r.AccessLevel = nil
	}
	sortSet(r.Labels)
	if r.Access != nil {
		for _, a := range r.Access.GetItems() {
			known(&a.Role, &a.Via, &a.LinkScope)
			knownRefs(&a.Principal)
		}
		slices.SortFunc(r.Access.Items, compareAccess)
	}
	r.Native, r.Attributes = attributes(r.Native), attributes(r.Attributes)
}

func known(fields ...**string) {
	for _, f := range fields {
		if *f != nil && **f == "" {
			*f = nil
		}
	}
}

func knownRefs(refs ...**Ref) {
	for _, r := range refs {
		if *r == nil {
			continue
		}
		known(&(*r).Id, &(*r).Email, &(*r).Name, &(*r).Instance)
		if (*r).Id == nil && (*r).Email == nil && (*r).Name == nil {
			*r = nil
		}
	}
}

func sortSet(s *Strings) {
	if s != nil {
		slices.Sort(s.Items)
		s.Items = slices.Compact(s.Items)
	}
}

func attributes(a []*Attribute) []*Attribute {
	if len(a) < 2 {
		return a
	}
	slices.SortStableFunc(a, func(x, y *Attribute) int { return compareStrings(x.GetName(), y.GetName()) })
	return a[:min(len(a), MaxAttributes)]
}

// compareAccess goes on to the next field only where all before it are equal: most records differ in the first.
func compareAccess(a, b *Access) int {
	if c := compareStrings(a.GetPrincipal().GetId(), b.GetPrincipal().GetId()); c != 0 {
		return c
	}
	return cmp.Or(
		compareStrings(a.GetPrincipal().GetEmail(), b.GetPrincipal().GetEmail()),
		compareStrings(a.GetPrincipal().GetName(), b.GetPrincipal().GetName()),
		int(a.GetPrincipal().GetKind())-int(b.GetPrincipal().GetKind()),
		compareStrings(a.GetLinkScope(), b.GetLinkScope()),
		compareStrings(a.GetRole(), b.GetRole()),
		compareStrings(a.GetVia(), b.GetVia()),
	)
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// aside is what splitVolatile took out of a record.
type aside struct {
	id    string
	at    *timestamppb.Timestamp
	count *int64
}

// splitVolatile takes id and volatile fields out of a record and gives the volatile ones as a record of their own; nil:
// none. putBack undoes it.
func splitVolatile(r Record) (Record, aside) {
	var a aside
	switch r := r.(type) {
	case *Account:
		if a.at, r.LastActiveAt = r.LastActiveAt, nil; a.at != nil {
			a.id, r.Id = r.Id, ""
			return &Account{LastActiveAt: a.at}, a
		}
	case *App:
		a.at, a.count, r.LastUsedAt, r.AccountCount = r.LastUsedAt, r.AccountCount, nil, nil
		if a.at != nil || a.count != nil {
			a.id, r.Id = r.Id, ""
			return &App{LastUsedAt: a.at, AccountCount: a.count}, a
		}
	case *Grant:
		if a.at, r.LastUsedAt = r.LastUsedAt, nil; a.at != nil {
			a.id, r.Id = r.Id, ""
			return &Grant{LastUsedAt: a.at}, a
		}
	}
	field := idField(r)
	a.id, *field = *field, ""
	return nil, a
}

func (a aside) putBack(r Record) {
	*idField(r) = a.id
	switch r := r.(type) {
	case *Account:
		r.LastActiveAt = a.at
	case *App:
		r.LastUsedAt, r.AccountCount = a.at, a.count
	case *Grant:
		r.LastUsedAt = a.at
	}
}

func idField(r Record) *string {
	switch r := r.(type) {
	case *Account:
		return &r.Id
	case *App:
		return &r.Id
	case *Grant:
		return &r.Id
	case *Group:
		return &r.Id
	case *Role:
		return &r.Id
	case *Membership:
		return &r.Id
	case *Activity:
		return &r.Id
	case *File:
		return &r.Id
	case *wire.Setting:
		return &r.Id
	case *Other:
		return &r.Id
	}
	return new(string)
}
