package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// subject is the identity of the credential, as far as GitHub tells.
type subject struct {
	name  string   // for people
	owner string   // of its quota
	sight []string // what decides what it sees, beside single permissions
	holds []string // scopes or permissions
	// classic: holds are scopes. Of a fine-grained token GitHub does not tell what it may do.
	classic bool
}

// Check asks who the credential is, and each listing for one entry.
func (connector) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	var o organization
	a, err := get(ctx, s, orgPath(s, ""), "", &o)
	if err != nil {
		if sdk.TypeOf(err) == sdk.ErrNotFound {
			return nil, &sdk.Error{
				Type: sdk.ErrNotFound, Field: "organization", Sent: true,
				Message: "there is no organisation " + s.Settings["organization"] + ", or the credential may not see it",
			}
		}
		if t := sdk.TypeOf(err); t == sdk.ErrAuth || t == sdk.ErrPermission {
			if st := whileSuspended(ctx, s); st != nil {
				return st, nil
			}
		}
		return nil, err
	}
	who, err := identify(ctx, s, a.header)
	if err != nil {
		return nil, err
	}
	st := &sdk.Status{
		TenantID: num(o.ID), TenantName: o.Login, Subject: who.name, Domains: o.domains(),
		CredentialExpires: expires(a.header.Get("Github-Authentication-Token-Expiration")),
	}
	for _, b := range buckets() {
		q := sdk.QuotaOwner{Bucket: b.Name, Owner: who.owner}
		if b.Name == a.header.Get("X-Ratelimit-Resource") {
			q.Limit, _ = strconv.ParseInt(a.header.Get("X-Ratelimit-Limit"), 10, 64) // 0: not known
		}
		st.Owners = append(st.Owners, q)
	}
	if err := probe(ctx, s, who, st); err != nil {
		return nil, err
	}
	st.Capabilities = append(st.Capabilities, webhookCapability(s))
	if !s.Acting {
		st.Capabilities = append(st.Capabilities, who.unneeded()...)
		return st, nil
	}
	invitations := slices.IndexFunc(st.Capabilities, func(c sdk.Capability) bool { return c.Name == "list:invitations" })
	st.Capabilities = append(st.Capabilities, who.mayAct(s, st.Capabilities[invitations].State)...)
	return st, nil
}

// countSelected: which repositories an App sees is somebody's choice, and those taken from it look like deleted ones.
func (w *subject) countSelected(ctx context.Context, s *sdk.Session) error {
	var v struct {
		Total int64 `json:"total_count"`
	}
	_, err := get(ctx, s, paged("/installation/repositories", 1), "", &v)
	w.sight = append(w.sight, num(v.Total))
	return err
}

func webhookCapability(s *sdk.Session) sdk.Capability {
	c := sdk.Capability{Name: "realtime:webhook", State: sdk.Held}
	if s.Secret(secretField) == "" {
		c.State, c.Reason = sdk.SwitchedOff, "set webhook_secret, and the same secret at the webhook"
	}
	return c
}

// identify asks GitHub for the App's installation or the token's user.
func identify(ctx context.Context, s *sdk.Session, h http.Header) (*subject, error) {
	if usesApp(s) {
		jwt, err := appJWT(s, time.Now())
		if err != nil {
			return nil, err
		}
		i, err := findInstallation(ctx, s, jwt)
		if err != nil {
			return nil, err
		}
		id := "installation " + num(i.ID)
		who := &subject{
			name: "GitHub App " + i.AppSlug + ", " + id, owner: id, sight: []string{id, i.Selection}, holds: i.scopes(),
		}
		if i.Selection != "all" {
			err = who.countSelected(ctx, s)
		}
		return who, err
	}
	var u user
	if _, err := get(ctx, s, "/user", "", &u); err != nil {
		return nil, err
	}
	if err := u.check(); err != nil {
		return nil, err
	}
	id := "user " + num(u.ID)
	_, classic := h["X-Oauth-Scopes"]
	holds := scopeList(h.Get("X-Oauth-Scopes"))
	slices.Sort(holds)
	return &subject{name: u.Login, owner: id, sight: []string{id}, holds: holds, classic: classic}, nil
}

// unneeded names what the credential holds and no listing uses.
func (w *subject) unneeded() []sdk.Capability {
	var list []sdk.Capability
	for _, scope := range w.holds {
		if !needed(scope) {
			list = append(list, sdk.Capability{
				Name: "extra:" + scope, State: sdk.Unneeded,
				Reason: "held, but reading does not need it; take it away: actions have their own credential",
			})
		}
	}
	return list
}

// needed: a listing names it, or its write form.
func needed(scope string) bool {
	for _, src := range sources() {
		for _, p := range src.spec.Permissions {
			if p == scope || strings.TrimSuffix(p, ":write")+":read" == scope {
				return true
			}
		}
	}
	return false
}

