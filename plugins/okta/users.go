package main

import (
	"context"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

type user struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Becoming   text   `json:"transitioningToStatus"`
	Created    when   `json:"created"`
	Activated  when   `json:"activated"`
	LastLogin  when   `json:"lastLogin"`
	PasswordAt when   `json:"passwordChanged"`
	Profile    struct {
		Login       text `json:"login"`
		Email       text `json:"email"`
		SecondEmail text `json:"secondEmail"`
		First       text `json:"firstName"`
		Last        text `json:"lastName"`
		Display     text `json:"displayName"`
		Department  text `json:"department"`
		Title       text `json:"title"`
		UserType    text `json:"userType"`
		Number      text `json:"employeeNumber"`
		ManagerID   text `json:"managerId"`
		Manager     text `json:"manager"`
	} `json:"profile"`
	Credentials struct {
		Provider struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"provider"`
	} `json:"credentials"`
}

// statuses are Okta's words in ours. A locked account is active: the lock ends by itself.
var statuses = map[string]string{
	"STAGED": "invited", "PROVISIONED": "invited", "ACTIVATING": "invited",
	"ACTIVE": "active", "PASSWORD_EXPIRED": "active", "RECOVERY": "active", "LOCKED_OUT": "active",
	"SUSPENDED": "suspended", "DEPROVISIONED": "deleted",
}

// beginning is before every account: a filter by it lists all, the deactivated ones too, which the plain list leaves out.
var beginning = time.Unix(0, 0)

// users lists accounts of every status, or those that changed since the bookmark.
func users(ctx context.Context, c *scan) error {
	from := beginning
	var mark stages
	if c.delta() {
		var err error
		if mark, err = c.stages(); err != nil {
			return err
		}
		from = mark.changed
	}
	began, err := c.walk(ctx, usersRef(c.size(maxUsers), from), each(c, func(u *user) error {
		c.w.Add(u.account())
		return u.check()
	}))
	if err != nil {
		return err
	}
	if !c.delta() {
		return c.w.Complete(wholeSince(began).next()...)
	}
	err = c.deletions(ctx, &mark, began, "user.lifecycle.delete.completed", "User", func(id string) { c.w.Gone(sdk.KindAccount, id) })
	if err != nil {
		return err
	}
	return c.w.Complete(mark.next()...)
}

func usersRef(size int, from time.Time) string {
	return paged("/api/v1/users", size, "filter", `lastUpdated gt "`+timestamp(from)+`"`)
}

func (u *user) check() error {
	if u.ID == "" || u.Status == "" {
		return missing("user", "id and status")
	}
	return nil
}

func (u *user) account() *sdk.Account {
	p := &u.Profile
	a := &sdk.Account{
		Id: u.ID, Name: new(string(p.Login)), Email: new(string(p.Email)), DisplayName: new(u.displayName()),
		Status: new("unknown"), Type: new("user"), CreatedAt: u.Created.ts(), LastActiveAt: u.LastLogin.ts(),
		OrgUnit: new(string(p.Department)), Manager: u.manager(), ExternalId: new(u.ID),
		Attributes: attrs("title", string(p.Title), "user_type", string(p.UserType), "employee_number", string(p.Number),
			"second_email", string(p.SecondEmail), "provider", u.Credentials.Provider.Type, "provider_name", u.Credentials.Provider.Name,
			"password_changed_at", u.PasswordAt.day(), "activated_at", u.Activated.day()),
	}
	if s, ok := statuses[u.Status]; ok {
		a.Status = new(s)
	}
	if !strings.EqualFold(a.GetStatus(), u.Status) {
		a.Native = attrs("status", u.Status)
	}
	return a
}

func (w when) day() string {
	if w.IsZero() {
		return ""
	}
	return w.Format(time.RFC3339)
}

func (u *user) displayName() string {
	if u.Profile.Display != "" {
		return string(u.Profile.Display)
	}
	return strings.TrimSpace(string(u.Profile.First) + " " + string(u.Profile.Last))
}

// manager: organisations put an id, a login or a name into these fields, as they like.
func (u *user) manager() *sdk.Ref {
	id, name := string(u.Profile.ManagerID), string(u.Profile.Manager)
	switch {
	case oktaUser(id):
		return ref(sdk.KindAccount, id, name)
	case strings.Contains(id, "@"):
		return &sdk.Ref{Kind: sdk.KindAccount, Email: new(id)}
	case name != "":
		return ref(sdk.KindAccount, "", name)
	}
	return ref(sdk.KindAccount, "", id)
}

// oktaUser: ids of Okta's users begin with 00u and have 20 characters.
func oktaUser(id string) bool { return len(id) == 20 && strings.HasPrefix(id, "00u") }
