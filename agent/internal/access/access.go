// Package access answers who can reach a thing, and what somebody can reach, from the records of all instances: through
// groups in groups, roles, apps, folders, links and tokens, with the way that leads there.
//
// It promises: a reader is certain only when every step of one way stands in a record that was looked at whole and
// lately; every reader that any record speaks for is at least possible; and where readers may hide because nobody could
// look, that place is named. Circles are no trouble. It keeps no file, reads no clock and judges no look itself: it is
// told by Looks.
package access

import (
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Key names a record. An instance is provider/name. Kind unspecified is one of the circles below, or an e-mail address.
type Key struct {
	Instance string
	Kind     wire.Kind
	ID       string
}

// The circles that no record stands for.
const (
	anyone         = "anyone"
	everyone       = "organization"
	administrators = "administrators"
	emailPrefix    = "email:"
)

// Anyone is whoever has the link.
func Anyone() Key { return Key{ID: anyone} }

// Everyone is all of the organisation who have an account in the instance.
func Everyone(instance string) Key { return Key{Instance: instance, ID: everyone} }

// Administrators of an instance may give themselves access to what is in it.
func Administrators(instance string) Key { return Key{Instance: instance, ID: administrators} }

// Address is whoever reads a mailbox, as far as an access list names only that. The address is normalised.
func Address(instance, email string) Key { return Key{Instance: instance, ID: emailPrefix + email} }

// Email is the address of a Key that is one; "" for all others.
func (k Key) Email() string {
	if k.Kind != wire.Kind_KIND_UNSPECIFIED || len(k.ID) <= len(emailPrefix) || k.ID[:len(emailPrefix)] != emailPrefix {
		return ""
	}
	return k.ID[len(emailPrefix):]
}

// Circle is anyone, organization or administrators; "" for a record.
func (k Key) Circle() string {
	if k.Kind == wire.Kind_KIND_UNSPECIFIED && k.Email() == "" {
		return k.ID
	}
	return ""
}

// Home is the listing and shard that said something.
type Home struct {
	Instance, Listing, Shard string
}

// Facet is what one listing says of a record.
type Facet struct {
	Home Home
	// Defines: the listing makes the record exist; others only add to it.
	Defines bool
	Record  wire.RecordMessage
}

// Record is all that is said of one record, the facet that counts most first.
type Record struct {
	Key    Key
	Facets []Facet
	// OwnList: some listing gives access lists for files like this one. Without, its folder's is what counts.
	OwnList bool
}

// Looks says how well things were looked at. Every answer is the reason why not; "" is well.
type Looks interface {
	// Home: whether what a listing said of a shard is complete and recent.
	Home(Home) string
	// Record: whether its listing still shows the record.
	Record(k Key, listing string) string
	// Members: whether all members of a group, role or app are known.
	Members(Key) string
	Now() time.Time
}

// How somebody reaches a thing.
type How uint8

// The ways.
const (
	Member   How = iota + 1 // of a group
	Holds                   // a role
	Assigned                // to an app
	Scoped                  // holds a role on the thing
	Listed                  // stands in its access list
	Owns                    // the thing
	Inherits                // reaches what the thing lies in
	Within                  // a group inside the group
	Bears                   // the e-mail address that is meant
	Acts                    // an app, for an account or all of them
	Token                   // a key or token for the thing
)

// Step is one step of a way: the holder has the thing.
type Step struct {
	Thing, Holder Key
	How           How
	// Role in the words of the record.
	Role string
	// Why the step is only possible; "" when it is certain.
	Why string
}

// Reached is who was found, or what.
type Reached struct {
	Key     Key
	Certain bool
	// Role is what the access list says of this way; "" when it says nothing.
	Role string
}

// Hole is a place on the way where more readers may be than anybody could see.
type Hole struct {
	Key Key
	Why string
}
