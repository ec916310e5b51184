package githubtest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// route is one operation.
type route struct {
	method   string
	segs     []string // of the pattern; the last may be {path...}
	name     string   // method and pattern
	need     need
	resource string // of the quota; empty: core
	free     bool   // costs no primary point
	inOrg    bool   // below /orgs/{org}, /repos/{owner} or SCIM
	inRepo   bool
	serve    func(*call)
}

var (
	readOrg  = []string{"admin:org", "read:org", "repo", "user", "write:org"}
	strictly = []string{"admin:org", "read:org", "write:org"}
	adminOrg = []string{"admin:org"}
	repoRead = []string{"repo"}
)

// newRoutes is the table of everything that the fake serves, by first segment.
func newRoutes() map[string][]*route {
	apps, jwtOnly := []kind{installed}, []kind{jwt}
	m := map[string][]*route{}
	add := func(pattern string, n need, serve func(*call)) *route {
		method, path, _ := strings.Cut(pattern, " ")
		segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
		r := &route{method: method, segs: segs, name: pattern, need: n, serve: serve}
		r.inRepo = segs[0] == "repos"
		r.inOrg = r.inRepo || segs[0] == "orgs" || segs[0] == "scim"
		m[segs[0]] = append(m[segs[0]], r)
		return r
	}
	member := need{perm: "members=read", scopes: strictly, role: "member"}
	owner := func(perm string, scopes ...string) need { return need{perm: perm, scopes: scopes, role: "admin"} }
	hidden := func(n need) need { n.hide = true; return n }
	enterprise := func(n need) need { n.plan = Enterprise; return n }
	onlyApps := func(perm string) need { return need{perm: perm, only: apps} }

	add("GET /rate_limit", need{}, (*call).getRateLimit).free = true
	add("GET /user", need{token: true}, (*call).getUser)
	add("GET /user/orgs", need{token: true, scopes: []string{"user", "read:org", "admin:org", "repo"}}, (*call).getUserOrgs)
	add("GET /user/repos", need{token: true}, (*call).getUserRepos)
	add("GET /users/{username}", need{}, (*call).getUserByLogin)
	add("GET /user/{account_id}", need{}, (*call).getUserByID)
	add("POST /graphql", need{token: true}, (*call).postGraphQL).resource = "graphql"

	add("GET /app", need{only: jwtOnly}, (*call).getApp)
	add("GET /app/installations", need{only: jwtOnly}, (*call).getAppInstallations)
	add("GET /app/installations/{installation_id}", need{only: jwtOnly}, (*call).getAppInstallation)
	add("POST /app/installations/{installation_id}/access_tokens", need{only: jwtOnly}, (*call).postAccessToken)
	add("GET /app/hook/config", need{only: jwtOnly}, (*call).getAppHookConfig)
	add("GET /app/hook/deliveries", need{only: jwtOnly}, (*call).getDeliveries)
	add("POST /app/hook/deliveries/{delivery_id}/attempts", need{only: jwtOnly}, (*call).postAttempt)
	add("GET /app/hook/deliveries/{delivery_id}", need{only: jwtOnly}, (*call).getDelivery)
	add("DELETE /installation/token", need{only: apps}, (*call).deleteToken)
	add("GET /installation/repositories", need{only: apps, perm: "metadata=read"}, (*call).getInstallationRepos)

	add("GET /orgs/{org}", need{}, (*call).getOrg)
	add("GET /orgs/{org}/members", need{}, (*call).getMembers)
	add("GET /orgs/{org}/memberships/{username}", member, (*call).getMembership)
	add("GET /orgs/{org}/outside_collaborators", member, (*call).getOutside)
	add("GET /orgs/{org}/invitations", hidden(owner("members=read", "admin:org")), (*call).getInvitations)
	add("GET /orgs/{org}/failed_invitations", hidden(owner("members=read", "admin:org")), (*call).getFailedInvitations)
	add("GET /orgs/{org}/blocks", hidden(owner("organization_user_blocking=read", "admin:org")), (*call).getBlocks)
	add("GET /orgs/{org}/events", need{}, (*call).getOrgEvents)

	add("GET /orgs/{org}/teams", member, (*call).getTeams)
	add("GET /orgs/{org}/teams/{team_slug}", hidden(member), (*call).getTeam)
	add("GET /orgs/{org}/teams/{team_slug}/members", hidden(member), (*call).getTeamMembers)
	add("GET /orgs/{org}/teams/{team_slug}/memberships/{username}", hidden(member), (*call).getTeamMembership)
	add("GET /orgs/{org}/teams/{team_slug}/teams", hidden(member), (*call).getChildTeams)
	add("GET /orgs/{org}/teams/{team_slug}/repos", hidden(member), (*call).getTeamRepos)

	roles := owner("organization_custom_org_roles=read", "admin:org")
	add("GET /orgs/{org}/organization-roles", hidden(roles), (*call).getRoles)
	add("GET /orgs/{org}/organization-roles/{role_id}/users", hidden(roles), (*call).getRoleUsers)
	add("GET /orgs/{org}/organization-roles/{role_id}/teams", hidden(roles), (*call).getRoleTeams)

	admin := "organization_administration=read"
	add("GET /orgs/{org}/audit-log", enterprise(owner(admin, "read:audit_log")), (*call).getAuditLog).resource = "audit_log"
	add("GET /orgs/{org}/installations", hidden(owner(admin, adminOrg...)), (*call).getOrgInstallations)
	add("GET /orgs/{org}/credential-authorizations", enterprise(owner(admin, strictly...)), (*call).getCredentials)
	pats, requests := onlyApps("organization_personal_access_tokens=read"), onlyApps("organization_personal_access_token_requests=read")
	add("GET /orgs/{org}/personal-access-tokens", pats, (*call).getPATs)
	add("GET /orgs/{org}/personal-access-tokens/{pat_id}/repositories", pats, (*call).getPATRepos)
	add("GET /orgs/{org}/personal-access-token-requests", requests, (*call).getPATRequests)
	add("GET /orgs/{org}/personal-access-token-requests/{pat_request_id}/repositories", requests, (*call).getPATRepos)
	add("GET /scim/v2/organizations/{org}/Users", enterprise(owner("members=write", "admin:org", "scim:enterprise")), (*call).getSCIMUsers).resource = "scim"

	hooks := hidden(owner("organization_hooks=read", "admin:org_hook"))
	attempt := hidden(owner("organization_hooks=write", "admin:org_hook"))
	add("GET /orgs/{org}/hooks", hooks, (*call).getHooks)
	add("POST /orgs/{org}/hooks", attempt, (*call).postHook)
	add("PATCH /orgs/{org}/hooks/{hook_id}", attempt, (*call).patchHook)
	add("DELETE /orgs/{org}/hooks/{hook_id}", attempt, (*call).deleteHook)
	add("GET /orgs/{org}/hooks/{hook_id}/deliveries", hooks, (*call).getDeliveries)
	add("GET /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}", hooks, (*call).getDelivery)
	add("POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", attempt, (*call).postAttempt)

	addWrites(add)
	alerts := hidden(owner("secret_scanning_alerts=read", "repo", "security_events"))
	add("GET /orgs/{org}/secret-scanning/alerts", alerts, (*call).getAlerts)
	addRepoRoutes(add, alerts)
	return m
}

