package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/mooring-hq/mooring/sdk"
)

// Check asks for a token with each scope alone, because Google refuses one with two scopes when either is missing, and
// each listing for one entry.
func (c connector) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	cl := c.client(s)
	k, _, err := parseKey(s.Secret(keyField))
	if err != nil {
		return nil, err
	}
	held, err := cl.tryScopes(ctx)
	if err != nil {
		return nil, err
	}
	st := &sdk.Status{Subject: k.Email + " as " + cl.setting(adminSetting)}
	if st.TenantID, err = cl.tenant(ctx, held); err != nil {
		return nil, err
	}
	if held[scopeDomains] == nil {
		if err := cl.nameTenant(ctx, st); err != nil {
			return nil, err
		}
	}
	for _, b := range buckets() {
		st.Owners = append(st.Owners, sdk.QuotaOwner{Bucket: b.Name, Owner: "project " + cmp.Or(k.Project, k.Email)})
	}
	for _, src := range sources() {
		one := sdk.Capability{Name: "list:" + src.spec.Name}
		if err := cl.judge(ctx, &src, held, &one); err != nil {
			return nil, err
		}
		one.Fingerprint = fingerprint(one.Name, one.State.String(), st.TenantID, k.Email, cl.setting(adminSetting))
		st.Capabilities = append(st.Capabilities, one)
	}
	st.Capabilities = append(st.Capabilities, pushCapability(s))
	if !s.Acting {
		return st, nil
	}
	acts, err := c.actCapabilities(ctx, cl, held)
	if err != nil {
		return nil, err
	}
	st.Capabilities = append(st.Capabilities, acts...)
	return st, nil
}

// allScopes in the order of the listings.
func allScopes() []scope {
	var list []scope
	for _, src := range sources() {
		for _, p := range src.spec.Permissions {
			if s := scopeOf(p); !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

// tryScopes says for each scope why it cannot be used; nil when it can. A wrong credential ends it all.
func (c *client) tryScopes(ctx context.Context) (map[scope]error, error) {
	held := map[scope]error{}
	for _, s := range allScopes() {
		_, err := c.mint(ctx, c.admin(s))
		switch sdk.TypeOf(err) {
		case "", sdk.ErrPermission:
			held[s] = err
		default:
			return nil, err
		}
	}
	return held, nil
}

// tenant is the customer's id, from whatever may be read that has it.
func (c *client) tenant(ctx context.Context, held map[scope]error) (string, error) {
	if held[scopeUsers] == nil {
		p, err := c.userPage(ctx, 1, "", "id,primaryEmail,customerId", false)
		if err != nil && sdk.TypeOf(err) != sdk.ErrPermission {
			return "", err
		}
		if err == nil && len(p.Users) > 0 && p.Users[0].CustomerID != "" {
			return p.Users[0].CustomerID, nil
		}
	}
	if held[scopeAudit] == nil {
		var p struct {
			Items []activity `json:"items"`
		}
		for _, app := range []string{"admin", "login"} {
			if err := c.logPage(ctx, logQuery{app: app, size: 1, fields: "id(customerId)"}, "", &p); err != nil && sdk.TypeOf(err) != sdk.ErrPermission {
				return "", err
			}
			if len(p.Items) > 0 && p.Items[0].ID.Customer != "" {
				return p.Items[0].ID.Customer, nil
			}
		}
	}
	return "", &sdk.Error{
		Type: sdk.ErrPermission, Permission: scopeUsers.url(), Sent: true,
		Message: "nothing that is granted tells which organisation this is",
	}
}

// nameTenant fills in the verified domains.
func (c *client) nameTenant(ctx context.Context, st *sdk.Status) error {
	list, err := c.readDomains(ctx)
	if err != nil {
		if t := sdk.TypeOf(err); t == sdk.ErrPermission || t == sdk.ErrNotFound {
			return nil // its own capability says so
		}
		return err
	}
	for _, d := range list {
		if d.Primary != nil && *d.Primary {
			st.TenantName = d.Name
		}
		if d.Verified != nil && *d.Verified {
			st.Domains = append(st.Domains, d.Name)
		}
		for _, a := range d.Aliases {
			if a.Verified != nil && *a.Verified {
				st.Domains = append(st.Domains, a.Name)
			}
		}
	}
	slices.Sort(st.Domains)
	return nil
}

// judge says whether a listing may be read.
func (c *client) judge(ctx context.Context, src *source, held map[scope]error, one *sdk.Capability) error {
	for _, p := range src.spec.Permissions {
		if err := held[scopeOf(p)]; err != nil {
			one.State, one.Missing = sdk.Missing, append(one.Missing, p)
			one.Reason = err.Error()
			if e, ok := errors.AsType[*sdk.Error](err); ok {
				one.Reason = e.Message
			}
		}
	}
	if one.State == sdk.Missing {
		return nil
	}
	one.State = sdk.Held
	if src.probe == nil {
		return nil
	}
	err := src.probe(ctx, c)
	switch t := sdk.TypeOf(err); {
	case err == nil:
		return nil
	case t == sdk.ErrAuth || ctx.Err() != nil:
		return err
	case t == sdk.ErrPermission:
		one.State, one.Missing = sdk.Missing, []string{"an administrator's privilege, or the API, for " + src.spec.Permissions[0]}
	case t == sdk.ErrNotInPlan:
		one.State = sdk.NotInPlan
	default:
		one.State = sdk.Unknown
	}
	one.Reason = err.Error()
	if e, ok := errors.AsType[*sdk.Error](err); ok && e.Message != "" {
		one.Reason = e.Message
	}
	return nil
}

func pushCapability(s *sdk.Session) sdk.Capability {
	c := sdk.Capability{Name: "realtime:push", State: sdk.Held}
	if s.Secret(secretField) == "" {
		c.State, c.Reason = sdk.SwitchedOff, "there is no "+secretField
	}
	return c
}

// fingerprint of what a credential sees.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(sdk.ID(parts...)))
	return hex.EncodeToString(sum[:16])
}
