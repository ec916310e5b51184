package api

import (
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// recent is how old a look may be that makes anything certain: files are listed twice a day, and one round may fail.
const recent = 48 * time.Hour

// looks is access.Looks over the certificates of all instances.
type looks struct {
	v   *question
	now time.Time
	of  map[string]*instanceLooks
}

type instanceLooks struct {
	i           *Instance
	rounds      map[string]scan.Round
	coverage    map[string]ListingCoverage
	unconfirmed scan.Unconfirmed
	shards      map[string]map[string]scan.Look
	err         error
}

func newLooks(v *question) *looks {
	return &looks{v: v, now: time.Now(), of: map[string]*instanceLooks{}}
}

// at gives the looks of an instance, read at the first use; nil: it is not one of ours.
func (l *looks) at(instance string) *instanceLooks {
	if in, ok := l.of[instance]; ok {
		return in
	}
	var in *instanceLooks
	if i := l.v.instance(instance); i != nil {
		in = &instanceLooks{i: i, rounds: map[string]scan.Round{}, coverage: map[string]ListingCoverage{}, shards: map[string]map[string]scan.Look{}}
		in.err = in.read(l)
	}
	l.of[instance] = in
	return in
}

func (in *instanceLooks) read(l *looks) error {
	rounds, err := scan.Rounds(l.v.ctx, in.i.Store)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		in.rounds[r.Listing] = r
	}
	c, err := coverage(l.v.ctx, in.i)
	if err != nil {
		return err
	}
	for _, lc := range c.Listings {
		in.coverage[lc.Listing] = lc
	}
	in.unconfirmed, err = scan.LoadUnconfirmed(l.v.ctx, in.i.Store)
	return err
}

// Now is part of access.Looks.
func (l *looks) Now() time.Time { return l.now }

// Record is part of access.Looks.
func (l *looks) Record(k access.Key, listing string) string {
	if in := l.at(k.Instance); in != nil && in.unconfirmed.Has(k.Kind, k.ID, listing) {
		return "it was not in the last list of " + listing
	}
	return ""
}

// Home is part of access.Looks.
func (l *looks) Home(h access.Home) string {
	in := l.at(h.Instance)
	if in == nil {
		return h.Instance + " is not connected"
	}
	if in.err != nil {
		return "what is known of the scans of " + h.Instance + " cannot be read"
	}
	look, err := scan.LookAt(in.i.Store, h.Listing, h.Shard)
	switch {
	case err != nil:
		return "what is known of the scans of " + h.Instance + " cannot be read"
	case look.Retired:
		return h.Listing + ": its place is not there any more"
	case look.Unavailable:
		return h.Listing + ": its place could not be listed"
	case look.At.IsZero():
		return h.Listing + " was never listed completely"
	case look.Unproven:
		return h.Listing + ": the last list could not show what is gone"
	}
	at := look.At
	if r := in.rounds[h.Listing]; r.LastComplete.After(at) { // an unchanged stamp is as good as a walk
		at = r.LastComplete
	}
	return l.old(h.Listing, at)
}

func (l *looks) old(listing string, at time.Time) string {
	if age := l.now.Sub(at); age > recent {
		return listing + " was listed last " + Age(age) + " ago"
	}
	return ""
}

// listing is why not all that a listing could give is known.
func (l *looks) listing(in *instanceLooks, name string) string {
	c := in.coverage[name]
	switch c.State {
	case "missing":
		return name + ": the permission is missing: " + c.Reason
	case "not_in_plan", "switched_off", "off":
		return name + ": " + c.Reason
	}
	r := in.rounds[name]
	if r.LastComplete.IsZero() {
		return name + " was never listed completely"
	}
	return l.old(name, r.LastComplete)
}

// Members is part of access.Looks.
func (l *looks) Members(k access.Key) string {
	in := l.at(k.Instance)
	if in == nil {
		return k.Instance + " is not connected"
	}
	listings := l.membersOf(in, k.Kind)
	if len(listings) == 0 && k.Kind != wire.Kind_KIND_APP {
		return "no listing of " + in.i.Provider + " gives its members"
	}
	for _, s := range listings {
		why := l.listing(in, s.GetName())
		if r := in.rounds[s.GetName()]; why == "" && r.Unavailable+r.Skipped > 0 {
			why = l.shard(in, s.GetName(), k.ID)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// membersOf are the listings that give members of a kind of container: as they did until now, else as they are described.
func (l *looks) membersOf(in *instanceLooks, k wire.Kind) (out []*wire.ListingSpec) {
	all := in.i.Description.GetListings()
	for _, s := range all {
		if !slices.Contains(s.GetDefines(), wire.Kind_KIND_MEMBERSHIP) {
			continue
		}
		gives, known := l.v.Contains(in.i.ID(), s.GetName(), k)
		if !known {
			containers := holding(s)
			if n := slices.IndexFunc(all, func(p *wire.ListingSpec) bool { return p.GetName() == s.GetParent() }); n >= 0 {
				if of := holding(all[n]); len(of) > 0 {
					containers = of
				}
			}
			gives = len(containers) == 0 || slices.Contains(containers, k)
		}
		if gives {
			out = append(out, s)
		}
	}
	return out
}

// holding are the kinds that have members, of those that a listing defines.
func holding(s *wire.ListingSpec) (out []wire.Kind) {
	for _, k := range []wire.Kind{wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_APP} {
		if slices.Contains(s.GetDefines(), k) {
			out = append(out, k)
		}
	}
	return out
}

// shard: some shards could not be listed, or not whole. Where shards are named after what they list, only its own counts.
func (l *looks) shard(in *instanceLooks, listing, id string) string {
	if in.shards[listing] == nil {
		shards, err := scan.LooksAt(l.v.ctx, in.i.Store, listing)
		if err != nil {
			return "what is known of the scans of " + in.i.ID() + " cannot be read"
		}
		in.shards[listing] = shards
	}
	own, named := in.shards[listing][id]
	switch {
	case named && !own.Unavailable && len(own.Skipped) == 0:
		return ""
	case named && !own.Unavailable:
		return listing + " could not show all: " + strings.Join(own.Skipped, ", ")
	case !named && in.rounds[listing].Unavailable == 0:
		return listing + " could not show all"
	}
	return listing + ": its place could not be listed"
}
