package policy

import (
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Context is what a record is judged in. What is not given is unknown to the condition.
type Context struct {
	// Look finds other records; nil: none is known.
	Look Look
	// Change is what just happened to the record; nil: it is only looked at. Before is the record as it was.
	Change *Change
	Before wire.RecordMessage
	// Now is what now() says; zero: the clock.
	Now time.Time
	// Ref of the record: its provider and instance.
	Ref record.Ref
}

// Change is what happened to a record.
type Change struct {
	What   string // created | updated | filled | deleted
	Fields []string
}

// The words of Change.What.
const (
	Created = "created"
	Updated = "updated"
	Filled  = "filled"
	Deleted = "deleted"
)

// Look finds what a condition asks of other records than the one it judges. It is bound to the instance of that record; a ref
// may name another. All records it gives have their derived fields.
type Look interface {
	// Account finds an account by its id, or else by its e-mail address; nil: not known.
	Account(ref *wire.Ref) *wire.Account
	// Group finds a group likewise.
	Group(ref *wire.Ref) *wire.Group
	// Groups are those that an account is in, also through other groups, and whether these are all.
	Groups(account *wire.Account) (groups []*wire.Group, all bool)
	// Person gives all accounts of whom an account, or an e-mail address, belongs to: in every instance, that account too. It is
	// not known while accounts are not joined yet.
	Person(ref *wire.Ref) (accounts []PersonAccount, known bool)
	// Party says whose a domain is: ours, personal, other, or the name of a partner. Parties does.
	Party(domain string) (name string, known bool)
	// Verdict is what was decided about an app: approved, banned, or "" for none.
	Verdict(app *wire.Ref) (verdict string, known bool)
	// Country is that of an address, as two small letters; not known without a geo database.
	Country(ip string) (code string, known bool)
}

// Files is a Look that also finds files: without it parent() is unknown.
type Files interface {
	// File finds a file, folder or repository by its id; nil: not known.
	File(ref *wire.Ref) *wire.File
}

// PersonAccount is one of a person's accounts, and where it is.
type PersonAccount struct {
	Provider, Instance string
	Account            *wire.Account
}

// Reads is what a condition looks at.
type Reads struct {
	// Fields of the record itself, in the order of their names; of a derived field also those it is derived from.
	Fields []string
	// Kinds of other records: a change of one of these may change what the condition says.
	Kinds []wire.Kind
	// Looked has, of those of them of which only some fields are read, these. Such a record that is created or deleted changes
	// nothing: who lies in a folder comes after it.
	Looked map[wire.Kind][]string
	// Now: it asks for the time, so what it says changes by itself.
	Now bool
	// Change: it asks what just happened, or what was before. It is judged on every change, and says nothing of a state.
	Change bool
	// People: it asks for accounts of other instances.
	People bool
	// Verdicts: it asks for decisions about apps.
	Verdicts bool
}
