package decision

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Config of New.
type Config struct {
	// Store is the agent's own.
	Store Store
	Audit Audit
	// Logger may be nil.
	Logger hclog.Logger
	// Now is time.Now when nil.
	Now func() time.Time
}

// Decisions are those of one agent. They are safe for concurrent use.
type Decisions struct {
	Config

	mu      sync.RWMutex
	force   map[string]*Decision // by ID; those that did not end
	of      map[subject]*Decision
	changed chan struct{}
}

// subject is what one decision at a time can be about.
type subject struct {
	what            What
	policy, on, ref string // ref: or a group
	instance        string // of a group that is no e-mail address
}

func (d *Decision) subject() subject {
	switch {
	case d.What != Exception:
		return subject{what: d.What, ref: d.Ref}
	case d.Scope == ScopeGroup:
		return subject{d.What, d.Policy, d.Scope, d.Group, d.Instance}
	}
	return subject{d.What, d.Policy, d.Scope, d.Ref, ""}
}

// New reads what is in force. It starts nothing.
func New(ctx context.Context, c Config) (*Decisions, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	s := &Decisions{Config: c, force: map[string]*Decision{}, of: map[subject]*Decision{}, changed: make(chan struct{})}
	for d, err := range All(ctx, c.Store) {
		if err != nil {
			return nil, err
		}
		if d.Ended == nil {
			s.force[d.ID], s.of[d.subject()] = d, d
		}
	}
	return s, nil
}

// Changed gives a channel that is closed when something was decided, withdrawn, or came to its end. Take it before
// reading, and nothing is missed. Ends are told while Run runs.
func (s *Decisions) Changed() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// Excepted tells whether a policy is not to mind a record now. group is what the policy gathers the record by.
func (s *Decisions) Excepted(policy string, ref record.Ref, group string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.force) == 0 {
		return false
	}
	if s.is(subject{Exception, policy, ScopePolicy, "", ""}) || s.is(subject{Exception, policy, ScopeRef, ref.String(), ""}) {
		return true
	}
	return group != "" && (s.is(subject{Exception, policy, ScopeGroup, group, ""}) ||
		s.is(subject{Exception, policy, ScopeGroup, group, ref.Provider + "/" + ref.Instance}))
}

// is needs the lock.
func (s *Decisions) is(about subject) bool { return s.get(about) != nil }

func (s *Decisions) get(about subject) *Decision {
	if d := s.of[about]; d != nil && d.InForce(s.Now()) {
		return d
	}
	return nil
}

// Verdict on an app: approved, banned, or "" when nobody gave one.
func (s *Decisions) Verdict(app record.Ref) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if d := s.get(subject{what: AppVerdict, ref: app.String()}); d != nil {
		return d.Verdict
	}
	return ""
}

// OwnerOf is the e-mail address of who answers for a record; "" when nobody decided.
func (s *Decisions) OwnerOf(ref record.Ref) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if d := s.get(subject{what: Owner, ref: ref.String()}); d != nil {
		return d.Person
	}
	return ""
}

// Links are the accounts whose person somebody decided; - is nobody.
func (s *Decisions) Links() map[record.Ref]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	links := map[record.Ref]string{}
	for about, d := range s.of {
		if about.what != Link || !d.InForce(s.Now()) {
			continue
		}
		if ref, err := record.ParseRef(d.Ref); err == nil {
			links[ref] = d.Person
		}
	}
	return links
}

// Make decides. What it gives has its ID and time. One that is about the same as an earlier one takes that one's place.
func (s *Decisions) Make(ctx context.Context, d Decision) (*Decision, error) {
	now := s.Now().UTC()
	d.ID, d.Made, d.Ended = strings.ToLower(rand.Text()[:12]), now, nil
	if err := d.check(now); err != nil {
		return nil, err
	}
	if d.Expires != nil {
		end := d.Expires.UTC()
		d.Expires = &end
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.of[d.subject()]
	if old == nil && len(s.force) >= MaxDecisions {
		return nil, fmt.Errorf("%d decisions are in force, which is the most: withdraw some", MaxDecisions)
	}
	all := []*Decision{&d}
	if old != nil {
		all = append(all, old.end(End{At: now, By: d.ID, Reason: "another decision took its place"}))
	}
	if err := s.audit(&d, d.Author, "decision"); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, &d, told(&d, "made", d.Author, d.Reason, now), all...); err != nil {
		return nil, err
	}
	return &d, nil
}

