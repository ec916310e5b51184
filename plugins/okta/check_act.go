package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// powers are what a credential may change.
type powers struct {
	app bool // or an API token

	scopes   []string // granted; all, for an API token, which has none
	noScopes error    // why they are not known
	labels   []string // of roles
	custom   bool     // one of the organisation's own is among the roles, of which nobody knows here what it allows
	noRoles  error    // why they are not known
}

// mayAct tells of each action whether the credential may do it. It changes nothing to find out: Okta shows scopes and
// roles. user is whose API token it is.
func mayAct(ctx context.Context, s *sdk.Session, st *sdk.Status, user string) ([]sdk.Capability, error) {
	p := &powers{app: isApp(s)}
	err := p.learnScopes(ctx, s)
	if err == nil {
		err = p.learnRoles(ctx, s, user)
	}
	if err != nil {
		return nil, err
	}
	var list []sdk.Capability
	for _, d := range deeds() {
		c := sdk.Capability{Name: "act:" + d.Name}
		p.judge(&c, &d)
		c.Fingerprint = fingerprint(st.Subject, c.Name, c.State.String())
		list = append(list, c)
	}
	return list, nil
}

// learnScopes: an app may be allowed to see its own grants. If not, asking for a token shows them: Okta refuses one for a
// scope that was not granted.
func (p *powers) learnScopes(ctx context.Context, s *sdk.Session) error {
	if !p.app {
		p.scopes = actScopes()
		return nil
	}
	grants, _, err := getList[consent](ctx, s, path("/api/v1/apps/%s/grants", s.Secret("client_id")))
	if err == nil && len(grants) > 0 {
		for _, g := range grants {
			if g.Status == active {
				p.scopes = append(p.scopes, g.Scope)
			}
		}
		return nil
	}
	switch sdk.TypeOf(err) {
	case "", sdk.ErrPermission, sdk.ErrNotFound, sdk.ErrNotInPlan:
		if p.scopes, err = grantedOf(ctx, s, actScopes()); ctx.Err() == nil { // reading goes on without
			p.noScopes = err
			return nil
		}
	}
	return p.unknown(ctx, &p.noScopes, err)
}

// unknown keeps why something could not be found out, unless that ends the whole check.
func (p *powers) unknown(ctx context.Context, why *error, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || sdk.TypeOf(err) == sdk.ErrAuth {
		return errors.Join(err, ctx.Err())
	}
	*why = err
	return nil
}

func (p *powers) learnRoles(ctx context.Context, s *sdk.Session, user string) error {
	ref := path("/oauth2/v1/clients/%s/roles", s.Secret("client_id"))
	if !p.app {
		if user == "" {
			p.noRoles = sdk.Errorf(sdk.ErrPermission, "whose API token it is cannot be seen")
			return nil
		}
		ref = path("/api/v1/users/%s/roles", user)
	}
	list, _, err := getList[assignment](ctx, s, ref)
	if err != nil {
		return p.unknown(ctx, &p.noRoles, err)
	}
	for _, a := range list {
		if a.Status != active {
			continue
		}
		p.custom = p.custom || a.Type == "CUSTOM"
		for _, r := range standard {
			if r.kind == a.Type {
				p.labels = append(p.labels, r.label)
			}
		}
	}
	return nil
}

// judge says whether the credential may do something, and if not, what to grant.
func (p *powers) judge(c *sdk.Capability, d *deed) {
	var lacks []string
	for _, scope := range d.scopes {
		if !slices.Contains(p.scopes, scope) {
			lacks = append(lacks, scope)
		}
	}
	role := d.role(p.labels)
	switch {
	case p.noScopes != nil:
		c.State, c.Reason = sdk.Unknown, "what was granted cannot be seen: "+plain(p.noScopes)
	case len(lacks) > 0:
		c.State, c.Missing, c.Reason = sdk.Missing, lacks, "grant it to the app that acts, which should be another than the one that reads"
	case role == "":
		c.State = sdk.Held
	case p.noRoles != nil && p.app && sdk.TypeOf(p.noRoles) == sdk.ErrPermission:
		c.State, c.Reason = sdk.Held, "by its scopes; it also needs the role "+role+", which cannot be seen without okta.roles.read"
	case p.noRoles != nil:
		c.State, c.Reason = sdk.Unknown, "which roles it has cannot be seen: "+plain(p.noRoles)
	case p.custom:
		c.State, c.Reason = sdk.Held, "if its own role allows it; "+role+" does"
	default:
		c.State, c.Missing, c.Reason = sdk.Missing, []string{"role " + role}, "it has "+had(p.labels)
	}
}

func had(labels []string) string {
	if len(labels) == 0 {
		return "no role"
	}
	return "only the role " + strings.Join(labels, " and ")
}

// plain is an error without the request's id, with which nobody can do anything here.
func plain(err error) string {
	if e, ok := errors.AsType[*sdk.Error](err); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}
