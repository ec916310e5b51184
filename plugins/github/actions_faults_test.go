package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

func intentFor(action string, kind sdk.Kind, target string, args ...string) *sdk.Intent {
	i := &sdk.Intent{Action: action, Target: sdk.To(kind, target)}
	for n := 0; n+1 < len(args); n += 2 {
		i.Args = append(i.Args, valueOf(args[n], args[n+1]))
	}
	return i
}

// What was done in part is unsure, whatever GitHub said of the rest.
func TestPartIsNotRefused(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	i := intentFor("remove_outside_collaborator", sdk.KindAccount, "1900")
	p, o := w.act(t, s, i)
	undo := &sdk.Intent{Action: i.GetAction(), Target: i.GetTarget(), Undo: undoOf(p, o)}
	for after, want := range []any{sdk.Refused, sdk.Unsure} {
		w.server.ClearFaults()
		w.server.Fault(githubtest.Fault{Method: http.MethodPut, Match: "/repos/*/*/collaborators/*", After: after, Do: githubtest.FaultStatus, Status: 403, Body: "no"})
		if _, o := w.act(t, s, undo); o.GetState() != want {
			t.Errorf("refused after %d invitations: %v, want %v", after, o, want)
		}
	}
}

// A team that refuses, because an identity provider fills it, does not keep the member from coming back.
func TestTeamThatRefuses(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	i := intentFor("remove_member", sdk.KindAccount, "1005")
	p, o := w.act(t, s, i)
	w.server.Fault(githubtest.Fault{Method: http.MethodPut, Match: "/orgs/*/teams/*/memberships/*", Do: githubtest.FaultStatus, Status: 403, Body: "This team is externally managed"})
	if _, o := w.act(t, s, &sdk.Intent{Action: i.GetAction(), Target: i.GetTarget(), Undo: undoOf(p, o)}); o.GetState() != sdk.Done {
		t.Errorf("%v", o)
	}
	if got := w.pick(t, "/orgs/acme/memberships/user005", nil, "state"); !cmp.Equal(got, map[string]any{"state": "pending"}) {
		t.Errorf("%v", got)
	}
}

