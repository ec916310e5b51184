package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

// The safety modes: what keeps an action whose outcome is unsure from being done twice.
const (
	Repeat       = "repeat"       // doing it again changes nothing: most
	Key          = "key"          // the provider takes Intent.Key, and does what has the same key once
	Precondition = "precondition" // the provider refuses it unless Plan.Precondition still holds
	ReadsBack    = "readback"     // after InFlightMax nothing is under way any more, and ReadBack says whether it was done
	Never        = "none"         // nobody can tell: a person decides
)

// How far the undo of an action reaches.
const (
	UndoFull    = "full"
	UndoPartial = "partial" // Action.Loses says what does not come back
	UndoNone    = "none"
)

// Action is one thing that a connector can change, with how it is done.
type Action struct {
	Name string
	On   Kind
	// Doc says in one sentence what it does, for the one who decides about it.
	Doc  string
	Args []Setting
	// Safety is Repeat, Key, Precondition, ReadsBack or Never. With ReadsBack, InFlightMax is how long a request that got no
	// answer may still take effect.
	Safety      string
	InFlightMax time.Duration
	// Undo is UndoFull, UndoPartial or UndoNone.
	Undo, Loses string
	// Lock is what two actions may not touch at once, of the same target; "": anything.
	Lock string
	// Capability that Check tells of: the permission it needs.
	Capability string
	// By carries it out: a Change for most.
	By Actor
}

// Actions is the table of what a connector can change. Embed it in the connector, or call it, to be an Actor.
type Actions []Action

// Specs are the table for Description.Actions.
func (all Actions) Specs() []*ActionSpec {
	specs := make([]*ActionSpec, 0, len(all))
	for i := range all {
		a := &all[i]
		s := &ActionSpec{
			Name: a.Name, TargetKind: a.On, EffectsDoc: a.Doc, Safety: a.Safety, Undo: a.Undo, UndoLoses: a.Loses, Lock: a.Lock,
			Capability: a.Capability, Args: settingSpecs(a.Args),
		}
		if a.InFlightMax > 0 {
			s.InFlightMax = durationpb.New(a.InFlightMax)
		}
		specs = append(specs, s)
	}
	return specs
}

func (all Actions) of(i *Intent) (Actor, error) {
	for n := range all {
		if all[n].Name == i.GetAction() && all[n].On == i.GetTarget().GetKind() {
			return all[n].By, nil
		}
	}
	return nil, Errorf(ErrUnsupported, "there is no action %q on %s", i.GetAction(), KindName(i.GetTarget().GetKind()))
}

// Prepare is part of Actor.
func (all Actions) Prepare(ctx context.Context, s *Session, i *Intent) (*Plan, error) {
	a, err := all.of(i)
	if err != nil {
		return nil, err
	}
	return a.Prepare(ctx, s, i)
}

// Act is part of Actor.
func (all Actions) Act(ctx context.Context, s *Session, i *Intent, p *Plan, progress []byte, keep func([]byte) error) (*Outcome, error) {
	a, err := all.of(i)
	if err != nil {
		return nil, err
	}
	return a.Act(ctx, s, i, p, progress, keep)
}

// ReadBack is part of Actor.
func (all Actions) ReadBack(ctx context.Context, s *Session, i *Intent, p *Plan, progress []byte) (*ReadBack, error) {
	a, err := all.of(i)
	if err != nil {
		return nil, err
	}
	return a.ReadBack(ctx, s, i, p, progress)
}

// Arg is an argument of an intent; "" when it is not there.
func Arg(i *Intent, name string) string {
	for _, a := range i.GetArgs() {
		if a.GetName() == name {
			return a.GetValue()
		}
	}
	return ""
}

