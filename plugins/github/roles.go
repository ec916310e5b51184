package main

import (
	"context"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type role struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	BaseRole    string   `json:"base_role"`
	Source      string   `json:"source"`
	Permissions []string `json:"permissions"`
}

// roles are the roles of the organisation beside owner and member.
func roles(ctx context.Context, c *scan) error {
	ref := orgPath(c.s, "/organization-roles")
	return c.finish(ctx, one(c, ref, func(v *struct {
		Roles []role `json:"roles"`
	}) error {
		if v.Roles == nil {
			return notAList(ref)
		}
		for i := range v.Roles {
			r := &v.Roles[i]
			if r.ID <= 0 {
				return missing("role", "id")
			}
			c.w.Add(&sdk.Role{
				Id: num(r.ID), Name: new(r.Name), Privileged: new(r.privileged()), Permissions: sdk.All(r.Permissions...),
				Attributes: attrs("base_role", r.BaseRole, "source", r.Source, "description", r.Description),
			})
			c.w.Found(&sdk.Shard{Listing: "role_members", Key: num(r.ID), Name: r.Name})
		}
		return nil
	}))
}

// privileged: it writes to every repository, or changes something of the organisation.
func (r *role) privileged() bool {
	switch r.BaseRole {
	case "write", "maintain", "admin":
		return true
	}
	return slices.ContainsFunc(r.Permissions, func(p string) bool {
		return strings.HasPrefix(p, "write_") || strings.HasPrefix(p, "manage_") || strings.HasPrefix(p, "delete_")
	})
}

// roleMembers are the users and teams that have a role.
func roleMembers(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	ref := orgPath(c.s, path("/organization-roles/%s", id))
	return c.finish(ctx,
		each(c, paged(ref+"/users", c.size), func(u *user) error {
			m := roleMembership(id, "user", u.ID, u.Assignment)
			m.Member = accountRef(*u)
			if u.Assignment == "indirect" && len(u.InheritedFrom) == 1 {
				m.Via = sdk.To(sdk.KindGroup, num(u.InheritedFrom[0].ID))
			}
			m.Attributes = append(m.Attributes, attrs("inherited_from", slugs(u.InheritedFrom))...)
			c.w.Add(m)
			return u.check()
		}),
		each(c, paged(ref+"/teams", c.size), func(t *team) error {
			if t.ID <= 0 {
				return missing("team", "id")
			}
			m := roleMembership(id, "team", t.ID, t.Assignment)
			m.Member = sdk.To(sdk.KindGroup, num(t.ID))
			c.w.Add(m)
			return nil
		}))
}

func roleMembership(role, kind string, id int64, assignment string) *sdk.Membership {
	return &sdk.Membership{
		Id: sdk.ID("role", role, kind, num(id)), Container: sdk.To(sdk.KindRole, role), State: new("active"),
		Attributes: attrs("assignment", assignment),
	}
}

func slugs(list []team) string {
	names := make([]string, 0, len(list))
	for _, t := range list {
		names = append(names, t.Slug)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
