package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// Check asks who the credential is, and each listing for as little as it gives.
func (connector) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	st := &sdk.Status{}
	if err := tenant(ctx, s, st); err != nil {
		return nil, err
	}
	user, err := subject(ctx, s, st)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets() {
		st.Owners = append(st.Owners, sdk.QuotaOwner{Bucket: b.Name, Owner: st.TenantID})
	}
	if err := verified(ctx, s, st); err != nil {
		return nil, err
	}
	if err := probe(ctx, s, st); err != nil {
		return nil, err
	}
	st.Capabilities = append(st.Capabilities, realtime(s, st.Capabilities)...)
	if !s.Acting {
		st.Capabilities = append(st.Capabilities, unneeded(s)...)
		return st, nil
	}
	acts, err := mayAct(ctx, s, st, user)
	if err != nil {
		return nil, err
	}
	st.Capabilities = append(st.Capabilities, acts...)
	return st, nil
}

// tenant is the organisation. Its id is public, so that it is known even without the scope that shows the rest.
func tenant(ctx context.Context, s *sdk.Session, st *sdk.Status) error {
	var o struct {
		ID        string `json:"id"`
		Company   text   `json:"companyName"`
		Subdomain text   `json:"subdomain"`
	}
	_, err := get(ctx, s, "/api/v1/org", &o)
	if sdk.TypeOf(err) == sdk.ErrPermission {
		_, err = get(sdk.NoAuth(ctx), s, "/.well-known/okta-organization", &o)
	}
	if err == nil && o.ID == "" {
		err = missing("organisation", "id")
	}
	if st.TenantID, st.TenantName = o.ID, string(o.Company); st.TenantName == "" {
		st.TenantName = string(o.Subdomain)
	}
	return err
}

// subject says who the credential is, and gives the id of the user behind an API token, when that can be seen.
func subject(ctx context.Context, s *sdk.Session, st *sdk.Status) (string, error) {
	if isApp(s) {
		st.Subject = "service app " + s.Secret("client_id")
		return "", nil
	}
	var u user
	_, err := get(ctx, s, "/api/v1/users/me", &u)
	switch sdk.TypeOf(err) {
	case "":
		st.Subject = string(u.Profile.Login)
		return u.ID, u.check()
	case sdk.ErrPermission, sdk.ErrNotFound:
		st.Subject = "API token"
		return "", nil
	}
	return "", err
}

// verified are the domains whose mail Okta may send, which is proved by DNS. Who may not see them has none.
func verified(ctx context.Context, s *sdk.Session, st *sdk.Status) error {
	domains, _, err := getList[struct {
		Domain string `json:"domain"`
		Status text   `json:"validationStatus"`
	}](ctx, s, "/api/v1/email-domains")
	switch sdk.TypeOf(err) {
	case "":
	case sdk.ErrPermission, sdk.ErrNotFound, sdk.ErrNotInPlan:
		return nil
	default:
		return err
	}
	for _, d := range domains {
		if d.Status == "VERIFIED" && d.Domain != "" {
			st.Domains = append(st.Domains, strings.ToLower(d.Domain))
		}
	}
	slices.Sort(st.Domains)
	st.Domains = slices.Compact(st.Domains)
	return nil
}

// probe asks each listing for one entry; those of single users, groups and apps for the first one's.
func probe(ctx context.Context, s *sdk.Session, st *sdk.Status) error {
	names := map[string]string{}
	refused := map[string]sdk.Capability{} // by the scope it needs
	for _, src := range sources() {
		c := sdk.Capability{Name: "list:" + src.spec.Name, State: sdk.Unknown}
		ref, scope := fill(src.probe, names), src.spec.Permissions[0]
		other, known := refused[scope]
		switch i := strings.Index(ref, "{"); {
		case i >= 0 && known:
			c.State, c.Missing, c.Reason = other.State, other.Missing, other.Reason
		case i >= 0:
			c.Reason = "there is no " + strings.ReplaceAll(ref[i+1:strings.Index(ref, "}")], "_", " ") + " to try it with"
		default:
			var body json.RawMessage
			_, err := get(ctx, s, ref, &body)
			if ctx.Err() != nil || sdk.TypeOf(err) == sdk.ErrAuth {
				return errors.Join(err, ctx.Err())
			}
			src.judge(&c, src.explain(err))
			learn(names, src.spec.Name, body)
		}
		if c.State == sdk.Missing {
			refused[scope] = c
		}
		c.Fingerprint = fingerprint(st.Subject, c.Name, c.State.String())
		st.Capabilities = append(st.Capabilities, c)
	}
	return nil
}

