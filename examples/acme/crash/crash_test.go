// Package crash kills the real agent and its connector with SIGKILL at random moments of scans, again and again, and
// compares what is stored in the end with a run that nobody killed.
//
// It promises: kills come evenly over the time of a first scan, of a rescan and of a full rescan; one that hit nothing
// does not count, and too few that hit fail the test. After every kill of the agent its store must check clean and its
// connector must be gone. It says nothing about a machine that loses power: nothing here takes the page cache away.
package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What is done when nobody says how often to kill: a small company, quickly.
const (
	smallKills    = 8
	smallAccounts = 200
	bigAccounts   = 20_000
)

const (
	passKills  = 50 // at most, in one pass over the company
	emptyLives = 3  // in a row without a kill that landed: the test fails
)

// run is one run of the test.
type run struct {
	*world
	want   int
	ref    *reference
	rng    *rand.Rand
	agents int // kills that landed
	links  int // the same, of connectors
	again  int // pages fetched again
	bound  int // of them
	broken int // promises
}

func (r *run) kills() int { return r.agents + r.links }

// violation is a promise that did not hold.
func (r *run) violation(format string, args ...any) {
	r.t.Helper()
	r.broken++
	r.t.Errorf("after %d kills: %s", r.kills(), fmt.Sprintf(format, args...))
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: a number of at least 1 is expected", name, v)
	}
	return n
}

func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real programs some dozens of times")
	}
	accounts := bigAccounts
	if os.Getenv("MOORING_KILLS") == "" {
		accounts = smallAccounts
	}
	want := number(t, "MOORING_KILLS", smallKills)
	seed := number(t, "MOORING_SEED", int(time.Now().UnixNano()&0xffffff)+1)
	r := &run{
		world: newWorld(t, number(t, "MOORING_ACCOUNTS", accounts)), want: want,
		rng: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	r.ref = r.measure()
	t.Logf("MOORING_SEED=%d; %s", seed, r.ref)
	for empty := 0; r.kills() < want && empty < emptyLives && t.Context().Err() == nil; {
		before := r.kills()
		r.life()
		if empty++; r.kills() > before {
			empty = 0
		}
	}
	if r.kills() < want {
		t.Errorf("%d kills landed, %d are wanted", r.kills(), want)
	}
	fmt.Printf("crash | %d kills (%d of the agent, %d of the connector) | %d refetched pages of at most %d | %d violations\n",
		r.kills(), r.agents, r.links, r.again, r.bound, r.broken)
}

// life is a first scan into an empty store, a rescan of what did not change, and a full rescan, with kills in each.
func (r *run) life() {
	r.wipe()
	r.firstScan()
	r.judged("the first scan")
	for _, rescan := range []struct {
		name string
		took time.Duration
		args []string
	}{{"an unchanged rescan", r.ref.rescan, nil}, {"a full rescan", r.ref.full, []string{"--full"}}} {
		if r.kills() >= r.want {
			return
		}
		r.pass(rescan.took, nil, append([]string{"scan", "--log-level", "warn"}, rescan.args...)...)
		r.judged(rescan.name)
	}
}

func (r *run) judged(pass string) {
	r.t.Helper()
	r.judge(pass)
	r.t.Logf("%s ended and is compared: %d kills so far, %d pages fetched again", pass, r.kills(), r.again)
}

// firstScan is done by `mooring run`, which after a kill does not scan again what it has: so every request beyond those
// of the reference is due to a kill.
func (r *run) firstScan() {
	before, agents, kills, began := r.requests(), r.agents, r.kills(), time.Now()
	r.pass(r.ref.first, r.complete, "run")
	agents, kills = r.agents-agents, r.kills()-kills
	// A restarted agent checks again. Feeds are read again when their time comes.
	polled := (1 + int(time.Since(began)/feedEvery)) * feedCalls
	again := max(0, r.requests()-before-r.ref.requests-agents*r.ref.check-polled)
	bound := kills * r.ref.perKill()
	r.again += again
	r.bound += bound
	if again > bound {
		r.violation("%d pages were fetched again for %d kills, at most %d are promised", again, kills, bound)
	}
}

// pass runs the agent with these arguments, and again after every kill, until it is through: it has ended by itself, or
// through says so. The waits between kills are exponential, so that every moment is as likely as any other.
func (r *run) pass(took time.Duration, through func() bool, args ...string) {
	left := min(passKills, (r.want+2)/3, r.want-r.kills())
	mean := r.ref.start + took/time.Duration(left+1)
	for more := true; more && r.t.Context().Err() == nil; {
		a := r.start(args...)
		for ended := false; !ended; {
			wait := forever
			if left > 0 {
				wait = time.Duration(r.rng.ExpFloat64() * float64(mean))
			}
			switch a.wait(wait, through) {
			case endedItself:
				r.ended(a)
				ended, more = true, false
			case isThrough:
				r.stop(a)
				ended, more = true, false
			case timeIsUp:
				var landed bool
				if landed, ended = r.strike(a); landed {
					left--
				}
			}
		}
	}
}

// strike kills the agent or its connector. landed: it was alive until then.
func (r *run) strike(a *agent) (landed, ended bool) {
	// More than a few crashes in one life of the agent count as a broken connector, which is not what is tested here.
	if a.linkKills < maxLinkKills && r.rng.IntN(2) == 0 {
		if landed = a.killConnector(); landed {
			a.linkKills++
			r.links++
		}
		return landed, false
	}
	landed, survivors := a.kill()
	if !landed {
		return false, false // wait sees that it has ended
	}
	r.agents++
	if survivors {
		r.violation("a connector lived longer than %s after its agent was killed", mayOutlive)
	}
	if out, err := r.mooring("store", "check"); err != nil {
		r.violation("the store does not check clean: %v: %s", err, out)
	}
	return true, true
}