// Where the second step of a quarantine is refused, the first is taken back.
func TestQuarantineRefused(t *testing.T) {
	for name, c := range map[string]struct {
		fault   githubtest.Fault
		between func(*world)
		want    sdk.ErrorType
	}{
		"protected": {
			fault: githubtest.Fault{Method: http.MethodPut, Match: "/repos/acme/repo-0/**", Do: githubtest.FaultStatus, Status: 403, Body: "Resource not accessible"},
			want:  sdk.ErrPermission,
		},
		"rules": {
			fault: githubtest.Fault{Method: http.MethodPut, Match: "/repos/acme/repo-0/**", Do: githubtest.FaultStatus, Status: 409, Body: "Repository rule violations found"},
			want:  sdk.ErrConflict,
		},
		"changed meanwhile": {
			between: func(w *world) {
				s := w.session(onlooker, nil)
				w.act(t, s, intentFor("overwrite", sdk.KindFile, sdk.ID("300", "README.md"), "content", "somebody's"))
			},
			want: sdk.ErrConflict,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := actWorld(t, acting)
			s := w.session(onlooker, nil)
			i := intentFor("quarantine", sdk.KindFile, sdk.ID("300", "README.md"), "repository", "repo-5")
			p := mustPlan(t, s, i)
			if c.between != nil {
				c.between(w)
			}
			state := w.fileState(t, "repo-0", "repo-5")
			before := state()
			if c.fault.Do != "" {
				w.server.Fault(c.fault)
			}
			kept := ""
			o, err := connector{}.Act(t.Context(), s, i, p, nil, func(b []byte) error { kept = string(b); return nil })
			if err != nil || o.GetState() != sdk.Refused || o.GetError().GetType() != string(c.want) || kept != copied {
				t.Errorf("%v, %v, kept %q", o, err, kept)
			}
			if diff := cmp.Diff(before, state()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A conflict with another write to the repository, not to the file, goes by.
func TestConflictOfTheBranch(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	w.server.Fault(githubtest.Fault{Method: http.MethodPut, Match: "/repos/acme/repo-0/**", Times: 1, Do: githubtest.FaultStatus, Status: 409, Body: "is at abc but expected def"})
	i := intentFor("overwrite", sdk.KindFile, sdk.ID("300", "README.md"), "content", "x")
	if _, o := w.act(t, s, i); o.GetState() != sdk.Unsure || o.GetError().GetType() != string(sdk.ErrNotReady) {
		t.Errorf("%v", o)
	}
	if _, o := w.act(t, s, i); o.GetState() != sdk.Done {
		t.Errorf("%v", o)
	}
}

// What somebody else changed since is not undone over their heads.
func TestUndoOfWhatChangedSince(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	file := sdk.ID("300", "README.md")
	for _, i := range []*sdk.Intent{
		intentFor("overwrite", sdk.KindFile, file, "content", "x"),
		intentFor("quarantine", sdk.KindFile, file, "repository", "repo-5"),
	} {
		p, o := w.act(t, s, i)
		w.act(t, s, intentFor("overwrite", sdk.KindFile, file, "content", "of somebody else, after "+i.GetAction()))
		undo := &sdk.Intent{Action: i.GetAction(), Target: i.GetTarget(), Args: i.GetArgs(), Undo: undoOf(p, o)}
		if _, err := (connector{}).Prepare(t.Context(), s, undo); sdk.TypeOf(err) != sdk.ErrConflict {
			t.Errorf("%s: %v", i.GetAction(), err)
		}
	}
}

// Who left between the plan and the act is not invited by a change of their role, or by the undo of one.
func TestNobodyIsInvitedByTheWay(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	role := intentFor("change_role", sdk.KindAccount, "1005", "role", "admin")
	team := intentFor("remove_from_team", sdk.KindMembership, "team/51/1005")
	rolePlan := mustPlan(t, s, role)
	teamPlan, teamDone := w.act(t, s, team)
	back := &sdk.Intent{Action: team.GetAction(), Target: team.GetTarget(), Undo: undoOf(teamPlan, teamDone)}
	backPlan := mustPlan(t, s, back)
	w.act(t, s, intentFor("remove_member", sdk.KindAccount, "1005"))
	for i, p := range map[*sdk.Intent]*sdk.Plan{role: rolePlan, back: backPlan} {
		o, err := connector{}.Act(t.Context(), s, i, p, nil, func([]byte) error { return nil })
		if err != nil {
			o = sdk.OutcomeOf(err, false)
		}
		if o.GetState() != sdk.Refused {
			t.Errorf("%s: %v", i.GetAction(), o)
		}
	}
	if got := w.see(t, "/orgs/acme/memberships/user005"); got != "404 Not Found" {
		t.Errorf("user005 is %v", got)
	}
}

// Targets that are none are refused before anything is asked of the provider.
func TestWrongTargets(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	for name, c := range map[string]struct {
		i    *sdk.Intent
		want sdk.ErrorType
	}{
		"a file made private":        {intentFor("make_private", sdk.KindFile, sdk.ID("300", "README.md")), sdk.ErrInvalid},
		"a repository in quarantine": {intentFor("quarantine", sdk.KindFile, "300", "repository", "repo-5"), sdk.ErrInvalid},
		"a long path":                {intentFor("overwrite", sdk.KindFile, fileID("300", strings.Repeat("x", sdk.MaxIDBytes)), "content", "x"), sdk.ErrUnsupported},
		"a public quarantine":        {intentFor("quarantine", sdk.KindFile, sdk.ID("303", "README.md"), "repository", "repo-0"), sdk.ErrInvalid},
		"its own quarantine":         {intentFor("quarantine", sdk.KindFile, sdk.ID("305", "README.md"), "repository", "repo-5"), sdk.ErrInvalid},
		"no quarantine":              {intentFor("quarantine", sdk.KindFile, sdk.ID("300", "README.md")), sdk.ErrInvalid},
		"a file that is gone":        {intentFor("overwrite", sdk.KindFile, sdk.ID("300", "none"), "content", "x"), sdk.ErrNotFound},
		"an app as a key":            {intentFor("remove_deploy_key", sdk.KindGrant, "pat/41"), sdk.ErrInvalid},
		"a role as a team":           {intentFor("remove_from_team", sdk.KindMembership, "role/owner/1000"), sdk.ErrInvalid},
		"an invitation":              {intentFor("remove_member", sdk.KindAccount, "invitation/1"), sdk.ErrNotFound},
		"the role of a stranger":     {intentFor("change_role", sdk.KindAccount, "1901", "role", "admin"), sdk.ErrNotFound},
		"a role there is not":        {intentFor("change_role", sdk.KindAccount, "1005", "role", "king"), sdk.ErrInvalid},
		"no role":                    {intentFor("change_role", sdk.KindAccount, "1005"), sdk.ErrInvalid},
		"a token of a person":        {intentFor("revoke_pat", sdk.KindGrant, "pat/41"), sdk.ErrPermission},
		"no such action":             {intentFor("explode", sdk.KindAccount, "1000"), sdk.ErrUnsupported},
	} {
		if _, err := (connector{}).Prepare(t.Context(), s, c.i); sdk.TypeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A plan names what it is about: people read it.
func TestPlansNameTheirTargets(t *testing.T) {
	w := actWorld(t, acting)
	s := w.session(onlooker, nil)
	for want, i := range map[string]*sdk.Intent{
		"user005 is no longer in the organisation":      intentFor("remove_member", sdk.KindAccount, "1005"),
		"acme/repo-0 is private, it was public":         intentFor("make_private", sdk.KindFile, "300"),
		"README.md of acme/repo-0 has another content,": intentFor("overwrite", sdk.KindFile, sdk.ID("300", "README.md"), "content", "x"),
		"the key ci does not open":                      intentFor("remove_deploy_key", sdk.KindGrant, "deploy_key/300/9"),
	} {
		if got := mustPlan(t, s, i).GetEffects(); len(got) == 0 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want %q", i.GetAction(), got, want)
		}
	}
	i := intentFor("block", sdk.KindAccount, "424242")
	o, err := connector{}.Act(t.Context(), s, i, mustPlan(t, s, i), nil, func([]byte) error { return nil })
	if sdk.TypeOf(err) != sdk.ErrNotFound {
		t.Errorf("an account that GitHub does not have: %v, %v", o, err)
	}
}
