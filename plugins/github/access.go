package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
)

// maxAccess entries of one repository are kept: about what fits a record. More make the list incomplete, not wrong.
const maxAccess = 10_000

// repositoryAccess is who reaches one repository by name: collaborators, teams, and what every member may do. It is one
// record, so it is added when all pages are there. Owners reach every repository and are not repeated.
func repositoryAccess(ctx context.Context, c *scan) error {
	var r repoShard
	if err := unpackShard(c.w, &r); err != nil {
		return err
	}
	id := c.w.Shard.GetKey()
	list := &sdk.AccessList{Complete: true}
	add := func(a *sdk.Access) {
		if len(list.Items) >= maxAccess {
			list.Complete = false
			return
		}
		list.Items = append(list.Items, a)
	}
	err := all(ctx, c, paged(r.path("/collaborators"), c.size, "affiliation=direct"), func(u *user) error {
		a := &sdk.Access{Principal: accountRef(*u), Role: new(accessRole(u.RoleName)), Via: new("collaborator")}
		add(a)
		return u.check()
	})
	if err == nil {
		err = all(ctx, c, paged(r.path("/teams"), c.size), func(t *team) error {
			if t.ID <= 0 {
				return missing("team", "id")
			}
			add(&sdk.Access{
				Principal: sdk.To(sdk.KindGroup, num(t.ID)), Role: new(accessRole(t.Permission)), Via: new("team"),
				Inherited: new(false),
			})
			return nil
		})
	}
	if err != nil {
		return err
	}
	for _, a := range r.everyone() {
		add(a)
	}
	if r.Base == "" && r.Visibility != "public" {
		list.Complete = false // what members may do with it is not known
	}
	c.w.Add(&sdk.File{Id: id, Access: list})
	return c.w.Complete(c.bookmark()...)
}

// everyone is what nobody was given by name.
func (r repoShard) everyone() []*sdk.Access {
	var list []*sdk.Access
	if r.Visibility == "public" {
		list = append(list, &sdk.Access{Role: new("read"), Via: new("visibility"), LinkScope: new("anyone")})
	}
	role := accessRole(r.Base)
	if r.Base == "none" || r.Base == "" {
		role = ""
	}
	if r.Visibility == "internal" && role == "" {
		role = "read"
	}
	if role != "" {
		list = append(list, &sdk.Access{Role: new(role), Via: new("base permission"), LinkScope: new("organization")})
	}
	return list
}

// accessRole maps GitHub's words; a custom role is read at least, and its name stands nowhere else, so it is kept.
func accessRole(role string) string {
	switch role {
	case "read", "pull", "triage":
		return "read"
	case "write", "push", "maintain":
		return "write"
	}
	return role // admin, or a custom role's own name
}
