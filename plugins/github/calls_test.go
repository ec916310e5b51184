package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

// The organisation whose scan is counted.
const (
	manyMembers = 1_050
	manyOwners  = 12
	manyTeams   = 130
	manyRepos   = 240
	bigTeam     = 230 // members of every tenth team; the others have 3
)

func manyOrg() *githubtest.Org {
	o := newOrg()
	var members []githubtest.Member
	for i := range manyMembers {
		m := githubtest.Member{User: someone(i), Role: "member"}
		if i < manyOwners {
			m.Role = "admin"
		}
		members = append(members, m)
	}
	o.Members = githubtest.ListOf(members...)
	var teams []githubtest.TeamInfo
	for i := range manyTeams {
		teams = append(teams, githubtest.TeamInfo{
			ID: int64(5000 + i), Slug: fmt.Sprintf("t%d", i), Name: fmt.Sprintf("T %d", i), CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld,
		})
	}
	o.Teams = githubtest.ListOf(teams...)
	o.TeamMembers = func(slug string) githubtest.List[githubtest.TeamMember] {
		n := 3
		if strings.HasSuffix(slug, "0") {
			n = bigTeam
		}
		var list []githubtest.TeamMember
		for i := range n {
			list = append(list, githubtest.TeamMember{User: someone(i), Role: "member"})
		}
		return githubtest.ListOf(list...)
	}
	one, of := o.Repos.At(0), []githubtest.Repo(nil)
	for i := range manyRepos {
		r := one
		r.ID, r.Name = int64(8000+i), fmt.Sprintf("r%d", i)
		of = append(of, r)
	}
	o.Repos = githubtest.ListOf(of...)
	return o
}

func pagesOf(n int) int { return max(1, (n+99)/100) }

// TestCalls holds what a full scan and an idle one cost against the least that the vendor's API lets one ask
// (the sheet's "Theoretical minimum calls"), and prints both.
func TestCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	big, small := (manyTeams+9)/10, manyTeams-(manyTeams+9)/10
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\nconnector\tcapability\tfull\tminimum\tidle\tminimum")
	w := start(t, manyOrg(), nil)
	s := w.session(ownerToken, nil)
	for _, c := range []struct {
		listing, shards string
		least           int
	}{
		// One more for those without second factor: the vendor gives it as a filter only.
		{"members", "", pagesOf(manyMembers) + pagesOf(manyOwners) + 1},
		{"outside_collaborators", "", 1 + 1}, {"invitations", "", 2},
		{"teams", "", pagesOf(manyTeams)}, {"team_members", "teams", big*pagesOf(bigTeam) + small},
		{"repositories", "", pagesOf(manyRepos) + 1}, // and what every member may do in each
		{"files", "repositories", manyRepos},
		{"installations", "", 1}, {"credential_authorizations", "", 1}, {"settings", "", 1}, {"hooks", "", 1},
	} {
		full, idle := costs(t, w, s, c.listing, c.shards)
		_, _ = fmt.Fprintf(table, "github\t%s\t%d\t%d\t%d\t0\n", c.listing, full, c.least, idle)
		if 10*full > 11*c.least {
			t.Errorf("%s: a full scan takes %d calls, %d would do", c.listing, full, c.least)
		}
		if idle > 0 {
			t.Errorf("%s: an idle scan takes %d calls that count, 0 would do", c.listing, idle)
		}
	}
	_ = table.Flush()
	t.Log(b.String())
}

// costs walks a listing, in all its shards, twice, and counts requests: all of the first walk, and those of the second
// that are not free (304).
func costs(t *testing.T, w *world, s *sdk.Session, listing, parent string) (whole, idle int) {
	t.Helper()
	todo := []*sdk.Shard{{Listing: listing}}
	if parent != "" {
		todo = nil
		for _, sh := range shards(t, s, parent, listing) {
			todo = append(todo, sh)
		}
		slices.SortFunc(todo, func(a, b *sdk.Shard) int { return strings.Compare(a.GetKey(), b.GetKey()) })
	}
	for _, sh := range todo {
		before := w.server.Stats()
		first := must(t, walk(t, s, shardOf(sh)))
		between := w.server.Stats()
		must(t, walk(t, s, delta(shardOf(sh), first.cert.GetBookmark())))
		after := w.server.Stats()
		whole += between.Requests - before.Requests
		idle += after.Requests - between.Requests - (after.NotModified - between.NotModified)
	}
	return whole, idle
}
