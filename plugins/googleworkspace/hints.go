package main

import (
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// place is a listing, or one shard of it.
type place struct{ listing, shard string }

// look is where an event says that something changed.
type look struct {
	places []place
	// owner of a changed file, whose drive is to be looked at.
	owner string
	// account that changed, by its id.
	account string
}

func whole(listings ...string) (l look) {
	for _, name := range listings {
		l.places = append(l.places, place{listing: name})
	}
	return l
}

// looksAt says where to look after an event; nothing for one that changes nothing.
func looksAt(app string, e *event) look {
	switch app {
	case "drive":
		return looksAtDrive(e)
	case "admin":
		return looksAtAdmin(e)
	case "groups_enterprise":
		return whole("groups")
	case "user_accounts":
		return whole("users")
	case "token":
		if name := strings.ToLower(e.Name); name == "authorize" || name == "revoke" {
			return whole("consents", "token_users")
		}
	}
	return look{}
}

func looksAtDrive(e *event) look {
	drive := e.sharedDrive()
	switch {
	case drive != "" && (drive == unknownDrive || strings.Contains(e.Name, "_drive_")): // its people, its name, that it is gone
		return whole("shared_drives")
	case !e.changesFile():
		return look{}
	case drive != "":
		return look{places: []place{{"shared_files", drive}}}
	case mailOnly(e.text("owner")) != "":
		return look{owner: strings.ToLower(e.text("owner"))}
	}
	return whole("drives")
}

func looksAtAdmin(e *event) look {
	name := strings.ToLower(e.Name)
	var listings []string
	for _, one := range []struct{ word, listing string }{
		{"group", "groups"}, {"role", "roles"}, {"privilege", "roles"}, {"org_unit", "org_units"}, {"domain", "domains"},
	} {
		if strings.Contains(name, one.word) {
			listings = append(listings, one.listing)
		}
	}
	if e.text("USER_EMAIL") != "" || strings.HasSuffix(name, "_user") {
		listings = append(listings, "users")
	}
	return whole(listings...)
}

// gather makes hints of many looks: each thing once.
type gather struct {
	places []place
	refs   []*sdk.Ref
	seen   map[string]bool
}

func (g *gather) add(l look) {
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	for _, p := range l.places {
		if key := sdk.ID(p.listing, p.shard); !g.seen[key] {
			g.seen[key] = true
			g.places = append(g.places, p)
		}
	}
	if key := "account/" + l.account; l.account != "" && !g.seen[key] {
		g.seen[key] = true
		g.refs = append(g.refs, sdk.To(sdk.KindAccount, l.account))
	}
}

func (g *gather) hints(reason string, at time.Time) []sdk.Hint {
	var list []sdk.Hint
	if len(g.refs) > 0 {
		list = append(list, sdk.Hint{Listing: "users", Refs: g.refs, Reason: reason, SeenAt: at})
	}
	for _, p := range g.places {
		list = append(list, sdk.Hint{Listing: p.listing, Shard: p.shard, Reason: reason, SeenAt: at})
	}
	return list
}
