package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// person is how Box names a user in other things.
type person struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Name  string `json:"name"`
	Login string `json:"login"`
}

// anonymous is whom Box names when somebody opened a shared link without signing in.
const anonymous = "2"

func (p *person) ref() *sdk.Ref {
	if p == nil || p.ID == "" || p.ID == anonymous {
		return nil
	}
	r := sdk.To(sdk.KindAccount, p.ID)
	if strings.Contains(p.Login, "@") {
		r.Email = new(p.Login)
	}
	if p.Name != "" {
		r.Name = new(p.Name)
	}
	return r
}

type user struct {
	person
	Role         string `json:"role"`
	Status       string `json:"status"`
	Title        string `json:"job_title"`
	Created      when   `json:"created_at"`
	Platform     *bool  `json:"is_platform_access_only"`
	External     string `json:"external_app_user_id"`
	Restricted   *bool  `json:"is_external_collab_restricted"`
	Exempt       *bool  `json:"is_exempt_from_login_verification"`
	Notification *struct {
		Email string `json:"email"`
	} `json:"notification_email"`
	Enterprise *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"enterprise"`
}

// Asking for fields drops all that are not named.
const userFields = "role,status,job_title,created_at,is_platform_access_only,external_app_user_id,is_external_collab_restricted," +
	"is_exempt_from_login_verification,notification_email"

func usersRef(kind string, limit string) string {
	return "/users?user_type=" + kind + "&usemarker=true&" + limit + "&fields=" + url.QueryEscape(userFields)
}

func userRef(id string) string {
	return path("/users/%s", id) + "?fields=" + url.QueryEscape(userFields)
}

func (u *user) account(kind string) *sdk.Account {
	a := &sdk.Account{
		Id: u.ID, Name: new(u.Login), DisplayName: new(u.Name), Type: new(kind), CreatedAt: sdk.At(u.Created.Time),
		ExternalId: new(u.External),
	}
	if strings.Contains(u.Login, "@") {
		a.Email = new(u.Login)
	}
	if u.Platform != nil && *u.Platform {
		a.Type = new("service") // it cannot sign in, only an app acts as it
	}
	if u.Role != "" {
		a.Admin = new(u.Role == "admin" || u.Role == "coadmin")
	}
	switch u.Status {
	case "active":
		a.Status = new("active")
	case "inactive":
		a.Status = new("suspended")
	case "cannot_delete_edit", "cannot_delete_edit_upload":
		a.Status, a.Native = new("active"), native("status", u.Status)
	case "":
	default:
		a.Status, a.Native = new("unknown"), native("status", u.Status)
	}
	a.Attributes = attributes("job_title", u.Title, "external_collaboration_restricted", yes(u.Restricted), "exempt_from_second_factor", yes(u.Exempt))
	if u.Notification != nil {
		a.Attributes = append(a.Attributes, attributes("notification_email", u.Notification.Email)...)
	}
	return a
}

func yes(b *bool) string {
	if b != nil && *b {
		return "true"
	}
	return ""
}

func native(name, value string) []*sdk.Attribute {
	return []*sdk.Attribute{{Name: name, Value: cut(value, maxMessage)}}
}

// attributes are pairs of name and value; empty values are left out.
func attributes(pairs ...string) []*sdk.Attribute {
	var list []*sdk.Attribute
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, &sdk.Attribute{Name: pairs[i], Value: cut(pairs[i+1], maxMessage)})
		}
	}
	return list
}

// The roles above an ordinary user. What a single co-admin may do, Box does not tell.
var adminRoles = []struct{ id, name string }{{"admin", "Admin"}, {"coadmin", "Co-admin"}}

func roleRecords() []sdk.Record {
	var list []sdk.Record
	for _, r := range adminRoles {
		list = append(list, &sdk.Role{Id: r.id, Name: new(r.name), Privileged: new(true)})
	}
	return list
}

func roleMembership(role, user string) *sdk.Membership {
	return &sdk.Membership{
		Id: sdk.ID("role", role, user), Container: sdk.To(sdk.KindRole, role), Member: sdk.To(sdk.KindAccount, user), State: new("active"),
	}
}

// users lists the managed users, and gives each one's trees as shards.
func users(ctx context.Context, c *scan) error {
	if c.w.Mode == sdk.ModeDelta && len(c.w.Bookmark) > 0 {
		return c.follow(ctx, nil, c.changedUsers)
	}
	p, err := c.begin(ctx)
	for err == nil && !p.Done {
		var got *page[user]
		if got, err = list[user](ctx, c.s, usersRef("managed", c.limit())+marked(p.Marker), ""); err != nil {
			break
		}
		if p.Marker == "" {
			c.w.Add(roleRecords()...)
		}
		for i := range *got.Entries {
			u := &(*got.Entries)[i]
			if err = c.addUser(u); err != nil {
				return err
			}
			c.found(&u.person, p.Position, true)
		}
		p.Marker, p.Done = string(got.Next), got.Next == ""
		if c.w.EndPage(pack(p)) == "" {
			return c.w.Complete()
		}
	}
	if err != nil {
		return err
	}
	return c.complete(p)
}

func (c *scan) addUser(u *user) error {
	if u.ID == "" {
		return missing("user", "an id")
	}
	c.w.Add(u.account("user"))
	for _, r := range adminRoles {
		if u.Role == r.id {
			c.w.Add(roleMembership(r.id, u.ID))
		}
	}
	return nil
}

// found names a user's tree. Its stamp moves with every event that touches it.
func (c *scan) found(p *person, stamp string, trash bool) {
	c.w.Found(&sdk.Shard{Listing: "files", Key: p.ID, Name: p.Name, Stamp: stamp})
	if trash {
		c.w.Found(&sdk.Shard{Listing: "trash", Key: p.ID, Name: p.Name, Stamp: stamp})
	}
}

// changedUsers reads the users that events name, and names the trees that they touch.
func (c *scan) changedUsers(ctx context.Context, events []event) error {
	changed := map[string]bool{}
	touched := map[string]*touch{}
	var order []string
	for i := range events {
		e := &events[i]
		if id := e.userID(); id != "" && userEvents[e.Type] && !changed[id] {
			changed[id] = true
			if err := c.readUser(ctx, id); err != nil {
				return err
			}
		}
		owner, trash := e.touches()
		if owner == nil {
			continue
		}
		t := touched[owner.ID]
		if t == nil {
			t = &touch{owner: owner}
			touched[owner.ID] = t
			order = append(order, owner.ID)
		}
		t.stamp, t.trash = e.ID, t.trash || trash
	}
	for _, id := range order {
		c.found(touched[id].owner, touched[id].stamp, touched[id].trash)
	}
	return nil
}

type touch struct {
	owner *person
	stamp string
	trash bool
}

// readUser reads one user as it is now. Who is not there any more was deleted, or left the enterprise.
func (c *scan) readUser(ctx context.Context, id string) error {
	var u user
	err := get(ctx, c.s, userRef(id), "", &u)
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		c.w.Gone(sdk.KindAccount, id)
		for _, r := range adminRoles {
			c.w.Gone(sdk.KindMembership, sdk.ID("role", r.id, id))
		}
		return nil
	}
	if err == nil && u.ID != id {
		err = missing("user", "the id asked for")
	}
	if err != nil {
		return err
	}
	for _, r := range adminRoles {
		if u.Role != r.id {
			c.w.Gone(sdk.KindMembership, sdk.ID("role", r.id, id))
		}
	}
	return c.addUser(&u)
}

// external lists people of other enterprises who collaborate.
func external(ctx context.Context, c *scan) error {
	for next := c.w.Resume("first"); next != ""; {
		marker := next
		if marker == "first" {
			marker = ""
		}
		got, err := list[user](ctx, c.s, usersRef("external", c.limit())+marked(marker), "")
		if err != nil {
			return err
		}
		for i := range *got.Entries {
			u := &(*got.Entries)[i]
			if u.ID == "" {
				return missing("user", "an id")
			}
			c.w.Add(u.account("guest"))
		}
		next = c.w.EndPage(string(got.Next))
	}
	return c.w.Complete()
}
