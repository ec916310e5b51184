package googleworkspaceorg

import (
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// log is one of the tenant's logs. Those of administrators and groups begin with the simulation.
func (o *org) log(application string) gw.List[gw.Activity] {
	switch application {
	case "login", "drive":
		return gw.List[gw.Activity]{
			Len: o.live.DocumentActivities,
			At: func(i int) gw.Activity {
				ch, _ := o.live.DocumentActivity(i)
				return o.entry(ch.Actor, ch.Time, qualifier(&ch), o.events(application, &ch)...)
			},
		}
	case "admin", "groups_enterprise":
		var list []gw.Activity
		changes, _ := o.live.DocumentChanges(0)
		for i := range changes {
			if events := o.events(application, &changes[i]); len(events) > 0 {
				list = append(list, o.entry(changes[i].Actor, changes[i].Time, qualifier(&changes[i]), events...))
			}
		}
		return gw.ListOf(list...)
	case "token":
		return o.consents()
	}
	return gw.List[gw.Activity]{}
}

// qualifier is a number of its own for a change, beyond what a float64 holds.
func qualifier(ch *company.Change) int64 {
	n, _ := strconv.ParseUint(ch.ID[:min(16, len(ch.ID))], 16, 64) // 0 where there is none
	return int64(n)                                                // Google's are negative, too
}

// entry is an entry of a log; without events it is one that this log does not have.
func (o *org) entry(person int, at time.Time, number int64, events ...gw.Event) gw.Activity {
	p := o.live.Person(person)
	return gw.Activity{
		Time: at, Qualifier: number, Actor: p.Email, ActorID: userID(person), Events: events,
		IP: "198.51.100." + strconv.Itoa(int(p.ID%250)+1), Region: [...]string{"DE", "SE", "FR", "US", "IN", "BR"}[p.ID%6],
	}
}

func value(name, v string) gw.Param { return gw.Param{Name: name, Value: v} }

// events are what an application's log says of a change; nothing when it is not its business.
func (o *org) events(application string, ch *company.Change) []gw.Event {
	switch application {
	case "login":
		if ch.Kind == company.SignedIn && (ch.In == "" || ch.In == company.Drive) {
			return []gw.Event{{Type: "login", Name: "login_success", Params: []gw.Param{value("login_type", "google_password")}}}
		}
	case "admin":
		return o.adminEvents(ch)
	case "groups_enterprise":
		return o.groupEvents(ch)
	case "drive":
		if ch.Document != 0 && ch.In == company.Drive {
			return o.driveEvents(ch)
		}
	}
	return nil
}

func (o *org) adminEvents(ch *company.Change) []gw.Event {
	person := value("USER_EMAIL", o.live.Person(ch.Person).Email)
	switch ch.Kind {
	case company.Hired:
		return []gw.Event{{Type: "USER_SETTINGS", Name: "CREATE_USER", Params: []gw.Param{person}}}
	case company.Left:
		return []gw.Event{{Type: "USER_SETTINGS", Name: "SUSPEND_USER", Params: []gw.Param{person}}}
	}
	return nil
}

func (o *org) groupEvents(ch *company.Change) (list []gw.Event) {
	event := func(name string, t company.TeamID) {
		list = append(list, gw.Event{Type: "moderator_action", Name: name, Params: []gw.Param{
			value("group_id", o.groupEmail(t)), value("member_id", o.live.Person(ch.Person).Email),
		}})
	}
	switch ch.Kind {
	case company.Hired:
		event("add_member", ch.Team)
	case company.Left:
		event("remove_member", ch.Team)
	case company.MovedTeam:
		event("remove_member", ch.From)
		event("add_member", ch.Team)
	}
	return list
}

// driveNames are the log's names of changes.
var driveNames = map[company.ChangeKind]string{
	company.DocumentAdded: "create", company.DocumentChanged: "edit", company.DocumentShared: "change_user_access",
	company.DocumentUnshared: "change_user_access", company.DocumentTrashed: "trash", company.DocumentDeleted: "delete",
	company.DocumentViewed: "view", company.DocumentDownloaded: "download",
}

func (o *org) driveEvents(ch *company.Change) []gw.Event {
	name := driveNames[ch.Kind]
	if name == "" {
		return nil
	}
	s := spaceOfItem(ch.Document)
	params := []gw.Param{value("doc_id", fileID(ch.Document))}
	if d, ok := o.live.Document(ch.Document); ok && !ch.Past {
		params = append(params, value("doc_title", d.Name), value("doc_type", string(d.Type)))
	}
	if s.Shared() {
		params = append(params, value("owner", o.live.Team(s.Team).Name), value("shared_drive_id", driveID(s)),
			gw.Param{Name: "owner_is_shared_drive", Bool: new(true)})
	} else {
		params = append(params, value("owner", o.live.Person(s.Person).Email), gw.Param{Name: "owner_is_shared_drive", Bool: new(false)})
	}
	e := gw.Event{Type: "access", Name: name, Params: params}
	if ch.Kind == company.DocumentShared || ch.Kind == company.DocumentUnshared {
		e.Type = "acl_change"
		o.shared(&e, ch)
	}
	return []gw.Event{e}
}

// shared says with whom.
func (o *org) shared(e *gw.Event, ch *company.Change) {
	p := o.permission(&ch.Share)
	access := map[string]string{"reader": "can_view", "commenter": "can_comment", "writer": "can_edit"}[p.Role]
	before, after := "none", access
	if ch.Kind == company.DocumentUnshared {
		before, after = access, "none"
	}
	switch p.Type {
	case "anyone":
		e.Name = "change_document_visibility"
		visibility := "people_with_link"
		if p.Discoverable {
			visibility = "public_on_the_web"
		}
		e.Params = append(e.Params, value("visibility", visibility))
	case "domain":
		e.Name = "change_document_access_scope"
		e.Params = append(e.Params, value("target_domain", p.Domain))
	default:
		e.Params = append(e.Params, value("target_user", p.Email))
	}
	e.Params = append(e.Params, value("old_value", before), value("new_value", after))
}
