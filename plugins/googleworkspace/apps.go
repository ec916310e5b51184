package main

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	logKept         = 180 * 24 * time.Hour
	maxConsentPages = 200 // of each of the two events, in a walk of all that the log keeps
)

// grantID is the same for what the log and what the list of tokens tells.
func grantID(user, client string) string { return sdk.ID(user, client) }

// consents reads from the log which apps people let in and took back. What is older than the log is not in it, so nothing
// is proved absent.
func consents(ctx context.Context, sc *scan) error {
	at := sc.now()
	b, from := bookmark{At: at, Full: at}, at.Add(-logKept)
	pages := maxConsentPages
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		var err error
		if b, from, err = sc.follow(slowLogs); err != nil {
			return err
		}
		pages = maxLogPages
	}
	c := &consentWalk{sc: sc, apps: map[string]bool{}, grants: map[string]time.Time{}}
	skipped := []string{"consents from before the log begins"}
	for _, name := range []string{"authorize", "revoke"} {
		whole, err := sc.readLog(ctx, logQuery{app: "token", from: from, until: at, event: name}, pages, c.add)
		if err != nil {
			return err
		}
		if !whole {
			skipped = append(skipped, "older consents than the last "+num(int64(pages*activitiesPerPage)))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.found)) {
		sc.w.Add(c.found[id])
	}
	sc.w.EndPage("")
	return sc.w.Complete(b.next(), sdk.Skipped(skipped...))
}

// consentWalk keeps the newest word on each grant.
type consentWalk struct {
	sc     *scan
	apps   map[string]bool
	grants map[string]time.Time
	found  map[string]*sdk.Grant
}

func (c *consentWalk) add(a *activity, e *event) error {
	client, user := e.text("client_id"), a.profile()
	if client == "" || user == "" || a.ID.Time.ts() == nil {
		return nil // an entry without them tells of no grant
	}
	if !c.apps[client] {
		c.apps[client] = true
		c.sc.w.Add(&sdk.App{Id: client, Name: new(e.text("app_name")), Type: new("oauth")})
	}
	id, at := grantID(user, client), a.ID.Time.Time
	if last, seen := c.grants[id]; seen && !at.After(last) {
		return nil
	}
	c.grants[id] = at
	g := &sdk.Grant{
		Id: id, Name: new(e.text("app_name")), Type: new("oauth"), State: new("active"), App: ref(sdk.KindApp, client, "", e.text("app_name")),
		Account: ref(sdk.KindAccount, user, a.Actor.Email, ""), CreatedBy: ref(sdk.KindAccount, user, a.Actor.Email, ""),
		Native: attrs("client_type", e.text("client_type")),
	}
	if e.Name == "revoke" {
		g.State = new("revoked")
	} else {
		g.CreatedAt, g.Scopes = a.ID.Time.ts(), sdk.All(e.list("scope")...)
	}
	if c.found == nil {
		c.found = map[string]*sdk.Grant{}
	}
	c.found[id] = g
	return nil
}

// tokenUsers gives a shard for each person's tokens, and after that only for those whom the log names.
func tokenUsers(ctx context.Context, sc *scan) error {
	shard := func(u *user, stamp string) *sdk.Shard {
		return &sdk.Shard{Listing: "tokens", Key: u.ID, Name: u.Email, Stamp: stamp, State: sdk.ShardActive}
	}
	if sc.w.Mode != sdk.ModeDelta || len(sc.w.Bookmark) == 0 {
		return sc.whole(ctx, func(stamp string) []step {
			return []step{sc.perUser(func(u *user) *sdk.Shard { return shard(u, stamp) })}
		})
	}
	b, from, err := sc.follow(slowLogs)
	if err != nil {
		return err
	}
	touched, emails := map[string]*mix{}, map[string]string{}
	for _, name := range []string{"authorize", "revoke"} {
		whole, err := sc.readLog(ctx, logQuery{app: "token", from: from, until: b.At, event: name}, maxLogPages, func(a *activity, e *event) error {
			if id := a.profile(); id != "" {
				if touched[id] == nil {
					touched[id] = &mix{}
				}
				touched[id].add(a, e)
				emails[id] = a.Actor.Email
			}
			return nil
		})
		if err != nil {
			return sc.blind(err)
		}
		if !whole {
			return sc.tooMuch()
		}
	}
	for _, id := range slices.Sorted(maps.Keys(touched)) {
		sc.w.Found(shard(&user{ID: id, Email: emails[id]}, touched[id].stamp()))
	}
	return sc.w.Complete(b.next())
}

// appTokens are the apps that one person lets in now. The scope it needs could also take them away.
func appTokens(ctx context.Context, sc *scan) error {
	id := sc.w.Shard.Key
	err := sc.pages(ctx, "", func(ctx context.Context, _ string) (string, error) {
		var p struct {
			Items []*struct {
				Client    string   `json:"clientId"`
				Name      string   `json:"displayText"`
				Scopes    []string `json:"scopes"`
				Native    *bool    `json:"nativeApp"`
				Anonymous *bool    `json:"anonymous"`
			} `json:"items"`
		}
		q := url.Values{"fields": {"items(clientId,displayText,scopes,nativeApp,anonymous)"}}
		if err := sc.do(ctx, directory(sc.admin(scopeUserTokens), q, "/admin/directory/v1/users/%s/tokens", id), &p); err != nil {
			return "", err
		}
		for _, t := range p.Items {
			if t == nil || t.Client == "" {
				return "", missing("token", "clientId")
			}
			sc.w.Add(&sdk.Grant{
				Id: grantID(id, t.Client), Name: new(t.Name), Type: new("oauth"), State: new("active"),
				App: ref(sdk.KindApp, t.Client, "", t.Name), Account: ref(sdk.KindAccount, id, sc.w.Shard.Name, ""),
				Scopes: sdk.All(t.Scopes...), Attributes: attrs("native_app", truth(t.Native), "anonymous", truth(t.Anonymous)),
			})
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	return sc.w.Complete()
}
