package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The words of --for that are no kinds of records.
const (
	wantAll     = "all" // to read
	wantContent = "content"
	wantPush    = "push"
	wantActions = "actions"
)

// madeHere is the credential field that the agent makes itself, where nobody gives it: package ingest.
const madeHere = "webhook_secret"

// defaultName is that of an instance that nobody named.
const defaultName = "main"

// choice is what one wants of a connector.
type choice struct {
	of     *wire.Description
	method *wire.CredentialMethod // nil: the connector takes no credentials
	name   string
	values map[string]string // of settings and of credential fields that are no secrets
	// listings are the chosen ones, with those whose pages carry their shards; named: asked for by their own name.
	listings, named map[string]bool
	content, push   bool
	actions         bool
}

// fill takes what the flags say and asks for the rest.
func (c *choice) fill(f *connectFlags, q *questions) error {
	if err := c.readValues(f.set); err != nil {
		return err
	}
	wanted, err := q.want(c, f.want)
	if err != nil {
		return err
	}
	if err := c.want(wanted); err != nil {
		return err
	}
	if c.method, err = q.method(c, f.method); err != nil {
		return err
	}
	if c.name, err = q.name(f.name); err != nil {
		return err
	}
	if err := q.values(c); err != nil {
		return err
	}
	return c.checkValues()
}

// offer is one word that can be chosen.
type offer struct{ word, what string }

// offers are the words for what the connector reads, and changes.
func (c *choice) offers() []offer {
	var list []offer
	for n := int32(1); n < int32(len(wire.Kind_name)); n++ {
		var names []string
		for _, l := range c.of.GetListings() {
			if gives(l, wire.Kind(n)) {
				names = append(names, l.GetName())
			}
		}
		if len(names) > 0 {
			list = append(list, offer{plural(wire.Kind(n)), strings.Join(names, ", ")})
		}
	}
	if c.of.GetContent() != nil {
		list = append(list, offer{wantContent, "what stands in files"})
	}
	if c.hooks() != nil {
		list = append(list, offer{wantPush, "changes at once by webhooks, where the provider can reach this machine; this may take a scope that writes webhooks"})
	}
	if len(c.of.GetActions()) > 0 {
		var names []string
		for _, a := range c.of.GetActions() {
			names = append(names, a.GetName())
		}
		list = append(list, offer{wantActions, "change things: " + strings.Join(names, ", ")})
	}
	return list
}

func gives(l *wire.ListingSpec, k wire.Kind) bool {
	return slices.Contains(l.GetDefines(), k) || slices.Contains(l.GetEnriches(), k)
}

// plural is the word for many records of a kind, the one that sdk.ParseKind reads back.
func plural(k wire.Kind) string {
	word := sdk.KindName(k)
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		return stem + "ies"
	}
	return word + "s"
}

// want chooses by words.
func (c *choice) want(words []string) error {
	c.listings, c.named, c.content, c.push, c.actions = map[string]bool{}, map[string]bool{}, false, false, false
	for _, w := range words {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		if !c.wantOne(w) {
			var all []string
			for _, o := range c.offers() {
				all = append(all, o.word)
			}
			for _, l := range c.of.GetListings() {
				all = append(all, l.GetName())
			}
			return &exit{exitUsage, fmt.Errorf("%s has no %q: %s", c.of.GetName(), syntax.Short(w), syntax.Choices(w, "there are", append(all, wantAll)))}
		}
	}
	if len(c.listings) == 0 {
		return &exit{exitUsage, errors.New("nothing is chosen that could be read; write --for all, or some of " + c.words())}
	}
	c.addParents()
	return nil
}

func (c *choice) words() string {
	var words []string
	for _, o := range c.offers() {
		words = append(words, o.word)
	}
	return strings.Join(words, ", ")
}

// wantOne: a kind and a listing may have one name; who asks for files wants all there is about them.
func (c *choice) wantOne(word string) bool {
	kind, isKind := sdk.ParseKind(word)
	found := word == wantAll
	for _, l := range c.of.GetListings() {
		if word == wantAll || isKind && gives(l, kind) {
			c.listings[l.GetName()], found = true, true
		}
	}
	switch {
	case word == wantAll:
		c.content = c.of.GetContent() != nil
	case word == wantContent && c.of.GetContent() != nil:
		c.content, found = true, true
	case word == wantPush && c.hooks() != nil:
		c.push, found = true, true
	case word == wantActions && len(c.of.GetActions()) > 0:
		c.actions, found = true, true
	}
	if c.listing(word) != nil {
		c.listings[word], c.named[word], found = true, true, true
	}
	return found
}

