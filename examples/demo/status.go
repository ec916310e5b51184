package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// status is what the checks read of `mooring status -o json`.
type status struct {
	Instances []instance `json:"instances"`
	Quota     []bucket   `json:"quota"`
}

type instance struct {
	Instance string           `json:"instance"`
	State    string           `json:"state"`
	Problem  string           `json:"problem"`
	Tenant   string           `json:"tenant"`
	Subject  string           `json:"subject"`
	PID      int              `json:"pid"`
	Restarts int              `json:"restarts"`
	Records  map[string]int64 `json:"records"`
	Scanning []walk           `json:"scanning"`
	Listings []listing        `json:"listings"`
	Policies *struct {
		Policies []policy `json:"policies"`
	} `json:"policies"`
}

// policy is where one stands in an instance.
type policy struct {
	Name     string `json:"name"`
	Baseline int    `json:"baseline"` // findings of its first look
	Looked   bool   `json:"looked"`
}

// walk is what is going on in a listing, or what came of it last.
type walk struct {
	Listing, Phase     string
	Records            int64
	Shards, ShardsDone int
	Left               time.Duration
}

type listing struct {
	Listing  string    `json:"listing"`
	State    string    `json:"state"`
	LastScan time.Time `json:"last_scan"`
	Records  int64     `json:"records"`
	Held     bool      `json:"held"`
	Missing  int       `json:"missing"`
}

type bucket struct {
	Instances []string `json:"instances"`
	Bucket    string   `json:"bucket"`
	Shape     string   `json:"shape"`
	Limit     int64    `json:"limit"`
	Remaining int64    `json:"remaining"`
}

const instances = 5

func (s *status) instance(name string) *instance {
	for i := range s.Instances {
		if strings.HasSuffix(s.Instances[i].Instance, "/"+name) {
			return &s.Instances[i]
		}
	}
	return &instance{Instance: name}
}

func (i *instance) listing(name string) listing {
	for _, l := range i.Listings {
		if l.Listing == name {
			return l
		}
	}
	return listing{}
}

// busy says what is being walked, and how far it is.
func (i *instance) busy() string {
	var parts []string
	for _, p := range i.Scanning {
		if p.Phase == "" {
			continue
		}
		s := fmt.Sprintf("%s %d", p.Listing, p.Records)
		if p.Shards > 1 {
			s += fmt.Sprintf(" (%d/%d)", p.ShardsDone, p.Shards)
		}
		if p.Left >= time.Second {
			s += fmt.Sprintf(", %s to go", p.Left.Round(time.Second))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// moving says whether a listing is being walked and some of it is done.
func (i *instance) moving(listing string) bool {
	return slices.ContainsFunc(i.Scanning, func(w walk) bool { return w.Listing == listing && w.Phase != "" && w.ShardsDone > 0 })
}

// has says whether these listings are complete.
func (i *instance) has(listings ...string) bool {
	return !slices.ContainsFunc(listings, func(name string) bool { return i.listing(name).State != "complete" })
}

// whole says whether nothing is under way and no listing was left incomplete.
func whole(i *instance) bool {
	for _, l := range i.Listings {
		if l.State == "incomplete" || l.State == "never" {
			return false
		}
	}
	return len(i.Listings) > 0 && i.busy() == ""
}

// firstLook gives how much the first look of a policy found, once it is over.
func (i *instance) firstLook(name string) (found int, over bool) {
	if i.Policies == nil {
		return 0, false
	}
	for _, p := range i.Policies.Policies {
		if p.Name == name {
			return p.Baseline, p.Looked
		}
	}
	return 0, false
}

// left says how much of an instance's quota is left: of the bucket that is nearest to its end, those of
// requests at once left out.
func (s *status) left(instance string) string {
	var least *bucket
	for i := range s.Quota {
		b := &s.Quota[i]
		if b.Limit <= 0 || b.Shape == "concurrency" || !slices.Contains(b.Instances, instance) {
			continue
		}
		if least == nil || b.Remaining*least.Limit < least.Remaining*b.Limit {
			least = b
		}
	}
	if least == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d %s left", least.Remaining, least.Limit, least.Bucket)
}