// Withdraw ends a decision before its time. The ID may be cut short as long as it means one.
func (s *Decisions) Withdraw(ctx context.Context, id, author, reason string) (*Decision, error) {
	if author == "" || len(strings.TrimSpace(reason)) < minReasonBytes || len(reason) > maxTextBytes {
		return nil, invalid("withdrawing a decision needs who and why: write --reason")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := one(s.force, id)
	if err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	d := found.end(End{At: now, By: author, Reason: strings.TrimSpace(reason)})
	if err := s.audit(d, author, "decision withdrawn"); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, d, told(d, "withdrawn", author, d.Ended.Reason, now), d); err != nil {
		return nil, err
	}
	return d, nil
}

func one(all map[string]*Decision, id string) (*Decision, error) {
	var found *Decision
	for _, d := range all {
		switch {
		case id == "" || !strings.HasPrefix(d.ID, id):
		case found != nil:
			return nil, invalid("several decisions begin with %s: write more of it", id)
		default:
			found = d
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w in force: %.64s", ErrNotFound, id)
	}
	return found, nil
}

// end gives the decision as it is when it ended; d stays as it is, since others may read it.
func (d *Decision) end(e End) *Decision {
	ended := *d
	ended.Ended = &e
	return &ended
}

// audit writes down first what is going to be done.
func (s *Decisions) audit(d *Decision, author, what string) error {
	detail, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("decision: %w", err)
	}
	e := audit.Entry{What: what, Actor: author, Instance: d.instance(), Target: d.Ref, Detail: detail}
	if err := s.Audit.Append(e); err != nil {
		return fmt.Errorf("nothing is decided, because it could not be written down: %w", err)
	}
	return nil
}

// keep commits decisions with the event that tells of them, and wakes who follows. It needs the lock.
func (s *Decisions) keep(ctx context.Context, main *Decision, e *event.Event, all ...*Decision) error {
	b := &store.Batch{At: s.Now()}
	for _, d := range all {
		value, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("decision %s: %w", d.ID, err)
		}
		b.Docs = append(b.Docs, store.Doc{Bucket: Bucket, Key: []byte(d.ID), Value: value})
	}
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("decision %s: %w", main.ID, err)
	}
	b.Docs = append(b.Docs, store.Doc{Bucket: eventBucket, Append: true, Value: value})
	if _, err := s.Store.Commit(ctx, b); err != nil {
		return fmt.Errorf("decision %s: %w", main.ID, err)
	}
	for _, d := range all {
		if d.Ended != nil {
			delete(s.force, d.ID)
			if s.of[d.subject()] != nil && s.of[d.subject()].ID == d.ID {
				delete(s.of, d.subject())
			}
		}
	}
	if main.Ended == nil {
		s.force[main.ID], s.of[main.subject()] = main, main
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// Run ends decisions on time until ctx ends.
func (s *Decisions) Run(ctx context.Context) error {
	for {
		changed := s.Changed()
		next, err := s.expire(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := idle
		if err != nil {
			s.Logger.Error("a decision that is over could not be ended", "error", err)
			wait = retry
		} else if !next.IsZero() {
			wait = min(max(next.Sub(s.Now()), time.Millisecond), idle)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

const (
	idle  = time.Hour   // between looks at the clock, which may be set
	retry = time.Minute // after the disk did not take an end
)

// expire ends what is over, and says when it has to look again; zero: nothing ends by itself.
func (s *Decisions) expire(ctx context.Context) (next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byEnd := func(a, b *Decision) int { return cmp.Or(a.Expires.Compare(*b.Expires), strings.Compare(a.ID, b.ID)) }
	ends := slices.SortedFunc(func(yield func(*Decision) bool) {
		for d := range maps.Values(s.force) {
			if d.Expires != nil && !yield(d) {
				return
			}
		}
	}, byEnd)
	for _, d := range ends {
		if s.Now().Before(*d.Expires) {
			return *d.Expires, nil
		}
		over := d.end(End{At: *d.Expires, Reason: "its time is over"})
		if err := s.keep(ctx, over, told(over, "expired", "", over.Ended.Reason, *d.Expires), over); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}
