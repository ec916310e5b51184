package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// getSCIMUsers pages by startIndex and count, and has errors of its own.
func (c *call) getSCIMUsers() {
	c.h.Set("Content-Type", "application/scim+json")
	start, count := c.number("startIndex", 1), min(c.number("count", perPageDefault), perPageMax)
	users := c.org.SCIMUsers
	if filter := c.query("filter"); filter != "" {
		field, value, ok := scimFilter(filter)
		if !ok {
			c.scimError(http.StatusBadRequest, "invalidFilter", "The filter is not supported.")
			return
		}
		users = subset(c, c.org, "scim "+filter, users, func(u *SCIMUser) bool {
			switch field {
			case "username":
				return strings.EqualFold(u.UserName, value)
			case "externalid":
				return u.ExternalID == value
			case "id":
				return u.ID == value
			default:
				return slices.Contains(u.Emails, value)
			}
		})
	}
	n := users.len()
	from, to := min(start-1, n), min(start-1+count, n)
	if c.fault.Do == FaultShort {
		to = from + (to-from)/2
	}
	b := append(c.b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]`...)
	b = num(b, "totalResults", int64(n))
	b = num(b, "itemsPerPage", int64(to-from))
	b = num(b, "startIndex", int64(start))
	c.b = append(key(b, "Resources"), '[')
	for i := from; i < to; i++ {
		u := users.At(i)
		c.entry(c.scimUser(comma(c.b), &u))
	}
	c.b = append(c.b, ']', '}')
}

// scimFilter reads `field eq "value"`, the one form the vendor takes.
func scimFilter(s string) (field, value string, ok bool) {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) != 3 || lower(parts[1]) != "eq" {
		return "", "", false
	}
	field = lower(parts[0])
	if !slices.Contains([]string{"username", "externalid", "id", "emails"}, field) {
		return "", "", false
	}
	return field, strings.Trim(parts[2], `"`), true
}

func (c *call) scimError(status int, scimType, detail string) {
	c.status = status
	b := append(c.b[:0], `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]`...)
	b = num(b, "status", int64(status))
	b = str(b, "scimType", scimType)
	c.b = append(str(b, "detail", detail), '}')
}
