package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type group struct {
	ID           string  `json:"id"`
	Email        string  `json:"email"`
	Name         string  `json:"name"`
	Description  string  `json:"description"`
	Members      *number `json:"directMembersCount"`
	AdminCreated *bool   `json:"adminCreated"`
}

type member struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Role   string `json:"role"`
	Type   string `json:"type"`
	Status string `json:"status"`
}

const (
	groupsPerPage  = 200
	membersPerPage = 200
	groupFields    = "id,email,name,description,directMembersCount,adminCreated"
)

// groupShard is what the listing of a group's members needs to know. A group that Google counts as empty is not asked for.
type groupShard struct {
	Email string `json:"email"`
	Empty bool   `json:"empty,omitempty"`
}

func groups(ctx context.Context, sc *scan) error {
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		return groupsDelta(ctx, sc)
	}
	return sc.whole(ctx, func(stamp string) []step { return []step{sc.groupStep(stamp)} })
}

func (sc *scan) groupStep(stamp string) step {
	return func(ctx context.Context, token string) (string, error) {
		var p struct {
			Groups []*group `json:"groups"`
			Next   string   `json:"nextPageToken"`
		}
		q := query("customer", myCustomer, "maxResults", strconv.Itoa(sc.size(groupsPerPage)), "orderBy", "email", "pageToken", token,
			"fields", "nextPageToken,groups("+groupFields+")")
		if err := sc.do(ctx, directory(sc.admin(scopeGroups), q, "/admin/directory/v1/groups"), &p); err != nil {
			return "", err
		}
		for _, g := range p.Groups {
			if err := sc.addGroup(g, stamp); err != nil {
				return "", err
			}
		}
		return p.Next, nil
	}
}

func (sc *scan) addGroup(g *group, stamp string) error {
	if g == nil || g.ID == "" || g.Email == "" {
		return missing("group", "id and email")
	}
	sc.w.Add(g.record())
	sc.w.Found(&sdk.Shard{
		Listing: "group_members", Key: g.ID, Name: g.Email, Stamp: stamp,
		Data: encode(groupShard{Email: g.Email, Empty: g.Members != nil && *g.Members == 0}),
	})
	return nil
}

func (g *group) record() *sdk.Group {
	return &sdk.Group{
		Id: g.ID, Name: new(g.Name), Email: new(g.Email), Type: new("group"),
		Attributes: attrs("description", cut(g.Description, maxMessage), "admin_created", truth(g.AdminCreated)),
	}
}

// groupsDelta looks at the groups that the logs name. A log names a deleted group by its address only, so then all are read.
func groupsDelta(ctx context.Context, sc *scan) error {
	b, from, err := sc.follow(adminLogs)
	if err != nil {
		return err
	}
	touched := map[string]*mix{}
	for _, app := range []string{"admin", "groups_enterprise"} {
		err := sc.eachEvent(ctx, app, from, b.At, func(a *activity, e *event) error {
			email := strings.ToLower(e.first("GROUP_EMAIL", "group_id"))
			if !strings.Contains(email, "@") {
				return nil
			}
			if strings.EqualFold(e.Name, "delete_group") {
				return sc.tooMuch()
			}
			if touched[email] == nil {
				touched[email] = &mix{}
			}
			touched[email].add(a, e)
			if len(touched) > maxTouched {
				return sc.tooMuch()
			}
			return nil
		})
		if err != nil {
			return sc.blind(err)
		}
	}
	for _, email := range slices.Sorted(maps.Keys(touched)) {
		g, err := sc.groupByKey(ctx, email)
		if sdk.TypeOf(err) == sdk.ErrNotFound {
			return sc.tooMuch()
		}
		if err != nil {
			return err
		}
		if err := sc.addGroup(g, touched[email].stamp()); err != nil {
			return err
		}
	}
	return sc.w.Complete(b.next())
}

func (c *client) groupByKey(ctx context.Context, key string) (*group, error) {
	var g group
	q := url.Values{"fields": {groupFields}}
	err := c.do(ctx, directory(c.admin(scopeGroups), q, "/admin/directory/v1/groups/%s", key), &g)
	if err == nil && (g.ID == "" || g.Email == "") {
		err = missing("group", "id and email")
	}
	return &g, err
}

// groupMembers are the direct members of one group.
func groupMembers(ctx context.Context, sc *scan) error {
	var d groupShard
	if err := json.Unmarshal(sc.w.Shard.Data, &d); err != nil {
		return sdk.Errorf(sdk.ErrInvalid, "the shard of a group is of another version")
	}
	if d.Empty {
		return sc.w.Complete()
	}
	id := sc.w.Shard.Key
	err := sc.pages(ctx, "", func(ctx context.Context, token string) (string, error) {
		var p struct {
			Members []*member `json:"members"`
			Next    string    `json:"nextPageToken"`
		}
		q := query("maxResults", strconv.Itoa(sc.size(membersPerPage)), "pageToken", token,
			"fields", "nextPageToken,members(id,email,role,type,status)")
		if err := sc.do(ctx, directory(sc.admin(scopeGroups), q, "/admin/directory/v1/groups/%s/members", id), &p); err != nil {
			return "", err
		}
		for _, m := range p.Members {
			if m == nil || m.ID == "" && m.Email == "" {
				return "", missing("member", "id or email")
			}
			sc.w.Add(m.membership(id, d.Email))
		}
		return p.Next, nil
	})
	if err != nil {
		return err
	}
	return sc.w.Complete()
}

func (m *member) membership(groupID, groupEmail string) *sdk.Membership {
	key := m.ID
	if key == "" {
		key = m.Email
	}
	r := &sdk.Membership{
		Id: sdk.ID("group", groupID, key), Container: ref(sdk.KindGroup, groupID, groupEmail, ""), Role: new(strings.ToLower(m.Role)),
		State: new("active"), Native: attrs("type", m.Type, "status", m.Status),
	}
	switch m.Type {
	case "GROUP":
		r.Member = ref(sdk.KindGroup, m.ID, m.Email, "")
	case "CUSTOMER":
		r.Member = ref(sdk.KindGroup, m.ID, "", "everyone in the organisation")
	case "USER":
		r.Member = ref(sdk.KindAccount, m.ID, m.Email, "")
	default: // of another organisation: its id is no record here
		r.Member = ref(sdk.KindAccount, "", m.Email, "")
		if m.Email == "" {
			r.Member = ref(sdk.KindAccount, m.ID, "", "")
		}
	}
	return r
}
