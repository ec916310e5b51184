// Package company is one simulated company: people, guests, departments, teams, projects, files, documents and incidents,
// the same behind every fake provider.
//
// It promises: the same seed and size give the same company, byte for byte; every item is computed from (seed, index)
// when it is asked for, so a company of a million people costs as much memory as one of fifty; person i is the same
// person whatever the size. Live adds what changes, and bounds what it remembers. It does not know any provider, and it
// keeps no clock: whoever runs it says what time it is.
//
// For a provider with documents: Everyone and BoxPeople are the units of those with an account, OfficeState and BoxState
// what it may do; PersonalSpace, TeamSpaces and TeamSpaceAt give the spaces, Documents, Within and Trash the ids in one,
// Document an item, SpaceShares and Document.Shares who has access beside the owner (those of the folders above count
// too), SharedWith and SharedWithTeam what others gave somebody, DocumentContent the bytes, DocumentActivity what happened, StepDocument what happens next.
package company

import "time"

// The sizes a company can have.
const (
	MinSize = 50
	MaxSize = 1_000_000
)

// Domain is where the company's people have their e-mail.
const Domain = "acme.example"

// AsOf is when the records of an unchanged company end: nobody is hired and no project pushed after it.
func AsOf() time.Time { return time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC) }

// Company is one company. It is immutable and safe for concurrent use.
type Company struct {
	seed uint64
	size int
}

// New gives the company of a seed. size is the number of people, brought between MinSize and MaxSize.
func New(seed uint64, size int) *Company {
	return &Company{seed: seed, size: min(max(size, MinSize), MaxSize)}
}

// Size is the number of people.
func (c *Company) Size() int { return c.size }

// Guests is the number of guests: people of other companies who work on a project.
func (c *Company) Guests() int { return max(2, c.size/40) }

// Projects is the number of projects.
func (c *Company) Projects() int { return 8 + c.size/5 }

// domains keep the hashes of different questions about one index apart.
type domain uint64

const (
	ofName domain = iota + 1
	ofPerson
	ofGuest
	ofProject
	ofFile
	ofContent
	ofSecret
	ofHistory
	ofStep
	ofSpace
	ofFolder
	ofDocument
	ofShare
	ofPaper
	ofPaperStep
	ofPaperHistory
)

// hash gives a number from (seed, domain, values).
func (c *Company) hash(d domain, values ...int) uint64 {
	h := mix(c.seed ^ uint64(d)<<56)
	for _, v := range values {
		h = mix(h ^ uint64(v))
	}
	return h
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below gives a number in [0, n) from the bits of h.
func below(h uint64, n int) int { return int(h % uint64(n)) }

// daysBefore gives a time up to n days before AsOf, from the bits of h.
func daysBefore(h uint64, n int) time.Time {
	return AsOf().Add(-time.Duration(1+below(h, n*86_400)) * time.Second)
}
