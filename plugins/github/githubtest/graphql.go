package githubtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// graphQLPath is where in the answer an error is: all are of the organisation.
const graphQLPath = `,"path":["organization"],"locations":[{"line":1,"column":1}]`

// graphQLError answers 200 with an error, as GraphQL does.
func (c *call) graphQLError(typ, message string) {
	c.status = http.StatusOK
	b := append(c.b[:0], `{"data":{"organization":null},"errors":[`...)
	b = str(append(b, '{'), "type", typ)
	b = append(b, graphQLPath...)
	c.b = append(str(b, "message", message), '}', ']', '}')
}

// postGraphQL knows three queries, which REST has no answer for: organization(login) with samlIdentityProvider {
// externalIdentities(first, after) { pageInfo nodes { guid samlIdentity user } } }, with teams(first, after, userLogins) {
// pageInfo nodes { databaseId slug members(membership: IMMEDIATE, query) { edges { role node } } } }, and with
// repositories(first, after) { pageInfo nodes { databaseId name collaborators(affiliation: OUTSIDE, login) { edges {
// permission node } } } }. Their variables are org, login and after; every field is given, asked for or not.
func (c *call) postGraphQL() {
	var in struct {
		Query     string
		Variables struct{ Org, Login, After string }
	}
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, bodyMax)).Decode(&in); err != nil {
		c.error(http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	what := ""
	for _, word := range [...]string{"externalIdentities", "userLogins", "affiliation:OUTSIDE"} {
		if strings.Contains(in.Query, word) {
			what = word
		}
	}
	if what == "" {
		c.error(http.StatusNotImplemented, "githubtest: the fake does not serve this GraphQL query")
		return
	}
	c.org = c.s.byLogin[lower(in.Variables.Org)]
	if name := boundless(in.Query); name != "" {
		c.graphQLError("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `"+name+"` connection.")
		return
	}
	switch {
	case c.org == nil:
		c.graphQLError("NOT_FOUND", "Could not resolve to an Organization with the login of '"+in.Variables.Org+"'.")
	case c.who.kind == classic && !c.who.scopes["admin:org"] && !c.who.scopes["read:org"]:
		c.graphQLError("INSUFFICIENT_SCOPES", "Your token has not been granted the required scopes to execute this query.")
	case c.ssoMissing(c.org) || !c.can("members=read"):
		c.graphQLError("FORBIDDEN", "Resource not accessible by integration")
	case what == "userLogins":
		c.teamsOf(in.Variables.Login, in.Variables.After)
	case what == "affiliation:OUTSIDE":
		c.reposOf(in.Variables.Login, in.Variables.After)
	default:
		c.identities(in.Variables.After)
	}
}

// boundless is the name of a list that the query does not say the length of.
func boundless(query string) string {
	for _, name := range [...]string{"externalIdentities", "teams", "members", "repositories", "collaborators"} {
		_, rest, ok := strings.Cut(query, name+"(")
		if args, _, _ := strings.Cut(rest, ")"); ok && !strings.Contains(args, "first:") && !strings.Contains(args, "last:") {
			return name
		}
	}
	return ""
}

// identities answers with up to 100 identities behind a cursor.
func (c *call) identities(after string) {
	b := append(c.b, `{"data":{"organization":{"samlIdentityProvider":`...)
	if !c.org.SAML || c.org.Plan != Enterprise {
		c.b = append(b, `null}}}`...)
		return
	}
	from, n := 0, c.org.SCIMUsers.len()
	if after != "" {
		i, err := strconv.Atoi(strings.TrimPrefix(after, "identity:"))
		if err != nil || i < 0 {
			c.graphQLError("INVALID_CURSOR_ARGUMENTS", "`"+after+"` does not appear to be a valid cursor.")
			return
		}
		from = min(i, n)
	}
	to := min(from+perPageMax, n)
	b = flag(append(b, `{"externalIdentities":{"pageInfo":{`...), "hasNextPage", to < n)
	end := to
	if c.fault.Do == FaultRepeat {
		end = from
	}
	b = str(b, "endCursor", "identity:"+strconv.Itoa(end))
	c.b = append(b, `},"nodes":[`...)
	for i := from; i < to; i++ {
		v := c.org.SCIMUsers.At(i)
		c.entry(c.identity(comma(c.b), &v))
	}
	c.b = append(c.b, `]}}}}}`...)
}

func (c *call) identity(b []byte, v *SCIMUser) []byte {
	if v.ID == "" {
		return b
	}
	b = str(append(b, '{'), "guid", v.ID)
	b = append(str(append(key(b, "samlIdentity"), '{'), "nameId", orString(v.NameID, v.UserName)), '}')
	m, ok := Member{}, false
	if v.Login != "" {
		m, ok = c.org.Members.find(lower(v.Login), isMember)
	}
	if !ok {
		return append(null(b, "user"), '}')
	}
	b = num(append(key(b, "user"), '{'), "databaseId", m.ID)
	return append(str(b, "login", m.Login), '}', '}')
}
