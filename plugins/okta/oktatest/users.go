package oktatest

import (
	"net/http"
	"strings"
)

func (c *call) showUser(u *User) object {
	if u.ID == "" {
		return nil
	}
	o := object{
		"id": u.ID, "status": u.Status, "created": date(u.Created), "activated": date(u.Activated), "statusChanged": date(u.StatusChanged),
		"lastLogin": date(u.LastLogin), "lastUpdated": date(u.Updated), "passwordChanged": date(u.PasswordChanged),
		"type": object{"id": "oty1fake000000000001"}, "profile": u.Profile,
		"credentials": object{"provider": object{"type": or(u.Provider, "OKTA"), "name": or(u.Provider, "OKTA")}},
		"_links":      object{"self": c.link("/api/v1/users/" + u.ID)},
	}
	if !strings.Contains(c.r.Header.Get("Content-Type"), "omitTransitioningToStatus") {
		o["transitioningToStatus"] = nil
		put(o, "transitioningToStatus", u.becoming)
	}
	return o
}

func (u *User) value(attribute string) string {
	switch attribute {
	case "id":
		return u.ID
	case "status":
		return u.Status
	case "lastUpdated":
		return u.Updated.UTC().Format("2006-01-02T15:04:05.000Z")
	case "created":
		return u.Created.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	s, _ := u.Profile[strings.TrimPrefix(attribute, "profile.")].(string)
	return s
}

// getUsers: without a filter or a search, the deactivated are left out.
func (c *call) getUsers() {
	q := c.r.URL.Query()
	users := c.s.org.Users
	keep := func(u *User) bool { return u.Status != "DEPROVISIONED" }
	text, known := q.Get("filter"), []string{"status", "lastUpdated", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName"}
	if text == "" {
		text, known = q.Get("search"), append(known, "created")
	}
	if text != "" {
		x, err := parseFilter(text, known...)
		if err != nil {
			c.fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		keep = func(u *User) bool { return x.holds(u.value) }
		if t, ok := simpleSince(x); ok {
			switch {
			case t.Before(c.s.org.CreatedAt):
				keep = nil
			case c.s.org.UsersSince != nil:
				users = c.s.org.UsersSince(t)
			}
		}
	}
	list(c, users, 200, 200, keep, c.showUser)
}

// user finds one, by id or login; "me" is whose token it is.
func (c *call) user(id string) (User, bool) {
	if id == "me" && c.who.token != nil {
		id = c.who.token.UserID
	}
	u, ok := find(c.s.org.Users, id)
	for i, n := 0, c.s.org.Users.len(); !ok && strings.Contains(id, "@") && i < n; i++ {
		u = c.s.org.Users.At(i)
		ok = u.Profile["login"] == id
	}
	if !ok || u.ID == "" {
		c.notFound("User", id)
	}
	return u, ok && u.ID != ""
}

func (c *call) getUser() {
	if u, ok := c.user(c.r.PathValue("id")); ok {
		c.object(http.StatusOK, c.showUser(&u))
	}
}

func (c *call) getFactors() {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return
	}
	out := []object{}
	if c.s.org.Factors != nil {
		for _, f := range c.s.org.Factors(u.ID) {
			out = append(out, object{
				"id": f.ID, "factorType": f.Type, "provider": or(f.Provider, "OKTA"), "vendorName": or(f.Provider, "OKTA"),
				"status": or(f.Status, "ACTIVE"), "created": date(f.Created), "lastUpdated": date(f.Updated),
			})
		}
	}
	c.object(http.StatusOK, out)
}

func (c *call) getUserGrants() {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return
	}
	var grants List[Grant]
	if c.s.org.UserGrants != nil {
		grants = c.s.org.UserGrants(u.ID)
	}
	list(c, grants, 20, 200, nil, c.showGrant)
}
