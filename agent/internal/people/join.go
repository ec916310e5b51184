package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/record"
)

// joiner makes persons of accounts.
type joiner struct {
	*People
	claims [][]key
	dead   map[key]bool       // signs that several accounts of one instance bear
	idp    map[[2]string]bool // instances whose external ids are the ids of another
	parent []int32            // of components; none between its uses
}

// dispute is a sign that joined nobody, and why.
type dispute struct {
	why    string
	others []int32
}

// maxInstances is the most accounts that one human can have without the map file: one in each.
const maxInstances = 256

func (j *joiner) join() {
	for i := range j.accounts {
		j.claims[i] = j.claimed(i)
		for _, k := range j.claims[i] {
			j.keys[k] = append(j.keys[k], bearer{int32(i), true})
		}
	}
	j.meant()
	j.findDead()
	all := make([]int32, len(j.accounts))
	j.parent = slices.Repeat([]int32{none}, len(all))
	for i := range all {
		all[i] = int32(i)
	}
	for _, c := range j.components(all) {
		j.settle(c, true)
	}
}

// meant adds the accounts whose own id is what others bear as external id.
func (j *joiner) meant() {
	for i := range j.accounts {
		a := &j.accounts[i]
		k := key{byExternalID, a.Ref.ID}
		if _, mapped := j.rules.Map.person(a.Ref); mapped || !human(a) || len(j.keys[k]) == 0 {
			continue
		}
		for _, b := range j.keys[k] {
			if b.claims && j.accounts[b.account].instance() != a.instance() {
				j.idp[[2]string{j.accounts[b.account].instance(), a.instance()}] = true
			}
		}
		j.keys[k] = append(j.keys[k], bearer{account: int32(i)})
	}
}

// findDead: a sign that two accounts of one instance bear tells neither from the other.
func (j *joiner) findDead() {
	for k, bearers := range j.keys {
		if k.sign == byMap || len(bearers) < 2 {
			continue
		}
		if twice := j.twice(bearers); twice != none {
			j.dead[k] = true
			j.dispute(bearers, fmt.Sprintf("%s stands at several accounts of %s", k, j.accounts[twice].instance()))
		}
	}
}

// twice gives an account beside which another of its instance bears the same.
func (j *joiner) twice(bearers []bearer) int32 {
	for n, a := range bearers {
		for _, b := range bearers[:n] {
			if a.account != b.account && j.accounts[a.account].beside(&j.accounts[b.account]) && !j.together(a.account, b.account) {
				return a.account
			}
		}
		if n > maxInstances {
			return a.account
		}
	}
	return none
}

// together: the map file says that two accounts are one human's.
func (j *joiner) together(a, b int32) bool {
	x, ok := j.rules.Map.person(j.accounts[a].Ref)
	y, too := j.rules.Map.person(j.accounts[b].Ref)
	return ok && too && x == y
}

func (j *joiner) dispute(bearers []bearer, why string) {
	var all []int32
	for _, b := range bearers {
		if !slices.Contains(all, b.account) {
			all = append(all, b.account)
		}
	}
	slices.Sort(all)
	for _, i := range all {
		j.disputes[i] = append(j.disputes[i], dispute{why, all})
	}
}

