package company

import (
	"strconv"
	"strings"
	"time"
)

// Type is what sort of account a person is.
type Type string

// The types of people.
const (
	Employee Type = "employee"
	Service  Type = "service" // a robot's account
	Guest    Type = "guest"
)

// Person is one human or robot. All providers show the same.
type Person struct {
	Index      int
	ID         int64 // unique over people and guests, also those hired later
	Login      string
	Name       string
	Email      string
	Type       Type
	Department Department
	Title      string
	Manager    int // index of a person; -1: none
	Team       TeamID
	HiredAt    time.Time
	// LeftAt is when the person left the company although the accounts still work; zero: has not left.
	LeftAt time.Time
	MFA    bool
	Admin  bool // administers the company's apps
}

// The numbers that ids start at.
const (
	firstPersonID = 10_000_000
	firstGuestID  = 2_000_000_000
	idStep        = 13
)

// Person gives a person. Indexes from Size() on are those who are hired later.
func (c *Company) Person(i int) Person {
	h := c.hash(ofPerson, i)
	dep := departmentOf(i)
	rank, _ := units[dep].Rank(i)
	p := Person{
		Index: i, ID: firstPersonID + int64(i)*idStep + int64(h%idStep),
		Type: Employee, Department: dep, Team: teamOfRank(dep, rank), Manager: c.manager(i, dep, rank),
		HiredAt: daysBefore(mix(h), 12*365), MFA: h>>8%32 != 0, Admin: dep == IT && rank < admins,
	}
	titles := departmentTable[dep].titles
	p.Title = titles[below(h>>16, len(titles))]
	if i == 0 {
		p.Title = "Chief Executive Officer"
	} else if first, _ := p.Team.ranks(); first == rank {
		p.Title = "Head of " + dep.String() + " " + p.Team.label()
	}
	c.nameOf(&p, ofPerson, Domain)
	if dep == IT && rank >= admins && h>>24%4 == 0 {
		c.makeRobot(&p)
	} else {
		c.makeNamesake(&p)
	}
	c.place(&p, rank)
	return p
}

// admins is how many people of IT administer the apps.
const admins = 4

func (c *Company) nameOf(p *Person, d domain, domain string) {
	first, last, again := c.name(d, p.Index)
	p.Name = first + " " + last
	p.Login = strings.ToLower(first + "-" + last)
	local := strings.ToLower(first + "." + last)
	if again > 0 {
		n := strconv.Itoa(again + 1)
		p.Login += "-" + n
		local += n
	}
	p.Email = local + "@" + domain
}

// namesakeOneIn people beyond the first site are called like somebody else, and have almost the same address; as many
// guests are called like an employee. They are different people all the same.
const namesakeOneIn = 40

// makeNamesake gives a person the name, and nearly the address, of one who came before. The login stays.
func (c *Company) makeNamesake(p *Person) {
	if p.Index < siteSize || c.hash(ofPerson, p.Index, 4)%namesakeOneIn != 0 {
		return
	}
	first, last, again := c.name(ofPerson, p.Index-siteSize+1)
	if again > 0 { // that one's address has a number already
		return
	}
	p.Name = first + " " + last
	p.Email = strings.ToLower(first+"."+last) + "." + strconv.Itoa(p.Index) + "@" + Domain
}

func (c *Company) makeRobot(p *Person) {
	n := strconv.Itoa(p.Index)
	job := words[below(c.hash(ofPerson, p.Index, 1), len(words))]
	p.Type, p.Title, p.MFA = Service, "Service account", false
	p.Name = "Acme " + job + " robot"
	p.Login = "acme-" + job + "-robot-" + n
	p.Email = p.Login + "@" + Domain
}

// manager makes a tree: a team's members report to the one with its first rank, those to the first of an earlier cycle of
// teams, and the first of each department to person 0.
func (c *Company) manager(i int, dep Department, rank int) int {
	if i == 0 {
		return -1
	}
	first, _ := teamOfRank(dep, rank).ranks()
	switch cycle := rank / cycleSize; {
	case rank != first:
		return units[dep].At(first)
	case rank%cycleSize != 0:
		return units[dep].At(cycle * cycleSize)
	case cycle > 0:
		return units[dep].At((cycle - 1) / 8 * cycleSize)
	}
	return 0
}

// guestNamesakes is the first guest who is called like an employee.
const guestNamesakes = 5

// Guest gives the i-th guest. A guest works on one project.
func (c *Company) Guest(i int) Person {
	h := c.hash(ofGuest, i)
	p := Person{
		Index: i, ID: firstGuestID + int64(i)*idStep + int64(h%idStep),
		Type: Guest, Department: departmentOf(i), Manager: -1, Title: "Contractor",
		HiredAt: daysBefore(mix(h), 3*365), MFA: h>>8%4 != 0,
	}
	partners := [...]string{"northwind.example", "fabrikam.example", "contoso.example", "initech.example"}
	c.nameOf(&p, ofGuest, partners[below(h>>16, len(partners))])
	p.Login += "-ext"
	if first, last, again := c.name(ofPerson, i); again == 0 && i >= guestNamesakes && i%namesakeOneIn == guestNamesakes {
		p.Name, p.Email = first+" "+last, strings.ToLower(first+"."+last)+"@adatum.example"
	}
	return p
}

// GuestProject is the project that a guest of a unit works on, by ranks in that unit; GuestOf is its inverse. Projects are
// more than six times as many as guests, so every fourth has one until the guests are used up.
func GuestProject(guestRank int) (projectRank int) { return 4*guestRank + 1 }

// GuestOf is the rank of the guest who works on a project, and whether there can be one.
func GuestOf(projectRank int) (guestRank int, ok bool) { return projectRank / 4, projectRank%4 == 1 }
