package sdk

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The records are the messages that travel and are stored. Their fields are documented in sdk/wire/v1/records.proto.
//
//nolint:revive // one comment for all of them
type (
	Account    = wire.Account
	Group      = wire.Group
	Role       = wire.Role
	Membership = wire.Membership
	Activity   = wire.Activity
	File       = wire.File
	App        = wire.App
	Grant      = wire.Grant
	TenantItem = wire.Setting // a record of kind setting; Setting is the name of a connector's own option
	Other      = wire.Other

	Ref        = wire.Ref
	Access     = wire.Access
	AccessList = wire.AccessList
	Strings    = wire.Strings
	Attribute  = wire.Attribute
	Kind       = wire.Kind
)

// The kinds of records.
const (
	KindAccount    = wire.Kind_KIND_ACCOUNT
	KindGroup      = wire.Kind_KIND_GROUP
	KindRole       = wire.Kind_KIND_ROLE
	KindMembership = wire.Kind_KIND_MEMBERSHIP
	KindActivity   = wire.Kind_KIND_ACTIVITY
	KindFile       = wire.Kind_KIND_FILE
	KindApp        = wire.Kind_KIND_APP
	KindGrant      = wire.Kind_KIND_GRANT
	KindSetting    = wire.Kind_KIND_SETTING
	KindOther      = wire.Kind_KIND_OTHER
)

// Record is one of *Account, *Group, *Role, *Membership, *Activity, *File, *App, *Grant, *TenantItem and *Other.
type Record interface {
	GetId() string
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
}

// At is the time of a record's field. The zero time is unknown and gives nil.
func At(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// All is a set known to be complete, possibly empty.
func All(items ...string) *Strings { return &Strings{Items: items, Complete: true} }

// Some is a set of which more may exist.
func Some(items ...string) *Strings { return &Strings{Items: items} }

// To refers to a record of the same instance by its id; an empty id gives nil.
func To(k Kind, id string) *Ref {
	if id == "" {
		return nil
	}
	return &Ref{Kind: k, Id: &id}
}

// ID joins the parts of a compound id: "/" between them, "%2F" and "%25" for "/" and "%" inside them, so different parts
// never give the same id. It is the same in every language.
func ID(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		escape(&b, p)
	}
	return b.String()
}

func escape(b *strings.Builder, p string) {
	if !strings.ContainsAny(p, "/%") {
		b.WriteString(p)
		return
	}
	for i := range len(p) {
		switch p[i] {
		case '/':
			b.WriteString("%2F")
		case '%':
			b.WriteString("%25")
		default:
			b.WriteByte(p[i])
		}
	}
}

// SplitID gives the parts that ID joined.
func SplitID(id string) []string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("%2F", "/", "%25", "%").Replace(p)
	}
	return parts
}

// StableID is the id of an event to which the provider gives none: a hash of all that makes it this event.
func StableID(parts ...string) string {
	h := sha256.Sum256([]byte(ID(parts...)))
	return hex.EncodeToString(h[:16])
}
