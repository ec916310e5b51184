package storetest

import (
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

type commits = [][]*store.Batch

func one(b ...*store.Batch) []*store.Batch { return b }

func recordCases() []semantic {
	ann := account("a name=Ann")
	return append([]semantic{
		{
			name:    "created",
			commits: commits{one(batch(1, ann, account("b name=Bob last=x")))},
			results: "2 created",
			rows:    []string{"a users name=Ann since 1", "b users name=Bob last since 1"},
			log:     []string{"created a users", "created b users"},
		},
		{
			name:    "unchanged",
			commits: commits{one(batch(1, ann)), one(batch(2, ann))},
			results: "1 unchanged",
			rows:    []string{"a users name=Ann since 1"},
		},
		{
			name:    "updated",
			commits: commits{one(batch(1, ann)), one(batch(5, account("a name=Anne status=active")))},
			results: "1 updated",
			rows:    []string{"a users name=Anne status=active since 5 first 1"},
			history: []string{"a users name=Ann since 1 until 5"},
			log:     []string{"updated a users name,status"},
		},
		{
			name:    "filled in",
			commits: commits{one(batch(1, ann)), one(batch(5, account("a name=Ann status=active")))},
			results: "1 filled",
			rows:    []string{"a users name=Ann status=active since 1"},
			log:     []string{"filled a users status"},
		},
		{
			name:    "hidden again",
			commits: commits{one(batch(1, account("a name=Ann status=active"))), one(batch(5, ann))},
			results: "1 filled",
			rows:    []string{"a users name=Ann since 1"},
			log:     []string{"filled a users status"},
		},
		{
			name:    "volatile only",
			commits: commits{one(batch(1, ann)), one(batch(5, account("a name=Ann last=x")))},
			results: "1 volatile",
			rows:    []string{"a users name=Ann last since 1"},
		},
		{
			name:    "moved",
			commits: commits{one(batch(1, ann)), one(change(batch(5, ann), func(b *store.Batch) { b.Home.Shard = "s2" }))},
			results: "1 moved",
			rows:    []string{"a users name=Ann shard=s2 since 1"},
		},
		{
			name:    "seen with another sight",
			commits: commits{one(batch(1, ann)), one(change(batch(5, ann), func(b *store.Batch) { b.Home.Fingerprint = "f" }))},
			results: "1 moved",
			rows:    []string{"a users name=Ann since 1"},
		},
		{
			name:    "a clock that goes back",
			commits: commits{one(batch(9, ann)), one(batch(5, account("a name=Anne")))},
			results: "1 updated",
			rows:    []string{"a users name=Anne since 9"},
			history: []string{"a users name=Ann since 9 until 9"},
			log:     []string{"updated a users name"},
		},
		{
			name:    "bytes that are no record",
			commits: commits{one(batch(1, ann)), one(batch(2, store.Record{Kind: ann.Kind, ID: ann.ID, Body: []byte{0xff}}))},
			results: "1 updated",
			rows:    []string{"unexpected EOF"},
			history: []string{"a users name=Ann since 1 until 2"},
			log:     []string{"updated a users"},
		},
		{
			name:    "unsorted and twice",
			commits: commits{one(batch(1, account("b name=B"), account("a name=A"), account("a name=AA"), account("c name=C")))},
			results: "3 created 1 updated",
			rows:    []string{"a users name=AA since 1", "b users name=B since 1", "c users name=C since 1"},
			history: []string{"a users name=A since 1 until 1"},
			log:     []string{"created b users", "created a users", "updated a users name", "created c users"},
		},
	}, facetCases()...)
}

func facetCases() []semantic {
	ann, mfa := account("a name=Ann"), account("a status=active")
	baseline := func(b *store.Batch) { b.Baseline = true }
	return []semantic{
		{
			name:    "enriched",
			commits: commits{one(batch(1, ann)), one(enrich(2, mfa))},
			results: "1 filled",
			rows:    []string{"a mfa status=active since 2", "a users name=Ann since 1"},
			log:     []string{"filled a mfa status"},
		},
		{
			name:    "enriched before it exists",
			commits: commits{one(enrich(1, mfa)), one(batch(2, ann))},
			results: "1 filled",
			rows:    []string{"a mfa status=active since 1", "a users name=Ann since 2"},
			log:     []string{"filled a users name"},
		},
		{
			name:    "baseline",
			commits: commits{one(change(batch(1, ann, account("b name=B")), baseline), change(enrich(1, mfa), baseline))},
			results: "2 created; 1 filled",
			rows:    []string{"a mfa status=active since 1", "a users name=Ann since 1", "b users name=B since 1"},
			log:     []string{"baseline users because × 2", "baseline mfa because × 1"},
		},
		{
			name:    "updated in a baseline",
			commits: commits{one(batch(1, ann)), one(change(batch(2, account("a name=Anne")), baseline))},
			results: "1 updated",
			rows:    []string{"a users name=Anne since 2 first 1"},
			history: []string{"a users name=Ann since 1 until 2"},
			log:     []string{"updated a users name"},
		},
		{
			name:    "facet dropped",
			commits: commits{one(batch(1, ann), enrich(1, mfa)), one(enrich(3, with(store.DropFacet, mfa)))},
			results: "1 filled",
			rows:    []string{"a users name=Ann since 1"},
			history: []string{"a mfa status=active since 1 until 3 deleted"},
			log:     []string{"filled a mfa status because"},
		},
		{
			name:    "last facet dropped",
			commits: commits{one(batch(1, ann)), one(batch(3, with(store.DropFacet, ann)))},
			results: "1 deleted",
			history: []string{"a users name=Ann since 1 until 3 deleted"},
			log:     []string{"deleted a users because"},
		},
		{
			name:    "deleted with all facets",
			commits: commits{one(batch(1, ann, account("b")), enrich(1, mfa)), one(batch(3, with(store.Delete, ann)))},
			results: "1 deleted",
			rows:    []string{"b users since 1"},
			history: []string{"a mfa status=active since 1 until 3 deleted", "a users name=Ann since 1 until 3 deleted"},
			log:     []string{"deleted a users because"},
		},
		{
			name:    "nothing to delete",
			commits: commits{one(batch(1, ann)), one(batch(3, with(store.Delete, account("b")), with(store.DropFacet, account("c"))))},
			rows:    []string{"a users name=Ann since 1"},
		},
		{
			name:    "deleted and back in one commit",
			commits: commits{one(batch(1, ann)), one(batch(3, with(store.Delete, ann)), batch(3, ann))},
			results: "1 deleted; 1 created",
			rows:    []string{"a users name=Ann since 3"},
			history: []string{"a users name=Ann since 1 until 3 deleted"},
			log:     []string{"deleted a users because", "created a users"},
		},
		{
			name: "ids that begin alike",
			commits: commits{
				one(batch(1, account("a"), account("a/b"), account("a!"), account("aa"))),
				one(batch(2, with(store.Delete, account("a")))),
			},
			results: "1 deleted",
			rows:    []string{"a! users since 1", "a/b users since 1", "aa users since 1"},
			history: []string{"a users since 1 until 2 deleted"},
			log:     []string{"deleted a users because"},
		},
	}
}

func activityCases() []semantic {
	login, late := event1("e1", second(10), "login"), event1("e2", second(-10), "login")
	return []semantic{
		{
			name:    "activities of two days",
			commits: commits{one(batch(20, login, late, account("a")))},
			results: "3 created",
			rows:    []string{"a users since 20"},
			log:     []string{"activities 2026-11-21 × 1", "activities 2026-11-22 × 1", "created a users"},
		},
		{
			name:    "activities again",
			commits: commits{one(batch(20, login)), one(batch(30, login, login, late))},
			results: "1 created 2 unchanged",
			log:     []string{"activities 2026-11-21 × 1"},
		},
		{
			name:    "an activity that was corrected",
			commits: commits{one(batch(20, login)), one(batch(30, event1("e1", second(10), "login2")))},
			results: "1 updated",
			log:     []string{"activities 2026-11-22"},
		},
		{
			name:    "activities leave by retention only",
			commits: commits{one(batch(20, login)), one(batch(30, with(store.Delete, login), with(store.DropFacet, login)))},
		},
		{
			name:    "an activity from before 1970",
			commits: commits{one(batch(20, event1("old", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), "login")))},
			results: "1 created",
			log:     []string{"activities 1969-12-31 × 1"},
		},
	}
}
