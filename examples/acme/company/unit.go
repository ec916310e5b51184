package company

import "slices"

// Department is one of the company's departments.
type Department uint8

// The departments, largest first.
const (
	Engineering Department = iota
	Sales
	Support
	Marketing
	Product
	Finance
	People
	IT
	Security
	Legal
)

// siteSize is how many people make a site: each site has the same mix of departments, so ranks are found by arithmetic.
const siteSize = 64

type department struct {
	name   string
	weight int // people in each site
	titles []string
}

func departments() [10]department {
	return [...]department{
		{"Engineering", 22, []string{"Software Engineer", "Senior Software Engineer", "Site Reliability Engineer", "Data Engineer", "Staff Engineer"}},
		{"Sales", 12, []string{"Account Executive", "Sales Engineer", "Sales Development Representative", "Key Account Manager"}},
		{"Support", 8, []string{"Support Engineer", "Customer Success Manager", "Support Specialist"}},
		{"Marketing", 5, []string{"Content Designer", "Campaign Manager", "Brand Designer"}},
		{"Product", 5, []string{"Product Manager", "Product Designer", "Researcher"}},
		{"Finance", 4, []string{"Accountant", "Controller", "Financial Analyst"}},
		{"People", 3, []string{"Recruiter", "People Partner", "Payroll Specialist"}},
		{"IT", 2, []string{"Systems Administrator", "IT Support Engineer"}},
		{"Security", 2, []string{"Security Engineer", "Security Analyst"}},
		{"Legal", 1, []string{"Counsel", "Privacy Officer"}},
	}
}

// Departments lists all of them.
func Departments() []Department {
	return []Department{Engineering, Sales, Support, Marketing, Product, Finance, People, IT, Security, Legal}
}

// String is the department's name.
func (d Department) String() string { return departmentTable[d].name }

// The tables of the mix never change after they are made.
var (
	departmentTable = departments()
	departmentAt    = spread()
	units           = departmentUnits()
)

// spread deals the 64 places of a site by Sainte-Laguë's method, so that every department is met early, also in a company
// smaller than a site.
func spread() (at [siteSize]Department) {
	var given [len(departmentTable)]int
	for place := range at {
		next := 0
		for d := range given {
			if departmentTable[d].weight*(2*given[next]+1) > departmentTable[next].weight*(2*given[d]+1) {
				next = d
			}
		}
		at[place] = Department(next)
		given[next]++
	}
	return at
}

// Unit is a part of the company: some departments. It numbers the people (or guests, or projects) in it by rank.
type Unit struct {
	places []int          // of a site, ascending
	rank   [siteSize]int8 // of a place; -1: not in the unit
}

// UnitOf gives the unit of some departments; of none: everyone.
func UnitOf(departments ...Department) *Unit {
	u := &Unit{}
	for place, d := range departmentAt {
		u.rank[place] = -1
		if len(departments) == 0 || slices.Contains(departments, d) {
			u.rank[place] = int8(len(u.places))
			u.places = append(u.places, place)
		}
	}
	return u
}

func departmentUnits() (all [len(departmentTable)]*Unit) {
	for d := range all {
		all[d] = UnitOf(Department(d))
	}
	return all
}

// Len is how many of the first n indexes are in the unit.
func (u *Unit) Len(n int) int {
	rest, _ := slices.BinarySearch(u.places, n%siteSize)
	return n/siteSize*len(u.places) + rest
}

// At is the index of a rank.
func (u *Unit) At(rank int) int {
	return rank/len(u.places)*siteSize + u.places[rank%len(u.places)]
}

// Rank is the rank of an index, and whether it is in the unit at all.
func (u *Unit) Rank(index int) (int, bool) {
	r := int(u.rank[index%siteSize])
	return index/siteSize*len(u.places) + r, r >= 0
}

func departmentOf(index int) Department { return departmentAt[index%siteSize] }
