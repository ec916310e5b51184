package main

import (
	"cmp"
	"slices"
	"strings"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// need is one scope and what it is for.
type need struct {
	scope   string
	instead []string // any of these does as well
	use     []string // listings, actions, …
}

// needs gives the scopes of exactly what was chosen, those for reading or those for changing.
func (c *choice) needs(acting bool) []need {
	var list []need
	add := func(scope, use string, instead ...string) {
		i := slices.IndexFunc(list, func(n need) bool { return n.scope == scope && slices.Equal(n.instead, instead) })
		if i < 0 {
			i, list = len(list), append(list, need{scope: scope, instead: instead})
		}
		if !slices.Contains(list[i].use, use) {
			list[i].use = append(list[i].use, use)
		}
	}
	for _, s := range c.method.GetScopes() {
		if use, ok := c.uses(s.GetCapability(), acting); ok {
			add(s.GetScope(), use, s.GetAlternatives()...)
		}
	}
	if acting {
		return list
	}
	for _, l := range c.of.GetListings() { // where the method says nothing, the listing does
		p := l.GetPermissions()
		if !c.on(l) || len(p) == 0 || c.said("list:"+l.GetName()) {
			continue
		}
		if c.lists() {
			add(p[0], l.GetName(), p[1:]...)
			continue
		}
		for _, one := range p {
			add(one, l.GetName())
		}
	}
	for _, r := range c.of.GetRealtime() {
		if c.hears(r) && !c.said("realtime:"+r.GetName()) {
			for _, p := range r.GetNeeds() {
				if !c.field(p) {
					add(p, r.GetName())
				}
			}
		}
	}
	return list
}

// uses tells whether a capability was chosen, and its name for people. One that is neither a listing nor an action is
// needed whatever one chose.
func (c *choice) uses(capability string, acting bool) (string, bool) {
	sort, name, _ := strings.Cut(capability, ":")
	switch sort {
	case "act":
		return name, acting && c.actions
	case "list":
		return name, !acting && c.on(c.listing(name))
	case "content":
		return "content", !acting && c.content
	case "realtime":
		i := slices.IndexFunc(c.of.GetRealtime(), func(r *wire.RealtimeSpec) bool { return r.GetName() == name })
		return name, !acting && i >= 0 && c.hears(c.of.GetRealtime()[i])
	}
	return capability, true
}

// field tells whether that is a credential field, and no scope.
func (c *choice) field(name string) bool {
	return slices.ContainsFunc(c.of.GetCredentials(), func(m *wire.CredentialMethod) bool {
		return slices.ContainsFunc(m.GetFields(), func(f *wire.CredentialField) bool { return f.GetName() == name })
	})
}

// hears tells whether a means of realtime is used: webhooks only where they are pushed.
func (c *choice) hears(r *wire.RealtimeSpec) bool {
	return (c.push || r.GetMeans() != "webhook") &&
		(len(r.GetListings()) == 0 || slices.ContainsFunc(r.GetListings(), func(l string) bool { return c.on(c.listing(l)) }))
}

// why a listing that was chosen is off: what it is, and what it takes beyond the scopes of the others.
func (c *choice) why(l *wire.ListingSpec) string {
	extra := slices.DeleteFunc(slices.Clone(l.GetPermissions()), func(p string) bool {
		return slices.ContainsFunc(c.needs(false), func(n need) bool { return n.scope == p })
	})
	between := " and "
	if c.lists() {
		between = " or "
	}
	if len(extra) > 0 {
		return "takes " + strings.Join(extra, between) + ": " + l.GetDoc()
	}
	return cmp.Or(l.GetDoc(), "as the connector does by itself")
}