// addRepoRoutes adds what is below a repository.
func addRepoRoutes(add func(string, need, func(*call)) *route, alerts need) {
	content := need{perm: "contents=read"}
	admin := need{perm: "administration=read", scopes: repoRead, role: "admin", hide: true}
	add("GET /orgs/{org}/repos", need{perm: "metadata=read"}, (*call).getRepos)
	add("GET /repos/{owner}/{repo}", need{perm: "metadata=read"}, (*call).getRepo)
	add("GET /repos/{owner}/{repo}/collaborators", need{perm: "metadata=read", scopes: append([]string{"read:org"}, repoRead...), role: "member"}, (*call).getCollaborators)
	add("GET /repos/{owner}/{repo}/teams", admin, (*call).getRepoTeams)
	add("GET /repos/{owner}/{repo}/keys", admin, (*call).getDeployKeys)
	add("GET /repos/{owner}/{repo}/git/trees/{tree_sha...}", content, (*call).getTree)
	add("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", content, (*call).getBlob)
	add("GET /repos/{owner}/{repo}/contents/{path...}", content, (*call).getContents)
	add("GET /repos/{owner}/{repo}/tarball/{ref...}", content, (*call).getTarball)
	add("GET /repos/{owner}/{repo}/secret-scanning/alerts/{alert_number}/locations", alerts, (*call).getAlertLocations)
}

// match says that a path belongs to the route.
func (r *route) match(method string, segs []string) bool {
	if r.method != method && (method != http.MethodHead || r.method != http.MethodGet) {
		return false
	}
	last := r.segs[len(r.segs)-1]
	rest := strings.HasSuffix(last, "...}")
	if len(segs) != len(r.segs) && (!rest || len(segs) < len(r.segs)) {
		return false
	}
	for i, p := range r.segs {
		if p[0] != '{' && p != segs[i] {
			return false
		}
	}
	return true
}

// param is a parameter of the path.
func (c *call) param(name string) string {
	for i, p := range c.route.segs {
		if p == name {
			return c.segs[i]
		}
		if strings.HasSuffix(p, "...}") && p[:len(p)-4]+"}" == name {
			return strings.Join(c.segs[i:], "/")
		}
	}
	return ""
}

