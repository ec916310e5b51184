package main

import (
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// by says how an event narrows a listing down.
type by int

const (
	whole  by = iota // the listing
	repo             // the repository's shard
	group            // the team's shard
	person           // the listing, with the person as ref
)

type look struct {
	listing string
	by      by
}

// looks says for each event which listings it makes stale.
var looks = map[string][]look{
	"organization":                   {{"members", person}, {"invitations", whole}, {"settings", whole}},
	"org_block":                      {{"blocked_users", whole}, {"members", person}, {"outside_collaborators", person}},
	"membership":                     {{"team_members", group}},
	"member":                         {{"repository_access", repo}, {"outside_collaborators", person}},
	"team":                           {{"teams", whole}, {"repository_access", repo}},
	"team_add":                       {{"repository_access", repo}},
	"repository":                     {{"repositories", repo}, {"repository_access", repo}},
	"public":                         {{"repositories", whole}, {"repository_access", repo}}, // its files are public too
	"repository_import":              {{"repositories", repo}},
	"security_and_analysis":          {{"repositories", repo}, {"settings", whole}},
	"fork":                           {{"repositories", whole}},
	"push":                           {{"files", repo}, {"repositories", repo}}, // when it was pushed to
	"deploy_key":                     {{"deploy_keys", repo}},
	"secret_scanning_alert":          {{"secret_alerts", whole}},
	"secret_scanning_alert_location": {{"secret_alerts", whole}},
	"personal_access_token_request":  {{"pat_requests", whole}, {"pats", whole}},
	"installation":                   {{"installations", whole}},
	"installation_repositories":      {{"installations", whole}, {"repositories", whole}},
	"installation_target":            {{"settings", whole}},
	"github_app_authorization":       {{"credential_authorizations", whole}},
	"meta":                           {{"hooks", whole}},
	"ping":                           {{"hooks", whole}},
	"custom_organization_role":       {{"roles", whole}},
	"organization_role":              {{"roles", whole}},
	"enterprise":                     {{"settings", whole}}, // of an Enterprise Server
	"user":                           {{"members", whole}},  // of an Enterprise Server
}

// beyond are actions that change more than the repository's own record: which there are, and what is said of its files.
var beyond = map[string]bool{
	"created": true, "deleted": true, "renamed": true, "transferred": true, "publicized": true, "privatized": true,
}

// silent events are about work on code, not about who may do what, where data is, or which secrets leaked.
var silent = map[string]bool{
	"cache_sync": true, "content_reference": true, "branch_protection_configuration": true, "branch_protection_rule": true, "bypass_request_push_ruleset": true,
	"bypass_request_secret_scanning": true, "check_run": true, "check_suite": true, "code_scanning_alert": true,
	"commit_comment": true, "create": true, "custom_property": true, "custom_property_values": true, "delete": true,
	"dependabot_alert": true, "deployment": true, "deployment_protection_rule": true, "deployment_review": true,
	"deployment_status": true, "discussion": true, "discussion_comment": true, "dismissal_request_secret_scanning": true,
	"gollum": true, "issue_comment": true, "issues": true, "label": true, "marketplace_purchase": true,
	"merge_group": true, "milestone": true, "package": true, "page_build": true, "project": true, "project_card": true,
	"project_column": true, "projects_v2": true, "projects_v2_item": true, "projects_v2_status_update": true,
	"pull_request": true, "pull_request_review": true, "pull_request_review_comment": true,
	"pull_request_review_thread": true, "registry_package": true, "release": true, "repository_advisory": true,
	"repository_dispatch": true, "repository_ruleset": true, "repository_vulnerability_alert": true,
	"secret_scanning_scan": true, "security_advisory": true, "sponsorship": true, "star": true, "status": true,
	"sub_issues": true, "watch": true, "workflow_dispatch": true, "workflow_job": true, "workflow_run": true,
	"issue_dependencies": true,
}

// hintsOf gives where to look after an event. An event of which nothing is known gives nothing.
func hintsOf(event string, p *payload) []sdk.Hint {
	if event == "push" && p.branchOnly() {
		return nil // files are those of the default branch
	}
	reason := event
	if p.Action != "" {
		reason += "." + cut(p.Action, maxMessage)
	}
	var hints []sdk.Hint
	for _, l := range looks[event] {
		h := sdk.Hint{Listing: l.listing, Reason: reason}
		switch l.by {
		case repo:
			if p.Repository.ID <= 0 && event == "team" {
				continue // a team's own change
			}
			if !(l.listing == "repositories" && beyond[p.Action]) {
				p.narrow(&h, l.listing)
			}
		case group:
			if p.Team.Deleted || p.Team.ID <= 0 {
				h.Listing = "teams"
			} else {
				h.Shard = num(p.Team.ID)
				if parent := positive(p.Team.Parent.ID); parent != "" { // its members are those of the teams in it, too
					hints = append(hints, sdk.Hint{Listing: l.listing, Shard: parent, Reason: reason})
				}
			}
		case person:
			if r := accountRef(p.person()); r != nil {
				h.Refs = []*sdk.Ref{r}
			}
		case whole:
		}
		if h.Shard == "" && h.Refs == nil && slices.ContainsFunc(hints, func(o sdk.Hint) bool { return o.Listing == h.Listing && o.Shard == "" }) {
			continue // what two looks could not narrow down
		}
		hints = append(hints, h)
	}
	return hints
}

// narrow points at one repository; without its id, at all of them.
func (p *payload) narrow(h *sdk.Hint, listing string) {
	switch id := positive(p.Repository.ID); {
	case id == "":
		h.Listing = "repositories"
	case listing == "repositories":
		h.Refs = []*sdk.Ref{sdk.To(sdk.KindFile, id)}
	default:
		h.Shard = id
	}
}

func (p *payload) branchOnly() bool {
	branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	return p.Ref != "" && (!ok || p.Repository.DefaultBranch != "" && branch != p.Repository.DefaultBranch)
}

func (p *payload) person() user {
	for _, u := range []user{p.Member, p.Membership.User, p.BlockedUser} {
		if u.ID > 0 {
			return u
		}
	}
	return user{}
}
