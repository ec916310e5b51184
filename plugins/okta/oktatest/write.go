package oktatest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// happened writes into the log what the caller did, and tells the hooks.
func (c *call) happened(kind string, targets ...Party) {
	e := Event{
		UUID: uuid(), Persisted: c.s.now(), Type: kind, Actor: c.actor(), Targets: targets, IP: "198.51.100.1",
		UserAgent: c.r.UserAgent(),
	}
	c.s.changed.note(e)
	c.s.Deliver(context.WithoutCancel(c.r.Context()), e)
}

func uuid() string {
	s := random(16)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (c *call) actor() Party {
	if c.who.app != nil {
		return Party{ID: c.who.app.ClientID, Type: "PublicClientApp", AlternateID: c.who.app.ClientID, Name: c.who.app.ClientID}
	}
	u, _ := find(c.s.org.Users, c.who.token.UserID)
	u.ID = c.who.token.UserID
	return userParty(&u)
}

func userParty(u *User) Party {
	login, _ := u.Profile["login"].(string)
	return Party{ID: u.ID, Type: "User", AlternateID: or(login, u.ID), Name: or(login, u.ID)}
}

// getUserGroups has no pages.
func (c *call) getUserGroups() {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return
	}
	out := []object{}
	for _, id := range c.s.org.GroupsOf(u.ID) {
		if g, ok := find(c.s.org.Groups, id); ok {
			out = append(out, c.showGroup(&g))
		}
	}
	c.object(http.StatusOK, out)
}

// member is the group and the user of the path. Only groups of the vendor's own can be written.
func (c *call) member() (g Group, u User, ok bool) {
	id := c.r.PathValue("id")
	if !c.group(id) {
		return g, u, false
	}
	if u, ok = c.user(c.r.PathValue("user")); !ok {
		return g, u, false
	}
	if g, _ = find(c.s.org.Groups, id); or(g.Type, "OKTA_GROUP") != "OKTA_GROUP" {
		c.fail(http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
		return g, u, false
	}
	return g, u, true
}

func (c *call) putMember() {
	g, u, ok := c.member()
	if !ok {
		return
	}
	if _, in := find(c.s.org.Members(g.ID), u.ID); !in {
		c.s.changed.put(g.ID, u.ID, true, c.s.now())
		c.happened("group.user_membership.add", userParty(&u), groupParty(&g))
	}
	c.w.WriteHeader(http.StatusNoContent)
}

func (c *call) deleteMember() {
	g, u, ok := c.member()
	if !ok {
		return
	}
	if _, in := find(c.s.org.Members(g.ID), u.ID); !in {
		c.notFound("GroupMembership", u.ID)
		return
	}
	c.s.changed.put(g.ID, u.ID, false, c.s.now())
	c.s.changed.exclude(g.ID, u.ID)
	c.happened("group.user_membership.remove", userParty(&u), groupParty(&g))
	c.w.WriteHeader(http.StatusNoContent)
}

func groupParty(g *Group) Party {
	return Party{ID: g.ID, Type: "UserGroup", AlternateID: "unknown", Name: g.Name}
}

func appParty(a *App) Party {
	return Party{ID: a.ID, Type: "AppInstance", AlternateID: a.Label, Name: a.Label}
}

// appUser is the app of the path, and how its user is assigned.
func (c *call) appUser() (a App, u AppUser, ok bool) {
	if a, ok = c.app(c.r.PathValue("id")); !ok {
		return a, u, false
	}
	id := c.r.PathValue("user")
	if u, ok = find(c.s.org.AppUsers(a.ID), id); !ok {
		c.notFound("AppUser", id)
	}
	return a, u, ok
}

func (c *call) getAppUser() {
	if a, u, ok := c.appUser(); ok {
		c.object(http.StatusOK, c.showAppUser(&a, &u))
	}
}

func (c *call) deleteAppUser() {
	a, u, ok := c.appUser()
	if !ok {
		return
	}
	c.s.changed.assign(a.ID, u.ID, nil)
	person, _ := find(c.s.org.Users, u.ID)
	c.happened("application.user_membership.remove", userParty(&person), appParty(&a))
	c.w.WriteHeader(http.StatusNoContent)
}

// postAppUser assigns an app to a user, or turns what came by a group into a direct assignment.
func (c *call) postAppUser() {
	a, ok := c.app(c.r.PathValue("id"))
	if !ok {
		return
	}
	var b struct {
		ID          string
		Scope       string
		Credentials struct{ UserName string }
		Profile     map[string]any
	}
	if json.NewDecoder(c.r.Body).Decode(&b) != nil || b.ID == "" || b.Scope != "" && b.Scope != "USER" && b.Scope != "GROUP" {
		c.invalid("assignment")
		return
	}
	u, ok := c.user(b.ID)
	switch {
	case !ok:
		return
	case u.Status == "DEPROVISIONED":
		c.wrongStatus()
		return
	}
	now := c.s.now()
	made := AppUser{ID: u.ID, Scope: "USER", UserName: b.Credentials.UserName, Profile: b.Profile, Created: now, Updated: now, Changed: now}
	c.s.changed.assign(a.ID, u.ID, &made)
	c.happened("application.user_membership.add", userParty(&u), appParty(&a))
	c.object(http.StatusOK, c.showAppUser(&a, &made))
}

// grant is the one of the path.
func (c *call) grant() (User, Grant, bool) {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return u, Grant{}, false
	}
	grants, id := c.s.org.UserGrants(u.ID), c.r.PathValue("grant")
	for i, n := 0, grants.len(); i < n; i++ {
		if g := grants.At(i); g.ID == id {
			return u, g, true
		}
	}
	c.notFound("OAuth2ScopeConsentGrant", id)
	return u, Grant{}, false
}

