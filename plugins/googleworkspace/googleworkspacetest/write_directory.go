package googleworkspacetest

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

func (s *Server) directoryWrites(add func(string, need, handler)) {
	of := func(scopes ...string) need {
		return need{scopes: scopes, admin: true, quota: func(c *call) *problem { return c.take("directory "+c.subject.ID, 1, c.limits.Directory) }}
	}
	const user = "/admin/directory/v1/users/{key}"
	add("PUT "+user, of("admin.directory.user"), (*call).putUser)
	add("POST "+user+"/signOut", of("admin.directory.user.security"), (*call).signOut)
	add("GET "+user+"/tokens/{client}", of("admin.directory.user.security"), (*call).getOneToken)
	add("DELETE "+user+"/tokens/{client}", of("admin.directory.user.security"), (*call).deleteToken)
}

// background outlives the request, for notifications.
func (c *call) background() context.Context { return context.WithoutCancel(c.r.Context()) }

// pathUser is the user that the path names. Only a super administrator may change another.
func (c *call) pathUser() (User, *problem) {
	u, ok := c.cfg.Tenant.Users.find(c.r.PathValue("key"), isUser)
	switch {
	case !ok:
		return u, notFound("userKey")
	case u.Admin && !c.subject.Admin:
		return u, &problem{403, "forbidden", "Not Authorized to access this resource/api"}
	}
	return u, nil
}

// The lengths of a password.
const (
	leastPassword = 8
	mostPassword  = 100
)

// putUser changes only what the body names, as Google's does.
func (c *call) putUser() (any, *problem) {
	u, p := c.pathUser()
	if p != nil {
		return nil, p
	}
	var in struct {
		Suspended  *bool   `json:"suspended"`
		MustChange *bool   `json:"changePasswordAtNextLogin"`
		Password   *string `json:"password"`
	}
	if json.NewDecoder(c.r.Body).Decode(&in) != nil {
		return nil, &problem{400, "parseError", "Parse Error"}
	}
	switch {
	case in.Suspended != nil && *in.Suspended && u.ID == c.subject.ID:
		return nil, &problem{403, "forbidden", "Not Authorized to access this resource/api"}
	case in.Password != nil && (len(*in.Password) < leastPassword || len(*in.Password) > mostPassword || strings.Trim(*in.Password, ascii()) != ""):
		return nil, invalid("password")
	}
	e := c.userEdit(u.ID)
	who := []string{"USER_EMAIL", u.Email}
	if in.Suspended != nil && *in.Suspended != u.Suspended {
		e.suspended = in.Suspended
		e.signedOut = e.signedOut || *in.Suspended // suspending ends all sessions
		c.note("admin", "USER_SETTINGS", map[bool]string{true: "SUSPEND_USER", false: "UNSUSPEND_USER"}[*in.Suspended], who...)
	}
	if in.Password != nil {
		e.password, e.signedOut = *in.Password, true
		c.note("admin", "USER_SETTINGS", "CHANGE_PASSWORD", who...)
	}
	if in.MustChange != nil && *in.MustChange != u.ChangePasswordAtNextLogin {
		e.mustChange = in.MustChange
		c.note("admin", "USER_SETTINGS", "CHANGE_PASSWORD_ON_NEXT_LOGIN", append(who, "NEW_VALUE", strconv.FormatBool(*in.MustChange))...)
	}
	c.mu.Lock()
	c.edits.users[u.ID] = e
	c.mu.Unlock()
	u = c.withUser(u)
	c.NotifyUsers(c.background(), "update", &u)
	return c.user(&u), nil
}

func ascii() string {
	var b strings.Builder
	for ch := byte(' '); ch <= '~'; ch++ {
		b.WriteByte(ch)
	}
	return b.String()
}

func (c *call) signOut() (any, *problem) {
	u, p := c.pathUser()
	if p != nil {
		return nil, p
	}
	e := c.userEdit(u.ID)
	e.signedOut = true
	c.mu.Lock()
	c.edits.users[u.ID] = e
	c.mu.Unlock()
	c.note("admin", "USER_SETTINGS", "RESET_SIGNIN_COOKIES", "USER_EMAIL", u.Email)
	return nil, nil
}

// pathToken is the token that the path names.
func (c *call) pathToken() (u User, t Token, p *problem) {
	if u, p = c.pathUser(); p != nil {
		return u, t, p
	}
	for _, t := range c.cfg.Tenant.Tokens(u.ID) {
		if t.ClientID == c.r.PathValue("client") {
			return u, t, nil
		}
	}
	return u, t, notFound("token")
}

func tokenObject(u *User, t *Token) object {
	return object{
		"kind": "admin#directory#token", "clientId": t.ClientID, "displayText": t.Name, "scopes": anys(t.Scopes),
		"nativeApp": t.Native, "anonymous": t.Anonymous, "userKey": u.ID,
	}
}

func (c *call) getOneToken() (any, *problem) {
	u, t, p := c.pathToken()
	if p != nil {
		return nil, p
	}
	return tokenObject(&u, &t), nil
}

func (c *call) deleteToken() (any, *problem) {
	u, t, p := c.pathToken()
	if p != nil {
		return nil, p
	}
	c.mu.Lock()
	c.edits.revoked[[2]string{u.ID, t.ClientID}] = true
	c.mu.Unlock()
	c.note("admin", "USER_SETTINGS", "REVOKE_3LO_TOKEN", "USER_EMAIL", u.Email, "APP_ID", t.ClientID)
	c.noteAs(&u, "token", "auth", "revoke", "client_id", t.ClientID, "app_name", t.Name)
	return nil, nil
}
