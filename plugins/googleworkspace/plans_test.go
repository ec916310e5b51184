package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestRefusedPlans: what cannot be done is told before, with what to do.
func TestRefusedPlans(t *testing.T) {
	w := start(t, actWorld(), acting)
	a := newActor(t, w)
	six, suspended := w.users[6].Email, w.users[1].Email
	tests := []struct {
		action, target string
		args           map[string]string
		want           sdk.ErrorType
		says           string
	}{
		{"make_private", "file-6-5", nil, sdk.ErrNotFound, "say in the argument owner"},
		{"make_private", "nothing", owned(six), sdk.ErrNotFound, "say in the argument owner"},
		{"make_private", "file-6-5", owned(suspended), sdk.ErrNotFound, "say in the argument owner"},
		{"make_private", "file-6-5", owned(emptyDrive), sdk.ErrNotFound, "say in the argument owner"},
		{"remove_collaborator", "file-6-2", owned(six), sdk.ErrInvalid, "whose access shall end"},
		{"transfer_ownership", "file-6-2", owned(six, newOwnerArg, "somebody"), sdk.ErrInvalid, "is not an e-mail address"},
		{"transfer_ownership", "shared-0", owned(sharedDrive, newOwnerArg, six), sdk.ErrUnsupported, "in a shared drive"},
		{"overwrite", "file-6-5", owned(six, textArg, "x"), sdk.ErrUnsupported, "no content that can be overwritten"},
		{"overwrite", "file-6-6", owned(six), sdk.ErrInvalid, "what shall the file hold"},
		{"quarantine", "file-6-4", owned(six), sdk.ErrUnsupported, "is a folder"},
		{"suspend", "77", nil, sdk.ErrNotFound, "userKey"},
		{"sign_out", "77", nil, sdk.ErrNotFound, "userKey"},
		{"revoke", "somebody", nil, sdk.ErrInvalid, "is not the id of a grant"},
	}
	for _, tt := range tests {
		i := intent(specOf(t, tt.action), &sdktest.ActionCase{Action: tt.action, Target: tt.target, Args: tt.args})
		p, err := a.c.Prepare(t.Context(), a.s, i)
		if sdk.TypeOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s of %q: %v, %v; want %s with %q", tt.action, tt.target, p, err, tt.want, tt.says)
		}
	}
	delete(a.s.Settings, quarantineSetting)
	i := intent(specOf(t, "quarantine"), &sdktest.ActionCase{Action: "quarantine", Target: "file-6-2", Args: owned(six)})
	if _, err := a.c.Prepare(t.Context(), a.s, i); sdk.TypeOf(err) != sdk.ErrInvalid || !strings.Contains(err.Error(), "no quarantine") {
		t.Errorf("without a quarantine: %v", err)
	}
}

// TestChangedMeanwhile: what somebody else did after the plan, or after the action, is not overrun, and told as refused.
func TestChangedMeanwhile(t *testing.T) {
	six := person(6).Email
	const file = "file-6-6"
	shared := func(w *world) {
		f := w.fileWith(file)
		f.Permissions = append(slices.Clone(f.Permissions), gw.Permission{ID: "new", Type: "user", Role: "reader", Email: "new@partner.example"})
	}
	given := func(w *world) {
		f := w.fileWith(file)
		f.Owner, f.OwnerID = w.users[12].Email, w.users[12].ID
		f.Permissions = append(slices.Clone(f.Permissions), gw.Permission{ID: "w", Type: "user", Role: "writer", Email: six})
	}
	tests := []struct {
		action string
		args   map[string]string
		other  func(*world)
		undo   bool // it is after the action
	}{
		{"make_private", owned(six), shared, false},
		{"quarantine", owned(six), shared, false},
		{"transfer_ownership", owned(six, newOwnerArg, "user0007@acme.example"), given, false},
		{"overwrite", owned(six, textArg, "x"), nil, false},
		{"overwrite", owned(six, textArg, "x"), nil, true},
	}
	for _, tt := range tests {
		w := start(t, actWorld(), acting)
		a := newActor(t, w)
		i := intent(specOf(t, tt.action), &sdktest.ActionCase{Action: tt.action, Target: file, Args: tt.args})
		p := a.prepare(i)
		if tt.undo {
			a.act(i, p)
		}
		if tt.other != nil {
			w.change(func() { tt.other(w) })
		} else {
			again := intent(specOf(t, tt.action), &sdktest.ActionCase{Action: tt.action, Target: file, Args: owned(six, textArg, "somebody else's")})
			a.act(again, a.prepare(again))
		}
		before := w.fileState(file)()
		content := w.server.Revisions(file)
		var err error
		if tt.undo {
			i.Undo = &wire.Undo{Plan: p}
			_, err = a.c.Prepare(t.Context(), a.s, i)
		} else {
			var o *sdk.Outcome
			o, err = a.c.Act(t.Context(), a.s, i, p, nil, func([]byte) error { return nil })
			if o.GetState() != 0 {
				t.Errorf("%s: %v", tt.action, o)
			}
		}
		if sdk.TypeOf(err) != sdk.ErrConflict || sdk.OutcomeOf(err, false).GetState() != sdk.Refused {
			t.Errorf("%s, undo %v: %v", tt.action, tt.undo, err)
		}
		if d := cmp.Diff(before, w.fileState(file)()) + cmp.Diff(content, w.server.Revisions(file)); d != "" {
			t.Errorf("%s changed something: %s", tt.action, d)
		}
	}
}

func (w *world) fileWith(id string) *gw.File {
	return &w.files[slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == id })]
}

// TestContentCutShort: half of the content from before is not written for the whole.
func TestContentCutShort(t *testing.T) {
	w := start(t, actWorld(), acting)
	a := newActor(t, w)
	i := intent(specOf(t, "overwrite"), &sdktest.ActionCase{Action: "overwrite", Target: "file-6-6", Args: owned(person(6).Email, textArg, "x")})
	p := a.prepare(i)
	a.act(i, p)
	i.Undo = &wire.Undo{Plan: p}
	p = a.prepare(i)
	w.server.Fault(fake.Fault{Match: "/drive/v3/files/file-6-6/revisions/*", Method: http.MethodGet, Do: fake.FaultTruncate})
	_, err := a.c.Act(t.Context(), a.s, i, p, nil, func([]byte) error { return nil })
	if got := w.server.Revisions("file-6-6"); sdk.TypeOf(err) != sdk.ErrUnavailable || len(got) != 2 {
		t.Errorf("written from half of the content: %v, %v", err, got)
	}
}