func (c *choice) listing(name string) *wire.ListingSpec {
	for _, l := range c.of.GetListings() {
		if l.GetName() == name {
			return l
		}
	}
	return nil
}

// addParents: a listing whose shards another one carries cannot be read without it. The host knows that there is no circle.
func (c *choice) addParents() {
	for range c.of.GetListings() { // a chain is no longer than that
		for _, l := range c.of.GetListings() {
			if p := l.GetParent(); p != "" && c.listings[l.GetName()] {
				c.listings[p] = true
				c.named[p] = c.named[p] || c.on(l)
			}
		}
	}
}

// on tells whether a listing will be scanned: chosen, and cheap or asked for by name.
func (c *choice) on(l *wire.ListingSpec) bool {
	return l != nil && c.listings[l.GetName()] && (!l.GetOffByDefault() || c.named[l.GetName()]) && !c.unasked(l)
}

// unasked: the method's scopes leave out what the listing needs, mostly because it could also write. Who names the listing
// gets it.
func (c *choice) unasked(l *wire.ListingSpec) bool {
	if c.named[l.GetName()] || len(l.GetPermissions()) == 0 {
		return false
	}
	return c.lists() && !c.said("list:"+l.GetName())
}

// lists: the method says itself which scopes its listings take. What it leaves out names permissions, one of which does.
func (c *choice) lists() bool {
	return slices.ContainsFunc(c.method.GetScopes(), func(n *wire.ScopeNeed) bool { return strings.HasPrefix(n.GetCapability(), "list:") })
}

// said: the method names the scopes of a capability itself.
func (c *choice) said(capability string) bool {
	return slices.ContainsFunc(c.method.GetScopes(), func(n *wire.ScopeNeed) bool { return n.GetCapability() == capability })
}

// hooks is the connector's means by webhooks; nil: it has none.
func (c *choice) hooks() *wire.RealtimeSpec {
	for _, r := range c.of.GetRealtime() {
		if r.GetMeans() == "webhook" {
			return r
		}
	}
	return nil
}

// keys are the fields that webhooks need beside those of the method.
func (c *choice) keys() []*wire.CredentialField {
	var list []*wire.CredentialField
	for _, m := range c.of.GetCredentials() {
		for _, f := range m.GetFields() {
			if c.push && f.GetName() != madeHere && slices.Contains(c.hooks().GetNeeds(), f.GetName()) {
				list = append(list, f)
			}
		}
	}
	return list
}

// methods are the ways to call the provider. Fields that only serve a means of realtime (the secret of webhooks) are none.
func (c *choice) methods() []*wire.CredentialMethod {
	var beside []string
	for _, r := range c.of.GetRealtime() {
		beside = append(beside, r.GetNeeds()...)
	}
	return slices.DeleteFunc(slices.Clone(c.of.GetCredentials()), func(m *wire.CredentialMethod) bool {
		return len(m.GetFields()) > 0 &&
			!slices.ContainsFunc(m.GetFields(), func(f *wire.CredentialField) bool { return !slices.Contains(beside, f.GetName()) })
	})
}

// methodNamed gives a method by its name; "" is the first.
func (c *choice) methodNamed(name string) (*wire.CredentialMethod, error) {
	var names []string
	for _, m := range c.methods() {
		if name == "" || m.GetName() == name {
			return m, nil
		}
		names = append(names, m.GetName())
	}
	if name == "" {
		return nil, nil
	}
	return nil, &exit{exitUsage, fmt.Errorf("%s has no method %q: %s", c.of.GetName(), syntax.Short(name), syntax.Choices(name, "there are", names))}
}

// readValues reads --set.
func (c *choice) readValues(set []string) error {
	c.values = map[string]string{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return &exit{exitUsage, fmt.Errorf("--set %q: write NAME=VALUE", syntax.Short(s))}
		}
		c.values[name] = value
	}
	return nil
}

// checkValues refuses values of nothing, and secrets: the command line is seen by everybody on the machine.
func (c *choice) checkValues() error {
	var names []string
	for _, s := range c.of.GetSettings() {
		names = append(names, s.GetName())
	}
	for _, f := range c.method.GetFields() {
		if _, given := c.values[f.GetName()]; given && (f.GetSecret() || f.GetKept()) {
			return &exit{exitUsage, fmt.Errorf("%s is a secret, which no command line should have: leave it out, and put it where the block says", f.GetName())}
		}
		if !f.GetSecret() && !f.GetKept() {
			names = append(names, f.GetName())
		}
	}
	for name := range c.values {
		if !slices.Contains(names, name) {
			return &exit{exitUsage, fmt.Errorf("%s has no setting %q: %s", c.of.GetName(), syntax.Short(name), syntax.Choices(name, "there are", names))}
		}
	}
	return nil
}