// Change is an action that brings its target from one state to another, and undo brings it back. S is what of the target's
// state the action touches, no more: it is compared and kept as JSON, so two equal states must be written alike.
type Change[S any] struct {
	// Read gives the present state. A target that is not there is ErrNotFound, unless S can say so.
	Read func(ctx context.Context, s *Session, i *Intent) (S, error)
	// Want gives the state that the action, not its undo, is to bring about.
	Want func(i *Intent, now S) (S, error)
	// Write brings it about: from what it is to what it shall be, in either direction. A nil Outcome is Done.
	Write func(ctx context.Context, s *Session, i *Intent, from, to S) (*Outcome, error)
	// Effects say what will be different, in the words of the provider's console: for the one who approves.
	Effects func(i *Intent, from, to S) []string
	// Loses says what undo would not bring back in this case; nil: what the Action declares.
	Loses func(i *Intent, from, to S) []string
	// Precondition is what the provider checks (an ETag, a version); nil: nothing.
	Precondition func(now S) string
}

// turn is a snapshot: where the target stood, and where it is to be brought.
type turn[S any] struct {
	From S `json:"from"`
	To   S `json:"to"`
}

func (c *Change[S]) turn(i *Intent, now S) (turn[S], error) {
	t := turn[S]{From: now}
	if u := i.GetUndo(); u != nil {
		done, err := turnOf[S](u.GetPlan())
		if err != nil {
			return t, err
		}
		if !same(now, done.To) && !same(now, done.From) {
			return t, Errorf(ErrConflict, "%s %s was changed since by somebody else: it is neither as the action left it nor as it was before",
				KindName(i.GetTarget().GetKind()), i.GetTarget().GetId())
		}
		t.To = done.From
		return t, nil
	}
	var err error
	t.To, err = c.Want(i, now)
	return t, err
}

func turnOf[S any](p *Plan) (t turn[S], err error) {
	if err := json.Unmarshal(p.GetSnapshot(), &t); err != nil {
		return t, Errorf(ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return t, nil
}

func same[S any](a, b S) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Prepare is part of Actor.
func (c *Change[S]) Prepare(ctx context.Context, s *Session, i *Intent) (*Plan, error) {
	now, err := c.Read(ctx, s, i)
	if err != nil {
		return nil, err
	}
	t, err := c.turn(i, now)
	if err != nil {
		return nil, err
	}
	p := &Plan{Already: same(t.From, t.To)}
	if p.Snapshot, err = json.Marshal(t); err != nil {
		return nil, fmt.Errorf("the snapshot: %w", err)
	}
	if c.Effects != nil && !p.GetAlready() {
		p.Effects = c.Effects(i, t.From, t.To)
	}
	if c.Loses != nil && i.GetUndo() == nil {
		p.Loses = c.Loses(i, t.From, t.To)
	}
	if c.Precondition != nil {
		p.Precondition = c.Precondition(now)
	}
	return p, nil
}

// Act is part of Actor.
func (c *Change[S]) Act(ctx context.Context, s *Session, i *Intent, p *Plan, _ []byte, _ func([]byte) error) (*Outcome, error) {
	t, err := turnOf[S](p)
	if err != nil {
		return nil, err
	}
	if same(t.From, t.To) {
		return &Outcome{State: Already}, nil
	}
	o, err := c.Write(ctx, s, i, t.From, t.To)
	if err == nil && o == nil {
		o = &Outcome{State: Done}
	}
	return o, err
}

// ReadBack is part of Actor.
func (c *Change[S]) ReadBack(ctx context.Context, s *Session, i *Intent, p *Plan, _ []byte) (*ReadBack, error) {
	t, err := turnOf[S](p)
	if err != nil {
		return nil, err
	}
	now, err := c.Read(ctx, s, i)
	switch {
	case err != nil:
		return nil, err
	case same(now, t.To):
		return &ReadBack{State: Applied}, nil
	case same(now, t.From):
		return &ReadBack{State: NotApplied}, nil
	}
	b, err := json.Marshal(now)
	return &ReadBack{State: Differs, Detail: "it is neither as before nor as wanted: " + string(b)}, err
}
