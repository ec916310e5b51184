package company

import "time"

// The apps: who has an account in them. They never change after they are made.
var (
	everyone   = UnitOf()
	boxOfPlace = boxUnit()
)

// Everyone is the unit of all people: all have an account in the identity provider and the office suite.
func Everyone() *Unit { return everyone }

// BoxPeople is the unit of those with an account in Box: two of three, and all who play a part.
func BoxPeople() *Unit { return boxOfPlace }

// AppOf is the unit of those who have an account where a storage is.
func AppOf(in Storage) *Unit {
	if in == Box {
		return boxOfPlace
	}
	return everyone
}

// boxUnit leaves out every third place of a site. The first 32 of them are kept in step with the parts of the incidents.
func boxUnit() *Unit {
	u := &Unit{}
	c := Company{size: MinSize}
	for place, d := range departmentAt {
		u.rank[place] = -1
		if place%3 != 1 || d == IT || place == c.Leaver() || place == c.ForgetfulOwner() {
			u.rank[place] = int8(len(u.places))
			u.places = append(u.places, place)
		}
	}
	return u
}

// State is what an account may do.
type State string

// The states. Providers have their own words for Blocked: deprovisioned, suspended, inactive.
const (
	NoAccount State = ""
	Active    State = "active"
	Blocked   State = "blocked"
)

// People is how many people there ever were: those who left keep their indexes.
func (l *Live) People() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.size + l.hired
}

// LeftAt is when a person left, false for those who did not. In the identity provider and the office suite the accounts
// of all who left are blocked.
func (l *Live) LeftAt(person int) (time.Time, bool) {
	l.mu.RLock()
	at, ok := l.leftAt[person]
	l.mu.RUnlock()
	if !ok {
		at = l.Person(person).LeftAt
	}
	return at, !at.IsZero()
}

// OfficeState is the state of a person's account in the identity provider and the office suite.
func (l *Live) OfficeState(person int) State {
	if person < 0 || person >= l.People() {
		return NoAccount
	}
	if _, left := l.LeftAt(person); left {
		return Blocked
	}
	return Active
}

// BoxState is the state of a person's account in Box: the incidents' leaver was forgotten there.
func (l *Live) BoxState(person int) State {
	if _, has := boxOfPlace.Rank(max(0, person)); !has {
		return NoAccount
	}
	if person == l.Leaver() {
		return Active
	}
	return l.OfficeState(person)
}