func (c *call) getUserGrant() {
	if _, g, ok := c.grant(); ok {
		c.object(http.StatusOK, c.showGrant(&g))
	}
}

func (c *call) deleteUserGrant() {
	if u, g, ok := c.grant(); ok {
		c.s.changed.revoke(g.ID)
		c.happened("app.oauth2.as.consent.revoke", append(c.clientParties(g.ClientID), userParty(&u))...)
		c.w.WriteHeader(http.StatusNoContent)
	}
}

// clientParties is the app with a client id, if there is one.
func (c *call) clientParties(client string) []Party {
	for i, n := 0, c.s.org.Apps.len(); i < n; i++ {
		if a := c.s.org.Apps.At(i); a.ClientID == client {
			return []Party{appParty(&a)}
		}
	}
	return nil
}

// getUserClients are the apps for which a user has grants or tokens; it has no pages.
func (c *call) getUserClients() {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return
	}
	var ids []string
	grants := c.s.org.UserGrants(u.ID)
	for i, n := 0, grants.len(); i < n; i++ {
		ids = append(ids, grants.At(i).ClientID)
	}
	for _, t := range c.s.org.TokensOf(u.ID) {
		ids = append(ids, t.ClientID)
	}
	slices.Sort(ids)
	out := []object{}
	for _, id := range slices.Compact(ids) {
		if id != "" {
			out = append(out, object{"client_id": id, "client_name": id})
		}
	}
	c.object(http.StatusOK, out)
}

// clientTokens are the refresh tokens of the user and the client of the path.
func (c *call) clientTokens() (u User, tokens []RefreshToken, ok bool) {
	if u, ok = c.user(c.r.PathValue("id")); ok {
		client := c.r.PathValue("client")
		tokens = slices.DeleteFunc(c.s.org.TokensOf(u.ID), func(t RefreshToken) bool { return t.ClientID != client })
	}
	return u, tokens, ok
}

func (c *call) getClientTokens() {
	if _, tokens, ok := c.clientTokens(); ok {
		list(c, ListOf(tokens...), 20, 200, nil, c.showToken)
	}
}

func (c *call) deleteClientTokens() {
	u, tokens, ok := c.clientTokens()
	if !ok {
		return
	}
	for _, t := range tokens {
		if !t.Revoked { // what was revoked before stays to be seen
			c.s.changed.revoke(t.ID)
		}
	}
	c.happened("app.oauth2.token.revoke", append(c.clientParties(c.r.PathValue("client")), userParty(&u))...)
	c.w.WriteHeader(http.StatusNoContent)
}

// appToken is the one of the path.
func (c *call) appToken() (a App, t RefreshToken, ok bool) {
	if a, ok = c.app(c.r.PathValue("id")); !ok {
		return a, t, false
	}
	tokens, id := c.s.org.AppTokens(a.ID), c.r.PathValue("token")
	for i, n := 0, tokens.len(); i < n; i++ {
		if t = tokens.At(i); t.ID == id {
			return a, t, true
		}
	}
	c.notFound("OAuth2RefreshToken", id)
	return a, t, false
}

func (c *call) getAppToken() {
	if _, t, ok := c.appToken(); ok {
		c.object(http.StatusOK, c.showToken(&t))
	}
}

func (c *call) deleteAppToken() {
	if a, t, ok := c.appToken(); ok {
		c.s.changed.revoke(t.ID)
		c.happened("app.oauth2.token.revoke", appParty(&a))
		c.w.WriteHeader(http.StatusNoContent)
	}
}
