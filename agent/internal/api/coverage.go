package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/scan"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Coverage says how old and how complete an answer is, per instance and listing.
type Coverage struct {
	Instance string `json:"instance"`
	Problem  string `json:"problem,omitempty"`
	// Lacking: records of this instance may be missing from the answer, for the problem's reason.
	Lacking  bool              `json:"lacking,omitempty"`
	Listings []ListingCoverage `json:"listings"`
	Gaps     int               `json:"gaps,omitempty"`
}

// ListingCoverage is how well one listing stands behind the records of the kinds it gives.
type ListingCoverage struct {
	Listing string `json:"listing"`
	// State: complete, incomplete, never, off (by the configuration, or until it asks for it), or why it is silent: missing,
	// not_in_plan, switched_off.
	State string `json:"state"`
	// AsOf is when the last complete round began; absent: never.
	AsOf *time.Time `json:"as_of,omitempty"`
	// Unavailable shards, whose records are as old as they were.
	Unavailable int `json:"unavailable_shards,omitempty"`
	// Skipped shards could only be listed in part.
	Skipped int    `json:"skipped_shards,omitempty"`
	Held    bool   `json:"held,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// coverage of an instance for some kinds; no kinds: all.
func coverage(ctx context.Context, i *Instance, kinds ...wire.Kind) (Coverage, error) {
	c := Coverage{Instance: i.ID(), Problem: i.Problem, Listings: []ListingCoverage{}}
	if i.Store == nil {
		return c, nil
	}
	rounds, err := scan.Rounds(ctx, i.Store)
	if err != nil {
		return c, err
	}
	check, err := scan.LastCheck(i.Store)
	if err != nil {
		return c, err
	}
	gaps, err := scan.Gaps(ctx, i.Store)
	if err != nil {
		return c, err
	}
	for _, l := range i.Description.GetListings() {
		if !gives(l, kinds) {
			continue
		}
		lc := ListingCoverage{Listing: l.GetName(), State: "never"}
		for _, r := range rounds {
			if r.Listing == l.GetName() {
				lc.fill(r)
			}
		}
		if slices.Contains(i.Off, l.GetName()) {
			lc.off(l)
		}
		for _, cap := range check.GetCapabilities() {
			if cap.GetName() == "list:"+l.GetName() {
				lc.capability(cap)
			}
			if lc.State == "never" && l.GetParent() != "" && cap.GetName() == "list:"+l.GetParent() {
				lc.capability(cap) // who cannot list the parent never comes to it
			}
		}
		c.Listings = append(c.Listings, lc)
	}
	for _, g := range gaps {
		if slices.ContainsFunc(c.Listings, func(l ListingCoverage) bool { return l.Listing == g.Listing }) {
			c.Gaps++
		}
	}
	return c, nil
}

func gives(l *wire.ListingSpec, kinds []wire.Kind) bool {
	if len(kinds) == 0 {
		return true
	}
	for _, k := range kinds {
		if slices.Contains(l.GetDefines(), k) || slices.Contains(l.GetEnriches(), k) {
			return true
		}
	}
	return false
}

func (l *ListingCoverage) fill(r scan.Round) {
	l.State, l.Unavailable, l.Skipped, l.Held, l.Reason = "incomplete", r.Unavailable, r.Skipped, r.Held, r.Error
	if !r.LastComplete.IsZero() {
		l.AsOf = new(r.LastComplete.UTC())
		if r.Error == "" {
			l.State = "complete"
		}
	}
}

func (l *ListingCoverage) off(spec *wire.ListingSpec) {
	l.State, l.Reason = "off", "by the configuration"
	if spec.GetOffByDefault() {
		l.Reason = fmt.Sprintf("expensive; scan %q { enabled = true } switches it on", spec.GetName())
	}
}

func (l *ListingCoverage) capability(c *wire.Capability) {
	switch c.GetState() {
	case wire.Capability_MISSING:
		l.State, l.Reason = "missing", strings.Join(c.GetMissing(), ", ")
	case wire.Capability_NOT_IN_PLAN:
		l.State, l.Reason = "not_in_plan", c.GetReason()
	case wire.Capability_SWITCHED_OFF:
		l.State, l.Reason = "switched_off", c.GetReason()
	case wire.Capability_UNSPECIFIED, wire.Capability_HELD, wire.Capability_UNNEEDED, wire.Capability_UNKNOWN:
	}
}

// Line is the coverage in a few words, for people: how many listings stand behind the answer, the oldest of them, and
// every one that does not.
func (c Coverage) Line(now time.Time) string {
	if c.Problem != "" {
		return c.Instance + ": " + c.Problem
	}
	var (
		parts    []string
		never    int
		off      int
		complete int
		oldest   time.Duration
	)
	for _, l := range c.Listings {
		switch {
		case l.State == "never":
			never++
		case l.State == "off":
			off++
		case l.State == "complete" && l.Unavailable == 0 && l.Skipped == 0 && !l.Held:
			complete++
			oldest = max(oldest, now.Sub(*l.AsOf))
		default:
			parts = append(parts, l.words(now))
		}
	}
	if never > 0 && never+off == len(c.Listings) {
		return c.Instance + ": not scanned yet"
	}
	if never > 0 {
		parts = append([]string{Count(never, "listing", "listings") + " not scanned yet"}, parts...)
	}
	if complete > 0 {
		parts = append([]string{fmt.Sprintf("complete %s ago (%d of %s)", Age(oldest), complete, Count(len(c.Listings), "listing", "listings"))}, parts...)
	}
	if off > 0 {
		parts = append(parts, Count(off, "listing", "listings")+" off")
	}
	if c.Gaps > 0 {
		parts = append(parts, Count(c.Gaps, "gap", "gaps")+" in its logs")
	}
	if len(parts) == 0 {
		parts = append(parts, "no listing gives this")
	}
	return c.Instance + ": " + strings.Join(parts, ", ")
}

func (l *ListingCoverage) words(now time.Time) string {
	s := l.Listing + " "
	switch l.State {
	case "complete":
		s += Age(now.Sub(*l.AsOf)) + " old"
	case "incomplete":
		s += "incomplete"
		if l.AsOf != nil {
			s += " (complete " + Age(now.Sub(*l.AsOf)) + " ago)"
		}
	case "missing":
		s += "without permission " + l.Reason
	default:
		s += strings.ReplaceAll(l.State, "_", " ")
	}
	if l.Unavailable > 0 {
		s += ", " + Count(l.Unavailable, "shard", "shards") + " unavailable"
	}
	if l.Skipped > 0 {
		s += ", " + Count(l.Skipped, "shard", "shards") + " seen in part"
	}
	if l.Held {
		s += ", much missing at once: held"
	}
	return s
}

// Count says how many there are of something.
func Count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// Age prints a duration as people say it.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
