package oktatest

import "net/http"

func (c *call) showApp(a *App) object {
	if a.ID == "" {
		return nil
	}
	mode := or(a.SignOnMode, "SAML_2_0")
	o := object{
		"id": a.ID, "name": a.Name, "label": a.Label, "status": or(a.Status, "ACTIVE"), "signOnMode": mode, "created": date(a.Created),
		"lastUpdated": date(a.Updated), "accessibility": object{"selfService": false},
		"visibility": object{"autoSubmitToolbar": false, "hide": object{"iOS": false, "web": false}},
		"features":   []string{}, "credentials": object{}, "settings": object{"app": object{}},
		"_links": object{"self": c.link("/api/v1/apps/" + a.ID)},
	}
	switch mode {
	case "BOOKMARK":
		o["name"] = "bookmark"
		o["settings"] = object{"app": object{"requestIntegration": false, "url": "https://wiki.example"}}
	case "OPENID_CONNECT":
		o["name"] = "oidc_client"
		o["credentials"] = object{"oauthClient": object{
			"autoKeyRotation": true, "client_id": a.ClientID, "token_endpoint_auth_method": "private_key_jwt",
		}}
		o["settings"] = object{"app": object{}, "oauthClient": object{
			"application_type": or(a.Type, "web"), "grant_types": nonNil(a.GrantTypes), "redirect_uris": nonNil(a.RedirectURIs),
			"response_types": []string{"code"}, "consent_method": "REQUIRED",
		}}
	}
	return o
}

