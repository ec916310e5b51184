package githubtest

import (
	"strconv"
)

// orgSimple appends the fields every shape of an organisation has, without brackets.
func (c *call) orgSimple(b []byte, o *Org) []byte {
	b = str(b, "login", o.Login)
	b = num(b, "id", o.ID)
	b = nodeID(b, "Organization", o.ID)
	for _, p := range [...][2]string{{"url", ""}, {"repos_url", "/repos"}, {"events_url", "/events"}, {"hooks_url", "/hooks"},
		{"issues_url", "/issues"}, {"members_url", "/members{/member}"}, {"public_members_url", "/public_members{/member}"}} {
		b = str(b, p[0], c.base+"/orgs/"+o.Login+p[1])
	}
	b = str(b, "avatar_url", "https://avatars.githubusercontent.com/u/"+strconv.FormatInt(o.ID, 10)+"?v=4")
	return b
}

// organization appends GET /orgs/{org}: what an owner sees, or what everyone does.
func (c *call) organization(b []byte, o *Org, owner bool) []byte {
	var set Settings
	if o.Settings != nil {
		set = o.Settings()
	}
	b = c.orgSimple(append(b, '{'), o)
	b = strOrNull(b, "description", set.Description)
	b = str(b, "name", o.Name)
	if set.Company != "" {
		b = str(b, "company", set.Company)
	}
	b = str(b, "blog", set.Blog)
	if set.Location != "" {
		b = str(b, "location", set.Location)
	}
	if set.Email != "" {
		b = str(b, "email", set.Email)
	}
	b = append(b, `,"twitter_username":null`...)
	b = flag(b, "is_verified", set.Verified)
	b = append(b, `,"has_organization_projects":true,"has_repository_projects":true,"public_gists":0,"followers":0,"following":0`...)
	b = num(b, "public_repos", c.count(o, "public"))
	b = str(b, "html_url", "https://github.com/"+o.Login)
	b = stamp(b, "created_at", o.CreatedAt)
	b = stamp(b, "updated_at", set.UpdatedAt)
	b = append(b, `,"archived_at":null,"type":"Organization"`...)
	if owner {
		b = c.settings(b, o, &set)
	}
	return append(b, '}')
}

// settings appends what only an owner sees.
func (c *call) settings(b []byte, o *Org, s *Settings) []byte {
	private := c.count(o, "private")
	b = num(b, "total_private_repos", private)
	b = num(b, "owned_private_repos", private)
	b = append(b, `,"private_gists":0,"disk_usage":0`...)
	b = num(b, "collaborators", int64(o.Outside.len()))
	b = strOrNull(b, "billing_email", s.BillingEmail)
	base := s.DefaultRepositoryPermission
	if base == "" {
		base = "read"
	}
	b = str(b, "default_repository_permission", base)
	creation := "none"
	switch {
	case s.MembersCanCreatePublicRepositories && s.MembersCanCreatePrivateRepositories:
		creation = "all"
	case s.MembersCanCreatePrivateRepositories:
		creation = "private"
	}
	b = str(b, "members_allowed_repository_creation_type", creation)
	for _, f := range [...]struct {
		name string
		v    bool
	}{
		{"members_can_create_repositories", s.MembersCanCreateRepositories},
		{"two_factor_requirement_enabled", s.TwoFactorRequired},
		{"members_can_create_public_repositories", s.MembersCanCreatePublicRepositories},
		{"members_can_create_private_repositories", s.MembersCanCreatePrivateRepositories},
		{"members_can_create_internal_repositories", s.MembersCanCreateInternalRepositories},
		{"members_can_create_pages", s.MembersCanCreatePages},
		{"members_can_fork_private_repositories", s.MembersCanForkPrivateRepositories},
		{"members_can_delete_repositories", s.MembersCanDeleteRepositories},
		{"members_can_change_repo_visibility", s.MembersCanChangeVisibility},
		{"members_can_invite_outside_collaborators", s.MembersCanInviteOutsideCollaborators},
		{"web_commit_signoff_required", s.WebCommitSignoffRequired},
		{"advanced_security_enabled_for_new_repositories", s.AdvancedSecurityForNew},
		{"dependabot_alerts_enabled_for_new_repositories", s.DependabotAlertsForNew},
		{"secret_scanning_enabled_for_new_repositories", s.SecretScanningForNew},
		{"secret_scanning_push_protection_enabled_for_new_repositories", s.PushProtectionForNew},
		{"deploy_keys_enabled_for_repositories", s.DeployKeysEnabled},
	} {
		b = flag(b, f.name, f.v)
	}
	b = append(key(b, "plan"), '{')
	b = str(b, "name", string(o.Plan))
	b = append(b, `,"space":976562499,"private_repos":999999`...)
	b = num(b, "filled_seats", int64(s.FilledSeats))
	b = num(b, "seats", int64(s.Seats))
	return append(b, '}')
}

