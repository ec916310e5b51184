// Package people tells which accounts of all instances are one human.
//
// It promises: accounts are joined only by what identifies somebody: an e-mail address that counts, an external id, a SAML
// name id, or the map file. Where two such signs disagree, nobody is joined by them and the disagreement is shown. A name
// joins nobody, it only makes a suggestion. The same accounts give the same persons, in whatever order they come.
//
// It does not know who somebody really is: two people who share one mailbox under one name are one person to it, until the
// map file says otherwise.
package people

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/record"
)

// Account is what is known of one account.
type Account struct {
	Ref               record.Ref
	Name, DisplayName string
	Email             string
	// Verified: the provider says that the address is this account's.
	Verified bool
	// Type: service and bot accounts are nobody's.
	Type               string
	ExternalID, NameID string
}

func (a *Account) instance() string { return a.Ref.Provider + "/" + a.Ref.Instance }

func (a *Account) beside(b *Account) bool {
	return a.Ref.Instance == b.Ref.Instance && a.Ref.Provider == b.Ref.Provider
}

// Rules say what counts.
type Rules struct {
	// Ours says whether a domain is the organisation's, or one that the provider has verified for the tenant.
	Ours func(instance, domain string) bool
	// Shared are addresses that are known not to be one human's, such as those of groups.
	Shared func(email string) bool
	Map    Map
}

// Person is one human.
type Person struct {
	// ID is what the map file calls the person, else the e-mail address, else the ref of the first account.
	ID       string
	Name     string
	Emails   []string
	Accounts []Joined
}

// Joined is an account of a person, and what joined it.
type Joined struct {
	Ref record.Ref
	By  string
}

// Suggestion is an account that might be the same human's. Nothing but a human should act on it.
type Suggestion struct {
	Ref record.Ref
	Why string
}

// People is everybody. It does not change.
type People struct {
	rules    Rules
	accounts []Account
	byRef    map[record.Ref]int32
	keys     map[key][]bearer // of those that some account claims
	persons  []Person
	of       []int32             // account → person; none
	disputes map[int32][]dispute // by account
}

const none = -1

// Join tells who is who. The accounts are its own from then on.
func Join(accounts []Account, rules Rules) *People {
	order := func(a, b Account) int { return compareRefs(a.Ref, b.Ref) }
	if !slices.IsSortedFunc(accounts, order) {
		slices.SortFunc(accounts, order)
	}
	p := &People{
		rules: rules, accounts: accounts, byRef: make(map[record.Ref]int32, len(accounts)), keys: make(map[key][]bearer, len(accounts)),
		of: make([]int32, len(accounts)), disputes: map[int32][]dispute{},
	}
	for i := range accounts {
		p.byRef[accounts[i].Ref] = int32(i)
		p.of[i] = none
	}
	j := &joiner{People: p, claims: make([][]key, len(accounts)), dead: map[key]bool{}, idp: map[[2]string]bool{}}
	j.join()
	return p
}

func compareRefs(a, b record.Ref) int {
	return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Instance, b.Instance), strings.Compare(a.ID, b.ID))
}

// All gives everybody, in the order of their first accounts.
func (p *People) All() []Person { return p.persons }

// Of gives the person whose account it is; nil: nobody's, or not known.
func (p *People) Of(r record.Ref) *Person {
	if i, ok := p.byRef[r]; ok && p.of[i] != none {
		return &p.persons[p.of[i]]
	}
	return nil
}

// Account gives what is known of one account; nil: nothing.
func (p *People) Account(r record.Ref) *Account {
	if i, ok := p.byRef[r]; ok {
		return &p.accounts[i]
	}
	return nil
}

// Bearing gives the accounts that show an address, whether it counts or not.
func (p *People) Bearing(email string) []record.Ref {
	email = record.Email(email)
	if email == "" {
		return nil
	}
	var refs []record.Ref
	for i := range p.accounts {
		if strings.EqualFold(p.accounts[i].Email, email) && record.Email(p.accounts[i].Email) == email {
			refs = append(refs, p.accounts[i].Ref)
		}
	}
	return refs
}

// Named gives the accounts with a name, a display name or a person's id, in any case of ASCII letters.
func (p *People) Named(name string) []record.Ref {
	var refs []record.Ref
	for i := range p.accounts {
		a := &p.accounts[i]
		id := ""
		if n := p.of[i]; n != none {
			id = p.persons[n].ID
		}
		if strings.EqualFold(a.Name, name) || strings.EqualFold(a.DisplayName, name) || id == name {
			refs = append(refs, a.Ref)
		}
	}
	return refs
}