// components are the accounts that signs hold together, each in order.
func (j *joiner) components(of []int32) [][]int32 {
	parent := j.parent
	for _, i := range of {
		parent[i] = i
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, i := range of {
		for _, k := range j.claims[i] {
			if j.dead[k] {
				continue
			}
			for _, b := range j.keys[k] {
				if parent[b.account] != none {
					x, y := find(i), find(b.account)
					parent[max(x, y)] = min(x, y)
				}
			}
		}
	}
	out := make([][]int32, 0, len(of))
	at := make(map[int32]int, len(of))
	for _, i := range of {
		root := find(i)
		if root == i { // the first of its component
			at[i] = len(out)
			out = append(out, nil)
		}
		out[at[root]] = append(out[at[root]], i)
	}
	for _, i := range of {
		parent[i] = none
	}
	return out
}

// settle makes one person of a component when nothing in it disagrees. Else those whose own signs disagree are taken out
// and the rest is looked at once more; what still disagrees stays apart.
func (j *joiner) settle(c []int32, again bool) {
	why := j.disagree(c)
	if why == "" {
		j.person(c)
		return
	}
	all := make([]bearer, len(c))
	for n, i := range c {
		all[n] = bearer{account: i}
	}
	var rest []int32
	if again && len(c) <= maxInstances {
		j.dispute(all, why)
		rest = slices.DeleteFunc(slices.Clone(c), func(i int32) bool { return j.disputed(i, c) })
	}
	for _, i := range c {
		if !slices.Contains(rest, i) {
			j.person([]int32{i})
		}
	}
	for _, part := range j.components(rest) {
		j.settle(part, false)
	}
}

// disputed: what an account claims leads to different others, or one claim contradicts another.
func (j *joiner) disputed(i int32, c []int32) bool {
	var first []int32
	for _, k := range j.claims[i] {
		if j.dead[k] {
			continue
		}
		var others []int32
		for _, b := range j.keys[k] {
			if b.account != i {
				others = append(others, b.account)
			}
		}
		slices.Sort(others)
		switch {
		case len(others) == 0:
		case first == nil:
			first = others
		case !slices.ContainsFunc(others, func(o int32) bool { return slices.Contains(first, o) }):
			return true
		}
	}
	return slices.ContainsFunc(c, func(o int32) bool { return j.denies(i, o) })
}

// disagree says why accounts cannot be one human's; "" when nothing speaks against it.
func (j *joiner) disagree(c []int32) string {
	if len(c) == 1 {
		return ""
	}
	if len(c) > maxInstances {
		return "too many accounts hang together"
	}
	var emails, mapped []string
	for _, i := range c {
		for _, k := range j.claims[i] {
			switch {
			case k.sign == byEmail && !slices.Contains(emails, k.value):
				emails = append(emails, k.value)
			case k.sign == byMap && !slices.Contains(mapped, k.value):
				mapped = append(mapped, k.value)
			}
		}
	}
	slices.Sort(emails)
	switch {
	case len(mapped) > 1:
		return "the map file says that they are of " + strings.Join(mapped, " and ")
	case len(emails) > 1:
		return "they hang together, but have different addresses: " + strings.Join(emails, ", ")
	}
	for n, a := range c {
		for _, b := range c[n+1:] {
			if why := j.apart(a, b); why != "" {
				return why
			}
		}
	}
	return ""
}

// apart says why two accounts cannot be one human's.
func (j *joiner) apart(a, b int32) string {
	x, y := &j.accounts[a], &j.accounts[b]
	switch {
	case j.together(a, b):
		return ""
	case x.beside(y):
		return "both are accounts of " + x.instance()
	case j.denies(a, b):
		return "the external id of " + x.Ref.String() + " is of another account than " + y.Ref.String()
	case j.denies(b, a):
		return "the external id of " + y.Ref.String() + " is of another account than " + x.Ref.String()
	case strangers(x.DisplayName, y.DisplayName):
		return "their names have nothing in common: " + x.DisplayName + ", " + y.DisplayName
	}
	return ""
}

// denies: the external ids of a's instance are ids of b's instance, and a's is not b's.
func (j *joiner) denies(a, b int32) bool {
	x, y := &j.accounts[a], &j.accounts[b]
	_, mapped := j.rules.Map.person(x.Ref)
	return x.ExternalID != "" && x.ExternalID != y.Ref.ID && !mapped && j.idp[[2]string{x.instance(), y.instance()}]
}

func (j *joiner) person(c []int32) {
	p := Person{}
	claimed := map[string]bool{}
	for _, i := range c {
		a := &j.accounts[i]
		if who, mapped := j.rules.Map.person(a.Ref); !human(a) && !mapped || mapped && who == "" {
			return // nobody's: always alone
		} else if mapped {
			p.ID = who
		}
		if p.Name == "" || strings.Contains(a.DisplayName, " ") && !strings.Contains(p.Name, " ") {
			p.Name = strings.TrimSpace(a.DisplayName)
		}
		if e := record.Email(a.Email); e != "" && !slices.Contains(p.Emails, e) {
			p.Emails = append(p.Emails, e)
		}
		for _, k := range j.claims[i] {
			claimed[k.value] = claimed[k.value] || k.sign == byEmail && !j.dead[k] && j.all(k, c)
		}
		p.Accounts = append(p.Accounts, Joined{Ref: a.Ref, By: j.by(i, c)})
		j.of[i] = int32(len(j.persons))
	}
	slices.Sort(p.Emails)
	if p.ID == "" {
		p.ID = p.Accounts[0].Ref.String()
		for _, e := range p.Emails {
			if claimed[e] {
				p.ID = e
				break
			}
		}
	}
	j.persons = append(j.persons, p)
}

// all: nobody but these accounts bears a sign.
func (j *joiner) all(k key, c []int32) bool {
	return !slices.ContainsFunc(j.keys[k], func(b bearer) bool { return !slices.Contains(c, b.account) })
}

// by is the sign that joins an account with others; "" when it is alone.
func (j *joiner) by(i int32, c []int32) string {
	best := key{}
	for _, o := range c {
		for _, k := range j.claims[o] {
			shared := !j.dead[k] && slices.ContainsFunc(j.keys[k], func(b bearer) bool { return b.account == i }) &&
				slices.ContainsFunc(j.keys[k], func(b bearer) bool { return b.account != i && slices.Contains(c, b.account) })
			if shared && (best.sign == 0 || k.sign < best.sign) {
				best = k
			}
		}
	}
	return best.String()
}
