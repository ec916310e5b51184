package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

// TestReadOnly: an app that can only read is refused, and nothing is changed.
func TestReadOnly(t *testing.T) {
	cases := map[string][2]string{
		"change_shared_link": {"access", "collaborators"}, "expire_shared_link": {"at", "2031-01-31T12:00:00Z"},
		"remove_collaborator": {"who", "90000"}, "overwrite": {"text", "x"},
	}
	targets := map[string]string{"restore": "131", "purge": "131", "remove_external_users": "140", "suspend": "1004", "unsuspend": "1003", "sign_out": "1004"}
	for _, a := range actions() {
		t.Run(a.Name, func(t *testing.T) {
			w := acting(t)
			s := w.session(t, nil)
			target := targets[a.Name]
			if target == "" {
				target = "103"
			}
			i := intent(a.Name, target, map[string]string{"owner": someone(0).ID, cases[a.Name][0]: cases[a.Name][1]})
			d := planOf(t, s, i) // while it could write
			without := map[string]string{actFiles: boxtest.WriteAll, actAccounts: boxtest.ManageUsers}[a.Capability]
			w.fake.Scopes(slices.DeleteFunc(slices.Clone(allScopes), func(x string) bool { return x == without }))
			everything := func() string { return asJSON(t, []any{w.state(target)(), w.standing(target)()}) }
			before := everything()
			o := d.act(t, s)
			if o.GetState() != sdk.Refused || !strings.Contains(o.GetError().GetMessage(), "scope") {
				t.Errorf("with an app that cannot write: %v", o)
			}
			if now := everything(); now != before {
				t.Errorf("the state is\n%s\nwas\n%s", now, before)
			}
		})
	}
}

// TestTold: what an action changes is in the log with both who act, in lists, and in webhooks.
func TestTold(t *testing.T) {
	w := acting(t)
	s := w.session(t, nil)
	planOf(t, s, intent("remove_shared_link", "130", nil)).act(t, s)
	e := w.fake.Enterprise().Events
	last := e.At(e.Len() - 1)
	if last.Type != "UNSHARE" || last.By.ID != "1001" || last.ActionBy == nil || last.ActionBy.ID != serviceID || e.Len() != eventCount+1 {
		t.Errorf("%d events, the last is %+v", e.Len(), last)
	}
	whole := must(t, walk(t, s, shardOf(shard("files", "1001"))))
	listed := record[*sdk.File](t, whole, sdk.KindFile, "130")
	if f := fetchOne(t, s, itemRef("file", "130", "1001")).Records["files"].(*sdk.File); f.GetAccessLevel() != "" || listed.GetAccessLevel() != "" {
		t.Errorf("fetched %v, listed %v", f.GetAccessLevel(), listed.GetAccessLevel())
	}
	activity := must(t, walk(t, s, full("events")))
	if a := record[*sdk.Activity](t, activity, sdk.KindActivity, last.ID); a.GetType() != "file_unshare" || !a.GetImpersonated() {
		t.Errorf("activity %v", a)
	}
}

// TestSnapshots: they are what undo needs for years to come, so they change with care only.
func TestSnapshots(t *testing.T) {
	w := acting(t)
	s := w.session(t, nil)
	var b bytes.Buffer
	for _, i := range []*sdk.Intent{
		intent("remove_shared_link", "103", nil), intent("remove_external_users", "140", nil), intent("trash", "103", nil),
		intent("suspend", "1004", nil), intent("overwrite", "103", map[string]string{"text": "x"}), intent("quarantine", "103", nil),
	} {
		p := planOf(t, s, i).plan
		if !json.Valid(p.GetSnapshot()) {
			t.Errorf("%s: not JSON: %s", i.GetAction(), p.GetSnapshot())
		}
		_, _ = fmt.Fprintf(&b, "%s %s\n", i.GetAction(), p.GetSnapshot())
	}
	want := `remove_shared_link {"from":{"kind":"file","owner":"1000","link":{"access":"company","permission":"edit","expires":"2035-03-01T12:00:00Z","password":true}},"to":{"kind":"file","owner":"1000","link":null}}
remove_external_users {"from":{"kind":"folder","owner":"1000","people":[{"who":"email x@other.example","role":"viewer"},{"who":"user 90000","role":"co-owner"},{"who":"user 90001","role":"viewer"}]},"to":{"kind":"folder","owner":"1000","people":[]}}
trash {"from":{"kind":"file","owner":"1000","trashed":false},"to":{"kind":"file","owner":"1000","trashed":true}}
suspend {"from":{"status":"cannot_delete_edit"},"to":{"status":"inactive"}}
overwrite {"from":{"kind":"file","owner":"1000","name":"roadmap.docx","sha1":"abababababababababababababababababababab","version":"1031","etag":"0"},"sha1":"11f6ad8ec52a2984abaafd7c3b516503785c2072"}
quarantine {"from":{"kind":"file","owner":"1000","name":"roadmap.docx","parent":"100","link":{"access":"company","permission":"edit","expires":"2035-03-01T12:00:00Z","password":true},"people":[{"who":"user 90000","role":"viewer uploader","expires":"2031-03-01T12:00:00Z"}]},"in":false}
`
	if b.String() != want {
		t.Errorf("snapshots are\n%s\nwant\n%s", b.String(), want)
	}
}

