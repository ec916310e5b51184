package boxtest

import (
	"net/http"
	"strings"
	"time"
)

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

var (
	userMini = []string{"type", "id", "name", "login"}
	userStd  = []string{
		"created_at", "modified_at", "language", "timezone", "space_amount", "space_used", "max_upload_size", "status", "job_title", "phone",
		"address", "avatar_url", "notification_email",
	}
	groupMini = []string{"type", "id", "name", "group_type"}
	groupStd  = []string{"created_at", "modified_at"}
)

func (c *call) showUser(u *User) map[string]any {
	const quota = 10 << 30
	obj := map[string]any{
		"type": "user", "id": u.ID, "name": u.Name, "login": u.Login, "created_at": stamp(u.CreatedAt), "modified_at": stamp(u.UpdatedAt),
		"language": "en", "timezone": "Europe/Berlin", "space_amount": quota, "space_used": u.Space, "max_upload_size": 5 << 30,
		"status": orDefault(u.Status, "active"), "job_title": u.Title, "phone": "", "address": "", "avatar_url": "",
		"notification_email": nil, "role": orDefault(u.Role, "user"), "is_platform_access_only": u.PlatForm,
		"is_external_collab_restricted": false, "is_exempt_from_login_verification": false, "external_app_user_id": u.External,
		"tracking_codes": []any{}, "enterprise": map[string]any{"type": "enterprise", "id": c.s.ent.ID, "name": c.s.ent.Name},
	}
	return c.shown(obj, userMini, userStd)
}

// me is whoever asks; the app's own account is in no list.
func (c *call) me() {
	if p := c.s.service(c.user); p != nil {
		c.ok(c.showUser(&User{Person: *p, Role: "user"}))
		return
	}
	u, ok := c.s.ent.Users.find(c.user)
	if !ok {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	c.ok(c.showUser(&u))
}

func (c *call) users() {
	kind := orDefault(c.r.URL.Query().Get("user_type"), "managed")
	var l List[User]
	switch kind {
	case "managed":
		l = c.s.ent.Users
	case "external":
		l = c.s.ent.External
	case "all":
		a, b := c.s.ent.Users, c.s.ent.External
		l = List[User]{Len: func() int { return a.len() + b.len() }, At: func(i int) User {
			if n := a.len(); i >= n {
				return b.At(i - n)
			}
			return a.At(i)
		}}
	default:
		c.fail(http.StatusBadRequest, "Bad Request: user_type")
		return
	}
	term := c.r.URL.Query().Get("filter_term")
	if term != "" {
		l = matching(l, term)
	}
	if p, ok := c.paging("users."+kind+"."+term, true); ok {
		paged(c, p, l, func(u *User) any { return c.showUser(u) })
	}
}

// matching are the users whose name or login begins with a term.
func matching(l List[User], term string) List[User] {
	var found []User
	begins := func(s string) bool { return len(s) >= len(term) && strings.EqualFold(s[:len(term)], term) }
	for i := range l.len() {
		if u := l.At(i); begins(u.Name) || begins(u.Login) {
			found = append(found, u)
		}
	}
	return ListOf(found...)
}

func (c *call) oneUser() {
	u, ok := c.s.ent.Users.find(c.r.PathValue("id"))
	if !ok {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	c.ok(c.showUser(&u))
}

func (c *call) showGroup(g *Group) map[string]any {
	return c.shown(map[string]any{
		"type": "group", "id": g.ID, "name": g.Name, "group_type": orDefault(g.Type, "managed_group"),
		"created_at": stamp(g.CreatedAt), "modified_at": stamp(g.UpdatedAt), "description": g.Description,
		"external_sync_identifier": g.SyncID, "provenance": "", "invitability_level": "admins_only",
		"member_viewability_level": "admins_and_members",
	}, groupMini, groupStd)
}

func (c *call) groups() {
	if p, ok := c.paging("groups", false); ok {
		paged(c, p, c.s.ent.Groups, func(g *Group) any { return c.showGroup(g) })
	}
}

func (c *call) oneGroup() {
	g, ok := c.s.ent.Groups.find(c.r.PathValue("id"))
	if !ok {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	c.ok(c.showGroup(&g))
}

func (c *call) memberships() {
	g, ok := c.s.ent.Groups.find(c.r.PathValue("id"))
	if !ok || c.s.ent.Members == nil {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	p, ok := c.paging("memberships."+g.ID, false)
	if !ok {
		return
	}
	paged(c, p, c.s.ent.Members(g.ID), func(m *Membership) any {
		return map[string]any{
			"type": "group_membership", "id": m.ID, "user": m.User.json(), "role": orDefault(m.Role, "member"),
			"group":      map[string]any{"type": "group", "id": g.ID, "name": g.Name, "group_type": orDefault(g.Type, "managed_group")},
			"created_at": stamp(m.CreatedAt), "modified_at": stamp(m.CreatedAt),
		}
	})
}

// pins: the only list whose marker is a number.
func (c *call) pins() {
	if c.r.PathValue("id") != c.s.ent.ID {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	p, ok := c.paging("pins", false)
	if !ok {
		return
	}
	if v := c.r.URL.Query().Get("marker"); v != "" {
		n, err := atoi(v)
		if err != nil {
			c.fail(http.StatusBadRequest, "Invalid marker")
			return
		}
		p.from = n
	}
	entries := []any{}
	for _, pin := range c.s.ent.Pins.slice(p.from, p.from+p.limit) {
		entries = append(entries, map[string]any{
			"type": "device_pinner", "id": pin.ID, "owned_by": pin.Owner.json(), "product_name": pin.Product,
		})
	}
	body := map[string]any{"entries": entries, "limit": p.limit, "order": []any{map[string]any{"by": "id", "direction": "asc"}}}
	if next := p.from + p.limit; next < c.s.ent.Pins.len() {
		body["next_marker"] = next
	}
	c.ok(body)
}

func (c *call) domains() {
	p, ok := c.paging("domains", true)
	if !ok {
		return
	}
	paged(c, p.always(), c.s.ent.Domains, func(d *Domain) any {
		return map[string]any{
			"type": "collaboration_whitelist_entry", "id": d.ID, "domain": d.Domain, "direction": orDefault(d.Direction, "both"),
			"created_at": stamp(d.CreatedAt), "enterprise": map[string]any{"type": "enterprise", "id": c.s.ent.ID, "name": c.s.ent.Name},
		}
	})
}
