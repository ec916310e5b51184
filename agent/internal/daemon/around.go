package daemon

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/index"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// around is what an instance sees of the others and of the configuration, without waiting for those who change them. It does
// not change; another one takes its place.
type around struct {
	config   *config.Config
	org      record.Organisation
	parties  *policy.Parties
	domains  []string            // reported by the providers as verified
	verified map[string][]string // the same, by instance
	sources  []index.Source
	policies []*policy.Policy
	geo      *places
	joined   bool          // the accounts of all instances were listed once, so that who is who is known
	over     chan struct{} // closed when another one took its place
}

// survey looks around anew. It needs the lock, or to be in New.
func (d *Daemon) survey() {
	a := &around{config: d.config, policies: d.policies, verified: map[string][]string{}, over: make(chan struct{})}
	for _, id := range d.order {
		i := d.instances[id]
		if i == nil || i.store == nil {
			continue
		}
		a.sources = append(a.sources, index.Source{Provider: i.c.Provider, Name: i.c.Name, Description: i.c.Description, Store: i.store})
		if check, err := scan.LastCheck(i.store); err == nil {
			a.verified[id] = check.GetDomains()
			a.domains = append(a.domains, check.GetDomains()...)
		}
	}
	a.joined = d.joined
	a.geo = d.places(d.config.Agent.Geo)
	a.org, a.parties = record.NewOrganisation(a.domains...), policy.NewParties(d.config.Organization, a.domains...)
	if own := d.config.Organization.Domains; len(own) > 0 {
		a.org = record.NewOrganisation(own...)
	}
	if before := d.around.Swap(a); before != nil {
		close(before.over)
	}
}

// checked takes note of what a check said: the domains that are ours may be others.
func (d *Daemon) checked(id string, r *wire.CheckResponse) {
	if known := d.around.Load().verified[id]; slices.Equal(known, r.GetDomains()) || len(known) == 0 && len(r.GetDomains()) == 0 {
		return
	}
	d.wg.Go(func() { // the lock may be held by who waits for the check's end
		d.mu.Lock()
		defer d.mu.Unlock()
		d.survey()
	})
}

func (a *around) source(instance string) (index.Source, bool) {
	at := slices.IndexFunc(a.sources, func(s index.Source) bool { return s.Provider+"/"+s.Name == instance })
	if at < 0 {
		return index.Source{}, false
	}
	return a.sources[at], true
}

// joinedKey is the agent's document that says that who is who was known once. An instance that comes later adds to it.
const joinedBucket, joinedKey = "people", "joined"

// joinEvery is how often it is looked whether the accounts of all instances were listed.
const joinEvery = time.Second

