package main

import (
	"context"
	"encoding/json"

	"github.com/mooring-hq/mooring/sdk"
)

func teams(ctx context.Context, c *scan) error {
	return c.finish(ctx, each(c, paged(orgPath(c.s, "/teams"), c.size), func(t *team) error {
		if t.ID <= 0 || t.Slug == "" {
			return missing("team", "id and slug")
		}
		c.w.Add(t.group())
		// A team's list entry says nothing about its members, so there is no stamp: an ETag makes the idle walk free.
		c.w.Found(&sdk.Shard{Listing: "team_members", Key: num(t.ID), Name: t.Slug, Data: pack(teamShard{Slug: t.Slug})})
		return nil
	}))
}

func (t *team) group() *sdk.Group {
	g := &sdk.Group{
		Id: num(t.ID), Name: new(t.Name), Type: new("team"),
		Attributes: attrs("slug", t.Slug, "privacy", t.Privacy, "permission", t.Permission, "team_type", t.Type,
			"description", t.Description),
	}
	if t.Parent != nil && t.Parent.ID > 0 {
		g.Parent = sdk.To(sdk.KindGroup, num(t.Parent.ID))
	}
	return g
}

type teamShard struct {
	Slug string `json:"slug"`
}

// teamMembers are a team's members, with those of its child teams: GitHub marks these, but not which child it is.
func teamMembers(ctx context.Context, c *scan) error {
	var t teamShard
	if err := unpackShard(c.w, &t); err != nil {
		return err
	}
	id := c.w.Shard.GetKey()
	ref := paged(orgPath(c.s, path("/teams/%s/members", t.Slug)), c.size)
	return c.finish(ctx, each(c, ref, func(u *user) error {
		c.w.Add(&sdk.Membership{
			Id: sdk.ID("team", id, num(u.ID)), Container: sdk.To(sdk.KindGroup, id), Member: accountRef(*u),
			Role: new(u.Role), State: new("active"), Attributes: attrs("inherited", yes(u.Inherited)),
		})
		return u.check()
	}))
}

// pack makes the data of a shard. Its values are strings, so it cannot fail.
func pack(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

func unpackShard(w *sdk.Walk, v any) error {
	if err := json.Unmarshal(w.Shard.GetData(), v); err != nil || w.Shard.GetKey() == "" {
		return sdk.Errorf(sdk.ErrExpired, "shard %q of listing %s is of another version", w.Shard.GetKey(), w.Listing)
	}
	return nil
}
