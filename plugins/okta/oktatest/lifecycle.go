package oktatest

import "net/http"

// The errors of calls that a user's status does not allow.
const (
	notInStatus = "E0000038"
	isActive    = "E0000016"
	noUnlock    = "E0000032"
)

// shift is one of a user's lifecycle operations.
func (c *call) shift(do func(u *User) bool) {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok || !do(&u) {
		return
	}
	c.object(http.StatusOK, object{})
}

func (c *call) wrongStatus() bool {
	c.fail(http.StatusForbidden, notInStatus, "This operation is not allowed in the user's current status.")
	return false
}

func (c *call) postSuspend() {
	c.shift(func(u *User) bool {
		if u.Status != "ACTIVE" {
			c.invalid("Cannot suspend a user that is not active")
			return false
		}
		c.s.changed.turn(u, c.s.now(), "SUSPENDED", "")
		c.happened("user.lifecycle.suspend", userParty(u))
		return true
	})
}

func (c *call) postUnsuspend() {
	c.shift(func(u *User) bool {
		if u.Status != "SUSPENDED" {
			c.invalid("Cannot unsuspend a user that is not suspended")
			return false
		}
		c.s.changed.turn(u, c.s.now(), "ACTIVE", "")
		c.happened("user.lifecycle.unsuspend", userParty(u))
		return true
	})
}

// postDeactivate takes all assignments, factors and sessions away. With Config.Later it is under way until Finish.
func (c *call) postDeactivate() {
	c.shift(func(u *User) bool {
		if u.Status == "DEPROVISIONED" || u.becoming != "" {
			return c.wrongStatus()
		}
		if c.s.cfg.Later {
			c.s.changed.turn(u, c.s.now(), u.Status, "DEPROVISIONED")
		} else {
			c.s.changed.turn(u, c.s.now(), "DEPROVISIONED", "")
		}
		c.s.changed.leave(u, c.s.now())
		c.happened("user.lifecycle.deactivate", userParty(u))
		return true
	})
}

// Finish ends the deactivations that are under way.
func (s *Server) Finish() {
	s.changed.mu.Lock()
	defer s.changed.mu.Unlock()
	for _, x := range s.changed.users {
		if x.becoming != "" {
			x.status, x.becoming = x.becoming, ""
		}
	}
}

// postActivate: nobody has a password then, so the user has to choose one before the account is active.
func (c *call) postActivate() {
	u, ok := c.user(c.r.PathValue("id"))
	switch {
	case !ok:
	case u.Status != "STAGED" && u.Status != "DEPROVISIONED" || u.becoming != "":
		c.fail(http.StatusForbidden, isActive, "Activation failed because the user is already active")
	default:
		c.s.changed.turn(&u, c.s.now(), "PROVISIONED", "")
		c.happened("user.lifecycle.activate", userParty(&u))
		c.activation(true)
	}
}

func (c *call) postReactivate() {
	u, ok := c.user(c.r.PathValue("id"))
	switch {
	case !ok:
	case u.Status != "PROVISIONED" && u.Status != "RECOVERY":
		c.wrongStatus()
	default:
		c.happened("user.lifecycle.reactivate", userParty(&u))
		c.activation(false)
	}
}

// activation is the answer: a secret, unless it is sent by mail.
func (c *call) activation(mails bool) {
	if send := c.r.URL.Query().Get("sendEmail"); send == "true" || send == "" && mails {
		c.object(http.StatusOK, object{})
		return
	}
	token := random(10)
	c.object(http.StatusOK, object{"activationToken": token, "activationUrl": c.base() + "/welcome/" + token})
}

// postUnlock works for accounts of the vendor's own only.
func (c *call) postUnlock() {
	c.shift(func(u *User) bool {
		if u.Status != "LOCKED_OUT" || or(u.Provider, "OKTA") != "OKTA" {
			c.fail(http.StatusForbidden, noUnlock, "Unlock is not allowed for this user.")
			return false
		}
		c.s.changed.turn(u, c.s.now(), "ACTIVE", "")
		c.happened("user.account.unlock_by_admin", userParty(u))
		return true
	})
}

// postExpirePassword answers with the user.
func (c *call) postExpirePassword() {
	u, ok := c.user(c.r.PathValue("id"))
	switch {
	case !ok:
	case u.Status != "ACTIVE" && u.Status != "PASSWORD_EXPIRED", u.Provider == "FEDERATION", u.Provider == "SOCIAL":
		c.wrongStatus()
	default:
		c.s.changed.turn(&u, c.s.now(), "PASSWORD_EXPIRED", "")
		c.happened("user.account.expire_password", userParty(&u))
		u, _ = find(c.s.org.Users, u.ID)
		c.object(http.StatusOK, c.showUser(&u))
	}
}

func (c *call) postResetFactors() {
	c.shift(func(u *User) bool {
		if u.Status == "STAGED" || u.Status == "DEPROVISIONED" {
			return c.wrongStatus()
		}
		now := c.s.now()
		c.s.changed.edit(u, now, func(x *changedUser) { x.factorsReset = now })
		c.happened("user.mfa.factor.reset_all", userParty(u))
		return true
	})
}

// deleteSessions tells nobody whether there were any.
func (c *call) deleteSessions() {
	u, ok := c.user(c.r.PathValue("id"))
	if !ok {
		return
	}
	q, now := c.r.URL.Query(), c.s.now()
	c.s.changed.mu.Lock()
	x := c.s.changed.of(&u)
	x.signedOut = now
	if q.Get("forgetDevices") != "false" {
		x.forgotten = now
	}
	c.s.changed.mu.Unlock()
	if q.Get("oauthTokens") == "true" {
		for _, t := range c.s.org.TokensOf(u.ID) {
			c.s.changed.revoke(t.ID)
		}
	}
	c.happened("user.session.clear", userParty(&u))
	c.w.WriteHeader(http.StatusNoContent)
}
