package people

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mooring-hq/mooring/agent/internal/record"
)

// maxSuggestions is how many are given for one person, disputes first.
const maxSuggestions = 25

// Suggest gives the accounts that might be of the same human as an account, and why nothing joined them. Persons are not
// made of it.
func (p *People) Suggest(r record.Ref) []Suggestion {
	self, ok := p.byRef[r]
	if !ok {
		return nil
	}
	mine := []int32{self}
	if who := p.Of(r); who != nil {
		mine = mine[:0]
		for _, a := range who.Accounts {
			mine = append(mine, p.byRef[a.Ref])
		}
	}
	s := &suggester{p: p, mine: mine, taken: map[int32]bool{}}
	for _, i := range mine {
		s.taken[i] = true
	}
	for _, i := range mine {
		for _, d := range p.disputes[i] {
			for _, o := range d.others {
				s.add(o, d.why)
			}
		}
	}
	s.alike()
	return s.out
}

type suggester struct {
	p     *People
	mine  []int32
	taken map[int32]bool
	out   []Suggestion
}

func (s *suggester) add(i int32, why string) {
	if !s.taken[i] && len(s.out) < maxSuggestions {
		s.taken[i] = true
		s.out = append(s.out, Suggestion{s.p.accounts[i].Ref, why})
	}
}

// alike looks at everybody once.
func (s *suggester) alike() {
	var looks []look
	instances := map[string]bool{}
	for _, i := range s.mine {
		looks = append(looks, lookOf(&s.p.accounts[i]))
		instances[s.p.accounts[i].instance()] = true
	}
	var namesakes []int32
	for i := range s.p.accounts {
		a := &s.p.accounts[i]
		if s.taken[int32(i)] || !human(a) {
			continue
		}
		other := lookOf(a)
		for n := range looks {
			if why := looks[n].like(&other); why != "" {
				s.add(int32(i), why)
			} else if looks[n].namesake(&other) && !instances[a.instance()] {
				namesakes = append(namesakes, int32(i))
			}
		}
	}
	for _, i := range namesakes {
		s.add(i, "the same name")
	}
}

// look is what makes accounts look alike.
type look struct {
	email, plain, external string
	account                *Account
	sums                   [3]uint64 // of the words of its names, in whatever order; 0: none
}

func lookOf(a *Account) look {
	l := look{account: a, email: record.Email(a.Email), external: a.ExternalID}
	local, domain, _ := strings.Cut(l.email, "@")
	if l.email != "" {
		base, _, _ := strings.Cut(local, "+")
		l.plain = strings.ReplaceAll(base, ".", "") + "@" + domain
	}
	l.sums = [3]uint64{sum(a.DisplayName), sum(a.Name), sum(local)}
	return l
}

func (l *look) like(o *look) string {
	switch {
	case l.email != "" && l.email == o.email:
		return "the same e-mail, which does not count: " + l.email
	case l.plain != "" && l.plain == o.plain:
		return "the same e-mail but for dots or a tag: " + o.email
	case l.external != "" && l.external == o.external && l.account.instance() != o.account.instance():
		return "the same external id, too short to be sure: " + o.external
	}
	return ""
}

func (l *look) namesake(o *look) bool {
	for i, a := range l.sums {
		for k, b := range o.sums {
			if a != 0 && a == b && slices.Equal(l.words(i), o.words(k)) {
				return true
			}
		}
	}
	return false
}

func (l *look) words(i int) []string {
	local, _, _ := strings.Cut(l.email, "@")
	return words([...]string{l.account.DisplayName, l.account.Name, local}[i])
}

// sum is the same for the same words in any order; 0 when there are not two of them.
func sum(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	var total uint64
	n, h := 0, uint64(offset)
	for _, r := range name + " " {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			h = (h ^ uint64(unicode.ToLower(r))) * prime
		} else if h != offset {
			total += h
			n++
			h = offset
		}
	}
	if n < 2 {
		return 0
	}
	return total
}

// words are those of a name, small and sorted.
func words(name string) []string {
	list := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(list)
	return list
}

// strangers: two full names that share no word, initial or short form (Rob, Robert). Names in other letters than ASCII may
// be the same name written twice, and say nothing.
func strangers(a, b string) bool {
	if a == b || a == "" || b == "" {
		return false
	}
	x, y := words(a), words(b)
	if len(x) < 2 || len(y) < 2 || !ascii(a) || !ascii(b) {
		return false
	}
	return !slices.ContainsFunc(x, func(v string) bool {
		return slices.ContainsFunc(y, func(w string) bool { return strings.HasPrefix(v, w) || strings.HasPrefix(w, v) })
	})
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
