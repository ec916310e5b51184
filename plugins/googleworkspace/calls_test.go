package main

import (
	"bytes"
	"fmt"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// tolerated is how much more than the least a scan may cost.
const tolerated = 1.10

// cost is what a capability took.
type cost struct {
	name              string
	full, leastFull   int
	idle, leastOfIdle int
}

func pagesOf(n, size int) int { return max(1, (n+size-1)/size) }

// TestCalls: a full scan, and one after nothing happened, cost what the vendor's API takes at least. The numbers are those
// of the provider's sheet: pages of 500 users, 200 groups and members, 1,000 log entries and files (460 where permissions
// are asked for); an idle scan looks once at each log that drives a listing.
func TestCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, newWorld(), endless)
	c, s := w.connector(), w.session(t)
	var table []cost
	// tree walks a listing and those below it, as the agent does: a shard whose stamp is unchanged is not walked.
	tree := func(name string, leastFull, leastIdle int) {
		one := cost{name: name, leastFull: leastFull, leastOfIdle: leastIdle}
		var parent *result
		stamps := map[string]string{}
		below := func() {
			for _, sh := range parent.shards {
				if sh.GetState() == sdk.ShardActive && stamps[sh.GetKey()] != sh.GetStamp() {
					must(t, walk(t, c, s, shardOf(sh)))
					stamps[sh.GetKey()] = sh.GetStamp()
				}
			}
		}
		one.full = w.counted(func() { parent = must(t, walk(t, c, s, full(name))); below() })
		w.later(5 * time.Minute)
		one.idle = w.counted(func() {
			request := full(name)
			if b := parent.cert.GetBookmark(); b != nil {
				request = delta(name, b)
			}
			parent = must(t, walk(t, c, s, request))
			below()
		})
		w.later(-5 * time.Minute)
		table = append(table, one)
	}
	active := userCount - 2
	tree("users", pagesOf(userCount, 500)+1, 1)
	tree("groups", pagesOf(groupCount, 200)+pagesOf(bigGroup, 200)+2, 2)
	tree("org_units", 1, 1)
	tree("roles", 2, 2)
	tree("domains", 1, 1)
	tree("drives", pagesOf(userCount, 500)+active-1+pagesOf(manyFiles, 460), 1)
	tree("shared_drives", 1+2+1+1, 1) // the list, who is in each, the files, the one with permissions of its own
	tree("token_users", pagesOf(userCount, 500)+userCount, 2)
	tree("consents", 2, 2)
	for _, app := range applications {
		if app.extra {
			continue
		}
		one := cost{name: "log_" + app.name, leastFull: pagesOf(len(w.logs[app.name]), 1000), leastOfIdle: 1}
		one.full = w.counted(func() { must(t, walk(t, c, s, window(one.name, worldNow.Add(-logWindow), worldNow))) })
		one.idle = w.counted(func() { must(t, walk(t, c, s, window(one.name, worldNow.Add(-app.late), worldNow))) })
		table = append(table, one)
	}
	var b bytes.Buffer
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, one := range table {
		_, _ = fmt.Fprintf(out, "googleworkspace\t%s\tfull %d\tleast %d\tidle %d\tleast %d\n", one.name, one.full, one.leastFull, one.idle, one.leastOfIdle)
		for what, n := range map[string][2]int{"full": {one.full, one.leastFull}, "idle": {one.idle, one.leastOfIdle}} {
			if float64(n[0]) > tolerated*float64(n[1]) {
				t.Errorf("%s, %s: %d calls, at most %.1f × %d are expected", one.name, what, n[0], tolerated, n[1])
			}
		}
	}
	_ = out.Flush()
	t.Logf("connector, capability, calls:\n%s", b.String())
}
