package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// strike kills once, as near to a rotation as it can, and judges what is left.
func (r *rotation) strike() {
	r.t.Helper()
	r.works()
	switch r.rng.IntN(stopsIn) {
	case 0:
		r.stopAtAMoment()
		return
	case 1:
		r.loseAnAnswer()
		return
	}
	link := r.linkKills < maxLinkKills && r.rng.IntN(3) == 0
	victims := []int{r.agent.Process.Pid}
	if link {
		victims = children(r.agent.Process.Pid)
		if n := r.rng.IntN(len(victims) + 1); n < len(victims) { // one of them, or all
			victims = victims[n : n+1]
		}
	}
	struck := r.waitForMoment(func() {
		for _, pid := range victims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	if link {
		r.linkKills++
		r.judgeConnector(struck)
		return
	}
	select {
	case <-r.ended:
	case <-time.After(rotates):
		r.t.Fatal("the agent lives on after SIGKILL")
	}
	r.judgeAgent(struck)
}

// stopAtAMoment stops the agent as it should be, in the middle of a rotation: then nothing is lost.
func (r *rotation) stopAtAMoment() {
	r.t.Helper()
	r.waitForMoment(func() { _ = r.agent.Process.Signal(syscall.SIGTERM) })
	r.stop()
	r.stops++
	r.start()
}

// loseAnAnswer: the provider has spent the token, and what it gave in its place never comes. Nobody tries the old one again.
func (r *rotation) loseAnAnswer() {
	r.t.Helper()
	r.gate.lose()
	r.until(comesBack, "login needed after an answer was lost", func() bool {
		needed, ok := r.lost()
		return needed && ok
	})
	r.cuts++
	r.again()
}

// waitForMoment kills at a random moment around the next rotation, and says when that was.
func (r *rotation) waitForMoment(kill func()) time.Time {
	r.t.Helper()
	fired := make(chan time.Time, 1)
	fire := func() {
		at := time.Now()
		kill()
		fired <- at
	}
	switch phase := r.rng.IntN(4); {
	case phase == 0 && r.app.pause < nearRotation: // around the claim: half of a token's life after it came
		at := r.gate.refreshed().Add(r.app.life/2 + time.Duration(r.rng.IntN(40)-10)*time.Millisecond)
		time.AfterFunc(time.Until(at), fire)
	default: // when the request has come, when the token is spent, or soon after that
		after := time.Duration(0)
		if r.rng.IntN(4) > 0 {
			after = time.Duration(r.rng.IntN(15_000)) * time.Microsecond
		}
		r.gate.set(trap{fire: fire, spent: phase > 1, after: after})
	}
	select {
	case at := <-fired:
		return at
	case <-time.After(rotates):
		r.t.Fatalf("there was no rotation within %s", rotates)
	}
	return time.Time{}
}

// landed says whether a kill was near a rotation.
func (r *rotation) landed(struck time.Time, marked bool) bool {
	if marked || struck.Sub(r.gate.refreshed()).Abs() <= nearRotation {
		r.misses = 0
		return true
	}
	r.elsewhere++
	r.misses++
	return false
}

// judgeAgent looks into the file of the dead agent, and has the next one agree with it and with the provider.
func (r *rotation) judgeAgent(struck time.Time) {
	r.t.Helper()
	r.until(rotates, "the end of the refresh under way", r.gate.idle)
	value, why := r.onDisk()
	if r.landed(struck, why != "") {
		r.kills++
	}
	if why == "" && r.gate.spent(value) {
		r.t.Errorf("after %d kills: the token on the disk is spent, and nothing there says so", r.kills+r.links)
		return
	}
	if why != "" && !strings.Contains(why, "was being spent") {
		r.t.Errorf("after %d kills: %s", r.kills+r.links, why)
	}
	if why != "" && r.rng.IntN(4) == 0 { // before the next agent comes
		r.needed++
		r.logIn()
		why = ""
	}
	r.start()
	needed := false
	r.until(comesBack, "an answer of the new agent", func() (ok bool) {
		needed, ok = r.lost()
		return ok
	})
	if needed != (why != "") {
		r.t.Errorf("after %d kills: the agent says that login is needed: %t; on the disk stood: %q", r.kills+r.links, needed, why)
	}
	if needed {
		r.again()
	}
}

// judgeConnector: the agent lives, and either goes on or says that login is needed, for both instances.
func (r *rotation) judgeConnector(struck time.Time) {
	r.t.Helper()
	now, needed := time.Now().UnixNano(), false
	r.until(comesBack, "both instances after a connector was killed", func() bool {
		n, ok := r.lost()
		needed = n && ok
		return needed || r.seen[0].Load() > now && r.seen[1].Load() > now
	})
	if r.landed(struck, needed) {
		r.links++
	}
	if needed {
		r.again()
	}
}

// again logs in after it was lost: until then, the provider hears nothing more of the old token.
func (r *rotation) again() {
	r.t.Helper()
	r.needed++
	r.until(rotates, "the end of the refresh under way", r.gate.idle)
	before := r.gate.count()
	for _, instance := range []string{"main", "audit"} {
		// A connector may have an access token that works yet, or have been killed just now.
		r.until(rotates, "the answer to a check of "+instance+" while its login is lost", func() bool {
			why := r.check(r.t.Context(), instance)
			return why == "" || strings.Contains(why, "login needed")
		})
	}
	after := r.gate.count()
	if before.refreshes() != after.refreshes() {
		r.t.Errorf("the provider heard of a token that was lost: %+v, then %+v", before, after)
	}
	r.logIn()
}

// logIn does what a person does.
func (r *rotation) logIn() {
	r.t.Helper()
	var out []byte
	var err error
	r.until(comesBack, "mooring login", func() bool {
		out, err = agree(r.command("login", "audit"))
		return err == nil || !bytes.Contains(out, []byte("asking the agent"))
	})
	if err != nil {
		r.t.Fatalf("mooring login: %v: %s", err, out)
	}
}

func (r *rotation) stop() {
	_ = r.agent.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.ended:
	case <-time.After(stopTime):
		r.t.Error("the agent did not end")
		return
	}
	if value, why := r.onDisk(); why != "" || r.gate.spent(value) {
		r.t.Errorf("after a stop as it should be: %s", why)
	}
}

// children are the processes that any thread of a process started.
func children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var pids []int
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue // a thread may be gone
		}
		for s := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(s); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}
