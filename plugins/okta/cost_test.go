package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// mostOver is how far a scan may be from the fewest calls that the API allows.
const mostOver = 1.10

// cost is what one listing takes, and the fewest calls for the world of these tests.
type cost struct{ full, fullLeast, idle, idleLeast int }

// pages is how many are needed.
func pages(n, size int) int { return max(1, (n+size-1)/size) }

// least are the fewest calls: one for each page, and what Okta gives only one by one. When nothing happened, one look at
// the list or at the log, and none where a stamp says so.
func least() map[string]cost {
	const askable = userCount - gonePeople - 1 // who can have factors: not the deactivated, nor who was never activated
	userPages := pages(userCount, maxUsers)
	return map[string]cost{
		"users":         {fullLeast: userPages, idleLeast: 1},
		"groups":        {fullLeast: 1, idleLeast: 1},
		"memberships":   {fullLeast: 3, idleLeast: 0}, // of three groups that have members
		"group_rules":   {fullLeast: 1, idleLeast: 1},
		"roles":         {fullLeast: 1, idleLeast: 1},
		"admin_roles":   {fullLeast: 1 + 3, idleLeast: 1},
		"group_roles":   {fullLeast: 1, idleLeast: 1},
		"factors":       {fullLeast: userPages + askable, idleLeast: 1},
		"apps":          {fullLeast: 1, idleLeast: 1},
		"app_users":     {fullLeast: pages(appUserCount, maxAppUsers) + 2, idleLeast: 0},
		"app_groups":    {fullLeast: 3, idleLeast: 0},
		"app_grants":    {fullLeast: 1, idleLeast: 0}, // of one app with OpenID Connect
		"app_tokens":    {fullLeast: 1, idleLeast: 1},
		"api_tokens":    {fullLeast: 1, idleLeast: 1},
		"user_consents": {fullLeast: userPages + askable, idleLeast: userPages + askable},
		"system_log":    {fullLeast: pages(pastEvents, logPage), idleLeast: 1},
	}
}

// logPage is small, so that a few events make many pages.
const logPage = 50

func TestCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	table := least()
	shards := map[string][]*sdk.Shard{}
	bookmarks := map[string][]byte{}
	request := func(listing string) *wire.ScanRequest {
		if listing != "system_log" {
			return full(listing)
		}
		r := fromTime(listing, time.Now().Add(-89*24*time.Hour))
		r.PageSize = logPage
		return r
	}
	for _, src := range sources() {
		name := src.spec.Name
		w.calls()
		if src.spec.Parent == "" {
			r := must(t, walk(t, s, request(name)))
			bookmarks[name] = r.cert.GetBookmark()
			for _, sh := range r.shards {
				shards[sh.GetListing()] = append(shards[sh.GetListing()], sh)
			}
		}
		for _, sh := range shards[name] {
			must(t, walk(t, s, shardOf(sh)))
		}
		c := table[name]
		c.full = len(w.calls())
		c.idle = idle(t, w, s, &src, shards[name], bookmarks[name])
		table[name] = c
	}
	print(t, table)
}

// idle counts the calls when nothing changed: from the bookmark where there is one, and shards without a stamp again.
func idle(t *testing.T, w *world, s *sdk.Session, src *source, shards []*sdk.Shard, bookmark []byte) int {
	t.Helper()
	w.calls()
	switch {
	case src.spec.Parent != "":
		for _, sh := range shards {
			if sh.GetStamp() == "" {
				must(t, walk(t, s, shardOf(sh)))
			}
		}
	case bookmark != nil:
		r := must(t, walk(t, s, delta(src.spec.Name, bookmark)))
		if len(r.order)+len(r.shards)+len(r.gone) > 0 {
			t.Errorf("%s: nothing changed, but %d records and %d shards come", src.spec.Name, len(r.order), len(r.shards))
		}
	default:
		must(t, walk(t, s, full(src.spec.Name)))
	}
	return len(w.calls())
}

func print(t *testing.T, table map[string]cost) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "\nconnector | capability     | full: calls | minimum | idle: calls | minimum\n")
	total := cost{}
	line := func(name string, c cost) {
		fmt.Fprintf(&out, "okta      | %-14s | %11d | %7d | %11d | %7d\n", name, c.full, c.fullLeast, c.idle, c.idleLeast)
		if float64(c.full) > mostOver*float64(c.fullLeast) || float64(c.idle) > mostOver*float64(c.idleLeast) {
			t.Errorf("%s takes %d calls (%d idle), at most %.0f %% over %d (%d) are expected", name, c.full, c.idle, 100*(mostOver-1), c.fullLeast, c.idleLeast)
		}
	}
	for _, src := range sources() {
		c := table[src.spec.Name]
		line(src.spec.Name, c)
		total.full, total.fullLeast = total.full+c.full, total.fullLeast+c.fullLeast
		total.idle, total.idleLeast = total.idle+c.idle, total.idleLeast+c.idleLeast
	}
	line("all", total)
	t.Log(out.String())
}
