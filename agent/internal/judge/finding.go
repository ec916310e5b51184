package judge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Finding is a record that a policy matches, as it stands in the store.
type Finding struct {
	Policy   string `json:"policy"`
	Hash     string `json:"hash"` // of the policy
	Severity string `json:"severity,omitempty"`
	Mode     string `json:"mode,omitempty"`
	Ref      string `json:"ref"`
	// Key of what is not the only finding of its policy and record.
	Key   string    `json:"key,omitempty"`
	Since time.Time `json:"since"`
	// Cause is what opened it: an entry of the log, or a look. With policy and ref it names this finding for ever.
	Cause    string          `json:"cause"`
	Title    string          `json:"title"`
	Record   json.RawMessage `json:"record,omitempty"` // not of a baseline
	Evidence json.RawMessage `json:"evidence,omitempty"`
	// Digest is of the evidence that does not move by itself.
	Digest    string   `json:"digest,omitempty"`
	Group     string   `json:"group,omitempty"`
	People    []string `json:"people,omitempty"`
	Count     int      `json:"count,omitempty"` // activities of a burst
	Baseline  bool     `json:"baseline,omitempty"`
	Excepted  bool     `json:"excepted,omitempty"`
	Momentary bool     `json:"momentary,omitempty"`

	// What follows is for Propose, and is not kept.

	Target  record.Ref         `json:"-"`
	Message wire.RecordMessage `json:"-"`
	// Doubt is why nothing that cannot be taken back may be done without a person: a list that is not believed yet.
	Doubt string `json:"-"`
}

func parseFinding(b []byte) (*Finding, error) {
	f := &Finding{}
	if err := json.Unmarshal(b, f); err != nil {
		return nil, fmt.Errorf("a finding: %w", err)
	}
	return f, nil
}

// prefix of the findings of a policy.
func (r *rule) prefix() []byte {
	return append(append(append([]byte(r.Name), 0), sdk.KindName(r.Kind)...), 0)
}

// key of a finding; moment is 0 for a state.
func (r *rule) key(id string, moment uint64, part string) []byte {
	k := append(r.prefix(), id...)
	if moment > 0 {
		k = binary.BigEndian.AppendUint64(append(k, 0), moment)
	}
	if part != "" {
		k = append(append(k, 0), name(part)...)
	}
	return k
}