func (c *call) intParam(name string) int64 {
	n, err := strconv.ParseInt(c.param(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// find finds the route, the organisation and the repository of a path.
func (c *call) find() bool {
	path := c.r.URL.EscapedPath()
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segs {
		if strings.Contains(s, "%") {
			plain, err := url.PathUnescape(s)
			if err != nil {
				c.error(http.StatusBadRequest, "Bad Request")
				return false
			}
			segs[i] = plain
		}
	}
	c.segs = c.s.byNumber(segs)
	if len(c.segs) > 0 {
		for _, r := range c.s.routes[c.segs[0]] {
			if r.match(c.r.Method, c.segs) {
				c.route = r
				break
			}
		}
	}
	if c.route == nil {
		if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
			c.error(http.StatusNotImplemented, "githubtest: the fake does not serve "+c.r.Method+" "+path)
			return false
		}
		c.notFound()
		return false
	}
	c.findOrg()
	return true
}

// findOrg finds the organisation and the repository.
func (c *call) findOrg() {
	if !c.route.inOrg {
		c.org = c.who.org
		return
	}
	at := 1
	if c.segs[0] == "scim" {
		at = 3
	}
	if c.org = c.s.byLogin[lower(c.segs[at])]; c.org == nil || !c.route.inRepo {
		return
	}
	name := lower(c.segs[2])
	r, ok := c.org.Repos.find(name, isRepo)
	for i, n := 0, c.org.Repos.len(); !ok && i < n; i++ {
		r = c.org.Repos.At(i)
		ok = r.Former != "" && lower(r.Former) == name
	}
	if c.repo = r; !ok {
		c.repo, c.org = Repo{}, nil
	}
}

// byNumber turns /organizations/{id}, its /team/{id} and /repositories/{id} into paths with names. The vendor writes its
// Link headers with numbers.
func (s *Server) byNumber(segs []string) []string {
	if len(segs) < 2 || segs[0] != "organizations" && segs[0] != "repositories" {
		return segs
	}
	id, err := strconv.ParseInt(segs[1], 10, 64)
	if err != nil {
		return nil
	}
	if segs[0] == "organizations" {
		o := s.byID[id]
		if o == nil {
			return nil
		}
		out := append([]string{"orgs", o.Login}, segs[2:]...)
		if len(out) > 3 && out[2] == "team" {
			t, ok := o.Teams.find("#"+out[3], isTeam)
			if !ok {
				return nil
			}
			out[2], out[3] = "teams", t.Slug
		}
		return out
	}
	for _, o := range s.cfg.Orgs {
		if r, ok := o.Repos.find("#"+segs[1], isRepo); ok {
			return append([]string{"repos", o.Login, r.Name}, segs[2:]...)
		}
	}
	return nil
}

// moved answers 301 where the organisation or the repository has another name now.
func (c *call) moved() bool {
	if !c.route.inOrg || c.org == nil {
		return false
	}
	oldOrg := c.segs[0] != "scim" && lower(c.segs[1]) != lower(c.org.Login)
	oldRepo := c.route.inRepo && lower(c.segs[2]) != lower(c.repo.Name)
	if !oldOrg && !oldRepo {
		return false
	}
	if c.route.inRepo && !c.sees(c.org, &c.repo) {
		c.notFound()
		return true
	}
	to := c.base + c.numbered()
	if c.r.URL.RawQuery != "" {
		to += "?" + c.r.URL.RawQuery
	}
	c.h.Set("Location", to)
	c.status = http.StatusMovedPermanently
	c.b = str(append(c.b[:0], '{'), "message", "Moved Permanently")
	c.b = str(c.b, "url", to)
	c.b = append(str(c.b, "documentation_url", docsURL), '}')
	return true
}

// numbered is the path as the vendor writes it: with ids for organisations, teams and repositories.
func (c *call) numbered() string {
	rest := c.segs
	head := ""
	switch {
	case c.org == nil || !c.route.inOrg || c.segs[0] == "scim":
		return c.r.URL.EscapedPath()
	case c.route.inRepo:
		head, rest = "/repositories/"+strconv.FormatInt(c.repo.ID, 10), rest[3:]
	default:
		head, rest = "/organizations/"+strconv.FormatInt(c.org.ID, 10), rest[2:]
		if len(rest) > 2 && rest[0] == "teams" {
			if t, ok := c.org.Teams.find(rest[1], isTeam); ok {
				head, rest = head+"/team/"+strconv.FormatInt(t.ID, 10), rest[2:]
			}
		}
	}
	for _, s := range rest {
		head += "/" + url.PathEscape(s)
	}
	return head
}
