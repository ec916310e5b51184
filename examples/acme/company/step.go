package company

import (
	"slices"
	"time"
)

// Step lets one thing happen, and says what. What happens depends on the seed and on how many steps were made before.
func (l *Live) Step(now time.Time) Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step++
	h := l.hash(ofStep, l.step)
	ch := Change{
		ID: hex20(h^mix(uint64(now.UnixNano())), l.step)[:24], Time: now,
		Person: l.anyone(h), Project: below(h>>24, l.Projects()+l.created),
	}
	ch.Actor = ch.Person
	switch pick := h >> 57 % 32; { // of 32
	case pick < 3:
		l.hire(&ch)
	case pick < 5:
		l.leave(&ch)
	case pick < 8:
		l.move(&ch, h>>32)
	case pick < 10:
		l.create(&ch)
	case pick < 12:
		l.publish(&ch)
	case pick < 15:
		l.push(&ch, h>>32, FileAdded)
	case pick < 23:
		l.push(&ch, h>>32, FileChanged)
	case pick < 28:
		ch.Kind = Downloaded
	default:
		ch.Kind = SignedIn
	}
	l.remember(ch)
	return ch
}

// anyone picks a person who is here, and to whom something may happen.
func (l *Live) anyone(h uint64) int {
	for {
		i := below(h, l.size+l.hired)
		if d := units[departmentOf(i)]; l.here(d, i) && !l.part(i) {
			return i
		}
		h = mix(h)
	}
}

// part says whether a person plays a part that must go on: the head, the administrators, those of the incidents.
func (l *Live) part(i int) bool {
	return i == 0 || departmentOf(i) == IT || i == l.Leaver() || i == l.ForgetfulOwner()
}

// admin is who does what an administrator does.
func (l *Live) admin() int { return l.CarelessAdmin() }

// hire takes somebody new, or, when too much is remembered, the first who left.
func (l *Live) hire(ch *Change) {
	ch.Kind, ch.Actor = Hired, l.admin()
	if person, ok := l.firstGone(); ok && l.kept >= MaxChanges {
		ch.Person = person
		d := departmentOf(person)
		rank, _ := units[d].Rank(person)
		l.away[d].remove(rank)
		l.eachUnit(person, (*ranks).remove)
		delete(l.leftAt, person)
		l.kept--
	} else {
		ch.Person = l.size + l.hired
		l.hired++
	}
	ch.Team = l.teamNow(ch.Person)
}

func (l *Live) firstGone() (person int, ok bool) {
	for _, u := range units {
		if gone := *l.gone[u]; len(gone) > 0 {
			return u.At(gone[0]), true
		}
	}
	return 0, false
}

// leave takes somebody out; never so many that less than half of the company stays.
func (l *Live) leave(ch *Change) {
	ch.Kind = SignedIn
	if l.kept >= MaxChanges || l.size+l.hired-l.leftCount() <= l.size/2 {
		return
	}
	ch.Kind, ch.Actor = Left, l.admin()
	ch.Team = l.teamNow(ch.Person)
	l.unjoin(ch.Person)
	d := departmentOf(ch.Person)
	rank, _ := units[d].Rank(ch.Person)
	l.away[d].add(rank)
	l.eachUnit(ch.Person, (*ranks).add)
	l.leftAt[ch.Person] = ch.Time
	l.kept++
}

func (l *Live) leftCount() (n int) {
	for _, u := range units {
		n += len(*l.gone[u])
	}
	return n
}

// eachUnit does something with the rank of a person in every unit.
func (l *Live) eachUnit(person int, do func(*ranks, int)) {
	for u, gone := range l.gone {
		if rank, ok := u.Rank(person); ok {
			do(gone, rank)
		}
	}
}

// move puts somebody into another team of the department.
func (l *Live) move(ch *Change, h uint64) {
	d := departmentOf(ch.Person)
	to := TeamID{d, below(h, teamCount(units[d].Len(l.size+l.hired)))}
	from := l.teamNow(ch.Person)
	_, again := l.moved[ch.Person]
	if to == from || (!again && l.kept >= MaxChanges) {
		ch.Kind = SignedIn
		return
	}
	ch.Kind, ch.From, ch.Team, ch.Actor = MovedTeam, from, to, l.admin()
	l.unjoin(ch.Person)
	rank, _ := units[d].Rank(ch.Person)
	if teamOfRank(d, rank) == to { // home again
		l.away[d].remove(rank)
		return
	}
	l.away[d].add(rank)
	l.moved[ch.Person] = to
	l.joined[to] = append(l.joined[to], ch.Person)
	l.kept++
}

// unjoin takes somebody out of the team moved into.
func (l *Live) unjoin(person int) {
	t, ok := l.moved[person]
	if !ok {
		return
	}
	delete(l.moved, person)
	l.kept--
	if l.joined[t] = slices.DeleteFunc(l.joined[t], func(p int) bool { return p == person }); len(l.joined[t]) == 0 {
		delete(l.joined, t)
	}
}

func (l *Live) create(ch *Change) {
	ch.Kind = ProjectCreated
	ch.Project = l.Projects() + l.created
	l.created++
	ch.Now = l.Project(ch.Project).Visibility
}

// publish makes a private project public, or a public one private. Those of the incidents stay as they are.
func (l *Live) publish(ch *Change) {
	p := l.current(l.Project(ch.Project))
	_, had := l.seen[p.Index]
	if len(l.planted(p.Index)) > 0 || p.Archived || (!had && l.kept >= MaxChanges) {
		ch.Kind = SignedIn
		return
	}
	ch.Kind, ch.Was, ch.Now = ProjectSeen, p.Visibility, Public
	if p.Visibility == Public {
		ch.Now = Private
	}
	if !had {
		l.kept++
	}
	l.seen[p.Index] = ch.Now
}

// push changes or adds a file.
func (l *Live) push(ch *Change, h uint64, kind ChangeKind) {
	p := l.Project(ch.Project)
	w := l.work[p.Index]
	full := l.kept >= MaxChanges
	if p.Archived || (w == nil && full) {
		ch.Kind = Downloaded
		return
	}
	if full {
		kind = FileAdded // costs a number only
	}
	if w == nil {
		w = &work{revision: map[int]int{}}
		l.work[p.Index] = w
		l.kept++
	}
	w.pushes++
	w.at = ch.Time
	ch.Kind = kind
	n := l.FileCount(&p)
	if kind == FileAdded {
		ch.Path = l.FilePath(&p, n+w.added)
		w.added++
		return
	}
	first := len(l.fixed(&p)) - 1 // those before have one content for ever
	f := first + below(h, n+w.added-first)
	if w.revision[f] == 0 {
		l.kept++
	}
	w.revision[f]++
	ch.Path = l.FilePath(&p, f)
}
