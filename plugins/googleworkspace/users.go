package main

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// user is a user of the Directory API.
type user struct {
	ID    string `json:"id"`
	Email string `json:"primaryEmail"`
	Name  struct {
		Full string `json:"fullName"`
	} `json:"name"`
	IsAdmin          *bool    `json:"isAdmin"`
	IsDelegatedAdmin *bool    `json:"isDelegatedAdmin"`
	Suspended        *bool    `json:"suspended"`
	SuspensionReason string   `json:"suspensionReason"`
	Archived         bool     `json:"archived"`
	AgreedToTerms    *bool    `json:"agreedToTerms"`
	ChangePassword   bool     `json:"changePasswordAtNextLogin"`
	Enrolled2SV      *bool    `json:"isEnrolledIn2Sv"`
	Enforced2SV      *bool    `json:"isEnforcedIn2Sv"`
	OrgUnitPath      string   `json:"orgUnitPath"`
	Created          when     `json:"creationTime"`
	LastLogin        when     `json:"lastLoginTime"`
	Deleted          when     `json:"deletionTime"`
	Aliases          []string `json:"aliases"`
	RecoveryEmail    string   `json:"recoveryEmail"`
	Guest            bool     `json:"isGuestUser"`
	CustomerID       string   `json:"customerId"`
}

const (
	usersPerPage = 500
	userFields   = "id,primaryEmail,name/fullName,isAdmin,isDelegatedAdmin,suspended,suspensionReason,archived,agreedToTerms," +
		"changePasswordAtNextLogin,isEnrolledIn2Sv,isEnforcedIn2Sv,orgUnitPath,creationTime,lastLoginTime,deletionTime,aliases," +
		"recoveryEmail,isGuestUser"
	myCustomer = "my_customer"
)

type usersPage struct {
	Users []*user `json:"users"`
	Next  string  `json:"nextPageToken"`
}

// userPage reads one page of users; deleted are those that can still be restored.
func (c *client) userPage(ctx context.Context, size int, token, fields string, deleted bool) (*usersPage, error) {
	q := query("customer", myCustomer, "maxResults", strconv.Itoa(size), "orderBy", "email", "pageToken", token,
		"showDeleted", yes(deleted), "fields", "nextPageToken,users("+fields+")")
	var p usersPage
	if err := c.do(ctx, directory(c.admin(scopeUsers), q, "/admin/directory/v1/users"), &p); err != nil {
		return nil, err
	}
	for _, u := range p.Users {
		if u == nil || u.ID == "" || u.Email == "" {
			return nil, missing("user", "id and primaryEmail")
		}
	}
	return &p, nil
}

func users(ctx context.Context, sc *scan) error {
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		return usersDelta(ctx, sc)
	}
	return sc.whole(ctx, func(string) []step { return []step{sc.userStep(false), sc.userStep(true)} })
}

func (sc *scan) userStep(deleted bool) step {
	return func(ctx context.Context, token string) (string, error) {
		p, err := sc.userPage(ctx, sc.size(usersPerPage), token, userFields, deleted)
		if err != nil {
			return "", err
		}
		for _, u := range p.Users {
			sc.w.Add(u.account(deleted))
		}
		return p.Next, nil
	}
}

// usersDelta looks at those whom the admin log names.
func usersDelta(ctx context.Context, sc *scan) error {
	b, from, err := sc.follow(adminLogs)
	if err != nil {
		return err
	}
	touched := map[string]bool{}
	err = sc.eachEvent(ctx, "admin", from, b.At, func(_ *activity, e *event) error {
		for _, name := range []string{"USER_EMAIL", "NEW_VALUE"} {
			if v := e.text(name); strings.Contains(v, "@") && e.text("USER_EMAIL") != "" {
				touched[strings.ToLower(v)] = true
			}
		}
		if len(touched) > maxTouched {
			return sc.tooMuch()
		}
		return nil
	})
	if err != nil {
		return sc.blind(err)
	}
	gone := map[string]bool{}
	for _, email := range slices.Sorted(maps.Keys(touched)) {
		u, err := sc.userByKey(ctx, email)
		switch {
		case sdk.TypeOf(err) == sdk.ErrNotFound:
			gone[email] = true
		case err != nil:
			return err
		default:
			sc.w.Add(u.account(false))
		}
	}
	if err := sc.deletedUsers(ctx, gone); err != nil {
		return err
	}
	return sc.w.Complete(b.next())
}

// deletedUsers gives those that were deleted and can still be restored.
func (sc *scan) deletedUsers(ctx context.Context, emails map[string]bool) error {
	for token := ""; len(emails) > 0; {
		p, err := sc.userPage(ctx, usersPerPage, token, userFields, true)
		if err != nil {
			return err
		}
		for _, u := range p.Users {
			if emails[strings.ToLower(u.Email)] {
				sc.w.Add(u.account(true))
			}
		}
		if p.Next == "" || p.Next == token {
			return nil
		}
		token = p.Next
	}
	return nil
}

// userByKey reads one user by id or e-mail.
func (c *client) userByKey(ctx context.Context, key string) (*user, error) {
	var u user
	q := url.Values{"fields": {userFields}}
	if err := c.do(ctx, directory(c.admin(scopeUsers), q, "/admin/directory/v1/users/%s", key), &u); err != nil {
		return nil, err
	}
	if u.ID == "" || u.Email == "" {
		return nil, missing("user", "id and primaryEmail")
	}
	return &u, nil
}

func (u *user) account(deleted bool) *sdk.Account {
	a := &sdk.Account{
		Id: u.ID, Name: new(u.Email), Email: new(u.Email), DisplayName: new(u.Name.Full), Status: new(u.status(deleted)),
		Type: new("user"), OrgUnit: new(u.OrgUnitPath), CreatedAt: u.Created.ts(), LastActiveAt: u.LastLogin.ts(),
		Attributes: attrs("suspension_reason", u.SuspensionReason, "archived", yes(u.Archived), "delegated_admin", truth(u.IsDelegatedAdmin),
			"mfa_enforced", truth(u.Enforced2SV), "change_password_at_next_login", yes(u.ChangePassword),
			"recovery_email", u.RecoveryEmail, "aliases", strings.Join(u.Aliases, " ")),
	}
	if u.Guest {
		a.Type = new("guest")
	}
	if u.IsAdmin != nil && u.IsDelegatedAdmin != nil {
		a.Admin = new(*u.IsAdmin || *u.IsDelegatedAdmin)
	}
	if u.Enrolled2SV != nil {
		a.Mfa = new(map[bool]string{true: "on", false: "off"}[*u.Enrolled2SV])
	}
	if t := u.Deleted.ts(); t != nil {
		a.Attributes = append(a.Attributes, attrs("deleted_at", u.Deleted.Format("2006-01-02T15:04:05Z07:00"))...)
	}
	return a
}

func (u *user) status(deleted bool) string {
	switch {
	case deleted:
		return "deleted"
	case u.Archived || u.Suspended != nil && *u.Suspended:
		return "suspended"
	case u.Suspended == nil:
		return "unknown"
	case u.AgreedToTerms != nil && !*u.AgreedToTerms && u.LastLogin.ts() == nil:
		return "invited"
	}
	return "active"
}

// usable says whether Google lets anybody act as the user.
func (u *user) usable() bool { return !u.Archived && (u.Suspended == nil || !*u.Suspended) }
