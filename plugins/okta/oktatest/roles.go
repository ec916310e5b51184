package oktatest

import "net/http"

// inBody answers with a page whose links stand in the body, not in Link, as below /iam.
func inBody[T any](c *call, name string, l List[T], normal, most int, show func(*T) object) {
	size, ok := c.limit(normal, most)
	if !ok {
		return
	}
	start, ok := c.cursor()
	if !ok {
		return
	}
	value, next := collect(c, l, window{size, start}, nil, show)
	links := object{"self": object{"href": c.base() + c.r.URL.RequestURI()}}
	if next >= 0 {
		links["next"] = object{"href": c.at(map[string]string{"after": encodeCursor(next)})}
	}
	c.object(http.StatusOK, object{name: value, "_links": links})
}

func (c *call) getAssignees() {
	inBody(c, "value", c.s.org.Admins, 100, 200, func(id *string) object {
		if *id == "" {
			return nil
		}
		return object{
			"id": *id, "orn": "orn:okta:directory:" + c.s.org.ID + ":users:" + *id,
			"_links": object{"self": c.link("/api/v1/users/" + *id), "roles": c.link("/api/v1/users/" + *id + "/roles")},
		}
	})
}

// customPage is how many of the organisation's own roles are on a page: the size cannot be chosen.
const customPage = 50

func (c *call) getCustomRoles() {
	inBody(c, "roles", c.s.org.Custom, customPage, customPage, func(r *CustomRole) object {
		if r.ID == "" {
			return nil
		}
		return object{
			"id": r.ID, "label": r.Label, "description": r.Description, "created": date(r.Created), "lastUpdated": date(r.Created),
			"_links": object{
				"self": c.link("/api/v1/iam/roles/" + r.ID), "permissions": c.link("/api/v1/iam/roles/" + r.ID + "/permissions"),
			},
		}
	})
}