// prefixed reads the documents of a bucket with a prefix, behind a key; nil: from its first.
func (j *Judge) prefixed(ctx context.Context, bucket string, prefix, after []byte) iter.Seq2[store.Doc, error] {
	if after == nil {
		after = prefix // no document has only the prefix for a key
	}
	return func(yield func(store.Doc, error) bool) {
		for d, err := range j.Store.DocsAfter(ctx, bucket, after) {
			if err == nil && !bytes.HasPrefix(d.Key, prefix) {
				return
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// name makes the same short name of the same parts.
func name(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	const size = 12
	return hex.EncodeToString(h.Sum(nil)[:size])
}

// finding makes what a match is kept as.
func (j *Judge) finding(r *rule, found *view.Found, c cause) *Finding {
	evidence, digest := evidence(found.Record, r.reads.Fields)
	f := &Finding{
		Policy: r.Name, Hash: r.Hash, Severity: r.Severity, Mode: r.Mode, Ref: found.Ref.String(), Since: c.at, Cause: c.id,
		Title: title(r.Policy, found.Record), Evidence: evidence, Digest: digest, Baseline: c.baseline, Momentary: r.momentary,
		Group: j.group(r, found.Record), People: j.people(found.Record), Target: found.Ref, Message: found.Record,
	}
	if !c.baseline {
		f.Record = bounded(found.Ref, found.Record)
	}
	if j.Excepted != nil {
		f.Excepted = j.Excepted(r.Name, found.Ref, f.Group)
	}
	return f
}

// bounded is a record as the command line shows it; of one that is too large only what it is.
func bounded(ref record.Ref, m wire.RecordMessage) json.RawMessage {
	b := record.JSON(nil, ref, m)
	if len(b) <= maxRecordBytes {
		return b
	}
	small := wire.NewRecord(ref.Kind)
	b = record.JSON(nil, ref, small)
	return append(b[:len(b)-1], `,"too_large":true}`...)
}

// evidence gives the fields that a condition read, and a digest of those that do not move by themselves.
func evidence(m wire.RecordMessage, fields []string) (all json.RawMessage, digest string) {
	from := m.ProtoReflect()
	some, stable := from.New(), from.New()
	from.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if n := string(fd.Name()); slices.Contains(fields, n) {
			some.Set(fd, v)
			if !slices.Contains(unlogged, n) {
				stable.Set(fd, v)
			}
		}
		return true
	})
	all = printed(some)
	if len(all) > maxRecordBytes {
		all = nil
	}
	return all, name(string(printed(stable)))
}

func printed(m protoreflect.Message) []byte {
	r, ok := m.Interface().(wire.RecordMessage)
	if !ok {
		return nil
	}
	return record.JSON(nil, record.Ref{}, r)
}

// title says what was found, in a line.
func title(p *policy.Policy, m wire.RecordMessage) string {
	what, _, _ := strings.Cut(p.Description, "\n")
	if what == "" {
		what = p.Name
	}
	return strings.TrimSuffix(what, ".") + ": " + nameOf(m)
}

// nameOf is what people call a record.
func nameOf(m wire.RecordMessage) string {
	switch r := m.(type) {
	case *wire.File:
		if r.GetPath() != "" {
			return cut(r.GetPath())
		}
	case *wire.Account:
		if r.GetEmail() != "" {
			return cut(r.GetEmail())
		}
	case *wire.Activity:
		return cut(strings.TrimSpace(r.GetType() + " by " + called(r.GetActor())))
	case *wire.Membership:
		return cut(called(r.GetMember()) + " in " + called(r.GetContainer()))
	}
	if n, ok := m.(interface{ GetName() string }); ok && n.GetName() != "" {
		return cut(n.GetName())
	}
	return cut(m.GetId())
}

func called(r *wire.Ref) string {
	for _, s := range []string{r.GetName(), r.GetEmail(), r.GetId()} {
		if s != "" {
			return s
		}
	}
	return "somebody"
}

// cut shortens what is shown.
func cut(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

// concerned are those whom a record concerns: who answers for it first, then who touched it last.
func concerned(m wire.RecordMessage) []*wire.Ref {
	switch r := m.(type) {
	case *wire.Account:
		return []*wire.Ref{{Kind: wire.Kind_KIND_ACCOUNT, Id: &r.Id, Email: r.Email}}
	case *wire.File:
		return []*wire.Ref{r.GetOwner(), r.GetModifiedBy()}
	case *wire.Grant:
		return []*wire.Ref{r.GetAccount(), r.GetCreatedBy()}
	case *wire.Membership:
		return []*wire.Ref{r.GetMember()}
	case *wire.Activity:
		return []*wire.Ref{r.GetActor()}
	}
	return nil
}

// people are the e-mail addresses of those concerned.
func (j *Judge) people(m wire.RecordMessage) (list []string) {
	for _, ref := range concerned(m) {
		if e := j.emailOf(ref); e != "" && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

func (j *Judge) emailOf(ref *wire.Ref) string {
	if e := record.Email(ref.GetEmail()); e != "" {
		return e
	}
	if k := ref.GetKind(); ref.GetId() == "" || k != wire.Kind_KIND_ACCOUNT && k != wire.Kind_KIND_UNSPECIFIED {
		return ""
	}
	if e := record.Email(j.look.Account(ref).GetEmail()); e != "" {
		return e
	}
	accounts, _ := j.look.Person(ref) // an account without an address is somebody's who has one elsewhere
	for _, a := range accounts {
		if e := record.Email(a.Account.GetEmail()); e != "" {
			return e
		}
	}
	return ""
}

// group is what a finding is gathered by: an address where somebody's is known, so that findings of all instances meet; what is
// only an id of this instance says so.
func (j *Judge) group(r *rule, m wire.RecordMessage) string {
	for _, ref := range concerned(m) {
		if ref == nil || ref.GetEmail() != "" {
			continue
		}
		if e := j.emailOf(ref); e != "" {
			ref.Email = &e // for the question only: the record says what its provider said
			defer func() { ref.Email = nil }()
		}
	}
	g := r.GroupOf(m)
	if g == "" || strings.Contains(g, "@") {
		return g
	}
	if a, ok := m.(*wire.Account); ok && r.Group != "record" {
		if e := j.emailOf(&wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: &a.Id}); e != "" {
			return e
		}
	}
	return j.id() + "/" + g
}