func (c *call) invitation(b []byte, v *Invitation) []byte {
	if v.ID == 0 {
		return b
	}
	b = num(append(b, '{'), "id", v.ID)
	b = nodeID(b, "OrganizationInvitation", v.ID)
	b = strOrNull(b, "login", v.Login)
	b = strOrNull(b, "email", v.Email)
	b = str(b, "role", v.Role)
	b = stamp(b, "created_at", v.CreatedAt)
	b = stampOrNull(b, "failed_at", v.FailedAt)
	b = strOrNull(b, "failed_reason", v.FailedReason)
	inviter := v.Inviter
	if inviter.ID == 0 {
		inviter = User{ID: 10137, Login: "ghost"}
	}
	b = c.user(key(b, "inviter"), &inviter)
	b = num(b, "team_count", int64(v.Teams))
	b = str(b, "invitation_teams_url", c.base+"/organizations/"+strconv.FormatInt(c.org.ID, 10)+"/invitations/"+strconv.FormatInt(v.ID, 10)+"/teams")
	b = str(b, "invitation_source", orString(v.Source, "member"))
	return append(b, '}')
}

func orString(v, def string) string {
	if v == "" {
		return def
	}
	return v
}

// teamFields appends the fields of a simple team, without brackets.
func (c *call) teamFields(b []byte, t *TeamInfo) []byte {
	self := c.base + "/organizations/" + strconv.FormatInt(c.org.ID, 10) + "/team/" + strconv.FormatInt(t.ID, 10)
	b = str(b, "name", t.Name)
	b = num(b, "id", t.ID)
	b = nodeID(b, "Team", t.ID)
	b = str(b, "slug", t.Slug)
	b = strOrNull(b, "description", t.Description)
	b = str(b, "privacy", orString(t.Privacy, "closed"))
	b = str(b, "notification_setting", "notifications_enabled")
	b = str(b, "url", self)
	b = str(b, "html_url", "https://github.com/orgs/"+c.org.Login+"/teams/"+t.Slug)
	b = str(b, "members_url", self+"/members{/member}")
	b = str(b, "repositories_url", self+"/repos")
	b = str(b, "type", orString(t.Type, "organization"))
	b = num(b, "organization_id", c.org.ID)
	return str(b, "permission", orString(t.Permission, "pull"))
}

// teamParent appends the parent of a team, or null.
func (c *call) teamParent(b []byte, t *TeamInfo) []byte {
	if t.Parent != "" {
		if p, ok := c.org.Teams.find(t.Parent, isTeam); ok {
			return append(c.teamFields(append(key(b, "parent"), '{'), &p), '}')
		}
	}
	return null(b, "parent")
}

func (c *call) team(b []byte, t *TeamInfo) []byte {
	if t.ID == 0 {
		return b
	}
	return append(c.teamParent(c.teamFields(append(b, '{'), t), t), '}')
}

func (c *call) teamGrant(b []byte, g *TeamGrant) []byte {
	if g.Team.ID == 0 {
		return b
	}
	t := g.Team
	t.Permission = g.Permission
	b = c.teamFields(append(b, '{'), &t)
	b = levels(b, g.Permission)
	return append(c.teamParent(b, &t), '}')
}

func (c *call) role(b []byte, r *Role) []byte {
	b = num(append(b, '{'), "id", r.ID)
	b = str(b, "name", r.Name)
	b = strOrNull(b, "description", r.Description)
	b = strs(b, "permissions", r.Permissions)
	b = strOrNull(b, "base_role", r.BaseRole)
	b = str(b, "source", orString(r.Source, "Predefined"))
	if r.Source == "Organization" {
		u := orgAsUser(c.org)
		b = c.user(key(b, "organization"), &u)
	} else {
		b = null(b, "organization")
	}
	b = stamp(b, "created_at", r.CreatedAt)
	return append(stamp(b, "updated_at", r.UpdatedAt), '}')
}

func (c *call) roleUser(b []byte, u *RoleUser) []byte {
	if u.ID == 0 {
		return b
	}
	b = c.userFields(append(b, '{'), &u.User)
	b = str(b, "assignment", orString(u.Assignment, "direct"))
	b = append(key(b, "inherited_from"), '[')
	for i := range u.From {
		b = append(c.teamFields(append(comma(b), '{'), &u.From[i]), '}')
	}
	return append(b, ']', '}')
}

func (c *call) roleTeam(b []byte, t *RoleTeam) []byte {
	if t.Team.ID == 0 {
		return b
	}
	b = c.teamFields(append(b, '{'), &t.Team)
	b = str(b, "assignment", orString(t.Assignment, "direct"))
	return append(c.teamParent(b, &t.Team), '}')
}
