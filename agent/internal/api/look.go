package api

import (
	"context"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Surroundings is what a Backend has beside, when it knows who is a partner and where an address is.
type Surroundings interface {
	Party(domain string) (name string, known bool)
	Country(ip string) (code string, known bool)
}

// looker makes the looks of a question, one for each instance.
type looker struct {
	s        *server
	at       time.Time
	org      record.Organisation
	people   *people.People    // nil: not asked for
	verdicts map[string]string // by ref; nil: not asked for
}

// looker reads what a condition asks beside the store of its record.
func (s *server) looker(ctx context.Context, reads policy.Reads, at time.Time) (*looker, error) {
	l := &looker{s: s, at: at, org: s.b.Organisation()}
	if reads.People {
		err := s.ask(ctx, []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP}, func(v *question) error {
			if len(v.broken) == 0 {
				l.people = v.people // which does not change any more
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if reads.Verdicts {
		var err error
		if l.verdicts, err = s.verdicts(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// verdicts are those in force, by the app's ref.
func (s *server) verdicts(ctx context.Context) (map[string]string, error) {
	docs, done, err := s.own()
	if err != nil {
		return nil, err
	}
	defer done()
	all := map[string]string{}
	if docs == nil {
		return all, nil
	}
	now := time.Now()
	for d, err := range decision.All(ctx, docs) {
		if err != nil {
			return nil, err
		}
		if d.What == decision.AppVerdict && d.InForce(now) {
			all[d.Ref] = d.Verdict
		}
	}
	return all, nil
}

// of gives the look of an instance's records.
func (l *looker) of(ctx context.Context, i *Instance) *look {
	return &look{ctx: ctx, looker: l, i: i, readers: map[string]*view.Reader{}}
}

// look is a policy.Look over stores. It is for one goroutine.
type look struct {
	*looker
	ctx     context.Context //nolint:containedctx // of the question
	i       *Instance
	readers map[string]*view.Reader // by instance
}

var _ policy.Files = (*look)(nil)

// reader reads the instance that a ref is of; nil: there is none.
func (l *look) reader(instance string) *view.Reader {
	if instance == "" {
		instance = l.i.ID()
	}
	if r, known := l.readers[instance]; known {
		return r
	}
	for _, i := range l.s.b.Instances() {
		if i.ID() == instance && i.Store != nil {
			l.readers[instance] = view.New(i.source(), l.org, l.at)
			return l.readers[instance]
		}
	}
	return nil
}

// Account is part of policy.Look.
func (l *look) Account(ref *wire.Ref) *wire.Account {
	if r := l.reader(ref.GetInstance()); r != nil {
		return r.Account(l.ctx, ref)
	}
	return nil
}

// Group is part of policy.Look.
func (l *look) Group(ref *wire.Ref) *wire.Group {
	if r := l.reader(ref.GetInstance()); r != nil {
		return r.Group(l.ctx, ref)
	}
	return nil
}

// File is part of policy.Files.
func (l *look) File(ref *wire.Ref) *wire.File {
	if r := l.reader(ref.GetInstance()); r != nil {
		return r.File(l.ctx, ref)
	}
	return nil
}

// Groups is part of policy.Look.
func (l *look) Groups(account *wire.Account) (groups []*wire.Group, all bool) {
	if r := l.reader(""); r != nil {
		return r.Groups(l.ctx, account)
	}
	return nil, false
}

// Person is part of policy.Look.
func (l *look) Person(ref *wire.Ref) (accounts []policy.PersonAccount, known bool) {
	if l.people == nil {
		return nil, false
	}
	instance := ref.GetInstance()
	if instance == "" {
		instance = l.i.ID()
	}
	provider, name, _ := strings.Cut(instance, "/")
	person := l.people.Of(record.Ref{Provider: provider, Instance: name, Kind: wire.Kind_KIND_ACCOUNT, ID: ref.GetId()})
	if person == nil {
		for _, r := range l.people.Bearing(ref.GetEmail()) {
			if person = l.people.Of(r); person != nil {
				break
			}
		}
	}
	if person == nil {
		return nil, true
	}
	for _, joined := range person.Accounts {
		r := l.reader(joined.Ref.Provider + "/" + joined.Ref.Instance)
		if r == nil {
			continue
		}
		if a := r.Account(l.ctx, &wire.Ref{Id: &joined.Ref.ID}); a != nil {
			accounts = append(accounts, policy.PersonAccount{Provider: joined.Ref.Provider, Instance: joined.Ref.Instance, Account: a})
		}
	}
	return accounts, true
}

// Party is part of policy.Look.
func (l *look) Party(domain string) (name string, known bool) {
	if b, ok := l.s.b.(Surroundings); ok {
		return b.Party(domain)
	}
	return "", false
}

// Verdict is part of policy.Look.
func (l *look) Verdict(app *wire.Ref) (verdict string, known bool) {
	if l.verdicts == nil || app.GetId() == "" {
		return "", false
	}
	return l.verdicts[l.i.source().Ref(wire.Kind_KIND_APP, app.GetId()).String()], true
}

// Country is part of policy.Look.
func (l *look) Country(ip string) (code string, known bool) {
	if b, ok := l.s.b.(Surroundings); ok {
		return b.Country(ip)
	}
	return "", false
}
