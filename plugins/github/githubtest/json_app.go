package githubtest

import "strconv"

func (c *call) installation(b []byte, i *Installation) []byte {
	if i.ID == 0 {
		return b
	}
	o := c.org
	if i.Account != "" {
		o = c.s.byLogin[lower(i.Account)]
	}
	if o == nil {
		return b
	}
	id := strconv.FormatInt(i.ID, 10)
	b = num(append(b, '{'), "id", i.ID)
	b = str(b, "client_id", i.ClientID)
	b = append(key(b, "account"), c.ownerOf(o)...)
	b = str(b, "repository_selection", orString(i.RepositorySelection, "all"))
	b = str(b, "access_tokens_url", c.base+"/app/installations/"+id+"/access_tokens")
	b = str(b, "repositories_url", c.base+"/installation/repositories")
	b = str(b, "html_url", "https://github.com/organizations/"+o.Login+"/settings/installations/"+id)
	b = num(b, "app_id", i.AppID)
	b = str(b, "app_slug", i.AppSlug)
	b = num(b, "target_id", o.ID)
	b = str(b, "target_type", "Organization")
	b = pairs(b, "permissions", i.Permissions)
	b = strs(b, "events", i.Events)
	b = stamp(b, "created_at", i.CreatedAt)
	b = stamp(b, "updated_at", i.UpdatedAt)
	b = append(b, `,"single_file_name":null,"has_multiple_single_files":false,"single_file_paths":[]`...)
	b = c.userOrNull(b, "suspended_by", &i.SuspendedBy)
	return append(stampOrNull(b, "suspended_at", i.SuspendedAt), '}')
}

// app appends GET /app.
func (c *call) app(b []byte, a *App) []byte {
	owner := a.Owner
	if owner.ID == 0 {
		owner = User{ID: 1, Login: "owner"}
	}
	b = num(append(b, '{'), "id", a.ID)
	b = str(b, "slug", a.Slug)
	b = nodeID(b, "Integration", a.ID)
	b = str(b, "client_id", a.ClientID)
	b = c.user(key(b, "owner"), &owner)
	b = str(b, "name", a.Name)
	b = append(b, `,"description":null,"external_url":"https://example.com"`...)
	b = str(b, "html_url", "https://github.com/apps/"+a.Slug)
	b = stamp(b, "created_at", epoch)
	b = stamp(b, "updated_at", epoch)
	b = pairs(b, "permissions", a.Permissions)
	b = strs(b, "events", a.Events)
	return append(num(b, "installations_count", int64(len(a.Installations))), '}')
}

func (c *call) credential(b []byte, v *Credential) []byte {
	if v.ID == 0 {
		return b
	}
	b = str(append(b, '{'), "login", v.Login)
	b = num(b, "credential_id", v.ID)
	b = str(b, "credential_type", v.Type)
	if v.TokenLastEight != "" {
		b = str(b, "token_last_eight", v.TokenLastEight)
	}
	b = stamp(b, "credential_authorized_at", v.AuthorizedAt)
	if v.Type != "SSH key" {
		b = strs(b, "scopes", v.Scopes)
	}
	if v.Fingerprint != "" {
		b = str(b, "fingerprint", v.Fingerprint)
	}
	b = stampOrNull(b, "credential_accessed_at", v.AccessedAt)
	if v.AuthorizedID == 0 {
		b = null(b, "authorized_credential_id")
	} else {
		b = num(b, "authorized_credential_id", v.AuthorizedID)
	}
	b = strOrNull(b, "authorized_credential_title", v.Title)
	b = strOrNull(b, "authorized_credential_note", v.Note)
	return append(stampOrNull(b, "authorized_credential_expires_at", v.ExpiresAt), '}')
}

// pat appends a fine-grained token with access.
func (c *call) pat(b []byte, p *PAT) []byte { return c.patLike(b, p, "personal-access-tokens") }

// patRequest appends a fine-grained token that waits for approval.
func (c *call) patRequest(b []byte, p *PAT) []byte {
	return c.patLike(b, p, "personal-access-token-requests")
}

