// Package action carries out what policies and people decided: it plans, waits for approval, acts, finds out what became of
// an act that got no answer, and takes back.
//
// It promises: an intent is on the disk, and in the audit log, before anything is sent for it: no audit, no call. What is not
// surely without effect is never told as failed: it is repeated only where that is harmless, read back where it can be
// seen, and else left to a person. An approval holds for the plan that was approved, and no longer than a day. Of one target
// one action at a time is under way, and what may still arrive from an earlier one is waited for.
//
// It does not decide what should be done, and it speaks to no provider: an Actor does, in a process of its own.
package action

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// State is where an intent stands.
type State string

// The states. Waiting to Pending are open, the others settled.
const (
	Waiting  State = "waiting"  // for approval
	Approved State = "approved" // to be carried out
	Started  State = "started"  // a call may be on its way
	Unsure   State = "unsure"   // there was no answer: it is found out at Next
	Pending  State = "pending"  // the provider works on it
	Stuck    State = "stuck"    // nobody can tell: a person has to look, and says done or not

	Done     State = "done"
	Already  State = "already"  // it was so before
	Refused  State = "refused"  // surely without effect
	Rejected State = "rejected" // a person said no
	Expired  State = "expired"  // nobody approved in time
)

// Open says whether something is still to happen.
func (s State) Open() bool {
	switch s {
	case Waiting, Approved, Started, Unsure, Pending, Stuck:
		return true
	}
	return false
}

// Intent is one action on one target, as it stands in the store.
type Intent struct {
	ID       string            `json:"id"`
	Action   string            `json:"action"`
	Instance string            `json:"instance"` // provider/name
	Target   string            `json:"target"`   // a ref
	Args     map[string]string `json:"args,omitempty"`
	// Author is policy/NAME or a person.
	Author  string `json:"author"`
	Policy  string `json:"policy,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Undoes  string `json:"undoes,omitempty"`    // the intent that it takes back
	Undone  string `json:"undone_by,omitempty"` // the intent that took it back
	Epoch   string `json:"epoch,omitempty"`     // of the store: a restored one has another
	PerHour int64  `json:"per_hour,omitempty"`  // of its policy

	State   State  `json:"state"`
	Problem string `json:"problem,omitempty"` // what it waits for, or what went wrong

	NeedsApproval string    `json:"needs_approval,omitempty"` // why
	ApprovedBy    string    `json:"approved_by,omitempty"`
	ApprovedPlan  string    `json:"approved_plan,omitempty"`
	Expires       time.Time `json:"expires,omitzero"` // of the wait for approval, then of the approval

	Plan     *Plan  `json:"plan,omitempty"`
	Progress []byte `json:"progress,omitempty"`

	Created time.Time `json:"created"`
	Sent    time.Time `json:"sent,omitzero"` // the last time
	Next    time.Time `json:"next,omitzero"` // not before
	Settled time.Time `json:"settled,omitzero"`
	Tries   int       `json:"tries,omitempty"` // acts
	Looks   int       `json:"looks,omitempty"` // reads back since the last act
	// Lost: an act of it got no answer.
	Lost bool `json:"lost,omitempty"`

	RequestID    string `json:"request_id,omitempty"`
	UndoSnapshot []byte `json:"undo_snapshot,omitempty"`
	// Quiet is until when an act that got no answer may still take effect: no other action touches the target before.
	Quiet time.Time `json:"quiet,omitzero"`
	// Unaudited: the outcome is not in the audit log yet.
	Unaudited bool `json:"unaudited,omitempty"`

	proposed bool // just now
}

// Plan is what an intent would do now.
type Plan struct {
	Hash         string   `json:"hash"`
	Effects      []string `json:"effects,omitempty"`
	Undo         string   `json:"undo"` // full | partial | none
	Loses        []string `json:"loses,omitempty"`
	Already      bool     `json:"already,omitempty"`
	Precondition string   `json:"precondition,omitempty"`
	Snapshot     []byte   `json:"snapshot,omitempty"`
}

func planOf(i *Intent, spec *wire.ActionSpec, p *wire.Plan) *Plan {
	out := &Plan{
		Effects: p.GetEffects(), Undo: p.GetUndo(), Loses: p.GetLoses(), Already: p.GetAlready(),
		Precondition: p.GetPrecondition(), Snapshot: p.GetSnapshot(),
	}
	if out.Undo == "" {
		out.Undo = spec.GetUndo()
	}
	if i.Undoes != "" {
		out.Undo = undoNone // of an undo: the action is there for it
	} else if len(out.Loses) == 0 && out.Undo == undoPartial {
		out.Loses = []string{spec.GetUndoLoses()}
	}
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{i.Action, i.Target, i.Args, i.Undoes, out.Effects, out.Undo, out.Loses, out.Precondition, out.Snapshot})
	out.Hash = encode(h.Sum(nil)[:8])
	return out
}

func (p *Plan) wire() *wire.Plan {
	if p == nil {
		return nil
	}
	return &wire.Plan{
		Snapshot: p.Snapshot, Effects: p.Effects, Precondition: p.Precondition, Undo: p.Undo, Loses: p.Loses, Already: p.Already,
	}
}

const (
	undoNone    = "none"
	undoPartial = "partial"
)

// encode gives short names that can be read out: lower case, no 0, 1, 8 or 9.
func encode(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// name makes the same identity of the same parts.
func name(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return encode(sum[:8])
}

// ref of the target.
func (i *Intent) ref() (record.Ref, error) {
	r, err := record.ParseRef(i.Target)
	if err == nil && r.Provider+"/"+r.Instance != i.Instance {
		err = fmt.Errorf("%s is not of instance %s", i.Target, i.Instance)
	}
	return r, err
}

// wire is the intent as the connector gets it. of is the intent that it takes back.
func (i *Intent) wire(of *Intent, deadline time.Time) (*wire.Intent, error) {
	r, err := i.ref()
	if err != nil {
		return nil, err
	}
	out := &wire.Intent{
		Id: i.ID, Action: i.Action, Target: &wire.Ref{Kind: r.Kind, Id: &r.ID}, Key: "mooring-" + i.ID, ActorNote: i.Author,
		Deadline: timestamppb.New(deadline),
	}
	for _, name := range slices.Sorted(maps.Keys(i.Args)) {
		out.Args = append(out.Args, &wire.Value{Name: name, Value: i.Args[name]})
	}
	if of != nil {
		out.Undo = &wire.Undo{Plan: of.Plan.wire(), Snapshot: of.UndoSnapshot}
	}
	return out, nil
}
