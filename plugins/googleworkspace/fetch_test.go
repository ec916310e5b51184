package main

import (
	"slices"
	"testing"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
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
	w.log("drive", worldNow, w.users[6], "access", "delete", gw.Param{Name: "doc_id", Value: "file-6-9"}, gw.Param{Name: "owner", Value: w.users[6].Email})
	start(t, w, nil)
	six := person(6).Email
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
		{"file", ref(sdk.KindFile, "file-6-1", six, ""), sdk.Found, "files"},
		{"file that the log says was deleted", ref(sdk.KindFile, "file-6-9", six, ""), sdk.Absent, ""},
		{"the same, without knowing whose", sdk.To(sdk.KindFile, "file-6-9"), sdk.Absent, ""},
		{"file of somebody else", ref(sdk.KindFile, "file-5-1", six, ""), sdk.Denied, ""},
		{"file that is only shared with whom we ask as", ref(sdk.KindFile, "file-6-1", person(9).Email, ""), sdk.Denied, ""},
		{"file of somebody who is suspended", ref(sdk.KindFile, "file-6-1", person(1).Email, ""), sdk.Denied, ""},
		{"file there, without knowing whose", sdk.To(sdk.KindFile, "file-6-1"), sdk.Denied, ""},
		{"something else", sdk.To(sdk.KindApp, "app-1"), sdk.Failed, ""},
	}
	for _, tt := range tests {
		got := fetchOne(t, w, tt.ref)
		if any(got.State) != tt.state || (tt.listing != "") != (got.Records[tt.listing] != nil) {
			t.Errorf("%s: %v %v %v, want %v", tt.name, got.State, got.Records, got.Err, tt.state)
		}
	}
	f, ok := fetchOne(t, w, ref(sdk.KindFile, "file-6-1", six, "")).Records["files"].(*sdk.File)
	if !ok || f.GetAccessLevel() != "link" || f.GetOwner().GetId() != person(6).ID {
		t.Errorf("file: %v", f)
	}
}

// TestFetchIsTheListing: what Fetch gives of a file is what its listing gives, or it would look changed.
func TestFetchIsTheListing(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	listed := personFiles(t, w, c, s, 6)
	for i := range 6 {
		id := w.myFile(i, 6).ID
		got, ok := fetchOne(t, w, ref(sdk.KindFile, id, person(6).Email, "")).Records["files"].(*sdk.File)
		want := record[*sdk.File](t, listed, sdk.KindFile, id)
		if !ok || len(got.GetAccess().GetItems()) != len(want.GetAccess().GetItems()) || got.GetOwner().GetId() != want.GetOwner().GetId() ||
			got.GetVersion() != want.GetVersion() || got.GetParent().GetId() != want.GetParent().GetId() || len(got.Attributes) != len(want.Attributes) {
			t.Errorf("file %d: fetched %v, listed %v", i, got, want)
		}
	}
}
