package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// share is one permission that a file has of its own: not its owner's, and not from its shared drive. Its id is left out,
// because Google gives a new one to what comes back.
type share struct {
	Type         string `json:"type"`
	Who          string `json:"who,omitempty"` // e-mail or domain; "" is anyone
	Discoverable bool   `json:"discoverable,omitempty"`
	Role         string `json:"role"`
	Expires      string `json:"expires,omitempty"`
}

// shareKey is whom a share is for.
type shareKey struct {
	kind, who    string
	discoverable bool
}

func (s share) key() shareKey { return shareKey{s.Type, s.Who, s.Discoverable} }

func (s share) String() string {
	switch {
	case s.Type == "anyone" && s.Discoverable:
		return "anyone, also by searching (" + s.Role + ")"
	case s.Type == "anyone":
		return "anyone with the link (" + s.Role + ")"
	case s.Type == "domain":
		return "everybody of " + s.Who + " (" + s.Role + ")"
	}
	return s.Who + " (" + s.Role + ")"
}

// shareOf is false for what is the owner's, inherited, or of an account that is gone.
func shareOf(p *permission) (share, bool) {
	own, role := len(p.Details) == 0, p.Role
	for _, d := range p.Details {
		if !d.Inherited {
			own, role = true, cmp.Or(d.Role, p.Role)
		}
	}
	s := share{Type: p.Type, Role: role, Who: strings.ToLower(cmp.Or(p.Email, p.Domain))}
	s.Discoverable = (p.Type == "anyone" || p.Type == "domain") && p.Discoverable != nil && *p.Discoverable
	if t := p.Expires.Time; !t.IsZero() {
		s.Expires = t.UTC().Format(time.RFC3339)
	}
	return s, own && role != "owner" && !p.Deleted
}

// shares of a file, sorted; never nil.
type shares []share

// filter keeps those that an action is about.
type filter func(share) bool

// sharesOf gives what is shared, with the ids of now.
func (c *client) sharesOf(ctx context.Context, who as, id string, keep filter) (shares, map[shareKey]string, error) {
	all, err := c.permissions(ctx, who, id, false)
	if err != nil {
		return nil, nil, err
	}
	list, ids := shares{}, map[shareKey]string{}
	for n := range all {
		if s, ok := shareOf(&all[n]); ok && keep(s) {
			list, ids[s.key()] = append(list, s), all[n].ID
		}
	}
	slices.SortFunc(list, func(a, b share) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Who, b.Who), strings.Compare(a.String(), b.String()))
	})
	return list, ids, nil
}

// with finds the share for somebody.
func (l shares) with(k shareKey) (share, bool) {
	for _, s := range l {
		if s.key() == k {
			return s, true
		}
	}
	return share{}, false
}

// arrange makes the shares that an action is about what they shall be, one after the other: Google applies only the last of
// several changes at once. What somebody else shared since the plan was made is a conflict, because nobody agreed to it.
func (c *client) arrange(ctx context.Context, n *steps, who as, id string, keep filter, from, to shares) error {
	now, ids, err := c.sharesOf(ctx, who, id, keep)
	if err != nil {
		return err
	}
	if err := planned(now, from, to); err != nil {
		return err
	}
	ctx = sdk.Safe(ctx) // each of these is the same when it is done twice
	for _, s := range now {
		if _, stays := to.with(s.key()); stays {
			continue
		}
		if err := c.unshare(ctx, who, id, ids[s.key()]); err != nil {
			return err
		}
		*n++
	}
	for _, s := range to {
		have, there := now.with(s.key())
		if there && have == s || c.over(s) {
			continue
		}
		if err := c.share(ctx, who, id, s, ids[s.key()], have); err != nil {
			return err
		}
		*n++
	}
	return nil
}

// planned: all that is shared now was known to the plan.
func planned(now, from, to shares) error {
	for _, s := range now {
		a, inFrom := from.with(s.key())
		b, inTo := to.with(s.key())
		if (!inFrom || a != s) && (!inTo || b.Role != s.Role) { // its end may be what is still missing
			return sdk.Errorf(sdk.ErrConflict, "somebody else shared the file meanwhile with %s: plan it again", s)
		}
	}
	return nil
}

