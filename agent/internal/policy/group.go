package policy

import (
	"strings"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Groupings are the values of Policy.Group.
func Groupings() []string { return []string{"owner", "folder", "actor", "record", "none"} }

// defaultGroup is what most people want to see as one alert.
func defaultGroup(k wire.Kind) string {
	switch {
	case k == wire.Kind_KIND_ACTIVITY:
		return "actor"
	case hasOwner(k):
		return "owner"
	}
	return "record"
}

// hasOwner: somebody answers for records of the kind.
func hasOwner(k wire.Kind) bool {
	switch k {
	case wire.Kind_KIND_FILE, wire.Kind_KIND_GRANT, wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_ACTIVITY:
		return true
	default:
		return false
	}
}

// GroupOf says with which other findings of the policy one on a record belongs together: an e-mail address where there is one,
// else an id; "" when that is not known, and for the group none.
func (p *Policy) GroupOf(m wire.RecordMessage) string {
	switch p.Group {
	case "owner":
		return refKey(ownerRef(m))
	case "actor":
		if a, ok := m.(*wire.Activity); ok {
			return refKey(a.GetActor())
		}
		return refKey(ownerRef(m))
	case "folder":
		return folderOf(m)
	case "record":
		return m.GetId()
	}
	return ""
}

// ownerRef is who answers for a record.
func ownerRef(m wire.RecordMessage) *wire.Ref {
	switch r := m.(type) {
	case *wire.Account:
		return &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: &r.Id, Email: r.Email, Name: r.Name}
	case *wire.File:
		return r.GetOwner()
	case *wire.Grant:
		if r.GetAccount() != nil {
			return r.GetAccount()
		}
		return r.GetCreatedBy()
	case *wire.Membership:
		return r.GetMember()
	case *wire.Activity:
		return r.GetActor()
	}
	return nil
}

func folderOf(m wire.RecordMessage) string {
	f, ok := m.(*wire.File)
	if !ok {
		return ""
	}
	if id := refKey(f.GetParent()); id != "" {
		return id
	}
	if n := strings.LastIndexByte(f.GetPath(), '/'); n > 0 {
		return f.GetPath()[:n]
	}
	return ""
}
