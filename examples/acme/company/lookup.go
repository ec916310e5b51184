package company

import (
	"strconv"
	"strings"
)

// maxIndex bounds what is looked up: nothing has so many items.
const maxIndex = 10 * MaxSize

// PersonNamed is the index of the person with a login. It undoes what Person does, so it costs no search.
func (c *Company) PersonNamed(login string) (index int, ok bool) {
	login = strings.ToLower(login)
	if strings.HasPrefix(login, "acme-") {
		n := strings.LastIndexByte(login, '-')
		index, err := strconv.Atoi(login[n+1:])
		ok = err == nil && index >= 0 && index < maxIndex
		return index, ok && c.Person(index).Login == login
	}
	index, ok = c.unname(ofPerson, login)
	return index, ok && c.Person(index).Login == login
}

// PersonWithEmail is the index of the person with an address.
func (c *Company) PersonWithEmail(email string) (index int, ok bool) {
	email = strings.ToLower(email)
	local, ok := strings.CutSuffix(email, "@"+Domain)
	if !ok {
		return 0, false
	}
	if strings.HasPrefix(local, "acme-") {
		return c.PersonNamed(local)
	}
	parts := strings.Split(local, ".")
	switch len(parts) {
	case 2:
		last := strings.TrimRight(parts[1], "0123456789")
		name := parts[0] + "-" + last
		if n := parts[1][len(last):]; n != "" {
			name += "-" + n
		}
		index, ok = c.unname(ofPerson, name)
	case 3: // a namesake
		n, err := strconv.Atoi(parts[2])
		index, ok = n, err == nil && n >= 0 && n < maxIndex
	default:
		return 0, false
	}
	return index, ok && c.Person(index).Email == email
}

// PersonWithID is the index of the person with an id, not of a guest.
func (c *Company) PersonWithID(id int64) (index int, ok bool) {
	index = int(id-firstPersonID) / idStep
	return index, id >= firstPersonID && id < firstGuestID && index < maxIndex && c.Person(index).ID == id
}

// GuestWithID is the index of the guest with an id.
func (c *Company) GuestWithID(id int64) (index int, ok bool) {
	index = int(id-firstGuestID) / idStep
	return index, id >= firstGuestID && index < maxIndex && c.Guest(index).ID == id
}

// GuestWithEmail is the index of the guest with an address.
func (c *Company) GuestWithEmail(email string) (index int, ok bool) {
	email = strings.ToLower(email)
	local, _, _ := strings.Cut(email, "@")
	first, last, two := strings.Cut(local, ".")
	if !two {
		return 0, false
	}
	name := strings.TrimRight(last, "0123456789")
	digits := last[len(name):]
	name = first + "-" + name
	if digits != "" {
		name += "-" + digits
	}
	for _, d := range []domain{ofGuest, ofPerson} { // a namesake has an employee's name
		if index, ok = c.unname(d, name); ok && index < maxIndex && c.Guest(index).Email == email {
			return index, true
		}
	}
	return 0, false
}

// GuestNamed is the index of the guest with a login.
func (c *Company) GuestNamed(login string) (index int, ok bool) {
	name, ok := strings.CutSuffix(strings.ToLower(login), "-ext")
	if !ok {
		return 0, false
	}
	index, ok = c.unname(ofGuest, name)
	return index, ok && c.Guest(index).Login == name+"-ext"
}

// unname is the inverse of name for "first-last" and "first-last-2".
func (c *Company) unname(d domain, name string) (index int, ok bool) {
	parts := strings.Split(name, "-")
	if len(parts) < 2 {
		return 0, false
	}
	again, ok := number(parts[2:])
	l, r := find(firstNames[:], parts[0]), find(lastNames[:], parts[1])
	if !ok || l < 0 || r < 0 {
		return 0, false
	}
	const mask = 1<<nameBits - 1
	for round := 3; round >= 0; round-- {
		l, r = r^int(c.hash(ofName, int(d), again, round, l)&mask), l
	}
	return again*block + l<<nameBits + r, true
}

// ProjectNamed is the index of the project with a name.
func (c *Company) ProjectNamed(name string) (index int, ok bool) {
	name = strings.ToLower(name)
	parts := strings.Split(name, "-")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	again, ok := number(parts[2:])
	w, k := find(words[:], parts[0]), find(projectKinds[:], parts[1])
	if !ok || w < 0 || k < 0 {
		return 0, false
	}
	j := w*len(projectKinds) + k - c.nameOffset() + nameCount
	index = j*inverse(nameFactor, nameCount)%nameCount + again*nameCount
	return index, c.projectName(index) == name
}

// TeamNamed is the team with a slug.
func TeamNamed(slug string) (id TeamID, ok bool) {
	slug = strings.ToLower(slug)
	parts := strings.Split(slug, "-")
	for _, d := range Departments() {
		if !strings.EqualFold(d.String(), parts[0]) {
			continue
		}
		if len(parts) == 1 {
			return TeamID{d, WholeDepartment}, true
		}
		w := find(words[:], parts[1])
		again, ok := number(parts[2:])
		if w < 0 || !ok {
			return TeamID{}, false
		}
		n := (w - int(d)*11 + 2*len(words)) * inverse(37, len(words)) % len(words)
		id = TeamID{d, n + again*len(words)}
		return id, id.slug() == slug
	}
	return TeamID{}, false
}

// TeamWithID is the team with an id.
func TeamWithID(id int64) (TeamID, bool) {
	n := int(id) - firstTeamID
	d := Department(n & (teamIDStep - 1))
	return TeamID{d, n/teamIDStep + WholeDepartment}, n >= 0 && n/teamIDStep < maxIndex && int(d) < len(departmentTable)
}

// ProjectWithID is the index of the project with an id.
func (c *Company) ProjectWithID(id int64) (index int, ok bool) {
	index = int(id-firstProjectID) / idStep
	return index, id >= firstProjectID && index < maxIndex && c.Project(index).ID == id
}

// inverse of an odd number modulo a power of two, by Newton's iteration.
func inverse(odd, power int) int {
	x := odd
	for range 5 {
		x = x * (2 - odd*x) % power
	}
	return (x + power) % power
}

// find is the place of a word in a list, or -1.
func find(list []string, word string) int {
	for i, w := range list {
		if strings.EqualFold(w, word) {
			return i
		}
	}
	return -1
}

// maxAgain bounds the numbers behind names.
const maxAgain = 1_000_000

// number reads how often a name was given before: nothing is 0, "2" is 1.
func number(rest []string) (again int, ok bool) {
	switch len(rest) {
	case 0:
		return 0, true
	case 1:
		n, err := strconv.Atoi(rest[0])
		return n - 1, err == nil && n > 1 && n <= maxAgain && rest[0] == strconv.Itoa(n)
	}
	return 0, false
}