// probe asks each listing for one entry; those of single teams, repositories, roles and webhooks for the first one's.
func probe(ctx context.Context, s *sdk.Session, who *subject, st *sdk.Status) error {
	names := map[string]string{"{org}": url.PathEscape(s.Settings["organization"])}
	for _, src := range sources() {
		c := sdk.Capability{Name: "list:" + src.spec.Name, State: sdk.Unknown}
		ref := fill(src.probe, names)
		if strings.Contains(ref, "{") {
			c.Reason = "there is no " + ref[strings.Index(ref, "{")+1:strings.Index(ref, "}")] + " to try it with"
		} else {
			var body json.RawMessage
			err := src.may(s)
			switch {
			case err != nil:
			case src.try != nil:
				err = src.try(ctx, s)
			default:
				_, err = get(ctx, s, ref, "", &body)
			}
			if ctx.Err() != nil || sdk.TypeOf(err) == sdk.ErrAuth && !stillGood(ctx, s) {
				return err
			}
			src.judge(&c, src.explain(err))
			learn(names, src.spec.Name, body)
		}
		c.Fingerprint = fingerprint(append([]string{c.Name, c.State.String()}, who.sightOf(src.spec.Permissions)...)...)
		st.Capabilities = append(st.Capabilities, c)
	}
	onlyPublic(st.Capabilities)
	return nil
}

// stillGood says whether the credential holds although one answer was 401: servers have single endpoints that want
// another kind of credential.
func stillGood(ctx context.Context, s *sdk.Session) bool {
	_, err := get(ctx, s, orgPath(s, ""), "", nil)
	return err == nil
}

// onlyPublic: to whom GitHub shows no teams, it shows the public members only, and does not say so. That list must not
// pass for the members.
func onlyPublic(list []sdk.Capability) {
	of := func(name string) *sdk.Capability {
		i := slices.IndexFunc(list, func(c sdk.Capability) bool { return c.Name == name })
		return &list[i]
	}
	members, teams := of("list:members"), of("list:teams")
	if members.State == sdk.Held && teams.State == sdk.Missing {
		members.State, members.Missing = sdk.Missing, teams.Missing
		members.Fingerprint = fingerprint(members.Fingerprint, "public only")
		members.Reason = "GitHub shows this credential the public members only"
	}
}

// may says what can be known without asking.
func (src *source) may(s *sdk.Session) error {
	switch src.spec.Name {
	case "pats", "pat_requests":
		return appsOnly(s)
	}
	return nil
}

// sightOf is what decides what the credential sees of a listing.
func (w *subject) sightOf(permissions []string) []string {
	parts := slices.Clone(w.sight)
	for _, p := range permissions {
		name, _, _ := strings.Cut(p, ":")
		for _, held := range w.holds {
			if held == p || strings.HasPrefix(held, name+":") {
				parts = append(parts, held)
			}
		}
	}
	return parts
}

// judge says what the answer to a probe means.
func (src *source) judge(c *sdk.Capability, err error) {
	e, _ := errors.AsType[*sdk.Error](err)
	switch sdk.TypeOf(err) {
	case "", sdk.ErrConflict: // a conflict is GitHub's word for an empty repository
		c.State = sdk.Held
		return
	case sdk.ErrPermission, sdk.ErrNotFound, sdk.ErrAuth:
		c.State, c.Missing = sdk.Missing, src.spec.Permissions
		if e != nil && e.Permission != "" {
			c.Missing = []string{e.Permission}
		}
	case sdk.ErrNotInPlan:
		c.State = sdk.NotInPlan
		if src.spec.Name == "secret_alerts" {
			c.State = sdk.SwitchedOff
		}
	}
	switch { // the permission stands beside it, and nobody can act on a request's id
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		c.Reason = "GitHub says that there is no such page, or hides it from the credential"
	case e != nil && e.Message != "":
		c.Reason = e.Message
	default:
		c.Reason = err.Error()
	}
}

// learn takes the names for the probes of child listings from the first entry of their parent.
func learn(names map[string]string, listing string, body json.RawMessage) {
	var list []struct {
		ID       json.Number `json:"id"`
		Slug     string      `json:"slug"`
		FullName string      `json:"full_name"`
		Branch   string      `json:"default_branch"`
	}
	var wrapped struct {
		Roles json.RawMessage `json:"roles"`
	}
	if json.Unmarshal(body, &wrapped) == nil && wrapped.Roles != nil {
		body = wrapped.Roles
	}
	if json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return
	}
	first := list[0]
	owner, name, _ := strings.Cut(first.FullName, "/")
	switch listing {
	case "teams":
		set(names, "{team}", first.Slug)
	case "roles":
		set(names, "{role}", first.ID.String())
	case "hooks":
		set(names, "{hook}", first.ID.String())
	case "repositories":
		if name != "" {
			names["{repo}"] = path("%s/%s", owner, name)
			set(names, "{branch}", first.Branch)
		}
	}
}

func set(names map[string]string, key, value string) {
	if value != "" {
		names[key] = url.PathEscape(value)
	}
}

func fill(format string, names map[string]string) string {
	for key, value := range names {
		format = strings.ReplaceAll(format, key, value)
	}
	return format
}

// expires reads the header in which GitHub says when a token ends.
func expires(header string) time.Time {
	var w when
	_ = w.UnmarshalJSON([]byte(header)) // never fails
	return w.Time
}

// fingerprint of what a credential sees.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(sdk.ID(parts...)))
	return hex.EncodeToString(sum[:16])
}
