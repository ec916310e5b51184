// Package decision keeps what people decided: exceptions from policies, verdicts on apps, owners of records, and whose an
// account is. A decision survives every scan, since no scan writes it.
//
// It promises: who decided, why and until when is known of each; nothing is decided that the audit log does not hold
// already; what ends by itself ends on time, and who follows Changed hears of it. Decisions are never deleted, only
// withdrawn.
//
// It does not ask whether somebody may decide: the API knows who asks.
package decision

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Bucket of the agent's store. Events go behind those of the agent, in the same commit.
const (
	Bucket      = "decisions"
	eventBucket = "events"
)

// The limits, each with its unit.
const (
	MaxDecisions   = 100_000 // that are in force at the same time
	maxTextBytes   = 2 << 10 // a reason, a name
	minReasonBytes = 3
	maxExceptDays  = 366 // an exception ends within them
	maxExceptTime  = maxExceptDays * 24 * time.Hour
)

// What is decided.
type What string

// The decisions.
const (
	// Exception: a policy is not to mind some record, group of records, or anything at all, for a while.
	Exception What = "exception"
	// AppVerdict: an app is approved or banned.
	AppVerdict What = "app_verdict"
	// Owner: a person answers for a record.
	Owner What = "owner"
	// Link: an account is a person's, or nobody's.
	Link What = "link"
)

// The scopes of an exception.
const (
	ScopeRef    = "ref"    // one record
	ScopeGroup  = "group"  // what the policy gathers: all files of one owner
	ScopePolicy = "policy" // everything
)

// The verdicts on apps.
const (
	Approved = "approved"
	Banned   = "banned"
)

// Decision is one, as it is kept. Empty fields do not apply.
type Decision struct {
	ID     string    `json:"id"`
	What   What      `json:"what"`
	Made   time.Time `json:"made"`
	Author string    `json:"author"`
	Reason string    `json:"reason"`
	// Expires is when it ends by itself; nil: never.
	Expires *time.Time `json:"expires,omitempty"`

	Policy string `json:"policy,omitempty"` // exception
	Scope  string `json:"scope,omitempty"`  // exception: ref | group | policy
	Ref    string `json:"ref,omitempty"`    // of the record, app or account
	Group  string `json:"group,omitempty"`  // exception of a group
	// Instance of a group that is no e-mail address: such a group means something in its own instance only.
	Instance string `json:"instance,omitempty"`
	Alert    string `json:"alert,omitempty"` // that an exception was made of

	Verdict string `json:"verdict,omitempty"` // app_verdict: approved | banned
	// Person is the owner, or whose the account is: an e-mail address or a name of the map file; - for nobody.
	Person string `json:"person,omitempty"`

	Ended *End `json:"ended,omitempty"`
}

// End is how a decision came to its end.
type End struct {
	At time.Time `json:"at"`
	// By is who withdrew it, or the decision that took its place, or "" when its time was over.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// InForce tells whether it counts at a time.
func (d *Decision) InForce(now time.Time) bool {
	return d.Ended == nil && (d.Expires == nil || now.Before(*d.Expires))
}

// InvalidError is a decision that cannot be made as it is asked for.
type InvalidError struct{ Text string }

func (e *InvalidError) Error() string { return e.Text }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// ErrNotFound says that there is no such decision.
var ErrNotFound = errors.New("there is no such decision")

// Store is what the agent's store gives.
type Store interface {
	Docs
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Docs are documents for reading.
type Docs interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
}

// Audit takes entries before anything is done.
type Audit interface {
	Append(entries ...audit.Entry) error
}

// check says what is wrong with a decision that is asked for, and writes its parts in their one form.
func (d *Decision) check(now time.Time) error {
	d.Reason = strings.TrimSpace(d.Reason)
	for _, text := range []string{d.Reason, d.Policy, d.Group, d.Person, d.Author} {
		if !utf8.ValidString(text) || len(text) > maxTextBytes {
			return invalid("a text of more than %d bytes, or with bytes that are no text", maxTextBytes)
		}
	}
	switch {
	case d.Author == "":
		return invalid("who decides is not known")
	case len(d.Reason) < minReasonBytes:
		return invalid("a decision needs a reason that others understand later: write --reason")
	case d.Expires != nil && !d.Expires.After(now):
		return invalid("it would have ended already, at %s", d.Expires.UTC().Format(time.RFC3339))
	}
	switch d.What {
	case Exception:
		return d.checkException(now)
	case AppVerdict:
		if d.Verdict != Approved && d.Verdict != Banned {
			return invalid("the verdict on an app is %s or %s, not %q", Approved, Banned, d.Verdict)
		}
		return d.checkRef(wire.Kind_KIND_APP)
	case Owner:
		if d.Person = record.Email(d.Person); d.Person == "" {
			return invalid("an owner is an e-mail address")
		}
		return d.checkRef(wire.Kind_KIND_UNSPECIFIED)
	case Link:
		if e := record.Email(d.Person); e != "" {
			d.Person = e
		}
		if d.Person == "" {
			return invalid("whose is the account? Write an e-mail address, or - when it is nobody's")
		}
		return d.checkRef(wire.Kind_KIND_ACCOUNT)
	}
	return invalid("%q is no decision: it is one of %s, %s, %s, %s", d.What, Exception, AppVerdict, Owner, Link)
}

func (d *Decision) checkException(now time.Time) error {
	switch {
	case d.Policy == "":
		return invalid("an exception is from a policy: write --policy")
	case d.Expires == nil:
		return invalid("an exception ends: write --for 30d")
	case d.Expires.Sub(now) > maxExceptTime:
		return invalid("an exception ends within %d days: think of it anew then", maxExceptDays)
	}
	switch d.Scope {
	case ScopeRef:
		d.Group, d.Instance = "", ""
		return d.checkRef(wire.Kind_KIND_UNSPECIFIED)
	case ScopeGroup:
		d.Ref = ""
		switch address := record.Email(d.Group); {
		case d.Group == "":
			return invalid("an exception of a group names the group")
		case address != "":
			d.Group, d.Instance = address, ""
		case d.Instance == "":
			return invalid("group %q is no e-mail address: an exception of it names the instance", d.Group)
		}
		return nil
	case ScopePolicy:
		d.Ref, d.Group, d.Instance = "", "", ""
		return nil
	}
	return invalid("%q is no scope of an exception: it is one of %s, %s, %s", d.Scope, ScopeRef, ScopeGroup, ScopePolicy)
}

// checkRef: unspecified is any kind.
func (d *Decision) checkRef(kind wire.Kind) error {
	ref, err := record.ParseRef(d.Ref)
	if err != nil {
		return invalid("%v", err)
	}
	if kind != wire.Kind_KIND_UNSPECIFIED && ref.Kind != kind {
		return invalid("%s is not the ref of an %s", d.Ref, sdk.KindName(kind))
	}
	if len(d.Ref) > maxTextBytes {
		return invalid("a ref of more than %d bytes", maxTextBytes)
	}
	d.Ref = ref.String()
	return nil
}
