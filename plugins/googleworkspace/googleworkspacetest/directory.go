package googleworkspacetest

import (
	"strconv"
	"time"
)

func (s *Server) directoryRoutes(add func(string, need, handler)) {
	quota := func(c *call) *problem { return c.take("directory "+c.subject.ID, 1, c.limits.Directory) }
	of := func(scopes ...string) need { return need{scopes: scopes, admin: true, quota: quota} }
	users := of("admin.directory.user.readonly", "admin.directory.user")
	groups := of("admin.directory.group.readonly", "admin.directory.group")
	roles := of("admin.directory.rolemanagement.readonly", "admin.directory.rolemanagement")
	const v1 = "GET /admin/directory/v1/"
	add(v1+"users", users, (*call).getUsers)
	add(v1+"users/{key}", users, (*call).getUser)
	add(v1+"users/{key}/tokens", of("admin.directory.user.security"), (*call).getTokens)
	add(v1+"groups", groups, (*call).getGroups)
	add(v1+"groups/{key}", groups, (*call).getGroup)
	add(v1+"groups/{key}/members", of("admin.directory.group.readonly", "admin.directory.group", "admin.directory.group.member.readonly"), (*call).getMembers)
	add(v1+"customer/{customer}/orgunits", of("admin.directory.orgunit.readonly", "admin.directory.orgunit"), (*call).getOrgUnits)
	add(v1+"customer/{customer}/domains", of("admin.directory.domain.readonly", "admin.directory.domain"), (*call).getDomains)
	add(v1+"customer/{customer}/roles", roles, (*call).getRoles)
	add(v1+"customer/{customer}/roleassignments", roles, (*call).getAssignments)
	add("POST /admin/directory/v1/users/watch", users, (*call).watchUsers)
	add("POST /admin/directory_v1/channels/stop", users, (*call).stopChannel)
}

// mine says whether the request is about this tenant.
func (c *call) mine(customer string) *problem {
	if customer != "my_customer" && customer != c.cfg.Tenant.CustomerID {
		return &problem{404, "notFound", "Resource Not Found: customer"}
	}
	return nil
}

// size reads maxResults: one above the most is refused, or cut.
func (c *call) size(name string, otherwise, most int, refuse bool) (int, *problem) {
	n, p := c.number(name, otherwise)
	if p == nil && n > most {
		if refuse {
			return 0, invalid(name)
		}
		n = most
	}
	return n, p
}

func (c *call) getUsers() (any, *problem) {
	q := c.r.URL.Query()
	if q.Get("customer") == "" && q.Get("domain") == "" {
		return nil, &problem{400, "badRequest", "Bad Request"}
	}
	if p := c.mine(q.Get("customer")); p != nil {
		return nil, p
	}
	n, p := c.size("maxResults", 100, 500, true)
	if p != nil {
		return nil, p
	}
	list := c.cfg.Tenant.Users
	if q.Get("showDeleted") == "true" {
		list = c.cfg.Tenant.Deleted
	}
	return c.list("users", list.len(), n, func(i int) any {
		u := list.At(i)
		if u.ID == "" { // it left while the page was made
			return nil
		}
		return c.user(&u)
	})
}

func (c *call) getUser() (any, *problem) {
	u, ok := c.cfg.Tenant.Users.find(c.r.PathValue("key"), isUser)
	if !ok {
		return nil, notFound("userKey")
	}
	return c.user(&u), nil
}

