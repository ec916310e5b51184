package scan

import (
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Intervals when neither the configuration nor the connector says one.
const (
	everyFeed    = 5 * time.Minute
	everyFiles   = 12 * time.Hour
	everyDefault = time.Hour
	fullEvery    = 7 * 24 * time.Hour // a delta listing is listed whole again
)

// Rule is what the configuration says of a listing.
type Rule struct {
	Every time.Duration // 0: default
	// Lookback of a feed; 0: as far as the provider keeps it.
	Lookback time.Duration
	Disabled bool
	// Enabled runs a listing that is off by default.
	Enabled bool
}

// listing is one of the connector's listings with its rule.
type listing struct {
	*wire.ListingSpec
	rule     Rule
	kinds    []wire.Kind // that it may give
	children []*listing
	parent   *listing
	order    int
}

func newListings(d *wire.Description, rules map[string]Rule) map[string]*listing {
	all := map[string]*listing{}
	for i, spec := range d.GetListings() {
		all[spec.GetName()] = &listing{
			ListingSpec: spec, rule: rules[spec.GetName()], order: i,
			kinds: slices.Concat(spec.GetDefines(), spec.GetEnriches()),
		}
	}
	for _, spec := range d.GetListings() {
		l := all[spec.GetName()]
		if p := all[spec.GetParent()]; p != nil && p != l {
			l.parent = p
			p.children = append(p.children, l)
		}
	}
	return all
}

func (l *listing) enabled() bool {
	return !l.rule.Disabled && (!l.GetOffByDefault() || l.rule.Enabled) && (l.parent == nil || l.parent.enabled())
}

// Off names the listings that are not walked under these rules.
func Off(d *wire.Description, rules map[string]Rule) []string {
	var off []string
	for name, l := range newListings(d, rules) {
		if !l.enabled() {
			off = append(off, name)
		}
	}
	return off
}

func (l *listing) feed() bool  { return l.GetType() == wire.ListingSpec_FEED }
func (l *listing) delta() bool { return l.GetType() == wire.ListingSpec_DELTA }

func (l *listing) every() time.Duration {
	switch {
	case l.rule.Every > 0:
		return l.rule.Every
	case l.GetEvery() != nil:
		return l.GetEvery().AsDuration()
	case l.feed():
		return everyFeed
	case slices.Contains(l.GetDefines(), wire.Kind_KIND_FILE) && l.parent != nil:
		return everyFiles
	}
	return everyDefault
}

// lookback of a feed: how far back the first look goes.
func (l *listing) lookback() time.Duration {
	vendor := l.GetLookback().AsDuration()
	if l.rule.Lookback > 0 && (vendor == 0 || l.rule.Lookback < vendor) {
		return l.rule.Lookback
	}
	return vendor
}

// takesPart says whether the listing has a voice when it is asked if a record of a kind still exists.
func (l *listing) takesPart(k wire.Kind) bool {
	return !l.feed() && slices.Contains(l.GetDefines(), k) && l.enabled()
}

func priorityOf(mode wire.ScanMode, first bool) quota.Priority {
	if mode == wire.ScanMode_SCAN_MODE_FULL || first {
		return quota.Full
	}
	return quota.Delta
}
