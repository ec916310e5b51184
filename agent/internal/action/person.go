package action

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Wish is an action that somebody wants.
type Wish struct {
	Action string
	Target record.Ref
	Args   map[string]string
	Reason string
	// Policy and what its action block says; for those that policies want.
	Policy   string
	Approval bool  // it is required
	PerHour  int64 // 0: the default
	// Because makes the identity: the same finding wants the same thing once.
	Because string
}

// intent is a new one, or what is wrong with it.
func (e *Engine) intent(w *Wish) (*Intent, error) {
	spec := e.spec(w.Action)
	if spec == nil {
		return nil, fmt.Errorf("instance %s has no action %q; it has: %s", e.Instance, w.Action, e.names(w.Target.Kind))
	}
	if spec.GetTargetKind() != w.Target.Kind {
		return nil, fmt.Errorf("action %s is for a %s, and %s is a %s", w.Action, sdk.KindName(spec.GetTargetKind()), w.Target, sdk.KindName(w.Target.Kind))
	}
	size := 0
	for name, value := range w.Args {
		size += len(name) + len(value)
	}
	if size > maxArgBytes {
		return nil, fmt.Errorf("arguments of %d bytes, at most %d are expected", size, maxArgBytes)
	}
	if err := CheckArgs(spec, w.Args); err != nil {
		return nil, err
	}
	i := &Intent{
		Action: w.Action, Instance: e.Instance, Target: w.Target.String(), Args: maps.Clone(w.Args), Reason: w.Reason, Policy: w.Policy,
		PerHour: w.PerHour, Epoch: e.epoch, State: Approved, Created: e.Now(),
	}
	return i, nil
}

// filled is a wish with the arguments that can be known of themselves. An undo takes those of what it takes back instead.
func (e *Engine) filled(w Wish) *Wish {
	spec := e.spec(w.Action)
	if e.Fill == nil || spec == nil {
		return &w
	}
	args := map[string]string{}
	maps.Copy(args, w.Args)
	for name, value := range e.Fill(spec, w.Target) {
		if args[name] == "" {
			args[name] = value
		}
	}
	w.Args = args
	return &w
}

// Doc is what the connector says an action does.
func (e *Engine) Doc(action string) string { return e.spec(action).GetEffectsDoc() }

// CheckArgs holds arguments against what an action declares.
func CheckArgs(spec *wire.ActionSpec, args map[string]string) error {
	known := map[string]bool{}
	for _, a := range spec.GetArgs() {
		known[a.GetName()] = true
		v, given := args[a.GetName()]
		if a.GetRequired() && v == "" {
			return fmt.Errorf("action %s needs %s: %s", spec.GetName(), a.GetName(), a.GetDoc())
		}
		if given && len(a.GetEnum()) > 0 && !slices.Contains(a.GetEnum(), v) {
			return fmt.Errorf("action %s: %s is one of %v, not %q", spec.GetName(), a.GetName(), a.GetEnum(), v)
		}
	}
	for name := range args {
		if !known[name] {
			return fmt.Errorf("action %s has no argument %q", spec.GetName(), name)
		}
	}
	return nil
}

func (e *Engine) names(k wire.Kind) (names []string) {
	for _, s := range e.Specs {
		if s.GetTargetKind() == k {
			names = append(names, s.GetName())
		}
	}
	return names
}

// Propose gives the documents of an intent that a policy wants; none when it wanted the same before. The caller commits
// them, along with why.
func (e *Engine) Propose(w Wish) ([]store.Doc, error) {
	i, err := e.intent(e.filled(w))
	if err != nil {
		return nil, err
	}
	i.ID, i.Author = name("policy", w.Policy, w.Action, i.Target, w.Because), "policy/"+w.Policy
	if known, err := e.Get(i.ID); err == nil && known != nil {
		return nil, nil
	}
	if w.Approval {
		i.State, i.NeedsApproval = Waiting, "policy "+w.Policy+" requires it"
		i.Expires = i.Created.Add(approvalTime)
	}
	return i.docs()
}

// Plan says what an action would do now. Nothing is kept, and nothing can be sent.
func (e *Engine) Plan(ctx context.Context, w Wish) (*Plan, error) {
	i, err := e.intent(e.filled(w))
	if err != nil {
		return nil, err
	}
	i.ID = name("plan", rand.Text())
	if e.Guard != nil {
		if err := e.Guard(ctx, w.Action, w.Target); err != nil {
			return nil, err
		}
	}
	return e.prepare(ctx, i)
}

// Act has an action carried out that a person wants: exactly the plan that the person saw.
func (e *Engine) Act(ctx context.Context, person string, w Wish, plan string) (*Intent, error) {
	i, err := e.intent(e.filled(w))
	if err != nil {
		return nil, err
	}
	i.ID, i.Author = name("act", rand.Text()), person
	i.ApprovedBy, i.ApprovedPlan, i.Expires = person, plan, i.Created.Add(approvalTime)
	return i, e.add(ctx, i)
}

