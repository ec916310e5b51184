package main

import (
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// maxRefs in one hint; the host looks at no more of them at once.
const maxRefs = 100

// look is where an event says that something changed: single records, or whole listings.
type look struct {
	refs     []*sdk.Ref
	listings []string
}

// looksAt says where to look after an event; nothing for one that changes nothing.
func looksAt(app string, e *event) (l look) {
	account := func(email string) {
		if email = mailOnly(email); email != "" {
			l.refs = append(l.refs, ref(sdk.KindAccount, "", email, ""))
		}
	}
	name := strings.ToLower(e.Name)
	switch app {
	case "drive":
		if !e.changesFile() {
			return l
		}
		if drive := e.sharedDrive(); drive != "" {
			l.listings = append(l.listings, "shared_drives")
			return l
		}
		if owner := mailOnly(e.text("owner")); owner != "" {
			l.refs = append(l.refs, ref(sdk.KindFile, e.text("doc_id"), owner, ""))
		} else {
			l.listings = append(l.listings, "drives")
		}
	case "admin":
		account(e.text("USER_EMAIL"))
		switch {
		case strings.Contains(name, "group"):
			l.listings = append(l.listings, "groups")
		case strings.Contains(name, "role") || strings.Contains(name, "privilege"):
			l.listings = append(l.listings, "roles")
		case strings.Contains(name, "org_unit"):
			l.listings = append(l.listings, "org_units")
		case strings.Contains(name, "domain"):
			l.listings = append(l.listings, "domains")
		case strings.HasSuffix(name, "_user") || strings.Contains(name, "rename"):
			l.listings = append(l.listings, "users")
		}
	case "groups_enterprise":
		l.listings = append(l.listings, "groups")
	case "user_accounts":
		account(e.first("affected_email_address", "email"))
	case "token":
		if name == "authorize" || name == "revoke" {
			l.listings = append(l.listings, "consents", "token_users")
		}
	}
	return l
}

// gather makes hints of many looks: each thing once.
type gather struct {
	refs     []*sdk.Ref
	listings []string
	seen     map[string]bool
}

func (g *gather) add(l look) {
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	for _, r := range l.refs {
		if key := sdk.ID(sdk.KindName(r.GetKind()), r.GetId(), r.GetEmail()); !g.seen[key] {
			g.seen[key] = true
			g.refs = append(g.refs, r)
		}
	}
	for _, name := range l.listings {
		if !g.seen[name] {
			g.seen[name] = true
			g.listings = append(g.listings, name)
		}
	}
}

func (g *gather) hints(reason string, at time.Time) []sdk.Hint {
	var list []sdk.Hint
	for refs := g.refs; len(refs) > 0; refs = refs[min(maxRefs, len(refs)):] {
		list = append(list, sdk.Hint{Refs: refs[:min(maxRefs, len(refs))], Reason: reason, SeenAt: at})
	}
	for _, name := range g.listings {
		list = append(list, sdk.Hint{Listing: name, Reason: reason, SeenAt: at})
	}
	return list
}