// judge says what the answer to a probe means.
func (src *source) judge(c *sdk.Capability, err error) {
	switch sdk.TypeOf(err) {
	case "":
		c.State = sdk.Held
		return
	case sdk.ErrPermission, sdk.ErrNotFound:
		c.State, c.Missing = sdk.Missing, src.spec.Permissions
		if e, ok := errors.AsType[*sdk.Error](err); ok && e.Permission != "" {
			c.Missing = []string{e.Permission}
		}
	case sdk.ErrNotInPlan:
		c.State = sdk.NotInPlan
	}
	c.Reason = plain(err)
}

// learn takes the names for the probes of child listings from the first entries of their parent.
func learn(names map[string]string, listing string, body json.RawMessage) {
	var list []struct {
		ID   string `json:"id"`
		Mode string `json:"signOnMode"`
	}
	if json.Unmarshal(body, &list) != nil {
		return
	}
	for _, v := range list {
		switch {
		case v.ID == "":
			continue
		case listing == "users":
			keep(names, "{user}", v.ID)
		case listing == "groups":
			keep(names, "{group}", v.ID)
		case listing == "apps":
			keep(names, "{app}", v.ID)
			if v.Mode == oidc {
				keep(names, "{OpenID_Connect_app}", v.ID)
			}
		}
	}
}

func keep(names map[string]string, key, id string) {
	if names[key] == "" {
		names[key] = path("%s", id)
	}
}

func fill(format string, names map[string]string) string {
	for key, value := range names {
		format = strings.ReplaceAll(format, key, value)
	}
	return format
}

// realtime: watching needs the log; event hooks need a scope that may write, which nobody has to give.
func realtime(s *sdk.Session, listings []sdk.Capability) []sdk.Capability {
	watch := sdk.Capability{Name: "realtime:log", State: sdk.Unknown, Reason: "the log could not be tried"}
	for _, l := range listings {
		if l.Name == "list:system_log" {
			watch.State, watch.Missing, watch.Reason = l.State, l.Missing, l.Reason
		}
	}
	hook := sdk.Capability{Name: "realtime:webhook", State: sdk.Held}
	switch {
	case isApp(s) && !slices.Contains(wantedScopes(s), hookScope):
		hook.State, hook.Reason = sdk.SwitchedOff, "setting scopes does not ask for "+hookScope+"; changes are seen in the log instead"
	case s.Secret(secretField) == "":
		hook.State, hook.Reason = sdk.SwitchedOff, "set webhook_secret: Okta does not sign what it sends"
	}
	return []sdk.Capability{watch, hook}
}

// unneeded names what the app asks for and no listing uses.
func unneeded(s *sdk.Session) []sdk.Capability {
	if !isApp(s) {
		return nil
	}
	var list []sdk.Capability
	for _, scope := range wantedScopes(s) {
		if !slices.Contains(readScopes, scope) && scope != hookScope && scope != domainScope {
			list = append(list, sdk.Capability{
				Name: "extra:" + scope, State: sdk.Unneeded, Reason: "asked for, but reading does not need it; take it out of setting scopes",
			})
		}
	}
	return list
}

// domainScope shows the verified domains; they are worth having, but nothing fails without them.
const domainScope = "okta.emailDomains.read"

// fingerprint of what a credential sees.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(sdk.ID(parts...)))
	return hex.EncodeToString(sum[:16])
}