// stamp is a time as the Directory API writes it; 1970 where nothing happened.
func stamp(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (c *call) user(u *User) object {
	o := object{
		"kind": "admin#directory#user", "id": u.ID, "primaryEmail": u.Email, "name": object{"fullName": u.Name}, "isAdmin": u.Admin,
		"isDelegatedAdmin": u.DelegatedAdmin, "suspended": u.Suspended, "archived": u.Archived, "agreedToTerms": !u.NeverSignedIn,
		"changePasswordAtNextLogin": u.ChangePasswordAtNextLogin, "isEnrolledIn2Sv": u.Enrolled2SV, "isEnforcedIn2Sv": u.Enforced2SV,
		"orgUnitPath": u.OrgUnitPath, "creationTime": stamp(u.Created), "lastLoginTime": stamp(u.LastLogin), "customerId": c.cfg.Tenant.CustomerID,
	}
	o.set("suspensionReason", u.SuspensionReason, u.Suspended && u.SuspensionReason != "")
	o.set("deletionTime", stamp(u.DeletedAt), !u.DeletedAt.IsZero())
	o.set("recoveryEmail", u.RecoveryEmail, u.RecoveryEmail != "")
	o.set("isGuestUser", u.Guest, u.Guest)
	return o.set("aliases", anys(u.Aliases), len(u.Aliases) > 0)
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func (c *call) getTokens() (any, *problem) {
	u, ok := c.cfg.Tenant.Users.find(c.r.PathValue("key"), isUser)
	if !ok {
		return nil, notFound("userKey")
	}
	var items []any
	if c.cfg.Tenant.Tokens != nil {
		for _, t := range c.cfg.Tenant.Tokens(u.ID) {
			items = append(items, tokenObject(&u, &t))
		}
	}
	return object{"kind": "admin#directory#tokenList"}.set("items", items, len(items) > 0), nil
}

func (c *call) getGroups() (any, *problem) {
	q := c.r.URL.Query()
	if q.Get("customer") == "" && q.Get("domain") == "" && q.Get("userKey") == "" {
		return nil, &problem{400, "badRequest", "Bad Request"}
	}
	n, p := c.size("maxResults", 200, 200, false)
	if p != nil {
		return nil, p
	}
	list := c.cfg.Tenant.Groups
	return c.list("groups", list.len(), n, func(i int) any {
		g := list.At(i)
		if g.ID == "" {
			return nil
		}
		return groupObject(&g)
	})
}

func groupObject(g *Group) object {
	return object{
		"kind": "admin#directory#group", "id": g.ID, "email": g.Email, "name": g.Name, "description": g.Description,
		"directMembersCount": strconv.Itoa(g.Members), "adminCreated": g.AdminCreated,
	}
}

func (c *call) getGroup() (any, *problem) {
	g, ok := c.cfg.Tenant.Groups.find(c.r.PathValue("key"), isGroup)
	if !ok {
		return nil, notFound("groupKey")
	}
	return groupObject(&g), nil
}

func (c *call) getMembers() (any, *problem) {
	g, ok := c.cfg.Tenant.Groups.find(c.r.PathValue("key"), isGroup)
	if !ok {
		return nil, notFound("groupKey")
	}
	n, p := c.size("maxResults", 200, 200, false)
	if p != nil {
		return nil, p
	}
	var list List[Member]
	if c.cfg.Tenant.Members != nil {
		list = c.cfg.Tenant.Members(g.ID)
	}
	return c.list("members", list.len(), n, func(i int) any {
		m := list.At(i)
		if m.ID == "" && m.Email == "" {
			return nil
		}
		o := object{"kind": "admin#directory#member", "id": m.ID, "role": m.Role, "type": m.Type}
		o.set("status", m.Status, m.Status != "")
		return o.set("email", m.Email, m.Email != "")
	})
}

func (c *call) getOrgUnits() (any, *problem) {
	if p := c.mine(c.r.PathValue("customer")); p != nil {
		return nil, p
	}
	var items []any
	if c.cfg.Tenant.OrgUnits != nil {
		kind := c.r.URL.Query().Get("type")
		root := ""
		for _, u := range c.cfg.Tenant.OrgUnits() {
			if u.ParentID == "" {
				root = u.ID
			}
			if u.ParentID == "" && kind != "allIncludingParent" || u.ParentID != root && u.ParentID != "" && (kind == "" || kind == "children") {
				continue
			}
			o := object{"kind": "admin#directory#orgUnit", "orgUnitId": "id:" + u.ID, "name": u.Name, "orgUnitPath": u.Path, "description": u.Description}
			items = append(items, o.set("parentOrgUnitId", "id:"+u.ParentID, u.ParentID != ""))
		}
	}
	return object{"kind": "admin#directory#orgUnits"}.set("organizationUnits", items, len(items) > 0), nil
}

func (c *call) getDomains() (any, *problem) {
	if p := c.mine(c.r.PathValue("customer")); p != nil {
		return nil, p
	}
	var items []any
	if c.cfg.Tenant.Domains != nil {
		for _, d := range c.cfg.Tenant.Domains() {
			var aliases []any
			for _, a := range d.Aliases {
				aliases = append(aliases, object{"domainAliasName": a, "parentDomainName": d.Name, "verified": true})
			}
			o := object{"kind": "admin#directory#domain", "domainName": d.Name, "isPrimary": d.Primary, "verified": d.Verified}
			items = append(items, o.set("domainAliases", aliases, len(aliases) > 0))
		}
	}
	return object{"kind": "admin#directory#domains", "domains": items}, nil
}

func (c *call) getRoles() (any, *problem) {
	n, p := c.size("maxResults", 100, 100, true)
	if p != nil {
		return nil, p
	}
	list := c.cfg.Tenant.Roles
	return c.list("items", list.len(), n, func(i int) any {
		r := list.At(i)
		var privileges []any
		for _, name := range r.Privileges {
			privileges = append(privileges, object{"privilegeName": name, "serviceId": "00haapch16h1ysv"})
		}
		return object{
			"kind": "admin#directory#role", "roleId": strconv.FormatInt(r.ID, 10), "roleName": r.Name, "isSystemRole": r.System,
			"isSuperAdminRole": r.SuperAdmin, "rolePrivileges": privileges,
		}
	})
}

func (c *call) getAssignments() (any, *problem) {
	n, p := c.size("maxResults", 100, 200, true)
	if p != nil {
		return nil, p
	}
	list := c.cfg.Tenant.Assigned
	return c.list("items", list.len(), n, func(i int) any {
		a := list.At(i)
		o := object{
			"kind": "admin#directory#roleAssignment", "roleAssignmentId": strconv.FormatInt(a.ID, 10), "roleId": strconv.FormatInt(a.RoleID, 10),
			"assignedTo": a.To, "assigneeType": map[bool]string{true: "group", false: "user"}[a.Group], "scopeType": "CUSTOMER",
		}
		if a.OrgUnit != "" {
			o["scopeType"], o["orgUnitId"] = "ORG_UNIT", a.OrgUnit
		}
		return o.set("condition", a.Condition, a.Condition != "")
	})
}