// add puts a person's intent into the store, unless another one is under way at the target.
func (e *Engine) add(ctx context.Context, i *Intent, others ...*Intent) error {
	open, err := e.Outstanding(ctx)
	if err != nil {
		return err
	}
	if len(open) >= maxOpen {
		return fmt.Errorf("%d actions are open already", len(open))
	}
	for _, o := range open {
		if e.lock(o) == e.lock(i) && o.State != Waiting && o.State.Open() && (o.State != Stuck || o.Lost) {
			return fmt.Errorf("%s of the same target is %s: intent %s", o.Action, o.State, o.ID)
		}
	}
	if err := e.Audit.Append(entry(i, "wish", map[string]any{"action": i.Action, "intent": i.ID, "args": i.Args, "undoes": i.Undoes, "reason": i.Reason})); err != nil {
		return fmt.Errorf("nothing is done that cannot be audited: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, o := range others {
		e.back[o.same()] = i.ID
	}
	return e.save(ctx, "", i, others...)
}

// ErrNotWaiting says that an intent does not wait for approval.
var ErrNotWaiting = errors.New("it does not wait for approval")

// Approve lets an intent go on, as far as it does what the plan says.
func (e *Engine) Approve(ctx context.Context, person, id, plan string) (*Intent, error) {
	return e.decide(ctx, person, id, "approval", func(i *Intent) error {
		switch {
		case i.State != Waiting:
			return fmt.Errorf("intent %s is %s: %w", id, i.State, ErrNotWaiting)
		case i.Plan == nil:
			return fmt.Errorf("intent %s has no plan yet: %s", id, i.Problem)
		case i.Author == person:
			return fmt.Errorf("intent %s is your own: somebody else has to approve it", id)
		case plan != "" && plan != i.Plan.Hash:
			return fmt.Errorf("intent %s has another plan now: look at it again (`mooring actions %s`)", id, id)
		case e.Now().After(i.Expires):
			return fmt.Errorf("intent %s has waited too long", id)
		}
		i.State, i.ApprovedBy, i.ApprovedPlan, i.Problem = Approved, person, i.Plan.Hash, ""
		i.Expires = e.Now().Add(approvalTime)
		return nil
	})
}

// Reject ends an intent that nothing was sent for.
func (e *Engine) Reject(ctx context.Context, person, id, reason string) (*Intent, error) {
	return e.decide(ctx, person, id, "rejection", func(i *Intent) error {
		if i.State != Waiting && (i.State != Approved || i.Tries > 0) {
			return fmt.Errorf("intent %s is %s: %w", id, i.State, ErrNotWaiting)
		}
		i.State, i.Problem = Rejected, person+": "+reason
		return nil
	})
}

// Settle says what became of an intent that nobody but a person could find out.
func (e *Engine) Settle(ctx context.Context, person, id string, done bool, reason string) (*Intent, error) {
	return e.decide(ctx, person, id, "settlement", func(i *Intent) error {
		if i.State != Stuck {
			return fmt.Errorf("intent %s is %s: it is not stuck", id, i.State)
		}
		i.State, i.Problem = Refused, person+": "+reason
		if done {
			i.State = Done
		}
		return nil
	})
}

// decide is what a person says of an intent: in the audit log first.
func (e *Engine) decide(ctx context.Context, person, id, what string, change func(*Intent) error) (*Intent, error) {
	defer e.wake()
	return e.updated(ctx, id, func(i *Intent) error {
		if err := change(i); err != nil {
			return err
		}
		one := entry(i, what, map[string]any{"intent": id, "action": i.Action, "plan": i.ApprovedPlan, "state": i.State, "reason": i.Problem})
		one.Actor = person
		if err := e.Audit.Append(one); err != nil {
			return fmt.Errorf("nothing is decided that cannot be audited: %w", err)
		}
		return nil
	})
}

// Undo takes back what an intent did, as far as its action reaches.
func (e *Engine) Undo(ctx context.Context, person, id, reason string) (*Intent, error) {
	of, err := e.Get(id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id, err)
	}
	switch {
	case of.State != Done:
		return nil, fmt.Errorf("intent %s is %s: only what was done can be undone", id, of.State)
	case of.Undoes != "":
		return nil, fmt.Errorf("intent %s is an undo itself: plan the action anew", id)
	case of.Plan == nil || of.Plan.Undo == undoNone:
		return nil, fmt.Errorf("%s cannot be undone", of.Action)
	case of.Epoch != e.epoch:
		return nil, fmt.Errorf("intent %s is from before the store was restored: look at the provider", id)
	}
	if of.Undone != "" {
		if u, err := e.Get(of.Undone); err == nil && (u.State.Open() || u.State == Done || u.State == Already) {
			return nil, fmt.Errorf("intent %s is undone already, by %s", id, of.Undone)
		}
	}
	target, err := of.ref()
	if err != nil {
		return nil, err
	}
	i, err := e.intent(&Wish{Action: of.Action, Target: target, Args: of.Args, Reason: reason})
	if err != nil {
		return nil, err
	}
	i.ID, i.Author, i.Undoes = name("undo", id, rand.Text()), person, id
	of.Undone = i.ID
	return i, e.add(ctx, i, of)
}
