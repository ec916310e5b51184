package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// judgeAgain is when judging goes on, where it was, after what it concluded could not be kept.
const judgeAgain = 30 * time.Second

// judges are those that run, so that one can be told what another saw.
type judges struct {
	mu sync.Mutex
	by map[string]*judge.Judge
}

func (j *judges) set(id string, one *judge.Judge) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if one == nil {
		delete(j.by, id)
		return
	}
	j.by[id] = one
}

func (j *judges) status(id string) *judge.Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	one := j.by[id]
	if one == nil {
		return nil
	}
	s := one.Status()
	return &s
}

// tell tells all but one.
func (j *judges) tell(but string, what func(*judge.Judge)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, one := range j.by {
		if id != but {
			what(one)
		}
	}
}

// judge follows the instance's log until ctx ends. What is around it belongs to what policies mean, so that with another
// configuration it begins anew, where it was.
func (i *instance) judge(ctx context.Context, d *Daemon) error {
	id := i.c.ID()
	defer d.judges.set(id, nil)
	for ctx.Err() == nil {
		a := d.around.Load()
		j := judge.New(judge.Config{
			Provider: i.c.Provider, Name: i.c.Name, Description: i.c.Description, Store: i.store, Organisation: a.org, Policies: a.policies,
			Basis: basis(a, i), Elsewhere: outlook{d.elsewhere, a}, Excepted: d.decisions.Excepted, Propose: i.propose,
			Shrunk:   func(listing string) bool { return i.round(ctx, listing).Held },
			Complete: func(k wire.Kind) bool { return i.complete(ctx, k) },
			AccountsChanged: func(first bool) {
				d.judges.tell(id, func(other *judge.Judge) { other.PeopleChanged(first) })
			},
			Logger: d.Logger.With("instance", id).Named("policies"),
		})
		d.judges.set(id, j)
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- j.Run(running) }()
		select {
		case err := <-ended:
			stop()
			if err == nil || ctx.Err() != nil {
				return err
			}
			d.Logger.Error("nothing is judged for now", "instance", id, "error", err) // the disk is full, say
			select {
			case <-ctx.Done():
			case <-time.After(judgeAgain):
			}
		case <-a.over:
			stop()
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
		}
	}
	return nil
}

// basis is what, when it is another, makes every policy mean something else.
func basis(a *around, i *instance) string {
	domains := slices.Clone(a.config.Organization.Domains)
	if len(domains) == 0 {
		domains = slices.Clone(a.domains)
	}
	slices.Sort(domains)
	return fmt.Sprint(strings.Join(slices.Compact(domains), " "), "\n", i.c.Description.GetVersion(), "\n", a.joined)
}

func (i *instance) round(ctx context.Context, listing string) scan.Round {
	rounds, err := scan.Rounds(ctx, i.store)
	at := slices.IndexFunc(rounds, func(r scan.Round) bool { return r.Listing == listing })
	if err != nil || at < 0 {
		return scan.Round{}
	}
	return rounds[at]
}

// complete says whether the first pass over a kind is over: each listing that gives it was listed, cannot be, or is not to be.
func (i *instance) complete(ctx context.Context, k wire.Kind) bool {
	off := scan.Off(i.c.Description, rulesOf(i.c))
	for _, l := range i.c.Description.GetListings() {
		if !slices.Contains(l.GetDefines(), k) || slices.Contains(off, l.GetName()) {
			continue
		}
		if r := i.round(ctx, l.GetName()); r.LastComplete.IsZero() && r.ErrorType == "" {
			return false
		}
	}
	return true
}

// propose gives the intents that a policy's action blocks ask for. What the instance may not do, it does not.
func (i *instance) propose(p *policy.Policy, f *judge.Finding) ([]store.Doc, error) {
	if i.actions == nil {
		return nil, nil
	}
	var all []store.Doc
	for _, a := range p.Actions {
		for _, spec := range i.c.Description.GetActions() {
			if spec.GetName() != a.Name {
				continue // another provider's
			}
			target, ok := i.targetOf(spec.GetTargetKind(), f)
			if !ok {
				continue
			}
			docs, err := i.actions.Propose(action.Wish{
				Action: a.Name, Target: target, Args: a.Args, Reason: f.Title, Policy: p.Name, Approval: a.Approval || f.Doubt != "",
				PerHour: p.MaxPerHour, Because: f.Cause,
			})
			if err != nil {
				return nil, err
			}
			all = append(all, docs...)
		}
	}
	return all, nil
}

// targetOf is the record of a kind that a finding points at; not ok: it cannot be told, or is not of this instance.
func (i *instance) targetOf(k wire.Kind, f *judge.Finding) (record.Ref, bool) {
	ref := policy.Target(k, f.Message)
	if ref == nil || ref.GetInstance() != "" && ref.GetInstance() != i.c.ID() {
		return record.Ref{}, false
	}
	id := ref.GetId()
	if id == "" && k == wire.Kind_KIND_ACCOUNT {
		id = view.New(i.source(), record.Organisation{}, time.Time{}).Account(context.Background(), ref).GetId()
	}
	return i.source().Ref(k, id), id != ""
}

// decided tells the judges what persons decided, until ctx ends.
func (d *Daemon) decided(ctx context.Context) {
	changed := d.decisions.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			changed = d.decisions.Changed() // before it is told: what comes meanwhile is told again
			d.judges.tell("", func(j *judge.Judge) { j.ExceptionsChanged(); j.VerdictsChanged() })
		}
	}
}
