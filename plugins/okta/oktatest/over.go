package oktatest

import (
	"slices"
	"strings"
	"time"
)

// over is the organisation with what calls changed. It asks the base anew each time.
func (c *changes) over() *Org {
	o := *c.base
	o.Users = overlaid(func() List[User] { return c.base.Users }, c.user)
	if c.base.UsersSince != nil {
		o.UsersSince = c.usersSince
	}
	o.Groups = overlaid(func() List[Group] { return c.base.Groups }, c.group)
	o.Members, o.GroupsOf = c.membersOf, c.groupsOf
	o.Rules = overlaid(func() List[Rule] { return c.base.Rules }, c.rule)
	o.AppUsers, o.AppTokens, o.TokensOf, o.UserGrants = c.appUsersOf, c.appTokens, c.tokensOf, c.userGrants
	o.Factors, o.Log = c.factors, c.logged()
	live := func() *Org { return c.base }
	o.Apps = overlaid(func() List[App] { return live().Apps }, func(a App) App { return a })
	o.APITokens = List[APIToken]{Len: func() int { return live().APITokens.len() }, At: func(i int) APIToken { return live().APITokens.At(i) }}
	return &o
}

// overlaid is a list with its entries changed.
func overlaid[T interface{ key() string }](base func() List[T], change func(T) T) List[T] {
	return List[T]{
		Len: func() int { return base().len() },
		At:  func(i int) T { return change(base().At(i)) },
		Find: func(id string) (T, bool) {
			v, ok := find(base(), id)
			return change(v), ok
		},
	}
}

// groupsOf gives the ids of the groups a user is in.
func (c *changes) groupsOf(user string) []string {
	var ids []string
	if c.base.GroupsOf != nil {
		ids = c.base.GroupsOf(user)
	} else {
		for i, n := 0, c.base.Groups.len(); i < n; i++ {
			g := c.base.Groups.At(i)
			if _, ok := find(c.baseMembers(g.ID), user); ok && g.ID != "" {
				ids = append(ids, g.ID)
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		in, changed := c.members[pair{id, user}]
		return changed && !in
	})
	var in []string
	for p, member := range c.members {
		if p.user == user && member && !slices.Contains(ids, p.in) {
			in = append(in, p.in)
		}
	}
	slices.Sort(in)
	return append(ids, in...)
}

// appUsersOf an app: those of the base that are still assigned, and then those whom calls assigned.
func (c *changes) appUsersOf(app string) List[AppUser] {
	var base List[AppUser]
	if c.base.AppUsers != nil {
		base = c.base.AppUsers(app)
	}
	c.mu.Lock()
	var made []AppUser
	for p, a := range c.assigned {
		if p.in == app && a != nil {
			made = append(made, *a)
		}
	}
	c.mu.Unlock()
	slices.SortFunc(made, func(a, b AppUser) int { return strings.Compare(a.ID, b.ID) })
	n := base.len()
	return List[AppUser]{
		Len: func() int { return n + len(made) },
		At: func(i int) AppUser {
			switch {
			case i < n:
				if u := base.At(i); c.stays(app, &u) {
					return u
				}
			case i < n+len(made):
				return made[i-n]
			}
			return AppUser{}
		},
		Find: func(id string) (AppUser, bool) {
			for i := range made {
				if made[i].ID == id {
					return made[i], true
				}
			}
			u, ok := find(base, id)
			return u, ok && c.stays(app, &u)
		},
	}
}

// stays says whether an assignment of the base is still there.
func (c *changes) stays(app string, u *AppUser) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, replaced := c.assigned[pair{app, u.ID}]
	x := c.users[u.ID]
	switch {
	case replaced:
		return false
	case x == nil:
		return true
	case x.status == "DEPROVISIONED" || x.becoming == "DEPROVISIONED":
		return false
	}
	return or(u.Scope, "USER") == "GROUP" || !u.Created.Before(x.unassigned)
}

// assign gives an app to a user; nil takes it away.
func (c *changes) assign(app, user string, a *AppUser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assigned[pair{app, user}] = a
}

func (c *changes) isRevoked(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revoked[id]
}

func (c *changes) revoke(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.revoked[id] = true
	}
}

func (c *changes) appTokens(app string) List[RefreshToken] {
	if c.base.AppTokens == nil {
		return List[RefreshToken]{}
	}
	base := c.base.AppTokens(app)
	return List[RefreshToken]{Len: base.len, At: func(i int) RefreshToken {
		if t := base.At(i); !c.isRevoked(t.ID) {
			return t
		}
		return RefreshToken{}
	}}
}

// tokensOf gives the refresh tokens of a user, of all apps.
func (c *changes) tokensOf(user string) []RefreshToken {
	var list []RefreshToken
	if c.base.TokensOf != nil {
		list = slices.Clone(c.base.TokensOf(user))
	} else {
		for i, n := 0, c.base.Apps.len(); i < n; i++ {
			tokens := c.appTokens(c.base.Apps.At(i).ID)
			for j, m := 0, tokens.len(); j < m; j++ {
				if t := tokens.At(j); t.UserID == user {
					list = append(list, t)
				}
			}
		}
	}
	return slices.DeleteFunc(list, func(t RefreshToken) bool { return t.ID == "" || c.isRevoked(t.ID) })
}

func (c *changes) userGrants(user string) List[Grant] {
	if c.base.UserGrants == nil {
		return List[Grant]{}
	}
	base := c.base.UserGrants(user)
	return List[Grant]{Len: base.len, At: func(i int) Grant {
		if g := base.At(i); !c.isRevoked(g.ID) {
			return g
		}
		return Grant{}
	}}
}

// factors: the mailbox is enrolled by itself, so it comes back at once.
func (c *changes) factors(user string) []Factor {
	if c.base.Factors == nil {
		return nil
	}
	var reset time.Time
	c.mu.Lock()
	if x := c.users[user]; x != nil {
		reset = x.factorsReset
	}
	c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.base.Factors(user)), func(f Factor) bool { return f.Type != "email" && f.Created.Before(reset) })
}

// Sessions of a user.
type Sessions struct {
	// Open: the user is signed in. Remembered: on some device no second factor is asked for.
	Open, Remembered bool
}

// Sessions tells of a user's sessions, which the vendor's API does not. Who may sign in is signed in until a call ends it.
func (s *Server) Sessions(user string) Sessions {
	u, ok := find(s.org.Users, user)
	s.changed.mu.Lock()
	defer s.changed.mu.Unlock()
	x := s.changed.users[user]
	if x == nil {
		x = &changedUser{}
	}
	in := ok && u.Status != "STAGED" && u.Status != "PROVISIONED" && u.Status != "DEPROVISIONED"
	return Sessions{Open: in && x.signedOut.IsZero(), Remembered: in && x.forgotten.IsZero()}
}

// Undo takes back all that calls changed, but for the log, in which it stays.
func (s *Server) Undo() {
	fresh := newChanges(s.cfg.Org)
	c := s.changed
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users, c.groups, c.members, c.excluded, c.assigned, c.revoked = fresh.users, fresh.groups, fresh.members, fresh.excluded, fresh.assigned, fresh.revoked
}