// TestWhose: an item is found whoever has it. Where the target or an argument says whose it is, nobody else is asked.
func TestWhose(t *testing.T) {
	w := acting(t)
	s := w.session(t, nil)
	w.change(func() { // of user 7, found by user 0, who was let in
		zero := someone(0)
		w.items = append(w.items, thing(boxtest.File, 150, "shared.txt", boxtest.Root, someone(7)), thing(boxtest.File, 151, "own.txt", boxtest.Root, boxtest.Person{ID: serviceID}))
		w.collabs["150"] = []boxtest.Collaboration{{ID: "c50", User: &zero, Role: "viewer"}}
	})
	for id, want := range map[string]place{
		"130": {typeFile, "1001"}, "101": {typeFolder, "1000"}, "131": {typeFile, "1000"}, "150": {typeFile, "1007"}, "151": {typeFile, ""},
	} {
		got, err := locate(t.Context(), s, intent("trash", id, nil))
		if err != nil || got != want {
			t.Errorf("item %s: %v, %v", id, got, err)
		}
	}
	if _, err := locate(t.Context(), s, intent("trash", "4711", nil)); sdk.TypeOf(err) != sdk.ErrNotFound {
		t.Errorf("an item of nobody: %v", err)
	}
	w.calls()
	i := intent("trash", "150", map[string]string{"owner": "1007"})
	if got, err := locate(t.Context(), s, i); err != nil || got.Owner != "1007" || len(w.calls()) != 2 {
		t.Errorf("whose the argument says: %v, %v", got, err)
	}
	if got, err := locate(t.Context(), s, intent("trash", "150", map[string]string{"owner": "User7@acme.example"})); err != nil || got.Owner != "1007" {
		t.Errorf("whose the argument says, by address: %v, %v", got, err)
	}
	w.calls()
	i.Target.Name = new(sdk.ID(typeFile, "1007"))
	if got, err := locate(t.Context(), s, i); err != nil || got.Owner != "1007" || len(w.calls()) != 0 {
		t.Errorf("whose the target says: %v, %v", got, err)
	}
	if _, err := locate(t.Context(), s, intent("trash", "130", map[string]string{"owner": "1005"})); sdk.TypeOf(err) != sdk.ErrNotFound {
		t.Errorf("somebody else's: %v", err)
	}
}

// TestWrongArguments are refused while it is planned.
func TestWrongArguments(t *testing.T) {
	w := acting(t)
	s := w.session(t, nil)
	for _, c := range []struct {
		action, target, arg, value string
		want                       sdk.ErrorType
	}{
		{"change_shared_link", "130", "access", "world", sdk.ErrInvalid},
		{"change_shared_link", "102", "access", "company", sdk.ErrConflict},
		{"expire_shared_link", "130", "at", "tomorrow", sdk.ErrInvalid},
		{"expire_shared_link", "130", "at", "2021-01-31T12:00:00Z", sdk.ErrInvalid},
		{"trash", "130", "owner", "1003", sdk.ErrPermission}, // inactive
		{"trash", "130", "owner", "nobody@acme.example", sdk.ErrNotFound},
		{"expire_shared_link", "102", "at", "2031-01-31T12:00:00Z", sdk.ErrConflict},
		{"remove_collaborator", "103", "who", "", sdk.ErrInvalid},
		{"purge", "103", "", "", sdk.ErrConflict},
		{"overwrite", "100", "text", "x", sdk.ErrInvalid},
		{"overwrite", "103", "text", strings.Repeat("x", maxText+1), sdk.ErrInvalid},
		{"suspend", "4711", "", "", sdk.ErrNotFound},
	} {
		_, err := connector{}.Prepare(t.Context(), s, intent(c.action, c.target, map[string]string{c.arg: c.value}))
		if sdk.TypeOf(err) != c.want {
			t.Errorf("%s %s=%.20q: %v, want %s", c.action, c.arg, c.value, err, c.want)
		}
	}
}

// TestChangedSince: an undo does not take back what somebody else did after the action.
func TestChangedSince(t *testing.T) {
	w := acting(t)
	s := w.session(t, nil)
	d := planOf(t, s, intent("change_shared_link", "130", map[string]string{"access": "company"}))
	d.act(t, s)
	planOf(t, s, intent("change_shared_link", "130", map[string]string{"access": "collaborators"})).act(t, s)
	if _, err := (connector{}).Prepare(t.Context(), s, d.undo()); sdk.TypeOf(err) != sdk.ErrConflict {
		t.Errorf("undo after another's change: %v", err)
	}
	o := planOf(t, s, intent("overwrite", "103", map[string]string{"text": "one"}))
	planOf(t, s, intent("overwrite", "103", map[string]string{"text": "two"})).act(t, s)
	if got := o.act(t, s); got.GetState() != sdk.Refused || got.GetError().GetType() != string(sdk.ErrConflict) {
		t.Errorf("overwriting what somebody wrote since: %v", got)
	}
}

func TestUploadURL(t *testing.T) {
	for settings, want := range map[[2]string]string{
		{"https://api.box.com", ""}: "https://upload.box.com", {"http://127.0.0.1:1", ""}: "http://127.0.0.1:1",
		{"http://127.0.0.1:1", "https://up.example/"}: "https://up.example",
	} {
		if got := uploadURL(&sdk.Session{Settings: sdk.Settings{"base_url": settings[0], "upload_url": settings[1]}}); got != want {
			t.Errorf("%q: %s, want %s", settings, got, want)
		}
	}
}