func (c *call) patLike(b []byte, p *PAT, list string) []byte {
	if p.ID == 0 {
		return b
	}
	b = num(append(b, '{'), "id", p.ID)
	if list == "personal-access-tokens" {
		b = stamp(b, "access_granted_at", p.GrantedAt)
	} else {
		b = strOrNull(b, "reason", p.Reason)
		b = stamp(b, "created_at", p.GrantedAt)
	}
	b = c.user(key(b, "owner"), &p.Owner)
	b = str(b, "repository_selection", orString(p.RepositorySelection, "none"))
	b = str(b, "repositories_url", c.base+"/organizations/"+strconv.FormatInt(c.org.ID, 10)+"/"+list+"/"+strconv.FormatInt(p.ID, 10)+"/repositories")
	b = append(key(b, "permissions"), '{')
	if len(p.Organization) > 0 {
		b = pairs(b, "organization", p.Organization)
	}
	if len(p.Repository) > 0 {
		b = pairs(b, "repository", p.Repository)
	}
	if len(p.Other) > 0 {
		b = pairs(b, "other", p.Other)
	}
	b = append(b, '}')
	b = num(b, "token_id", p.TokenID)
	b = str(b, "token_name", p.TokenName)
	b = flag(b, "token_expired", !p.ExpiresAt.IsZero() && p.ExpiresAt.Before(c.now))
	b = stampOrNull(b, "token_expires_at", p.ExpiresAt)
	return append(stampOrNull(b, "token_last_used_at", p.LastUsedAt), '}')
}

func (c *call) scimUser(b []byte, u *SCIMUser) []byte {
	if u.ID == "" {
		return b
	}
	b = append(b, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`...)
	b = str(b, "id", u.ID)
	b = strOrNull(b, "externalId", u.ExternalID)
	b = str(b, "userName", u.UserName)
	b = strOrNull(b, "displayName", u.DisplayName)
	b = append(key(b, "name"), '{')
	b = strOrNull(b, "givenName", u.GivenName)
	b = strOrNull(b, "familyName", u.FamilyName)
	b = append(b, '}')
	b = append(key(b, "emails"), '[')
	for i, e := range u.Emails {
		b = append(comma(b), '{')
		b = str(b, "value", e)
		b = flag(b, "primary", i == 0)
		b = append(str(b, "type", "work"), '}')
	}
	b = append(b, ']')
	b = flag(b, "active", u.Active)
	b = append(key(b, "meta"), `{"resourceType":"User"`...)
	b = stamp(b, "created", u.CreatedAt)
	b = stamp(b, "lastModified", u.UpdatedAt)
	b = str(b, "location", c.base+"/scim/v2/organizations/"+c.org.Login+"/Users/"+u.ID)
	return append(b, '}', '}')
}

func (c *call) hook(b []byte, h *Hook) []byte {
	if h.ID == 0 {
		return b
	}
	self := c.base + "/orgs/" + c.org.Login + "/hooks/" + strconv.FormatInt(h.ID, 10)
	b = append(b, `{"type":"Organization"`...)
	b = num(b, "id", h.ID)
	b = append(b, `,"name":"web"`...)
	b = flag(b, "active", !h.Inactive)
	b = strs(b, "events", h.Events)
	b = hookConfig(key(b, "config"), h)
	b = stamp(b, "updated_at", h.UpdatedAt)
	b = stamp(b, "created_at", h.CreatedAt)
	b = str(b, "url", self)
	b = str(b, "ping_url", self+"/pings")
	return append(str(b, "deliveries_url", self+"/deliveries"), '}')
}

// hookConfig appends where a webhook goes; the secret is hidden.
func hookConfig(b []byte, h *Hook) []byte {
	insecure := "0"
	if h.InsecureSSL {
		insecure = "1"
	}
	b = str(append(b, '{'), "content_type", orString(h.ContentType, "json"))
	b = str(b, "insecure_ssl", insecure)
	if h.Secret != "" {
		b = str(b, "secret", "********")
	}
	return append(str(b, "url", h.URL), '}')
}

func (c *call) publicEvent(b []byte, e *PublicEvent) []byte {
	if e.ID == "" {
		return b
	}
	b = str(append(b, '{'), "id", e.ID)
	b = str(b, "type", e.Type)
	b = append(key(b, "actor"), '{')
	b = num(b, "id", e.Actor.ID)
	b = str(b, "login", e.Actor.Login)
	b = append(b, `,"gravatar_id":""`...)
	b = str(b, "url", c.base+"/users/"+e.Actor.Login)
	b = append(str(b, "avatar_url", "https://avatars.githubusercontent.com/u/"+strconv.FormatInt(e.Actor.ID, 10)+"?"), '}')
	b = append(key(b, "repo"), '{')
	b = num(b, "id", e.RepoID)
	b = str(b, "name", c.org.Login+"/"+e.Repo)
	b = append(str(b, "url", c.base+"/repos/"+c.org.Login+"/"+e.Repo), '}')
	if e.Payload == nil {
		b = append(b, `,"payload":{}`...)
	} else {
		b = appendAny(key(b, "payload"), e.Payload)
	}
	b = flag(b, "public", e.Public)
	b = stamp(b, "created_at", e.Created)
	b = append(key(b, "org"), '{')
	b = num(b, "id", c.org.ID)
	b = str(b, "login", c.org.Login)
	return append(str(b, "url", c.base+"/orgs/"+c.org.Login), '}', '}')
}
