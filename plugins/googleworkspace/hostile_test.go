package main

import (
	"encoding/json"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

// scanOf is a walk whose parts go nowhere.
func scanOf(t *testing.T, listing string) *scan {
	t.Helper()
	w := sdk.NewWalk(t.Context(), full(listing), func([]byte) error { return nil })
	s := &sdk.Session{KeepRaw: true, Settings: sdk.Settings{adminSetting: adminEmail}}
	return &scan{client: newConnector().client(s), w: w}
}

// FuzzActivity: whatever stands in a log, an entry becomes activities with an id, a time and a known type, or an error.
func FuzzActivity(f *testing.F) {
	f.Add([]byte(`{"id":{"time":"2026-01-01T00:00:00Z","uniqueQualifier":"-9223372036854775808","applicationName":"login","customerId":"C1"},"events":[{"name":"x"}]}`))
	f.Add([]byte(`{"id":{"time":1767225600},"actor":{"profileId":"105250506097979753968"},"events":[{"parameters":[{"name":"a","intValue":"1"},{"multiValue":["b"]}]}]}`))
	f.Add([]byte(`{"id":{"time":"x"},"events":null}`))
	f.Add([]byte(`{"id":{"time":"2026-01-01T00:00:00Z"},"events":[{"name":"x","parameters":[{"name":"n","value":5}]}]}`))
	f.Add([]byte(`{"events":[{"parameters":[{"name":"n","intValue":{},"boolValue":null}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, app := range []string{"login", "drive", "admin", "token"} {
			sc := scanOf(t, "log_"+app)
			if err := sc.addActivity(app, raw); err != nil {
				if sdk.TypeOf(err) != sdk.ErrInternal {
					t.Errorf("%s: %v", app, err)
				}
				continue
			}
			var a activity
			if err := json.Unmarshal(raw, &a); err != nil && !partly(err) {
				t.Fatal("an activity of what is no JSON")
			}
			for i := range a.Events {
				r := a.record(app, i)
				if r.GetId() == "" || len(r.GetId()) > sdk.MaxIDBytes || r.GetTime() == nil || r.GetType() == "" {
					t.Errorf("%s: %v", app, r)
				}
				_ = looksAt(app, &a.Events[i])
			}
		}
	})
}

// FuzzFile: whatever Drive says of a file, its level is one that a connector may set, and who can reach it has a role.
func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"id":"1","size":"9223372036854775807","permissions":[{"type":"anyone","role":"reader","allowFileDiscovery":true}]}`))
	f.Add([]byte(`{"id":"1","driveId":"d","permissions":[{"type":"domain","role":"x"},{"type":"user","deleted":true,"id":"p"}]}`))
	f.Add([]byte(`{"id":"1","size":{},"owners":[{}],"parents":[""],"contentRestrictions":[{"readOnly":true}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v file
		if json.Unmarshal(raw, &v) != nil {
			return
		}
		r := v.record(company, "1000")
		if l := r.GetAccessLevel(); l != "" && l != "link" && l != "public" {
			t.Errorf("level %q", l)
		}
		for _, a := range r.GetAccess().GetItems() {
			if a.GetRole() == "" {
				t.Errorf("access without a role: %v", a)
			}
		}
		if v.ID != "" && len(v.ID) <= sdk.MaxIDBytes {
			sc := scanOf(t, "files")
			sc.w.Add(r)
			if err := sc.w.Complete(); err != nil && sdk.TypeOf(err) != sdk.ErrInternal { // too large is refused
				t.Error(err)
			}
		}
	})
}

// TestForeignBookmarks: what another version wrote down is not believed.
func TestForeignBookmarks(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	for _, listing := range []string{"users", "groups", "drives", "shared_drives", "consents", "token_users"} {
		for _, b := range []string{"x", "{}", `{"at":"2100-01-01T00:00:00Z"}`} {
			if r := walk(t, c, s, delta(listing, []byte(b))); sdk.TypeOf(r.err) != sdk.ErrExpired {
				t.Errorf("%s from bookmark %q: %v", listing, b, r.err)
			}
		}
	}
	request := full("users")
	request.Checkpoint = []byte("n9 x y")
	if r := walk(t, c, s, request); sdk.TypeOf(r.err) != sdk.ErrExpired {
		t.Errorf("a checkpoint of a step that is not there: %v", r.err)
	}
	bad := shardOf(&sdk.Shard{Listing: "files", Key: "1", Data: []byte("x")})
	if r := walk(t, c, s, bad); sdk.TypeOf(r.err) != sdk.ErrInvalid {
		t.Errorf("a shard of another version: %v", r.err)
	}
}
