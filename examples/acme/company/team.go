package company

import (
	"sort"
	"strconv"
	"strings"
)

// cycle is the sizes of the teams into which the ranks of a department are cut, again and again: a few large, many small.
var cycle = [...]int{5, 8, 3, 24, 2, 10, 1, 6, 14, 4, 48, 2, 1}

const cycleSize = 128

// TeamID is one team: the N-th of a department, or the whole department when N is WholeDepartment.
type TeamID struct {
	Department Department
	N          int
}

// WholeDepartment is the N of the team that all others of its department are in.
const WholeDepartment = -1

const (
	firstTeamID = 4_000
	teamIDStep  = 16 // a power of two, above the number of departments
)

// Team is one team.
type Team struct {
	TeamID
	ID     int64 // unique
	Name   string
	Slug   string
	Parent *TeamID // nil for a whole department
	Secret bool
}

// Team gives a team.
func (c *Company) Team(id TeamID) Team {
	t := Team{TeamID: id, ID: id.id(), Name: id.name(), Slug: id.slug()}
	if id.N != WholeDepartment {
		t.Parent = &TeamID{id.Department, WholeDepartment}
		t.Secret = id.Department == Security || id.N%29 == 7
	}
	return t
}

func (t TeamID) id() int64 {
	return firstTeamID + int64(t.N-WholeDepartment)*teamIDStep + int64(t.Department)
}

func (t TeamID) name() string {
	if t.N == WholeDepartment {
		return t.Department.String()
	}
	return t.Department.String() + " " + t.label()
}

func (t TeamID) slug() string { return strings.ReplaceAll(strings.ToLower(t.name()), " ", "-") }

// label is the part of a team's name that differs within a department. The words are met in turn; then a number is added.
func (t TeamID) label() string {
	w := words[(t.N*37+int(t.Department)*11)%len(words)]
	w = strings.ToUpper(w[:1]) + w[1:]
	if again := t.N / len(words); again > 0 {
		w += " " + strconv.Itoa(again+1)
	}
	return w
}

// teamOfRank is the team that a rank of a department falls in.
func teamOfRank(d Department, rank int) TeamID {
	rest := rank % cycleSize
	n := sort.Search(len(cycle), func(i int) bool { return cycleStart[i+1] > rest })
	return TeamID{d, rank/cycleSize*len(cycle) + n}
}

// ranks gives the ranks [from, to) of the department that a team is cut from.
func (t TeamID) ranks() (from, to int) {
	n := t.N % len(cycle)
	from = t.N/len(cycle)*cycleSize + cycleStart[n]
	return from, from + cycle[n]
}

var cycleStart = starts()

func starts() (at [len(cycle) + 1]int) {
	for i, size := range cycle {
		at[i+1] = at[i] + size
	}
	return at
}

// teamCount is how many teams n people of a department are cut into.
func teamCount(n int) int {
	if n == 0 {
		return 0
	}
	return teamOfRank(0, n-1).N + 1
}
