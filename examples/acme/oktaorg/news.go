package oktaorg

import (
	"sync"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
)

// news is when something last happened to people and teams, read from what the company did since it was last asked. It
// holds as much as the company itself remembers.
type news struct {
	mu     sync.Mutex
	person map[int]time.Time
	team   map[company.TeamID]time.Time
	all    time.Time // to everyone's group
	last   string    // id of the newest change that was read
}

// read takes in what is new. It needs the lock.
func (o *org) read() {
	newest := ""
	for i := o.live.Activities() - 1; i >= 0; i-- {
		ch, ok := o.live.Activity(i)
		if !ok || ch.Past || ch.ID == o.news.last {
			break
		}
		if newest == "" {
			newest = ch.ID
		}
		o.note(&ch)
	}
	if newest != "" {
		o.news.last = newest
	}
}

func (o *org) note(ch *company.Change) {
	n := &o.news
	later := func(old time.Time) time.Time {
		if ch.Time.After(old) {
			return ch.Time
		}
		return old
	}
	team := func(id company.TeamID) { n.team[id] = later(n.team[id]) }
	switch ch.Kind {
	case company.Hired, company.Left:
		n.all = later(n.all)
		team(company.TeamID{Department: ch.Team.Department, N: company.WholeDepartment})
	case company.MovedTeam:
		team(ch.From)
	default:
		return
	}
	team(ch.Team)
	n.person[ch.Person] = later(n.person[ch.Person])
}

// personNews is when something last happened to a person; zero: nothing did.
func (o *org) personNews(person int) time.Time {
	o.news.mu.Lock()
	defer o.news.mu.Unlock()
	o.read()
	return o.news.person[person]
}

// teamNews is when the members of a team last changed; nil stands for everybody.
func (o *org) teamNews(id *company.TeamID) time.Time {
	o.news.mu.Lock()
	defer o.news.mu.Unlock()
	o.read()
	t := o.news.all
	if id != nil {
		t = o.news.team[*id]
	}
	if t.IsZero() {
		return company.AsOf().AddDate(0, -1, 0)
	}
	return t
}
