package oktatest

import "net/http"

func (c *call) showGroup(g *Group) object {
	if g.ID == "" {
		return nil
	}
	class := "okta:user_group"
	if g.Type == "APP_GROUP" {
		class = "okta:windows_security_principal"
	}
	profile := object{"name": g.Name}
	put(profile, "description", g.Description)
	o := object{
		"id": g.ID, "created": date(g.Created), "lastUpdated": date(g.Updated), "lastMembershipUpdated": date(g.MembersUpdated),
		"objectClass": []string{class}, "type": or(g.Type, "OKTA_GROUP"), "profile": profile,
		"_links": object{"self": c.link("/api/v1/groups/" + g.ID)},
	}
	if c.r.URL.Query().Get("expand") == "stats" {
		o["_embedded"] = object{"stats": object{
			"usersCount": g.Users, "appsCount": g.Apps, "groupPushMappingsCount": 0, "hasAdminPrivilege": g.Admin,
		}}
	}
	return o
}

func (g *Group) value(attribute string) string {
	switch attribute {
	case "id":
		return g.ID
	case "type":
		return or(g.Type, "OKTA_GROUP")
	case "lastUpdated":
		return g.Updated.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return g.MembersUpdated.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (c *call) getGroups() {
	var keep func(*Group) bool
	if text := c.r.URL.Query().Get("filter"); text != "" {
		x, err := parseFilter(text, "id", "type", "lastUpdated", "lastMembershipUpdated")
		if err != nil {
			c.fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		keep = func(g *Group) bool { return x.holds(g.value) }
	}
	list(c, c.s.org.Groups, 10_000, 10_000, keep, c.showGroup)
}

func (c *call) group(id string) bool {
	g, ok := find(c.s.org.Groups, id)
	if !ok || g.ID == "" {
		c.notFound("UserGroup", id)
	}
	return ok && g.ID != ""
}

func (c *call) getGroup() {
	id := c.r.PathValue("id")
	if c.group(id) {
		g, _ := find(c.s.org.Groups, id)
		c.object(http.StatusOK, c.showGroup(&g))
	}
}

func (c *call) getMembers() {
	id := c.r.PathValue("id")
	if !c.group(id) {
		return
	}
	var members List[User]
	if c.s.org.Members != nil {
		members = c.s.org.Members(id)
	}
	list(c, members, 1000, 1000, func(u *User) bool { return u.Status != "DEPROVISIONED" }, c.showUser)
}

func (c *call) getRules() {
	list(c, c.s.org.Rules, 50, 200, nil, func(r *Rule) object {
		if r.ID == "" {
			return nil
		}
		return object{
			"type": "group_rule", "id": r.ID, "status": or(r.Status, "ACTIVE"), "name": r.Name, "created": date(r.Created),
			"lastUpdated": date(r.Updated),
			"conditions": object{
				"people":     object{"users": object{"exclude": nonNil(r.ExcludedUsers)}, "groups": object{"exclude": []string{}}},
				"expression": object{"value": r.Expression, "type": "urn:okta:expression:1.0"},
			},
			"actions": object{"assignUserToGroups": object{"groupIds": nonNil(r.Groups)}},
		}
	})
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (c *call) showRole(r *Role) object {
	status := "ACTIVE"
	if r.Inactive {
		status = "INACTIVE"
	}
	o := object{
		"id": r.ID, "type": r.Type, "label": r.Label, "status": status, "assignmentType": or(r.Assignment, "USER"),
		"created": date(r.Created), "lastUpdated": date(r.Created),
	}
	if r.Type == "CUSTOM" {
		o["role"], o["resource-set"] = r.Custom, r.ResourceSet
	}
	return o
}

func (c *call) roles(roles []Role) {
	out := []object{}
	for i := range roles {
		out = append(out, c.showRole(&roles[i]))
	}
	c.object(http.StatusOK, out)
}

func (c *call) getUserRoles() {
	u, ok := c.user(c.r.PathValue("id"))
	switch {
	case !ok:
	case c.s.org.Roles == nil:
		c.roles(nil)
	default:
		c.roles(c.s.org.Roles(u.ID))
	}
}

func (c *call) getGroupRoles() {
	id := c.r.PathValue("id")
	switch {
	case !c.group(id):
	case c.s.org.GroupRoles == nil:
		c.roles(nil)
	default:
		c.roles(c.s.org.GroupRoles(id))
	}
}

func (c *call) getClientRoles() {
	client := c.r.PathValue("client")
	for i := range c.s.cfg.Apps {
		a := &c.s.cfg.Apps[i]
		if a.ClientID != client {
			continue
		}
		var roles []Role
		for n, kind := range a.types() {
			roles = append(roles, Role{ID: "ca" + pad(n, 18), Type: kind, Label: kind, Created: c.s.org.CreatedAt, Assignment: "CLIENT"})
		}
		c.roles(roles)
		return
	}
	c.notFound("PublicClientApp", client)
}

func (a *ServiceApp) types() []string {
	switch {
	case a.NoRole:
		return nil
	case a.Roles == nil:
		return []string{"SUPER_ADMIN"}
	}
	return a.Roles
}
