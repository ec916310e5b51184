package api

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/index"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// known is what the questions about people and access share: the index, brought up to date at each question.
type known struct {
	mu    sync.Mutex
	index *index.Index
	rules identity
	idle  *time.Timer
}

// keepIndex is how long an index that nobody asks is kept: it may be large.
const keepIndex = 15 * time.Minute

// later lets go of the index when nobody asks any more. It needs the lock.
func (k *known) later() {
	if k.idle != nil {
		k.idle.Stop()
	}
	k.idle = time.AfterFunc(keepIndex, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.index = nil
	})
}

// identity is what people are joined by, beside their accounts.
type identity struct {
	organisation record.Organisation
	verified     map[string][]string // domains, by instance
	file         people.Map
}

// question is the index while one question is answered.
type question struct {
	*index.Index
	ctx       context.Context //nolint:containedctx // of the question
	instances []*Instance
	org       record.Organisation
	people    *people.People
	broken    map[string]error
	looks     *looks
	names     map[record.Ref]string
}

// ask brings the index up to date for some kinds and holds it while do reads it. What do gives may be sent afterwards.
func (s *server) ask(ctx context.Context, kinds []wire.Kind, do func(v *question) error) error {
	file, err := s.b.PeopleMap()
	if err != nil {
		return badRequest("%v", err)
	}
	v := &question{ctx: ctx, org: s.b.Organisation(), names: map[record.Ref]string{}}
	var sources []index.Source
	for _, i := range s.b.Instances() {
		if i.Store != nil {
			v.instances = append(v.instances, i)
			sources = append(sources, index.Source{Provider: i.Provider, Name: i.Name, Description: i.Description, Store: i.Store})
		}
	}
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.later()
	if k.index == nil {
		k.index = index.New()
	}
	v.Index = k.index
	v.broken = k.index.Follow(ctx, sources, kinds...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	rules := identity{v.org, map[string][]string{}, file}
	for _, i := range v.instances {
		if check, err := scan.LastCheck(i.Store); err == nil {
			rules.verified[i.ID()] = check.GetDomains()
		}
	}
	changed := !reflect.DeepEqual(rules, k.rules)
	k.rules = rules
	v.people = k.index.People(people.Rules{Ours: rules.ours, Map: file}, changed)
	v.looks = newLooks(v)
	return do(v)
}

func (r identity) ours(instance, domain string) bool {
	if external := r.organisation.External("x@" + domain); external != nil && !*external {
		return true
	}
	return slices.ContainsFunc(r.verified[instance], func(d string) bool { return strings.EqualFold(d, domain) })
}

func (v *question) instance(id string) *Instance {
	for _, i := range v.instances {
		if i.ID() == id {
			return i
		}
	}
	return nil
}

func keyOf(r record.Ref) access.Key {
	return access.Key{Instance: r.Provider + "/" + r.Instance, Kind: r.Kind, ID: r.ID}
}

func refOf(k access.Key) record.Ref {
	provider, name, _ := strings.Cut(k.Instance, "/")
	return record.Ref{Provider: provider, Instance: name, Kind: k.Kind, ID: k.ID}
}

// of are the instances that some records are of.
func (v *question) of(refs []record.Ref) []*Instance {
	return slices.DeleteFunc(slices.Clone(v.instances), func(i *Instance) bool {
		return !slices.ContainsFunc(refs, func(r record.Ref) bool { return r.Provider == i.Provider && r.Instance == i.Name })
	})
}

// trailer says how well instances stand behind the answer.
func (s *server) trailer(ctx context.Context, v *question, instances []*Instance, kinds ...wire.Kind) Trailer {
	t := Trailer{Coverage: []Coverage{}}
	t.cover(ctx, instances, v.broken, kinds...)
	for _, i := range s.b.Instances() {
		if i.Store == nil {
			t.Coverage = append(t.Coverage, Coverage{
				Instance: i.ID(), Problem: i.Problem, Listings: []ListingCoverage{}, Lacking: !i.Orphaned && !i.New,
			})
		}
	}
	return t
}
