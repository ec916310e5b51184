package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// need is what a route asks of a caller. The zero need is for everyone.
type need struct {
	perm   string   // of an App or a fine-grained token, like members=read
	scopes []string // of a classic token: one of them
	role   string   // in the organisation, of a user: member or admin
	plan   Plan     // the organisation needs it, or the path does not exist
	only   []kind   // kinds that may ask; nil: all but jwt
	hide   bool     // who may not gets 404, not 403
	token  bool     // not for anonymous callers, though no permission is asked
}

// permLevels orders what an App may do.
var permLevels = map[string]int{"read": 1, "write": 2, "admin": 3}

// has says that the caller's permissions include one.
func (w *caller) has(perm string) bool {
	name, level, _ := strings.Cut(perm, "=")
	return permLevels[w.perms[name]] >= permLevels[level]
}

// role is what the caller is in the organisation: admin, member or nothing.
func (c *call) roleIn(o *Org) string {
	w := c.who
	if w.user.Login == "" {
		return ""
	}
	if w.roles != nil {
		return w.roles[lower(o.Login)]
	}
	m, ok := o.Members.find(lower(w.user.Login), isMember)
	if !ok {
		return ""
	}
	return m.Role
}

// can says that the caller holds an App permission, or is a user who needs none.
func (c *call) can(perm string) bool {
	switch c.who.kind {
	case installed, fine:
		return c.who.org == c.org && c.who.has(perm)
	case classic:
		return c.org != nil && !c.ssoMissing(c.org) && c.roleIn(c.org) == "admin"
	default:
		return false
	}
}

// level is the caller's permission on a repository.
func (c *call) level() string {
	switch {
	case c.can("administration=write"):
		return "admin"
	case c.who.kind != classic && c.can("contents=write"):
		return "push"
	}
	return "pull"
}

// sees says that a repository is visible to the caller.
func (c *call) sees(o *Org, r *Repo) bool {
	w := c.who
	if r.visibility() == "public" {
		return true
	}
	switch w.kind {
	case installed, fine:
		return w.org == o && (w.repos == nil || w.repos[lower(r.Name)])
	case classic:
		if !w.scopes["repo"] || c.ssoMissing(o) {
			return false
		}
		if c.roleIn(o) != "" {
			return true
		}
		if o.Access == nil {
			return false
		}
		_, ok := o.Access(r.Name).find(lower(w.user.Login), isCollaborator)
		return ok
	default:
		return false
	}
}

// ssoMissing says that the caller's token is not authorised for the organisation's single sign-on.
func (c *call) ssoMissing(o *Org) bool {
	return o.SAML && c.who.kind == classic && !c.who.sso[lower(o.Login)]
}

// allowed checks what the route needs and answers where the caller may not.
func (c *call) allowed() bool {
	n, w := &c.route.need, c.who
	if c.route.inOrg && c.org == nil {
		c.notFound()
		return false
	}
	if c.route.inRepo && !c.sees(c.org, &c.repo) {
		c.notFound()
		return false
	}
	if !c.kindAllowed() {
		return false
	}
	switch w.kind {
	case anonymous:
		if n.token || n.perm != "" && n.perm != "metadata=read" || n.scopes != nil {
			c.error(http.StatusUnauthorized, "Requires authentication")
			return false
		}
	case installed, fine:
		if n.perm == "" {
			break
		}
		c.h.Set("X-Accepted-Github-Permissions", n.perm)
		if !w.has(n.perm) || c.org != nil && w.org != c.org && n.perm != "metadata=read" {
			c.forbidden(map[kind]string{installed: "Resource not accessible by integration", fine: "Resource not accessible by personal access token"}[w.kind])
			return false
		}
	case classic:
		if !c.classicAllowed() {
			return false
		}
	}
	if n.plan == Enterprise && c.org.Plan != Enterprise {
		c.notFound()
		return false
	}
	return true
}

// kindAllowed checks that the path takes this kind of credential.
func (c *call) kindAllowed() bool {
	n, w := &c.route.need, c.who
	if n.only == nil {
		if w.kind == jwt {
			c.error(http.StatusForbidden, "Resource not accessible by integration")
		}
		return w.kind != jwt
	}
	if slices.Contains(n.only, w.kind) {
		return true
	}
	switch {
	case n.only[0] == jwt:
		c.error(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case w.kind == anonymous:
		c.error(http.StatusUnauthorized, "Requires authentication")
	default:
		c.error(http.StatusForbidden, "This endpoint is only accessible to GitHub Apps")
	}
	return false
}

func (c *call) classicAllowed() bool {
	n, w := &c.route.need, c.who
	c.h.Set("X-Accepted-Oauth-Scopes", strings.Join(n.scopes, ", "))
	if c.org != nil && n.scopes != nil && c.ssoMissing(c.org) {
		c.h.Set("X-Github-Sso", "required; url=https://github.com/orgs/"+c.org.Login+"/sso?authorization_request=A4TESTAUTHORIZATION")
		c.error(http.StatusForbidden, "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.")
		return false
	}
	if n.scopes != nil {
		held := false
		for _, s := range n.scopes {
			held = held || w.scopes[s]
		}
		if !held {
			c.forbidden("This API operation needs one of the scopes: " + strings.Join(n.scopes, ", "))
			return false
		}
	}
	if n.role == "" {
		return true
	}
	role := c.roleIn(c.org)
	if role == "admin" || role != "" && n.role == "member" {
		return true
	}
	c.forbidden("You must be an organization " + map[string]string{"admin": "owner", "member": "member"}[n.role] + " to use this endpoint.")
	return false
}

// forbidden answers 403, or 404 where the vendor hides that the thing exists.
func (c *call) forbidden(message string) {
	if c.route.need.hide {
		c.notFound()
		return
	}
	c.error(http.StatusForbidden, message)
}
