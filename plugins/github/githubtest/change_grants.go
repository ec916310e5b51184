package githubtest

import (
	"net/http"
	"time"
)

// postPAT takes a fine-grained token's access away.
func (c *call) postPAT() {
	var in struct{ Action string }
	if !c.body(&in) {
		return
	}
	if in.Action != "revoke" {
		c.invalid("action", "Validation Failed")
		return
	}
	p, ok := c.org.PATs.find(c.param("{pat_id}"), isPAT)
	if !ok {
		c.notFound()
		return
	}
	c.org.at().pats.drop(number(p.ID))
	c.log("personal_access_token.access_revoked", "remove", "user", p.Owner.Login, "user_id", p.Owner.ID, "user_programmatic_access_name", p.TokenName)
	c.status = http.StatusNoContent
}

// deleteCredential takes a token's or a key's authorisation for single sign-on away.
func (c *call) deleteCredential() {
	v, ok := c.org.Credentials.find(c.param("{credential_id}"), isCredential)
	if !ok {
		c.notFound()
		return
	}
	c.org.at().credentials.drop(number(v.ID))
	c.log("org_credential_authorization.revoke", "remove", "user", v.Login)
	c.status = http.StatusNoContent
}

// suspended are the Apps' own installations that were suspended by a call, or were and are not any more.
func (s *Server) suspendedAt(i *Installation) time.Time {
	if v, ok := s.suspended.Load(i.ID); ok {
		at, _ := v.(time.Time)
		return at
	}
	return i.SuspendedAt
}

func (c *call) putSuspended()    { c.suspend(c.now) }
func (c *call) deleteSuspended() { c.suspend(time.Time{}) }

// suspend stops an installation of the App that asks, or lets it go on.
func (c *call) suspend(at time.Time) {
	i := c.theInstallation()
	if i == nil {
		return
	}
	if c.s.suspendedAt(i).IsZero() != at.IsZero() {
		c.s.suspended.Store(i.ID, at)
		if c.org = c.s.byLogin[lower(i.Account)]; c.org != nil {
			c.org.at().installed.set(number(i.ID), func(v Installation) Installation { v.SuspendedAt = at; return v })
			word := map[bool]string{true: "unsuspend", false: "suspend"}[at.IsZero()]
			c.log("integration_installation."+word, "modify", "integration", i.AppSlug)
			now := *i
			now.SuspendedAt = at
			c.tell("installation", word, func(b []byte) []byte { return c.installation(key(b, "installation"), &now) })
		}
	}
	c.status = http.StatusNoContent
}