// over says that a share would have ended by itself.
func (c *client) over(s share) bool {
	t, err := time.Parse(time.RFC3339, s.Expires)
	return err == nil && !t.After(c.now())
}

// unshare takes a permission away; that it is not there is as well.
func (c *client) unshare(ctx context.Context, who as, id, permission string) error {
	k := drive(who, query("supportsAllDrives", "true"), "/drive/v3/files/%s/permissions/%s", id, permission)
	k.method = http.MethodDelete
	if err := c.do(ctx, k, nil); err != nil && sdk.TypeOf(err) != sdk.ErrNotFound {
		return err
	}
	return nil
}

// share gives access, without a mail; with somebody's permission, it changes that.
func (c *client) share(ctx context.Context, who as, id string, s share, permissionID string, have share) error {
	people := s.Type == "user" || s.Type == "group"
	if permissionID == "" {
		body := permission{Type: s.Type, Role: s.Role}
		notify := ""
		switch {
		case people:
			body.Email, notify = s.Who, "false"
		case s.Type == "domain":
			body.Domain = s.Who
		}
		if !people {
			body.Discoverable = &s.Discoverable
		}
		if t, err := time.Parse(time.RFC3339, s.Expires); err == nil {
			body.Expires = when{t}
		}
		k := drive(who, query("supportsAllDrives", "true", "sendNotificationEmail", notify, "fields", permissionFields), "/drive/v3/files/%s/permissions", id)
		k.method, k.body = http.MethodPost, body
		var made permission
		if err := c.do(ctx, k, &made); err != nil {
			return err
		}
		if have, _ = shareOf(&made); have.Role == s.Role && have.Expires == s.Expires {
			return nil
		}
		permissionID = made.ID // Google left out when it ends
	}
	body := map[string]string{"role": s.Role}
	if s.Expires != "" {
		body["expirationTime"] = s.Expires
	}
	q := query("supportsAllDrives", "true", "removeExpiration", yes(s.Expires == "" && have.Expires != ""), "fields", "id")
	k := drive(who, q, "/drive/v3/files/%s/permissions/%s", id, permissionID)
	k.method, k.body = http.MethodPatch, body
	return c.do(ctx, k, nil)
}

// sharing is an action that ends what is shared, as far as it is about it; its undo shares it again.
func (c connector) sharing(about func(context.Context, *client, *sdk.Intent) (filter, error)) sdk.Actor {
	return &sdk.Change[shares]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (shares, error) {
			cl := c.client(s)
			keep, err := about(ctx, cl, i)
			if err != nil {
				return nil, err
			}
			h, err := cl.reach(ctx, i)
			if err != nil {
				return nil, err
			}
			list, _, err := cl.sharesOf(ctx, h.as, h.ID, keep)
			return list, err
		},
		Want: func(*sdk.Intent, shares) (shares, error) { return shares{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to shares) (*sdk.Outcome, error) {
			cl := c.client(s)
			keep, err := about(ctx, cl, i)
			if err != nil {
				return nil, err
			}
			h, err := cl.reach(ctx, i)
			if err != nil {
				return nil, err
			}
			var n steps
			err = cl.arrange(ctx, &n, h.as, h.ID, keep, from, to)
			return n.end(err)
		},
		Effects: func(_ *sdk.Intent, from, to shares) []string { return shareEffects(from, to) },
	}
}

const maxEffects = 50 // that are named one by one

func shareEffects(from, to shares) (list []string) {
	for _, s := range from {
		if _, stays := to.with(s.key()); !stays {
			list = append(list, s.String()+" loses access")
		}
	}
	for _, s := range to {
		if have, there := from.with(s.key()); !there {
			list = append(list, s.String()+" gets access")
		} else if have != s {
			list = append(list, s.String()+" instead of "+have.Role)
		}
	}
	if n := len(list); n > maxEffects {
		list = append(list[:maxEffects], "and "+strconv.Itoa(n-maxEffects)+" more")
	}
	return list
}
