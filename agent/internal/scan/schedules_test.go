package scan_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/sdk"
)

// defaultSchedules run in every test; MOORING_SCHEDULES=10000 is what a release must pass.
const defaultSchedules = 25

// TestRandomSchedules lives random lives: records come, go and move while walks fail, are cut, resumed, lied to and
// restarted. Nothing that exists before and after a scan may be deleted by it; in the end the store equals the provider.
// Beside it stands what a mark-and-sweep loses, which deletes what a pass did not give.
func TestRandomSchedules(t *testing.T) {
	n := defaultSchedules
	if env := os.Getenv("MOORING_SCHEDULES"); env != "" {
		var err error
		if n, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	first := uint64(time.Now().UnixNano())
	if env := os.Getenv("MOORING_SEED"); env != "" {
		var err error
		if first, err = strconv.ParseUint(env, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	var wrong, naive, faults, restarts int
	for i := range n {
		seed := first + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			l := &life{world: newWorld(t), rnd: rand.New(rand.NewPCG(seed, 1))}
			l.run()
			if l.wrong > 0 || t.Failed() {
				t.Errorf("schedule with MOORING_SEED=%d: %d wrong deletions", seed, l.wrong)
			}
			wrong, naive, faults, restarts = wrong+l.wrong, naive+l.naive, faults+l.faults, restarts+l.restarts
		})
		if t.Failed() {
			break
		}
	}
	t.Logf("%d schedules, %d faults, %d restarts: %d deleted by mistake; a mark-and-sweep loses %d", n, faults, restarts, wrong, naive)
	if faults == 0 || restarts == 0 || naive == 0 {
		t.Error("no fault landed: this run proves nothing")
	}
}

// life is one schedule.
type life struct {
	*world
	rnd                            *rand.Rand
	next                           int
	wrong, naive, faults, restarts int
}

func (l *life) run() {
	populate(l.v)
	l.v.pageSize = 1 + l.rnd.IntN(6)
	if l.rnd.IntN(4) == 0 {
		l.v.fetches = nil
	}
	l.mustScan()
	for range 3 + l.rnd.IntN(6) {
		l.v.change(l.mutate)
		l.breakSomething()
		before := l.v.exists()
		l.pass()
		after := l.v.exists()
		l.count(before, after)
	}
	l.heal()
	for range 5 {
		l.mustScan()
	}
	l.mustEqual()
}

// pass is one scan, that may end in the middle.
func (l *life) pass() {
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	pages := 0
	stopAt, changeAt := -1, -1
	if l.rnd.IntN(3) == 0 {
		stopAt = l.rnd.IntN(40)
		l.restarts++
	}
	if l.rnd.IntN(2) == 0 {
		changeAt = l.rnd.IntN(40)
	}
	given := map[string]bool{}
	l.v.change(func() { l.v.given = given })
	l.v.onPage = func() {
		l.v.mu.Lock()
		defer l.v.mu.Unlock()
		pages++
		if pages == changeAt {
			l.move()
		}
		if pages == stopAt {
			cancel()
		}
	}
	_, _ = l.engine().Once(ctx, scan.Request{Full: l.rnd.IntN(5) == 0})
	l.v.onPage = nil
	time.Sleep(time.Second)
}

func (l *life) count(before, after map[string]bool) {
	for _, r := range l.deletions() {
		if before[r] && after[r] {
			l.wrong++
			l.t.Errorf("%s was deleted, and exists", r)
		}
	}
	for r := range before {
		if after[r] && !l.v.given[r] {
			l.naive++
		}
	}
}

func pick[T any](l *life, m map[string]T) string {
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) == 0 {
		return ""
	}
	return keys[l.rnd.IntN(len(keys))]
}

// mutate changes what exists. It needs the vendor's lock.
func (l *life) mutate() {
	for range l.rnd.IntN(4) {
		l.next++
		id := fmt.Sprintf("n%04d", l.next)
		drive, team := pick(l, l.v.drives), pick(l, l.v.teams)
		switch l.rnd.IntN(9) {
		case 0:
			l.v.accounts[id] = "members"
		case 1:
			delete(l.v.accounts, pick(l, l.v.accounts))
		case 2:
			l.v.drives[drive][id] = true
		case 3:
			delete(l.v.drives[drive], pick(l, l.v.drives[drive]))
		case 4:
			l.v.drives[id] = map[string]bool{id + "-f": true}
		case 5:
			if len(l.v.drives) > 2 {
				delete(l.v.drives, drive)
			}
		case 6:
			l.v.teams[team][id] = true
			l.v.stamps[team]++
		case 7:
			delete(l.v.teams[team], pick(l, l.v.teams[team]))
			l.v.stamps[team]++
		case 8:
			l.move()
		}
	}
}

// move lets a record live elsewhere: it exists all the time. It needs the vendor's lock.
func (l *life) move() {
	if l.v.fetches == nil {
		return // who can ask nobody must take two looks for proof; a record that moves between them is lost and found again
	}
	if l.rnd.IntN(2) == 0 {
		id := pick(l, l.v.accounts)
		l.v.accounts[id] = map[string]string{"members": "outside", "outside": "members"}[l.v.accounts[id]]
		return
	}
	from, to := pick(l, l.v.drives), pick(l, l.v.drives)
	if f := pick(l, l.v.drives[from]); f != "" {
		delete(l.v.drives[from], f)
		l.v.drives[to][f] = true
	}
}

func (l *life) breakSomething() {
	l.heal()
	listings := []string{"members", "outside", "drives", "files", "teams", "seats", "events"}
	errs := []error{
		sdk.Errorf(sdk.ErrPermission, "403"), sdk.Errorf(sdk.ErrNotFound, "404"), sdk.Errorf(sdk.ErrUnavailable, "cut short"),
		sdk.Errorf(sdk.ErrAuth, "401"), sdk.Errorf(sdk.ErrExpired, "410"), sdk.Errorf(sdk.ErrInternal, "odd"),
		&sdk.Error{Type: sdk.ErrThrottled, Message: "429", RetryAfter: time.Second, Sent: true},
	}
	for range l.rnd.IntN(3) {
		l.faults++
		f := &fault{times: 1 + l.rnd.IntN(4), after: l.rnd.IntN(3)}
		switch l.rnd.IntN(6) {
		case 0:
			f.repeat = true
		case 1:
			f.silent = true
		default:
			f.err = errs[l.rnd.IntN(len(errs))]
		}
		l.v.faults[listings[l.rnd.IntN(len(listings))]] = f
	}
	if l.rnd.IntN(4) == 0 {
		l.v.denied[pick(l, l.v.drives)] = true
	}
	if l.rnd.IntN(4) == 0 {
		l.v.fingerprint = fmt.Sprint("f", l.rnd.IntN(3))
		l.v.hidden[pick(l, l.v.accounts)] = l.v.fingerprint != "f1"
	}
	if l.rnd.IntN(5) == 0 {
		l.settings = fmt.Sprint("s", l.rnd.IntN(2))
	}
}

func (l *life) heal() {
	clear(l.v.faults)
	clear(l.v.denied)
	clear(l.v.hidden)
	l.v.fingerprint, l.settings = "f1", ""
}
