package main

import (
	"context"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

// ownerRole is the id of the one role that GitHub does not list: the owners of the organisation.
const ownerRole = "owner"

// flags are what GitHub gives only as the list of those who have it. A nil map is unknown.
type flags struct {
	owners, no2FA map[int64]bool
}

// readFlags reads the owners and those without a second factor. Who may not read them gets unknown.
func readFlags(ctx context.Context, c *scan, ref string, owners bool) (flags, error) {
	var f flags
	var err error
	if owners {
		if f.owners, err = c.set(ctx, paged(ref, c.size, "role=admin")); err != nil {
			return f, err
		}
	}
	f.no2FA, err = c.set(ctx, paged(ref, c.size, "filter=2fa_disabled"))
	return f, err
}

// set reads a list of users as a set; nil when it may not be read.
func (c *scan) set(ctx context.Context, ref string) (map[int64]bool, error) {
	ids := map[int64]bool{}
	err := all(ctx, c, ref, func(u *user) error {
		ids[u.ID] = true
		return u.check()
	})
	switch sdk.TypeOf(err) {
	case "":
		return ids, nil
	case sdk.ErrPermission, sdk.ErrInvalid: // GitHub answers 422 to a filter that only owners may use
		return nil, nil //nolint:nilnil // nil is "unknown"
	}
	return nil, err
}

func (f flags) mfa(id int64) *string {
	switch {
	case f.no2FA == nil:
		return nil
	case f.no2FA[id]:
		return new("off")
	}
	return new("on")
}

// members are the organisation's own people, and its owners as the role they are.
func members(ctx context.Context, c *scan) error {
	ref := orgPath(c.s, "/members")
	f, err := readFlags(ctx, c, ref, true)
	if err != nil {
		return err
	}
	first := paged(ref, c.size, "role=all")
	if f.owners != nil && c.w.Resume(mark(0, first)) == mark(0, first) {
		c.w.Add(&sdk.Role{Id: ownerRole, Name: new("Owner"), Privileged: new(true)})
	}
	err = c.walk(ctx, each(c, first, func(u *user) error {
		c.w.Add(memberRecords(*u, f)...)
		return u.check()
	}))
	if err != nil {
		return err
	}
	done := c.bookmark()
	if f.owners == nil { // then the owners' memberships are not gone, only not seen
		done = append(done, sdk.SeenWith(fingerprint("members", "without owners")),
			sdk.Warning("GitHub does not tell this credential who the owners are"))
	}
	return c.w.Complete(done...)
}

func memberRecords(u user, f flags) []sdk.Record {
	a := u.account()
	a.Mfa = f.mfa(u.ID)
	records := []sdk.Record{a}
	if f.owners == nil {
		return records
	}
	a.Admin = new(f.owners[u.ID])
	if f.owners[u.ID] {
		records = append(records, &sdk.Membership{
			Id: sdk.ID("role", ownerRole, num(u.ID)), Container: sdk.To(sdk.KindRole, ownerRole),
			Member: accountRef(u), Role: new("owner"), State: new("active"),
		})
	}
	return records
}

// outside are people who reach repositories without being members.
func outside(ctx context.Context, c *scan) error {
	ref := orgPath(c.s, "/outside_collaborators")
	f, err := readFlags(ctx, c, ref, false)
	if err != nil {
		return err
	}
	return c.finish(ctx, each(c, paged(ref, c.size), func(u *user) error {
		c.w.Add(outsideRecord(*u, f))
		return u.check()
	}))
}

func outsideRecord(u user, f flags) *sdk.Account {
	a := u.account()
	a.Mfa = f.mfa(u.ID)
	if u.Type == "User" || u.Type == "" {
		a.Type = new("guest")
	}
	return a
}

// blocked are no accounts of the organisation any more, so they are not records of that kind.
func blocked(ctx context.Context, c *scan) error {
	return c.finish(ctx, each(c, paged(orgPath(c.s, "/blocks"), c.size), func(u *user) error {
		c.w.Add(&sdk.Other{
			Id: sdk.ID("blocked_user", num(u.ID)), Type: new("blocked_user"), Name: new(u.Login),
			Attributes: attrs("account_id", num(u.ID)),
		})
		return u.check()
	}))
}

type invitation struct {
	ID           int64  `json:"id"`
	Login        string `json:"login"`
	Email        string `json:"email"`
	Role         string `json:"role"`
	CreatedAt    when   `json:"created_at"`
	FailedAt     string `json:"failed_at"`
	FailedReason string `json:"failed_reason"`
	Inviter      user   `json:"inviter"`
	Teams        int64  `json:"team_count"`
	Source       string `json:"invitation_source"`
}

// invitations are accounts to be: those that wait, then those that failed. GitHub gives them no user id, so they have
// ids of their own, and go when the invited joins.
func invitations(ctx context.Context, c *scan) error {
	add := func(i *invitation) error {
		if i.ID <= 0 {
			return missing("invitation", "id")
		}
		c.w.Add(i.account())
		return nil
	}
	return c.finish(ctx,
		each(c, paged(orgPath(c.s, "/invitations"), c.size), add),
		each(c, paged(orgPath(c.s, "/failed_invitations"), c.size), add))
}

func (i *invitation) account() *sdk.Account {
	name := i.Login
	if name == "" {
		name = i.Email
	}
	a := &sdk.Account{
		Id: sdk.ID("invitation", num(i.ID)), Name: new(name), Email: new(i.Email), Status: new("invited"),
		Type: new("user"), CreatedAt: i.CreatedAt.ts(),
		Attributes: attrs("role", i.Role, "invitation_source", i.Source, "invited_by", i.Inviter.Login,
			"failed_at", i.FailedAt, "failed_reason", i.FailedReason),
	}
	if i.Teams > 0 {
		a.Attributes = append(a.Attributes, &sdk.Attribute{Name: "teams", Value: strconv.FormatInt(i.Teams, 10)})
	}
	if i.FailedAt != "" {
		a.Status = new("unknown")
		a.Native = attrs("status", "invitation_failed")
	}
	return a
}
