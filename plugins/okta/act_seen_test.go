package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// What an action changed is seen as what anybody changes is: a hint leads there, the next delta has it, and the log says
// who it was.
func TestActionsAreSeen(t *testing.T) {
	for _, c := range []struct {
		action, target, listing, hint string
		is                            func(t *testing.T, r *result) bool
	}{
		{"suspend", userID(9), "users", "users account:" + userID(9), func(t *testing.T, r *result) bool {
			return len(r.records) == 1 && record[*sdk.Account](t, r, sdk.KindAccount, userID(9)).GetStatus() == "suspended"
		}},
		{"deactivate", userID(9), "users", "users account:" + userID(9), func(t *testing.T, r *result) bool {
			return record[*sdk.Account](t, r, sdk.KindAccount, userID(9)).GetStatus() == "deleted"
		}},
		{"expire_password", userID(9), "users", "users account:" + userID(9), func(t *testing.T, r *result) bool {
			a := record[*sdk.Account](t, r, sdk.KindAccount, userID(9))
			return a.GetStatus() == "active" && attribute(a.GetNative(), "status") == expired
		}},
		{"reset_factors", userID(0), "factors", "factors", func(t *testing.T, r *result) bool {
			return record[*sdk.Account](t, r, sdk.KindAccount, userID(0)).GetMfa() == "off"
		}},
		{"remove_from_group", sdk.ID("group", groupID(operators), userID(1)), "groups", "memberships " + groupID(operators), func(_ *testing.T, r *result) bool {
			return slices.ContainsFunc(r.shards, func(s *sdk.Shard) bool { return s.GetListing() == "memberships" && s.GetKey() == groupID(operators) })
		}},
		{"remove_from_app", sdk.ID("app", appID(samlApp), "user", userID(9)), "apps", "app_users " + appID(samlApp), func(_ *testing.T, r *result) bool {
			return slices.ContainsFunc(r.shards, func(s *sdk.Shard) bool { return s.GetListing() == "app_users" && s.GetKey() == appID(samlApp) })
		}},
		{"revoke", sdk.ID("consent", withTokens, "oag9"), "apps", "app_grants " + appID(oidcApp), func(_ *testing.T, r *result) bool {
			return slices.ContainsFunc(r.shards, func(s *sdk.Shard) bool { return s.GetListing() == "app_grants" && s.GetKey() == appID(oidcApp) })
		}},
	} {
		t.Run(c.action, func(t *testing.T) {
			w := start(t, newOrg(), actors)
			reads := w.session(t, sswsSecrets())
			mark := must(t, walk(t, reads, full(c.listing))).cert.GetBookmark()
			mustAct(t, w.session(t, appSecrets()), intent(c.action, c.target))
			var hints []sdk.Hint
			enough := errors.New("enough")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := connector{}.Watch(ctx, reads, nil, func(h sdk.Hint) error {
				if hints = append(hints, h); slices.Contains(places(hints), c.hint) {
					return enough
				}
				return nil
			})
			if !errors.Is(err, enough) {
				t.Errorf("%v, hints at %v", err, places(hints))
			}
			if r := must(t, walk(t, reads, delta(c.listing, mark))); !c.is(t, r) {
				t.Errorf("the delta has %v, shards %v", r.order, r.shards)
			}
			log := must(t, walk(t, reads, fromTime("system_log", time.Now().Add(-time.Hour))))
			if len(log.records) != 1 {
				t.Fatalf("the log has %v", log.order)
			}
			for _, r := range log.records {
				if a, ok := r.(*sdk.Activity); !ok || a.GetActor().GetName() != clientID && !strings.Contains(a.GetActor().String(), clientID) {
					t.Errorf("the log has %v", r)
				}
			}
		})
	}
}
