package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of intervals.
const (
	minEvery = time.Second
	maxEvery = 366 * syntax.Day
)

// scans reads the scan blocks. A block names a listing, or a kind, which means every listing that defines it; what is
// said of a listing goes before what is said of its kind.
func (l *loader) scans(r *syntax.Reader, i *Instance) {
	i.Scans = map[string]ScanRule{}
	byKind, byListing := map[string]ScanRule{}, map[string]ScanRule{}
	first := map[string]int{}
	for _, b := range r.Blocks("scan") {
		labels := r.Labels(b, `write scan "files" {`, "listing or kind")
		if labels == nil {
			continue
		}
		if line, again := first[labels[0]]; again {
			r.Errorf(b.LabelRanges[0], "put both into one", "a second scan %q; the first is in line %d", syntax.Short(labels[0]), line)
			continue
		}
		first[labels[0]] = b.TypeRange.Start.Line
		listings, exact := match(i.Description, labels[0])
		if len(listings) == 0 {
			r.Errorf(b.LabelRanges[0], syntax.Choices(labels[0], "listings", listingNames(i.Description)), "the connector %s lists no %q",
				i.Provider, syntax.Short(labels[0]))
			continue
		}
		rule := readRule(r.Sub("scan", b), b, listings)
		for _, s := range listings {
			if exact {
				byListing[s.GetName()] = rule
			} else {
				byKind[s.GetName()] = overlay(byKind[s.GetName()], rule)
			}
		}
	}
	maps.Copy(i.Scans, byKind)
	for name, rule := range byListing {
		i.Scans[name] = overlay(byKind[name], rule)
	}
}

func readRule(r *syntax.Reader, b *hclsyntax.Block, listings []*wire.ListingSpec) ScanRule {
	rule := ScanRule{Range: b.DefRange(), Every: r.Duration("every", minEvery, maxEvery)}
	if a := r.Attribute("lookback"); a != nil {
		if text, ok := syntax.Text(a.Expr); ok && text == "max" {
			rule.Lookback = LookbackMax
		} else {
			rule.Lookback = r.DurationOf(a, 0, longest)
		}
		feed := func(s *wire.ListingSpec) bool { return s.GetType() == wire.ListingSpec_FEED }
		if !slices.ContainsFunc(listings, feed) {
			r.Errorf(a.NameRange, "remove the line", "%s is not a log, so it has no lookback", b.Labels[0])
		}
	}
	if r.Attribute("enabled") != nil {
		rule.Enabled = new(r.Bool("enabled", true))
	}
	r.Done()
	return rule
}

// overlay puts what is set in over upon rule.
func overlay(rule, over ScanRule) ScanRule {
	if over.Every == 0 {
		over.Every = rule.Every
	}
	if over.Lookback == 0 {
		over.Lookback = rule.Lookback
	}
	if over.Enabled == nil {
		over.Enabled = rule.Enabled
	}
	return over
}

// match finds the listings that a name means, and whether it is the name of one.
func match(d *wire.Description, name string) (listings []*wire.ListingSpec, exact bool) {
	kind, isKind := ParseKind(name)
	for _, s := range d.GetListings() {
		if s.GetName() == name {
			return []*wire.ListingSpec{s}, true
		}
		if isKind && slices.Contains(s.GetDefines(), kind) {
			listings = append(listings, s)
		}
	}
	return listings, false
}

func listingNames(d *wire.Description) []string {
	var names []string
	for _, s := range d.GetListings() {
		names = append(names, s.GetName())
		for _, k := range s.GetDefines() {
			if name := plural(KindName(k)); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// KindName is the word for a kind, in singular.
func KindName(k wire.Kind) string {
	return strings.ToLower(strings.TrimPrefix(k.String(), "KIND_"))
}

// ParseKind reads a kind in singular or plural.
func ParseKind(word string) (wire.Kind, bool) {
	for n := range wire.Kind_name {
		k := wire.Kind(n)
		if name := KindName(k); k != wire.Kind_KIND_UNSPECIFIED && (word == name || word == plural(name)) {
			return k, true
		}
	}
	return wire.Kind_KIND_UNSPECIFIED, false
}

func plural(name string) string {
	if stem, ok := strings.CutSuffix(name, "y"); ok {
		return stem + "ies"
	}
	return name + "s"
}