// getApps: of the filters, the one by a user is known; with it, expand shows how the user is assigned.
func (c *call) getApps() {
	q := c.r.URL.Query()
	user, expand := "", q.Get("expand")
	if text := q.Get("filter"); text != "" {
		x, err := parseFilter(text, "user.id")
		by, ok := x.(comparison)
		if err != nil || !ok || by.op != "eq" || expand != "" && expand != "user/"+by.value {
			c.fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		user = by.value
	}
	list(c, c.s.org.Apps, 20, 200, nil, func(a *App) object {
		o := c.showApp(a)
		if o == nil || user == "" {
			return o
		}
		u, ok := find(c.s.org.AppUsers(a.ID), user)
		if !ok {
			return nil
		}
		if expand != "" {
			o["_embedded"] = object{"user": c.showAppUser(a, &u)}
		}
		return o
	})
}

func (c *call) app(id string) (App, bool) {
	a, ok := find(c.s.org.Apps, id)
	if !ok || a.ID == "" {
		c.notFound("AppInstance", id)
	}
	return a, ok && a.ID != ""
}

func (c *call) getApp() {
	if a, ok := c.app(c.r.PathValue("id")); ok {
		c.object(http.StatusOK, c.showApp(&a))
	}
}

func (c *call) getAppUsers() {
	a, ok := c.app(c.r.PathValue("id"))
	if !ok {
		return
	}
	var users List[AppUser]
	if c.s.org.AppUsers != nil {
		users = c.s.org.AppUsers(a.ID)
	}
	list(c, users, 50, 500, nil, func(u *AppUser) object { return c.showAppUser(&a, u) })
}

func (c *call) showAppUser(a *App, u *AppUser) object {
	if u.ID == "" {
		return nil
	}
	o := object{
		"id": u.ID, "scope": or(u.Scope, "USER"), "status": or(u.Status, "ACTIVE"), "created": date(u.Created), "lastUpdated": date(u.Updated),
		"statusChanged": date(u.Changed), "passwordChanged": nil, "syncState": "DISABLED", "profile": orEmpty(u.Profile),
		"_links": object{"app": c.link("/api/v1/apps/" + a.ID), "user": c.link("/api/v1/users/" + u.ID)},
	}
	put(o, "externalId", u.ExternalID)
	if u.UserName != "" {
		o["credentials"] = object{"userName": u.UserName}
	}
	return o
}

func orEmpty(profile map[string]any) object {
	if profile == nil {
		return object{}
	}
	return profile
}

// getAppGroups: a page has at least 20 entries.
func (c *call) getAppGroups() {
	a, ok := c.app(c.r.PathValue("id"))
	if !ok {
		return
	}
	if n, ok := c.limit(20, 200); !ok {
		return
	} else if n < 20 {
		c.invalid("limit must be at least 20")
		return
	}
	var groups List[AppGroup]
	if c.s.org.AppGroups != nil {
		groups = c.s.org.AppGroups(a.ID)
	}
	list(c, groups, 20, 200, nil, func(g *AppGroup) object {
		if g.ID == "" {
			return nil
		}
		return object{
			"id": g.ID, "priority": g.Priority, "lastUpdated": date(g.Updated), "profile": object{},
			"_links": object{"app": c.link("/api/v1/apps/" + a.ID), "group": c.link("/api/v1/groups/" + g.ID)},
		}
	})
}

func state(revoked bool) string {
	if revoked {
		return "REVOKED"
	}
	return "ACTIVE"
}

func (c *call) showGrant(g *Grant) object {
	if g.ID == "" {
		return nil
	}
	o := object{
		"id": g.ID, "status": state(g.Revoked), "created": date(g.Created), "lastUpdated": date(g.Updated), "issuer": c.base(),
		"clientId": g.ClientID, "scopeId": g.Scope, "source": "ADMIN",
	}
	if g.UserID != "" {
		o["userId"], o["source"] = g.UserID, "END_USER"
	}
	if g.CreatedBy != "" {
		o["createdBy"] = object{"id": g.CreatedBy, "type": "User"}
	}
	return o
}

// getAppGrants has no pages.
func (c *call) getAppGrants() {
	a, ok := c.app(c.r.PathValue("id"))
	if !ok {
		return
	}
	out := []object{}
	if c.s.org.AppGrants != nil {
		for _, g := range c.s.org.AppGrants(a.ID) {
			out = append(out, c.showGrant(&g))
		}
	}
	c.object(http.StatusOK, out)
}

func (c *call) getAppTokens() {
	a, ok := c.app(c.r.PathValue("id"))
	if !ok {
		return
	}
	var tokens List[RefreshToken]
	if c.s.org.AppTokens != nil {
		tokens = c.s.org.AppTokens(a.ID)
	}
	list(c, tokens, 20, 200, nil, c.showToken)
}

func (c *call) showToken(t *RefreshToken) object {
	if t.ID == "" {
		return nil
	}
	return object{
		"id": t.ID, "status": state(t.Revoked), "created": date(t.Created), "lastUpdated": date(t.Updated), "expiresAt": date(t.Expires),
		"issuer": c.base(), "clientId": t.ClientID, "userId": t.UserID, "scopes": nonNil(t.Scopes),
	}
}

// getAPITokens has no pages, and shows active ones only.
func (c *call) getAPITokens() {
	out := []object{}
	l := c.s.org.APITokens
	for i, n := 0, l.len(); i < n; i++ {
		t := l.At(i)
		if t.ID == "" || !t.Expires.IsZero() && t.Expires.Before(c.s.now()) {
			continue
		}
		o := object{
			"id": t.ID, "name": t.Name, "userId": t.UserID, "clientName": or(t.ClientName, "Okta API"), "created": date(t.Created),
			"lastUpdated": date(t.Updated), "tokenWindow": or(t.Window, "P30D"), "network": object{"connection": or(t.Network, "ANYWHERE")},
		}
		put(o, "expiresAt", date(t.Expires))
		out = append(out, o)
	}
	c.object(http.StatusOK, out)
}

func (c *call) getOrg() {
	o := c.s.org
	c.object(http.StatusOK, object{
		"id": o.ID, "subdomain": o.Subdomain, "companyName": o.Name, "status": "ACTIVE", "created": date(o.CreatedAt),
		"lastUpdated": date(o.CreatedAt), "website": "https://www." + o.Subdomain + ".example",
	})
}

// getWellKnown is public.
func (c *call) getWellKnown() {
	c.object(http.StatusOK, object{"id": c.s.org.ID, "pipeline": "idx", "_links": object{"organization": c.link("")}})
}

func (c *call) getDomains() {
	out := []object{}
	for i, d := range c.s.org.Domains {
		out = append(out, object{
			"id": "OeD" + random(8), "domain": d, "displayName": d, "userName": "noreply", "validationStatus": "VERIFIED", "n": i,
		})
	}
	c.object(http.StatusOK, out)
}
