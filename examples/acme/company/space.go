package company

// Storage is where documents are. A document is in one storage only.
type Storage string

// The storages.
const (
	Drive Storage = "drive" // personal and shared drives
	Box   Storage = "box"   // personal and team folders
)

// Space is a place with folders and documents in one storage: of a person, or of a team.
type Space struct {
	In     Storage
	Person int // index; TeamSpace when it is a team's
	Team   TeamID
}

// TeamSpace is the Person of a team's space.
const TeamSpace = -1

// PersonalSpace is a person's space. There is none in Box for those without an account there.
func PersonalSpace(in Storage, person int) Space { return Space{In: in, Person: person} }

// SpaceOf is a team's space in a storage; false when the team works in the other one. Whole departments have both.
func SpaceOf(in Storage, t TeamID) (Space, bool) {
	return Space{In: in, Person: TeamSpace, Team: t}, t.N == WholeDepartment || t.N%2 == firstTeam(in, t.Department)
}

// firstTeam is the first team of a department that works in a storage: every second one does.
func firstTeam(in Storage, d Department) int {
	if in == Box {
		return 1 - int(d)%2
	}
	return int(d) % 2
}

// Shared says whether a space is a team's.
func (s Space) Shared() bool { return s.Person == TeamSpace }

// TeamSpaces is how many teams have a space in a storage.
func (l *Live) TeamSpaces(in Storage) (n int) {
	for _, d := range Departments() {
		n += l.spacesOf(in, d)
	}
	return n
}

func (l *Live) spacesOf(in Storage, d Department) int {
	return 1 + (l.TeamsOf(d)-firstTeam(in, d)+1)/2
}

// TeamSpaceAt is the i-th of them; false when there is none.
func (l *Live) TeamSpaceAt(in Storage, i int) (Space, bool) {
	for _, d := range Departments() {
		n := l.spacesOf(in, d)
		switch {
		case i < 0:
			return Space{}, false
		case i == 0:
			return Space{in, TeamSpace, TeamID{d, WholeDepartment}}, true
		case i < n:
			return Space{in, TeamSpace, TeamID{d, firstTeam(in, d) + 2*(i-1)}}, true
		}
		i -= n
	}
	return Space{}, false
}

// An id of an item has, from the top: a one, the storage, the space, whether it is a folder, and the number in the space.
// It stays below 1<<46, so that 64 shares of each have ids that a float64 holds.
const (
	numberBits = 18
	spaceBits  = 25
	folderBit  = 1 << numberBits
	spaceShift = numberBits + 1
	boxBit     = 1 << (spaceShift + spaceBits)
	firstItem  = boxBit << 1
	shareBits  = 6
	maxNumber  = 1<<numberBits - 1
)

// itemID is the inverse of splitID.
func itemID(s Space, folder bool, n int) int64 {
	id := int64(firstItem) | int64(s.number())<<spaceShift | int64(n)
	if s.In == Box {
		id |= boxBit
	}
	if folder {
		id |= folderBit
	}
	return id
}

// ID is a number for a space, which no item has.
func (s Space) ID() int64 { return itemID(s, true, maxNumber) }

// SpaceWithID is the space with an ID, whether it is one of the company or not: see HasSpace.
func SpaceWithID(id int64) (Space, bool) {
	s, folder, n, ok := splitID(id)
	return s, ok && folder && n == maxNumber
}

func (s Space) number() int {
	if s.Shared() {
		return int(s.Team.id())<<1 | 1
	}
	return s.Person << 1
}

func splitID(id int64) (s Space, folder bool, n int, ok bool) {
	if id < firstItem || id >= firstItem<<1 {
		return Space{}, false, 0, false
	}
	s.In = Drive
	if id&boxBit != 0 {
		s.In = Box
	}
	number := id >> spaceShift & (1<<spaceBits - 1)
	ok = true
	if number&1 == 0 {
		s.Person = int(number >> 1)
	} else {
		s.Person = TeamSpace
		s.Team, ok = TeamWithID(number >> 1)
	}
	return s, id&folderBit != 0, int(id & maxNumber), ok
}

// HasSpace says whether a space is one of the company now. The spaces of those who left stay.
func (l *Live) HasSpace(s Space) bool {
	if s.Shared() {
		_, here := SpaceOf(s.In, s.Team)
		return here && s.Team.N < l.TeamsOf(s.Team.Department)
	}
	_, has := AppOf(s.In).Rank(s.Person)
	return has && s.Person < l.People()
}
