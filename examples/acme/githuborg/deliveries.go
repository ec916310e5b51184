package githuborg

import (
	"github.com/mooring-hq/mooring/examples/acme/company"
)

// Delivery is a webhook to send.
type Delivery struct {
	Org, Event string
	Payload    map[string]any
}

// Deliveries are the webhooks that a change causes in a part. They show the present, so they are made at once.
func Deliveries(live *company.Live, p *Part, ch company.Change) []Delivery {
	o := &org{Part: p, live: live}
	if !o.concerns(&ch) {
		return nil
	}
	switch ch.Kind {
	case company.Hired:
		return append(o.memberDelivery("member_added", &ch), o.teamDelivery("added", ch.Team, &ch)...)
	case company.Left:
		return append(o.teamDelivery("removed", ch.Team, &ch), o.memberDelivery("member_removed", &ch)...)
	case company.MovedTeam:
		return append(o.teamDelivery("removed", ch.From, &ch), o.teamDelivery("added", ch.Team, &ch)...)
	case company.ProjectCreated:
		return o.repoDelivery("created", &ch)
	case company.ProjectSeen:
		if ch.Now == company.Public {
			return o.repoDelivery("publicized", &ch)
		}
		return o.repoDelivery("privatized", &ch)
	case company.FileAdded:
		return o.pushDelivery(&ch, commit{Added: []string{ch.Path}})
	case company.FileChanged:
		return o.pushDelivery(&ch, commit{Modified: []string{ch.Path}})
	}
	return nil
}

// delivery is a webhook with what every one has; an empty action is left out.
func (o *org) delivery(event, action string, ch *company.Change) Delivery {
	d := Delivery{o.Login, event, map[string]any{
		"organization": map[string]any{"login": o.Login, "id": o.ID},
		"sender":       o.plainUser(ch.Actor),
	}}
	if action != "" {
		d.Payload["action"] = action
	}
	return d
}

func (o *org) memberDelivery(action string, ch *company.Change) []Delivery {
	d := o.delivery("organization", action, ch)
	d.Payload["membership"] = map[string]any{"role": "member", "state": "active", "user": o.plainUser(ch.Person)}
	return []Delivery{d}
}

func (o *org) teamDelivery(action string, id company.TeamID, ch *company.Change) []Delivery {
	t := o.team(id)
	d := o.delivery("membership", action, ch)
	d.Payload["scope"], d.Payload["member"] = "team", o.plainUser(ch.Person)
	team := map[string]any{"id": t.ID, "slug": t.Slug, "name": t.Name, "privacy": t.Privacy, "permission": "pull"}
	if parent := o.live.Team(id).Parent; parent != nil {
		p := o.team(*parent)
		team["parent"] = map[string]any{"id": p.ID, "slug": p.Slug, "name": p.Name, "privacy": p.Privacy, "permission": "pull"}
	}
	d.Payload["team"] = team
	return []Delivery{d}
}

func (o *org) repoDelivery(action string, ch *company.Change) []Delivery {
	d := o.delivery("repository", action, ch)
	d.Payload["repository"] = o.plainRepo(ch.Project)
	return []Delivery{d}
}

// commit is what a push says of one commit.
type commit struct {
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Removed  []string `json:"removed"`
}

func (o *org) pushDelivery(ch *company.Change, c commit) []Delivery {
	d := o.delivery("push", "", ch)
	d.Payload["repository"] = o.plainRepo(ch.Project)
	d.Payload["ref"], d.Payload["after"] = "refs/heads/main", o.live.ProjectNow(ch.Project).Head
	d.Payload["commits"] = []commit{c}
	return []Delivery{d}
}

func (o *org) plainUser(person int) map[string]any {
	p := o.live.Person(person)
	return map[string]any{"login": p.Login, "id": p.ID, "type": "User", "site_admin": false}
}

func (o *org) plainRepo(project int) map[string]any {
	r := o.repo(o.live.ProjectNow(project))
	return map[string]any{
		"id": r.ID, "name": r.Name, "full_name": o.Login + "/" + r.Name, "private": r.Visibility != "public", "visibility": r.Visibility,
		"default_branch": r.DefaultBranch, "archived": r.Archived, "pushed_at": r.PushedAt.Unix(),
	}
}
