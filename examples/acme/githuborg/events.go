package githuborg

import (
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// orgEventsMax is how many of the last activities the public feed looks through. Most concern no public project.
const orgEventsMax = 3000

func (o *org) audit() githubtest.List[githubtest.Event] {
	return githubtest.List[githubtest.Event]{
		Len: o.live.Activities,
		At: func(i int) githubtest.Event {
			ch, ok := o.live.Activity(i)
			if !ok {
				return githubtest.Event{}
			}
			e, _ := o.event(ch)
			return e
		},
	}
}

// event is a change as the audit log has it; false, and only its time, when it happened elsewhere.
func (o *org) event(ch company.Change) (githubtest.Event, bool) {
	if !o.concerns(&ch) {
		return githubtest.Event{Time: ch.Time}, false
	}
	actor, person := o.live.Person(ch.Actor), o.live.Person(ch.Person)
	e := githubtest.Event{ID: ch.ID, Time: ch.Time, Actor: actor.Login, ActorID: actor.ID, Fields: map[string]any{
		"org": o.Login, "org_id": o.ID, "actor_location": map[string]any{"country_code": country(actor.ID)},
	}}
	set := func(action, operation string) { e.Action, e.Fields["operation_type"] = action, operation }
	withUser := func() { e.Fields["user"], e.Fields["user_id"] = person.Login, person.ID }
	withRepo := func() {
		p := o.live.Project(ch.Project)
		e.Fields["repo"], e.Fields["repo_id"] = o.Login+"/"+p.Name, p.ID
	}
	switch ch.Kind {
	case company.SignedIn:
		set("org.sso_response", "authentication")
		withUser()
	case company.Downloaded:
		withRepo()
		set("repo.download_zip", "access")
		if ch.Actor != o.live.Leaver() {
			set("git.clone", "access")
			e.Git = true
		}
	case company.Hired, company.Left:
		set("org.add_member", "create")
		if ch.Kind == company.Left {
			set("org.remove_member", "remove")
		}
		withUser()
	case company.MovedTeam:
		set("team.add_member", "create")
		withUser()
		e.Fields["team"] = o.Login + "/" + o.live.Team(ch.Team).Slug
	case company.ProjectCreated:
		set("repo.create", "create")
		withRepo()
		e.Fields["visibility"] = string(ch.Now)
	case company.ProjectSeen:
		set("repo.access", "modify")
		withRepo()
		e.Fields["visibility"], e.Fields["previous_visibility"] = string(ch.Now), string(ch.Was)
	case company.FileAdded, company.FileChanged:
		set("git.push", "modify")
		withRepo()
		e.Git = true
	}
	return e, true
}

// concerns says whether a change happened in the organisation. People download everywhere, and nobody can tell where the
// past happened, so those activities are given a project here.
func (o *org) concerns(ch *company.Change) bool {
	if _, here := o.people.Rank(ch.Actor); !here {
		return false
	}
	_, projectHere := o.projects.Rank(ch.Project)
	if !projectHere && (ch.Past || ch.Kind == company.Downloaded) {
		ch.Project = o.projects.At(ch.Project % o.projects.Len(o.live.Projects()))
		projectHere = true
	}
	switch ch.Kind {
	case company.SignedIn:
		return true
	case company.Hired, company.Left, company.MovedTeam:
		_, personHere := o.people.Rank(ch.Person)
		return personHere
	}
	return projectHere
}

func country(id int64) string {
	return [...]string{"DE", "SE", "FR", "US", "IN", "BR"}[id%6]
}

// orgEvents is the public feed: what happened to public projects, newest first.
func (o *org) orgEvents() githubtest.List[githubtest.PublicEvent] {
	return githubtest.List[githubtest.PublicEvent]{
		Len: func() int { return min(orgEventsMax, o.live.Activities()) },
		At: func(i int) githubtest.PublicEvent {
			ch, ok := o.live.Activity(o.live.Activities() - 1 - i)
			if !ok || !o.concerns(&ch) {
				return githubtest.PublicEvent{}
			}
			p := o.live.ProjectNow(ch.Project)
			e := githubtest.PublicEvent{
				ID: ch.ID, Actor: user(o.live.Person(ch.Actor)), RepoID: p.ID, Repo: p.Name, Created: ch.Time,
				Public: p.Visibility == company.Public, Payload: map[string]any{},
			}
			switch {
			case ch.Kind == company.FileAdded || ch.Kind == company.FileChanged:
				e.Type, e.Payload["ref"], e.Payload["head"] = "PushEvent", "refs/heads/main", p.Head
			case ch.Kind == company.ProjectCreated:
				e.Type, e.Payload["ref_type"] = "CreateEvent", "repository"
			case ch.Kind == company.ProjectSeen && ch.Now == company.Public:
				e.Type = "PublicEvent"
			default:
				return githubtest.PublicEvent{}
			}
			return e
		},
	}
}
