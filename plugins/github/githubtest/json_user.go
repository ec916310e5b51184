package githubtest

import "strconv"

// userURLs are the addresses of a user below /users/{login}: what stands before and behind that, as JSON.
var userURLs = [...][2]string{
	{`,"followers_url":"`, `/followers"`}, {`,"following_url":"`, `/following{/other_user}"`}, {`,"gists_url":"`, `/gists{/gist_id}"`},
	{`,"starred_url":"`, `/starred{/owner}{/repo}"`}, {`,"subscriptions_url":"`, `/subscriptions"`},
	{`,"organizations_url":"`, `/orgs"`}, {`,"repos_url":"`, `/repos"`}, {`,"events_url":"`, `/events{/privacy}"`},
	{`,"received_events_url":"`, `/received_events"`},
}

// userFields appends the fields of a simple user, without brackets.
func (c *call) userFields(b []byte, u *User) []byte {
	b = str(b, "login", u.Login)
	b = num(b, "id", u.ID)
	b = nodeID(b, "User", u.ID)
	b = append(key(b, "avatar_url"), `"https://avatars.githubusercontent.com/u/`...)
	b = strconv.AppendInt(b, u.ID, 10)
	b = append(b, `?v=4","gravatar_id":"","url":"`...)
	b = append(b, c.base...)
	b = append(b, "/users/"...)
	b = appendInner(b, u.Login)
	b = append(b, `","html_url":"https://github.com/`...)
	b = appendInner(b, u.Login)
	b = append(b, '"')
	for i := range userURLs {
		b = append(b, userURLs[i][0]...)
		b = append(b, c.base...)
		b = append(b, "/users/"...)
		b = appendInner(b, u.Login)
		b = append(b, userURLs[i][1]...)
	}
	typ := u.Type
	if typ == "" {
		typ = "User"
	}
	b = str(b, "type", typ)
	b = str(b, "user_view_type", "public")
	return flag(b, "site_admin", u.SiteAdmin)
}

// user appends a simple user; nothing for the zero User.
func (c *call) user(b []byte, u *User) []byte {
	if u.ID == 0 {
		return b
	}
	return append(c.userFields(append(b, '{'), u), '}')
}

// userOrNull appends a named simple user, or null.
func (c *call) userOrNull(b []byte, name string, u *User) []byte {
	if u.ID == 0 {
		return null(b, name)
	}
	return c.user(key(b, name), u)
}

// orgAsUser is an organisation where the vendor shows it as an owner.
func orgAsUser(o *Org) User { return User{ID: o.ID, Login: o.Login, Type: "Organization"} }

func (c *call) member(b []byte, m *Member) []byte { return c.user(b, &m.User) }

func (c *call) teamMember(b []byte, m *TeamMember) []byte {
	if m.ID == 0 {
		return b
	}
	b = c.userFields(append(b, '{'), &m.User)
	b = str(b, "role", m.Role)
	b = flag(b, "inherited", m.Inherited)
	return append(b, '}')
}

// profile appends a user as GET /users/{login} shows it.
func (c *call) profile(b []byte, u *User) []byte {
	b = c.userFields(append(b, '{'), u)
	b = strOrNull(b, "name", u.Name)
	b = strOrNull(b, "company", u.Company)
	b = append(b, `,"blog":"","location":null`...)
	b = strOrNull(b, "email", u.Email)
	b = append(b, `,"hireable":null,"bio":null,"twitter_username":null,"public_repos":0,"public_gists":0,"followers":0,"following":0`...)
	b = stamp(b, "created_at", u.CreatedAt)
	b = stamp(b, "updated_at", u.UpdatedAt)
	return append(b, '}')
}

// permissionLevels are the steps of a repository permission, lowest first.
var permissionLevels = [...]string{"pull", "triage", "push", "maintain", "admin"}

// levels appends the permissions object up to a step.
func levels(b []byte, permission string) []byte {
	b = append(key(b, "permissions"), '{')
	reached := false
	for i := len(permissionLevels) - 1; i >= 0; i-- {
		reached = reached || permissionLevels[i] == permission
		b = flag(b, permissionLevels[i], reached)
	}
	return append(b, '}')
}

// roleNames are the role names of the permissions.
var roleNames = map[string]string{"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}

func (c *call) collaborator(b []byte, v *Collaborator) []byte {
	if v.ID == 0 {
		return b
	}
	b = c.userFields(append(b, '{'), &v.User)
	b = levels(b, v.Permission)
	name := v.RoleName
	if name == "" {
		name = roleNames[v.Permission]
	}
	return append(str(b, "role_name", name), '}')
}
