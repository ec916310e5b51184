package boxorg

import (
	"context"
	"errors"
	"strconv"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// perChange is how many events one change has room for: who is hired is put into a team and a department, too.
const perChange = 4

func (o *org) events() boxtest.List[boxtest.Event] {
	return boxtest.List[boxtest.Event]{
		Len: func() int { return perChange * o.live.DocumentActivities() },
		At: func(i int) boxtest.Event {
			ch, ok := o.live.DocumentActivity(i / perChange)
			if !ok {
				return boxtest.Event{}
			}
			e := o.event(&ch, i%perChange)
			e.Created = ch.Time
			if e.ID != "" {
				e.ID += strconv.Itoa(i % perChange)
			}
			return e
		},
	}
}

// event is the n-th event of a change; one without an id when there is none.
func (o *org) event(ch *company.Change, n int) boxtest.Event {
	none := boxtest.Event{Created: ch.Time}
	if ch.In == company.Drive || o.live.BoxState(ch.Actor) == company.NoAccount {
		return none
	}
	e := boxtest.Event{ID: ch.ID, Created: ch.Time, By: o.person(ch.Actor), IP: address(ch), Details: map[string]any{}}
	if ch.Document != 0 {
		if n > 0 {
			return none
		}
		return o.documentEvent(e, ch)
	}
	if o.live.BoxState(ch.Person) == company.NoAccount {
		return none
	}
	who := o.person(ch.Person)
	e.Source = boxtest.UserSource(who)
	whole := company.TeamID{Department: ch.Team.Department, N: company.WholeDepartment}
	switch ch.Kind {
	case company.SignedIn:
		e.Type = "LOGIN"
	case company.Hired:
		return o.memberEvent(e, who, n, "NEW_USER", "GROUP_ADD_USER", []company.TeamID{ch.Team, whole})
	case company.Left:
		return o.memberEvent(e, who, n, "EDIT_USER", "GROUP_REMOVE_USER", []company.TeamID{ch.Team, whole})
	case company.MovedTeam:
		if n == 0 {
			return o.groupEvent(e, who, "GROUP_REMOVE_USER", ch.From)
		}
		return o.memberEvent(e, who, n, "", "GROUP_ADD_USER", []company.TeamID{ch.Team})
	default:
		return none
	}
	if n > 0 {
		return none
	}
	return e
}

// memberEvent is about the user first, and then about each team.
func (o *org) memberEvent(e boxtest.Event, who boxtest.Person, n int, user, group string, teams []company.TeamID) boxtest.Event {
	switch {
	case n == 0:
		e.Type = user
		return e
	case n > len(teams):
		return boxtest.Event{Created: e.Created}
	}
	return o.groupEvent(e, who, group, teams[n-1])
}

func (o *org) groupEvent(e boxtest.Event, who boxtest.Person, kind string, t company.TeamID) boxtest.Event {
	g := o.group(t)
	e.Type, e.Source = kind, boxtest.GroupSource(&g)
	e.Details = map[string]any{"user_id": who.ID, "group_id": g.ID}
	return e
}

func address(ch *company.Change) string {
	return "198.51.100." + strconv.Itoa(1+ch.Actor%250)
}

// documentTypes are the events of a document.
var documentTypes = map[company.ChangeKind]string{
	company.DocumentAdded: "UPLOAD", company.DocumentChanged: "EDIT", company.DocumentTrashed: "DELETE", company.DocumentDeleted: "DELETE",
	company.DocumentViewed: "PREVIEW", company.DocumentDownloaded: "DOWNLOAD",
}

func (o *org) documentEvent(e boxtest.Event, ch *company.Change) boxtest.Event {
	e.Type = documentTypes[ch.Kind]
	switch ch.Kind {
	case company.DocumentShared:
		e.Type = "SHARE"
		if collaborates(ch.Share) {
			e.Type = "COLLABORATION_INVITE"
		}
	case company.DocumentUnshared:
		e.Type = "UNSHARE"
		if collaborates(ch.Share) {
			e.Type = "COLLABORATION_REMOVE"
		}
	}
	it, ok := o.item(idOf(ch.Document))
	if !ok { // deleted for ever
		it = boxtest.Item{ID: idOf(ch.Document), Type: boxtest.File, Name: "deleted", Owner: e.By}
	}
	var parent *boxtest.Item
	if up, ok := o.item(it.Parent); ok {
		parent = &up
	}
	e.Source = boxtest.ItemSource(&it, parent)
	e.Concerns = []string{it.Owner.ID}
	if e.Type == "" {
		e.ID = ""
	}
	return e
}

// triggers are the webhooks of events.
var triggers = map[string]string{
	"UPLOAD": "FILE.UPLOADED", "EDIT": "FILE.UPLOADED", "DELETE": "FILE.TRASHED", "SHARE": "SHARED_LINK.CREATED",
	"UNSHARE": "SHARED_LINK.DELETED",
}

// Step tells those who poll and those who have a webhook what has just changed. Its error is for the log: the fake goes on.
func Step(ctx context.Context, live *company.Live, server *boxtest.Server, ch company.Change) error {
	o := &org{live: live}
	var errs []error
	for n := range perChange {
		e := o.event(&ch, n)
		if e.ID == "" {
			continue
		}
		server.Notify()
		it, ok := o.item(idOf(ch.Document))
		if trigger := triggers[e.Type]; ok && trigger != "" {
			_, err := server.Deliver(ctx, trigger, &it, e.By)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