// join waits until the accounts of all instances were listed once. Before that nothing is concluded from who is who, and what
// is concluded first is a first look.
func (d *Daemon) join(ctx context.Context) {
	tick := time.NewTicker(joinEvery)
	defer tick.Stop()
	for !d.allListed(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	doc := store.Doc{Bucket: joinedBucket, Key: []byte(joinedKey), Value: []byte("1")}
	if _, err := d.own.Commit(ctx, &store.Batch{At: time.Now(), Docs: []store.Doc{doc}}); err != nil {
		d.Logger.Error("that all accounts are known could not be kept", "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.joined = true
	d.survey()
}

func (d *Daemon) allListed(ctx context.Context) bool {
	d.mu.Lock()
	var all []*instance
	for _, i := range d.instances {
		if i.engine != nil && i.aside() == "" {
			all = append(all, i)
		}
	}
	known := d.joined
	d.mu.Unlock()
	return known || len(all) > 0 && !slices.ContainsFunc(all, func(i *instance) bool { return !i.complete(ctx, wire.Kind_KIND_ACCOUNT) })
}

// outlook is what one judge sees elsewhere: who is who is known to it if it was when it began.
type outlook struct {
	*elsewhere
	around *around
}

// Person is part of judge.Elsewhere.
func (o outlook) Person(ref record.Ref, email string) (accounts []policy.PersonAccount, known bool) {
	if !o.around.joined {
		return nil, false
	}
	return o.elsewhere.Person(ref, email)
}

// elsewhere answers policies about other instances and people's decisions. One of them serves all judges, who take turns.
type elsewhere struct {
	d   *Daemon
	ctx context.Context //nolint:containedctx // that of Run: judges ask without one

	mu    sync.Mutex
	index *index.Index
	rules [3]any // by which people are joined
	file  people.Map
	read  time.Time // of the file

	readers map[string]*follower // by instance
}

// follower is a reader of an instance that forgets what has changed.
type follower struct {
	*view.Reader
	source index.Source
	org    record.Organisation
	last   uint64 // entry of the log that it knows
}

// maxForgets is how many entries of the log a reader is told of; behind more it begins anew.
const maxForgets = 1000

// reader gives that of an instance, as new as its log. It needs the lock.
func (e *elsewhere) reader(a *around, instance string) *view.Reader {
	s, ok := a.source(instance)
	if !ok {
		return nil
	}
	f := e.readers[instance]
	if f == nil || f.source.Store != s.Store || !reflect.DeepEqual(f.org, a.org) {
		f = &follower{source: s, org: a.org}
	}
	log, ok := s.Store.(interface{ Last() (uint64, error) })
	if !ok {
		return nil
	}
	last, err := log.Last()
	if err != nil {
		return nil
	}
	if f.Reader != nil && last > f.last && last-f.last <= maxForgets {
		for entry, err := range s.Store.Log(e.ctx, f.last) {
			if err != nil {
				f.Reader = nil
				break
			}
			f.Reader.Forget(e.ctx, entry)
			f.last = entry.Sequence
		}
	}
	if f.Reader == nil || last > f.last {
		src := view.Source{Provider: s.Provider, Name: s.Name, Description: s.Description, Store: s.Store}
		f.Reader, f.last = view.New(src, a.org, time.Time{}), last
	}
	e.readers[instance] = f
	return f.Reader
}

// mapEvery is how old what was read of the people's file may be. The logs are followed at each question.
const mapEvery = time.Second

// Account is part of judge.Elsewhere.
func (e *elsewhere) Account(instance string, ref *wire.Ref) *wire.Account {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.account(e.d.around.Load(), instance, ref)
}

// account needs the lock.
func (e *elsewhere) account(a *around, instance string, ref *wire.Ref) *wire.Account {
	r := e.reader(a, instance)
	if r == nil {
		return nil
	}
	if found := r.Account(e.ctx, ref); found != nil {
		return proto.CloneOf(found) // for a judge that reads it while another one asks
	}
	return nil
}

// Person is part of judge.Elsewhere.
func (e *elsewhere) Person(ref record.Ref, email string) (accounts []policy.PersonAccount, known bool) {
	a := e.d.around.Load()
	e.mu.Lock()
	defer e.mu.Unlock()
	all, err := e.people(a)
	if err != nil {
		return nil, false
	}
	person := all.Of(ref)
	if person == nil && email != "" {
		for _, r := range all.Bearing(email) {
			if person = all.Of(r); person != nil {
				break
			}
		}
	}
	if person == nil {
		return nil, true
	}
	for _, joined := range person.Accounts {
		r := joined.Ref
		if account := e.account(a, r.Provider+"/"+r.Instance, &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: &r.ID}); account != nil {
			accounts = append(accounts, policy.PersonAccount{Provider: r.Provider, Instance: r.Instance, Account: account})
		}
	}
	return accounts, true
}

// people are everybody, joined. It needs the lock.
func (e *elsewhere) people(a *around) (*people.People, error) {
	if time.Since(e.read) > mapEvery {
		file, err := PeopleMap(a.config)
		if err != nil {
			return nil, err
		}
		e.file, e.read = file, time.Now()
	}
	if e.index == nil {
		e.index = index.New()
	}
	if broken := e.index.Follow(e.ctx, a.sources, wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP); len(broken) > 0 {
		for _, err := range broken {
			return nil, err // whom somebody is joined with there is not known
		}
	}
	rules := [3]any{a.org, a.verified, e.file}
	changed := !reflect.DeepEqual(rules, e.rules)
	e.rules = rules
	return e.index.People(people.Rules{Ours: a.ours, Map: e.file}, changed), nil
}

// ours says whether a domain is the organisation's, or one that the provider verified for the instance.
func (a *around) ours(instance, domain string) bool {
	if external := a.org.External("x@" + domain); external != nil && !*external {
		return true
	}
	return slices.ContainsFunc(a.verified[instance], func(d string) bool { return strings.EqualFold(d, domain) })
}

// Party is part of judge.Elsewhere.
func (e *elsewhere) Party(domain string) (name string, known bool) {
	return e.d.around.Load().parties.Party(domain)
}

// Verdict is part of judge.Elsewhere.
func (e *elsewhere) Verdict(app record.Ref) (verdict string, known bool) {
	return e.d.decisions.Verdict(app), true
}

// Country is part of judge.Elsewhere.
func (e *elsewhere) Country(ip string) (code string, known bool) {
	return e.d.around.Load().geo.country(ip)
}
