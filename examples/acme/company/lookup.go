package company

import (
	"strconv"
	"strings"
)

// PersonNamed is the index of the person with a login. It undoes what Person does, so it costs no search.
func (c *Company) PersonNamed(login string) (index int, ok bool) {
	login = strings.ToLower(login)
	if strings.HasPrefix(login, "acme-") {
		n := strings.LastIndexByte(login, '-')
		index, err := strconv.Atoi(login[n+1:])
		ok = err == nil && index >= 0 && index < 2*MaxSize
		return index, ok && c.Person(index).Login == login
	}
	index, ok = c.unname(ofPerson, login)
	return index, ok && c.Person(index).Login == login
}

// GuestNamed is the index of the guest with a login.
func (c *Company) GuestNamed(login string) (index int, ok bool) {
	name, ok := strings.CutSuffix(strings.ToLower(login), "-ext")
	if !ok {
		return 0, false
	}
	return c.unname(ofGuest, name)
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
		l, r = r^int(c.hash(ofName, int(d), again, round, l)&mask), l //nolint:gosec // below 128
	}
	return again*block + l<<nameBits + r, true
}

// TeamNamed is the team with a slug.
func TeamNamed(slug string) (id TeamID, ok bool) {
	parts := strings.Split(strings.ToLower(slug), "-")
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
		return TeamID{d, n + again*len(words)}, true
	}
	return TeamID{}, false
}

// TeamWithID is the team with an id.
func TeamWithID(id int64) (TeamID, bool) {
	n := int(id) - firstTeamID
	d := Department(n & (teamIDStep - 1)) //nolint:gosec // below 16
	return TeamID{d, n/teamIDStep + WholeDepartment}, n >= 0 && int(d) < len(departmentTable)
}

// ProjectWithID is the index of the project with an id.
func (c *Company) ProjectWithID(id int64) (index int, ok bool) {
	index = int(id-firstProjectID) / idStep
	return index, id >= firstProjectID && c.Project(index).ID == id
}
