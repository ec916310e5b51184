package main

import (
	"context"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// assignment is a role that somebody has.
type assignment struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Status      text   `json:"status"`
	Assignment  text   `json:"assignmentType"`
	Created     when   `json:"created"`
	CustomRole  text   `json:"role"`
	ResourceSet text   `json:"resource-set"`
}

// roleEvents tell that somebody got a role or lost it.
var roleEvents = []string{
	"user.account.privilege.", "group.privilege.", "iam.resourceset.bindings.", "iam.role.", "user.lifecycle.delete.completed",
}

// standard are the roles that every organisation has. Two of them see everything and change nothing.
var standard = []struct {
	kind, label string
	looksOnly   bool
}{
	{"SUPER_ADMIN", "Super Administrator", false}, {"ORG_ADMIN", "Organization Administrator", false}, {"APP_ADMIN", "Application Administrator", false},
	{"USER_ADMIN", "Group Administrator", false}, {"GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator", false},
	{"HELP_DESK_ADMIN", "Help Desk Administrator", false}, {"READ_ONLY_ADMIN", "Read-only Administrator", true},
	{"REPORT_ADMIN", "Report Administrator", true}, {"API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator", false},
	{"ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator", false},
	{"ACCESS_REQUESTS_ADMIN", "Access Requests Administrator", false}, {"WORKFLOWS_ADMIN", "Workflows Administrator", false},
}

// roles are the standard ones, which Okta lists nowhere, and the organisation's own.
func roles(ctx context.Context, c *scan) error {
	const first = "/api/v1/iam/roles"
	_, err := c.walk(ctx, first, func(ctx context.Context, ref string) (answer, error) {
		var page struct {
			Roles []struct {
				ID          string `json:"id"`
				Label       text   `json:"label"`
				Description text   `json:"description"`
			} `json:"roles"`
			Links nextLink `json:"_links"`
		}
		a, err := get(ctx, c.s, ref, &page)
		if err == nil && page.Roles == nil {
			err = missing("page of roles", "roles")
		}
		if err == nil && ref == first {
			for _, r := range standard {
				c.w.Add(&sdk.Role{Id: strings.ToLower(r.kind), Name: new(r.label), Privileged: new(!r.looksOnly)})
			}
		}
		for i := 0; err == nil && i < len(page.Roles); i++ {
			r := &page.Roles[i]
			if r.ID == "" {
				err = missing("role", "id")
				break
			}
			c.w.Add(&sdk.Role{
				Id: r.ID, Name: new(string(r.Label)), Privileged: new(true), Attributes: attrs("custom", "true", "description", cut(string(r.Description), maxMessage)),
			})
		}
		return page.Links.follow(c.s, a, err)
	})
	if err != nil {
		return err
	}
	return c.w.Complete()
}

// nextLink is the next page where it stands in the body.
type nextLink struct {
	Next struct {
		Href string `json:"href"`
	} `json:"next"`
}

func (l *nextLink) follow(s *sdk.Session, a answer, err error) (answer, error) {
	if a.next = l.Next.Href; err == nil && a.next != "" {
		_, err = resolve(s, a.next)
	}
	return a, err
}

// adminRoles lists the users who have a role, then the roles of each: Okta shows no other way. As long as the log knows of
// no change, they are as they were.
func adminRoles(ctx context.Context, c *scan) error {
	if c.delta() {
		return c.unlessTouched(ctx, roleEvents...)
	}
	first := paged("/api/v1/iam/assignees/users", c.size(maxAssignees))
	began, err := c.walk(ctx, first, func(ctx context.Context, ref string) (answer, error) {
		var page struct {
			Value []struct {
				ID string `json:"id"`
			} `json:"value"`
			Links nextLink `json:"_links"`
		}
		a, err := get(ctx, c.s, ref, &page)
		if err == nil && page.Value == nil {
			err = missing("page of role holders", "value")
		}
		for i := 0; err == nil && i < len(page.Value); i++ {
			err = c.rolesOf(ctx, page.Value[i].ID)
		}
		return page.Links.follow(c.s, a, err)
	})
	if err != nil {
		return err
	}
	return c.w.Complete(bookmark(began)...)
}

// unlessTouched is a walk from the bookmark of a list that is read as a whole or not at all.
func (c *scan) unlessTouched(ctx context.Context, types ...string) error {
	since, err := c.since()
	if err != nil {
		return err
	}
	events, until, err := c.touched(ctx, since, types...)
	switch {
	case err != nil:
		return err
	case len(events) > 0:
		return sdk.Errorf(sdk.ErrExpired, "listing %s changed since the bookmark", c.w.Listing)
	}
	c.w.EndPage("")
	return c.w.Complete(bookmark(until)...)
}

func (c *scan) rolesOf(ctx context.Context, user string) error {
	if user == "" {
		return missing("role holder", "id")
	}
	list, _, err := getList[assignment](ctx, c.s, path("/api/v1/users/%s/roles", user))
	if isGone(err) { // deleted since the page was read
		return nil
	}
	for i := 0; err == nil && i < len(list); i++ {
		err = c.assigned(&list[i], sdk.To(sdk.KindAccount, user))
	}
	return err
}

// assigned adds who has a role.
func (c *scan) assigned(a *assignment, member *sdk.Ref) error {
	if a.ID == "" || a.Type == "" {
		return missing("role assignment", "id and type")
	}
	id := strings.ToLower(a.Type)
	if a.CustomRole != "" {
		id = string(a.CustomRole)
	}
	m := &sdk.Membership{
		Id: sdk.ID("role", id, member.GetId(), a.ID), Container: sdk.To(sdk.KindRole, id), Member: member,
		Attributes: attrs("assignment", strings.ToLower(string(a.Assignment)), "created_at", a.Created.day()),
	}
	if a.Status == "ACTIVE" {
		m.State = new("active")
	} else {
		m.Native = attrs("state", string(a.Status))
	}
	if a.ResourceSet != "" {
		m.Scope = ref(sdk.KindOther, sdk.ID("resource_set", string(a.ResourceSet)), "")
	}
	c.w.Add(m)
	return nil
}

// groupRoles are the roles of one group; its members have them.
func groupRoles(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	_, err := c.walk(ctx, path("/api/v1/groups/%s/roles", id), each(c, func(a *assignment) error {
		return c.assigned(a, sdk.To(sdk.KindGroup, id))
	}))
	if err != nil && !isGone(err) {
		return err
	}
	return c.w.Complete()
}
