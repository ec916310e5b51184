package main

import (
	"slices"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

func fetchOne(t *testing.T, w *world, r *sdk.Ref) sdk.Fetched {
	t.Helper()
	var got []sdk.Fetched
	err := w.connector().Fetch(t.Context(), w.session(t), []*sdk.Ref{r}, func(f sdk.Fetched) error {
		got = append(got, f)
		return nil
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v: %v, %v", r, got, err)
	}
	return got[0]
}

func TestFetch(t *testing.T) {
	w := newWorld()
	left := w.users[40]
	w.users = slices.Delete(w.users, 40, 41)
	start(t, w, nil)
	tests := []struct {
		name    string
		ref     *sdk.Ref
		state   any
		listing string
	}{
		{"account by id", sdk.To(sdk.KindAccount, person(7).ID), sdk.Found, "users"},
		{"account by address", ref(sdk.KindAccount, "", person(7).Email, ""), sdk.Found, "users"},
		{"account by alias", ref(sdk.KindAccount, "", "root@acme.example", ""), sdk.Found, "users"},
		{"deleted account", sdk.To(sdk.KindAccount, person(5000).ID), sdk.Found, "users"},
		{"account that is gone", sdk.To(sdk.KindAccount, left.ID), sdk.Absent, ""},
		{"an address nobody has", ref(sdk.KindAccount, "", "list@acme.example", ""), sdk.Denied, ""},
		{"group", sdk.To(sdk.KindGroup, "01group1"), sdk.Found, "groups"},
		{"group that is gone", sdk.To(sdk.KindGroup, "01group9"), sdk.Absent, ""},
		{"organisational unit", sdk.To(sdk.KindGroup, "org_unit/ou1"), sdk.Denied, ""},
		{"file", sdk.To(sdk.KindFile, "file-6-1"), sdk.Failed, ""},
	}
	for _, tt := range tests {
		got := fetchOne(t, w, tt.ref)
		if any(got.State) != tt.state || (tt.listing != "") != (got.Records[tt.listing] != nil) {
			t.Errorf("%s: %v %v %v, want %v", tt.name, got.State, got.Records, got.Err, tt.state)
		}
	}
}
