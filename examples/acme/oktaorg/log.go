package oktaorg

import (
	"strconv"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// slots is how many events a change can have at most.
const slots = 2

// log has slots places for every change; those without an event are left out by the fake.
func (o *org) log() oktatest.List[oktatest.Event] {
	return oktatest.List[oktatest.Event]{
		Len: func() int { return o.live.Activities() * slots },
		At: func(i int) oktatest.Event {
			if i < 0 {
				return oktatest.Event{}
			}
			ch, ok := o.live.Activity(i / slots)
			if !ok {
				return oktatest.Event{}
			}
			if events := o.events(&ch); i%slots < len(events) {
				return events[i%slots]
			}
			return oktatest.Event{Persisted: ch.Time}
		},
	}
}

// events are what Okta logs of a change. What happens in the other apps' files, Okta does not see.
func (o *org) events(ch *company.Change) []oktatest.Event {
	event := func(kind string, targets ...oktatest.Party) oktatest.Event {
		return o.event(ch, kind, targets...)
	}
	person := func() oktatest.Party { return o.person(ch.Person) }
	var list []oktatest.Event
	switch ch.Kind {
	case company.SignedIn:
		list = append(list, event("user.session.start", person()))
	case company.Downloaded:
		list = append(list, event("user.authentication.sso", o.app(github), person()))
	case company.Hired:
		list = append(list, event("user.lifecycle.create", person()), event("group.user_membership.add", person(), o.group(ch.Team)))
	case company.Left:
		list = append(list, event("user.lifecycle.deactivate", person()), event("group.user_membership.remove", person(), o.group(ch.Team)))
	case company.MovedTeam:
		list = append(list, event("group.user_membership.remove", person(), o.group(ch.From)), event("group.user_membership.add", person(), o.group(ch.Team)))
	}
	for i := range list {
		list[i].UUID = uuid(ch.ID, i)
	}
	return list
}

func (o *org) event(ch *company.Change, kind string, targets ...oktatest.Party) oktatest.Event {
	actor := o.live.Person(ch.Actor)
	e := oktatest.Event{
		Persisted: ch.Time, Type: kind, Actor: o.person(ch.Actor), Targets: targets,
		IP: "198.51.100." + strconv.FormatInt(actor.ID%250, 10), Country: country(actor.ID), UserAgent: "Mozilla/5.0 (X11; Linux x86_64)",
		Session: "s" + strconv.FormatInt(actor.ID, 36),
	}
	if left, ok := o.live.LeftAt(ch.Actor); ok && left.Before(ch.Time) && ch.Kind != company.Left { // tries, but does not get in
		e.Type, e.Result, e.Reason, e.Severity = "user.session.start", "FAILURE", "INVALID_CREDENTIALS", "WARN"
		e.Targets = []oktatest.Party{o.person(ch.Actor)}
	}
	return e
}

func (o *org) person(i int) oktatest.Party {
	p := o.live.Person(i)
	return oktatest.Party{ID: userID(i), Type: "User", AlternateID: p.Email, Name: p.Name}
}

func (o *org) group(id company.TeamID) oktatest.Party {
	t := o.live.Team(id)
	return oktatest.Party{ID: groupID(t.ID), Type: "UserGroup", AlternateID: "unknown", Name: t.Name}
}

func (o *org) app(n int) oktatest.Party {
	return oktatest.Party{ID: appID(n), Type: "AppInstance", AlternateID: "GitHub", Name: "GitHub"}
}

func country(id int64) string {
	return [...]string{"Germany", "Sweden", "France", "United States", "India", "Brazil"}[id%6]
}

// uuid makes one of the 24 hexadecimal digits of a change's id.
func uuid(id string, n int) string {
	s := id + "0000000" + strconv.Itoa(n)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
