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

// splitVolatile takes id and volatile fields out of a record, gives the volatile ones as a record of their own (nil:
// none), and a func that puts all back.
func splitVolatile(r Record) (Record, func()) {
	switch r := r.(type) {
	case *Account:
		id, at := r.Id, r.LastActiveAt
		r.Id, r.LastActiveAt = "", nil
		return ifKnown(at, func() Record { return &Account{LastActiveAt: at} }), func() { r.Id, r.LastActiveAt = id, at }
	case *App:
		id, at, n := r.Id, r.LastUsedAt, r.AccountCount
		r.Id, r.LastUsedAt, r.AccountCount = "", nil, nil
		restore := func() { r.Id, r.LastUsedAt, r.AccountCount = id, at, n }
		if n == nil {
			return ifKnown(at, func() Record { return &App{LastUsedAt: at} }), restore
		}
		return &App{LastUsedAt: at, AccountCount: n}, restore
	case *Grant:
		id, at := r.Id, r.LastUsedAt
		r.Id, r.LastUsedAt = "", nil
		return ifKnown(at, func() Record { return &Grant{LastUsedAt: at} }), func() { r.Id, r.LastUsedAt = id, at }
	}
	field := idField(r)
	id := *field
	*field = ""
	return nil, func() { *field = id }
}

func ifKnown(at *timestamppb.Timestamp, volatile func() Record) Record {
	if at == nil {
		return nil
	}
	return volatile()
}

func idField(r Record) *string {
	switch r := r.(type) {
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
