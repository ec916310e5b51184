package main

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// organization is GET /orgs/{org}.
type organization struct {
	ID             int64  `json:"id"`
	Login          string `json:"login"`
	Name           string `json:"name"`
	Email          string `json:"email"`
	Blog           string `json:"blog"`
	Verified       bool   `json:"is_verified"`
	BasePermission string `json:"default_repository_permission"`
	Plan           struct {
		Name string `json:"name"`
	} `json:"plan"`

	values map[string]json.RawMessage
}

// UnmarshalJSON keeps all fields beside the typed ones: the settings are among them.
func (o *organization) UnmarshalJSON(b []byte) error {
	type plain organization
	if err := json.Unmarshal(b, (*plain)(o)); err != nil {
		return err
	}
	return json.Unmarshal(b, &o.values)
}

// postures are the fields of the organisation that say how safe it is.
var postures = []string{
	"advanced_security_enabled_for_new_repositories",
	"default_repository_permission",
	"dependabot_alerts_enabled_for_new_repositories",
	"dependabot_security_updates_enabled_for_new_repositories",
	"dependency_graph_enabled_for_new_repositories",
	"deploy_keys_enabled_for_repositories",
	"is_verified",
	"members_allowed_repository_creation_type",
	"members_can_change_repo_visibility",
	"members_can_create_internal_repositories",
	"members_can_create_pages",
	"members_can_create_private_pages",
	"members_can_create_private_repositories",
	"members_can_create_public_pages",
	"members_can_create_public_repositories",
	"members_can_create_repositories",
	"members_can_create_teams",
	"members_can_delete_issues",
	"members_can_delete_repositories",
	"members_can_fork_private_repositories",
	"members_can_invite_outside_collaborators",
	"members_can_view_dependency_insights",
	"readers_can_create_discussions",
	"secret_scanning_enabled_for_new_repositories",
	"secret_scanning_push_protection_enabled_for_new_repositories",
	"secret_scanning_validity_checks_enabled",
	"two_factor_requirement_enabled",
	"web_commit_signoff_required",
}

func organizationID(id int64) string { return sdk.ID("organization", num(id)) }

// settings are the organisation itself, which owns the repositories, and its settings. GitHub shows most of them to
// owners only; what it does not show is not there, and so unknown.
func settings(ctx context.Context, c *scan) error {
	return c.finish(ctx, one(c, orgPath(c.s, ""), func(o *organization) error {
		if o.ID <= 0 || o.Login == "" {
			return missing("organization", "id and login")
		}
		c.w.Add(&sdk.Group{
			Id: organizationID(o.ID), Name: new(o.Login), Type: new("organization"), Email: new(o.Email),
			Attributes: attrs("name", o.Name, "plan", o.Plan.Name),
		})
		for _, name := range postures {
			if v, ok := scalar(o.values[name]); ok {
				c.w.Add(&sdk.TenantItem{Id: name, Name: new(strings.ReplaceAll(name, "_", " ")), Value: new(v)})
			}
		}
		return nil
	}))
}

func scalar(raw json.RawMessage) (string, bool) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// domains are those that GitHub verified: it shows the badge only when the profile's site and e-mail are verified.
func (o *organization) domains() []string {
	if !o.Verified {
		return nil
	}
	var list []string
	if u, err := url.Parse(o.Blog); err == nil && u.Hostname() != "" {
		list = append(list, strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."))
	}
	if _, domain, ok := strings.Cut(o.Email, "@"); ok && domain != "" {
		list = append(list, strings.ToLower(domain))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
