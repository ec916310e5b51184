package main

import (
	"context"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

type group struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Created     when   `json:"created"`
	Updated     when   `json:"lastUpdated"`
	MembersAt   when   `json:"lastMembershipUpdated"`
	ObjectClass []text `json:"objectClass"`
	Profile     struct {
		Name        text `json:"name"`
		Description text `json:"description"`
	} `json:"profile"`
	Embedded struct {
		Stats *struct {
			Users *int64 `json:"usersCount"`
			Admin *bool  `json:"hasAdminPrivilege"`
		} `json:"stats"`
	} `json:"_embedded"`
}

// emptyShard is the data of a shard with nothing in it, so that Okta need not be asked.
const emptyShard = "empty"

// countsLag is how long the count of members may trail behind a change of them.
const countsLag = 15 * time.Minute

// groups lists groups, or those of which something changed since the bookmark, and names the shards with their members.
func groups(ctx context.Context, c *scan) error {
	pairs := []string{"expand", "stats"}
	var mark stages
	if c.delta() {
		var err error
		if mark, err = c.stages(); err != nil {
			return err
		}
		t := timestamp(mark.changed)
		pairs = append(pairs, "filter", `lastUpdated gt "`+t+`" or lastMembershipUpdated gt "`+t+`"`)
	}
	began, err := c.walk(ctx, paged("/api/v1/groups", c.size(maxGroups), pairs...), func(ctx context.Context, ref string) (answer, error) {
		list, a, err := getList[group](ctx, c.s, ref)
		for i := 0; err == nil && i < len(list); i++ {
			c.w.Add(list[i].record())
			c.w.Found(list[i].shards(a.date)...)
			err = list[i].check()
		}
		return a, err
	})
	if err != nil {
		return err
	}
	if !c.delta() {
		return c.w.Complete(wholeSince(began).next()...)
	}
	err = c.deletions(ctx, &mark, began, "group.lifecycle.delete", "UserGroup", func(id string) {
		c.w.Gone(sdk.KindGroup, id)
		c.w.Found(&sdk.Shard{Listing: "memberships", Key: id, Stamp: "deleted", Data: []byte(emptyShard)})
	})
	if err != nil {
		return err
	}
	return c.w.Complete(mark.next()...)
}

func (g *group) check() error {
	if g.ID == "" || g.Type == "" {
		return missing("group", "id and type")
	}
	return nil
}

func (g *group) record() *sdk.Group {
	return &sdk.Group{
		Id: g.ID, Name: new(string(g.Profile.Name)), Type: new("group"),
		Attributes: attrs("group_type", strings.ToLower(g.Type), "description", cut(string(g.Profile.Description), maxMessage)),
	}
}

// shards are what belongs to a group: its members, and its roles where it has any.
func (g *group) shards(now time.Time) []*sdk.Shard {
	if g.ID == "" {
		return nil
	}
	members := &sdk.Shard{Listing: "memberships", Key: g.ID, Name: string(g.Profile.Name)}
	if !g.MembersAt.IsZero() {
		members.Stamp = timestamp(g.MembersAt.Time)
	}
	list := []*sdk.Shard{members}
	st := g.Embedded.Stats
	if st == nil {
		return list
	}
	if st.Users != nil && *st.Users == 0 && !g.MembersAt.IsZero() && now.Sub(g.MembersAt.Time) > countsLag {
		members.Data = []byte(emptyShard)
	}
	if st.Admin != nil && *st.Admin {
		list = append(list, &sdk.Shard{Listing: "group_roles", Key: g.ID, Name: string(g.Profile.Name)})
	}
	return list
}

// memberships lists the members of one group. Okta has no groups within groups, and no roles within one.
func memberships(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	if string(c.w.Shard.GetData()) == emptyShard {
		return c.w.Complete()
	}
	_, err := c.walk(ctx, paged(path("/api/v1/groups/%s/users", id), c.size(maxMembers)), each(c, func(u *user) error {
		c.w.Add(&sdk.Membership{
			Id: sdk.ID("group", id, u.ID), Container: sdk.To(sdk.KindGroup, id), Member: sdk.To(sdk.KindAccount, u.ID), State: new("active"),
		})
		return u.check()
	}))
	if isGone(err) { // a group that is gone has no members, and somebody has to say so
		return c.w.Complete()
	}
	if err != nil {
		return err
	}
	return c.w.Complete()
}

type groupRule struct {
	ID         string `json:"id"`
	Name       text   `json:"name"`
	Status     text   `json:"status"`
	Conditions struct {
		Expression struct {
			Value text `json:"value"`
			Type  text `json:"type"`
		} `json:"expression"`
		People struct {
			Users struct {
				Exclude []string `json:"exclude"`
			} `json:"users"`
			Groups struct {
				Exclude []string `json:"exclude"`
			} `json:"groups"`
		} `json:"people"`
	} `json:"conditions"`
	Actions struct {
		Assign struct {
			Groups []string `json:"groupIds"`
		} `json:"assignUserToGroups"`
	} `json:"actions"`
}

// maxExpression of a rule is kept.
const maxExpression = 4 << 10 // bytes

// groupRules are who gets into which group by itself. They are no setting of the whole tenant, so they are records of
// their own.
func groupRules(ctx context.Context, c *scan) error {
	_, err := c.walk(ctx, paged("/api/v1/groups/rules", c.size(maxRules)), each(c, func(r *groupRule) error {
		if r.ID == "" {
			return missing("group rule", "id")
		}
		c.w.Add(&sdk.Other{
			Id: sdk.ID("group_rule", r.ID), Type: new("group_rule"), Name: new(string(r.Name)),
			Attributes: attrs("status", strings.ToLower(string(r.Status)),
				"expression", cut(string(r.Conditions.Expression.Value), maxExpression),
				"expression_type", string(r.Conditions.Expression.Type),
				"groups", list(r.Actions.Assign.Groups),
				"excluded_users", list(r.Conditions.People.Users.Exclude), "excluded_groups", list(r.Conditions.People.Groups.Exclude)),
		})
		return nil
	}))
	if err != nil {
		return err
	}
	return c.w.Complete()
}

func list(ids []string) string { return cut(strings.Join(ids, " "), maxExpression) }
