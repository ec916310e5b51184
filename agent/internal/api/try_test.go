package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func try(tb testing.TB, h http.Handler, ask Trial) (found []Tried, t Trailer, problem string) {
	tb.Helper()
	b, err := json.Marshal(ask)
	if err != nil {
		tb.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/try", bytes.NewReader(b)))
	if w.Code != http.StatusOK {
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			tb.Fatal(err)
		}
		return nil, t, p.Error
	}
	for lines := bufio.NewScanner(w.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), `{"_coverage"`) {
			if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		var f Tried
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			tb.Fatal(err)
		}
		found = append(found, f)
	}
	return found, t, ""
}

func refs(found []Tried) (out []string) {
	for _, f := range found {
		out = append(out, f.Ref)
	}
	slices.Sort(out)
	return out
}

// TestTry: a policy is tried on records as they are, on what changed, and on what happened.
func TestTry(t *testing.T) {
	b := &backend{}
	box, okta := b.open(t, "box"), b.open(t, "okta")
	old, day := time.Now().Add(-60*24*time.Hour), time.Now().Add(-24*time.Hour)
	box.put("users", "", old, sdk.KindAccount, "a1", &wire.Account{Email: new("ann@acme.example"), Status: new("active")})
	box.put("users", "", day, sdk.KindAccount, "a2", &wire.Account{Email: new("bob@acme.example"), Status: new("active"), Mfa: new("on")})
	box.put("users", "", day.Add(time.Hour), sdk.KindAccount, "a2", &wire.Account{Email: new("bob@acme.example"), Status: new("active"), Mfa: new("off")})
	okta.put("users", "", old, sdk.KindAccount, "00u1", &wire.Account{Email: new("Ann@acme.example"), Status: new("suspended")})
	box.put("files", "", old, sdk.KindFile, "repo", &wire.File{Type: new("repository"), AccessLevel: new("public")})
	box.put("files", "", old, sdk.KindFile, "f1", &wire.File{Name: new("id_rsa"), Parent: &wire.Ref{Kind: sdk.KindFile, Id: new("repo")}})
	box.put("files", "", old, sdk.KindFile, "f2", &wire.File{Name: new("id_rsa")})
	for n := range 12 {
		box.put("log", "", day, sdk.KindActivity, fmt.Sprint("e", n), &wire.Activity{
			Type: new("login_failed"), Time: timestamppb.New(day.Add(time.Duration(n) * 10 * time.Second)), Actor: &wire.Ref{Id: new(fmt.Sprint("a", 1+n%2))},
		})
	}
	h := New(b)
	leaver := `account.status == 'active' && person(account).accounts.exists(a, a.provider == 'okta' && a.account.status == 'suspended')`
	for _, c := range []struct {
		name string
		ask  Trial
		want []string
	}{
		{"a state", Trial{Kind: "account", When: "account.mfa == 'off'"}, []string{"box/main/account/a2"}},
		{"people", Trial{Kind: "account", When: leaver}, []string{"box/main/account/a1"}},
		{"one instance", Trial{Kind: "account", When: "account.email.domain() == 'acme.example'", Instances: []string{"okta/main"}}, []string{"okta/main/account/00u1"}},
		{"since", Trial{Kind: "account", When: "account.status == 'active'", Since: "7d"}, []string{"box/main/account/a2"}},
		{"a parent", Trial{Kind: "file", When: "parent(file).access_level == 'public'"}, []string{"box/main/file/f1"}},
		{"a change", Trial{Kind: "account", When: "before.mfa == 'on' && account.mfa == 'off' && 'mfa' in change.fields"}, []string{"box/main/account/a2"}},
		{"created lately", Trial{Kind: "account", When: "change.what == 'created'"}, []string{"box/main/account/a2"}},
		{"activities", Trial{Kind: "activity", When: "owner(activity).mfa == 'off'"}, []string{
			"box/main/activity/e1", "box/main/activity/e11", "box/main/activity/e3", "box/main/activity/e5", "box/main/activity/e7", "box/main/activity/e9",
		}},
		{"repeats", Trial{Kind: "activity", When: "activity.type == 'login_failed'", Repeat: &policy.Repeat{Count: 4, Within: 65 * time.Second, By: "actor"}},
			[]string{"box/main/activity/e6", "box/main/activity/e7"}},
		{"not often enough", Trial{Kind: "activity", When: "activity.type == 'login_failed'", Repeat: &policy.Repeat{Count: 4, Within: time.Minute, By: "actor"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, trailer, problem := try(t, h, c.ask)
			if diff := cmp.Diff(c.want, refs(found)); diff != "" || problem != "" || trailer.Count != len(c.want) {
				t.Error(diff, problem, trailer.Count)
			}
		})
	}
	if found, trailer, _ := try(t, h, Trial{Kind: "activity", When: "activity.type == 'login_failed'", Limit: 3}); len(found) != 3 || trailer.Count != 12 {
		t.Errorf("of %d, %d are shown", trailer.Count, len(found))
	}
	for want, ask := range map[string]Trial{
		"kind \"x\" is not known": {Kind: "x", When: "true"}, "when: column 1": {Kind: "file", When: "x"},
		"only activities repeat": {Kind: "file", When: "file.trashed", Repeat: &policy.Repeat{Count: 2, Within: 1}}, "is not a time": {Kind: "file", When: "file.trashed", Since: "x"},
	} {
		if _, _, problem := try(t, h, ask); !strings.Contains(problem, want) {
			t.Errorf("%q, want %q", problem, want)
		}
	}
}

// TestQueryLooks: --where may ask for other records, too.
func TestQueryLooks(t *testing.T) {
	b := &backend{}
	box := b.open(t, "box")
	box.put("users", "", time.Now(), sdk.KindAccount, "a1", &wire.Account{Email: new("ann@acme.example"), Status: new("active")})
	box.put("files", "", time.Now(), sdk.KindFile, "f1", &wire.File{Owner: &wire.Ref{Kind: sdk.KindAccount, Id: new("a1")}})
	box.put("files", "", time.Now(), sdk.KindFile, "f2", &wire.File{Owner: &wire.Ref{Kind: sdk.KindAccount, Id: new("a9")}})
	lines, trailer := ask[map[string]any](t, New(b), "/v1/records", url.Values{"kind": {"file"}, "where": {"owner(file).status == 'active'"}})
	if len(lines) != 1 || lines[0]["id"] != "f1" || trailer.Undetermined != 1 {
		t.Error(lines, trailer)
	}
}

// TestBursts: whatever comes, a burst is told exactly when enough of one key lie within the time, once until a pause of that time.
func TestBursts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	type event struct {
		at    time.Time
		value string
	}
	told := 0
	for range 3_000 {
		of := &policy.Repeat{Count: 2 + r.IntN(4), Within: time.Duration(2+r.IntN(10)) * time.Second}
		b := &bursts{of: of, open: map[string]*burst{}}
		var all []event
		until, at := time.Time{}, time.Unix(1_790_000_000, 0)
		for n := range 40 {
			at = at.Add(time.Duration(r.IntN(4)) * time.Second)
			all = append(all, event{at, fmt.Sprint(r.IntN(6))})
			distinct := map[string]bool{}
			for _, e := range all {
				if at.Sub(e.at) < of.Within {
					distinct[e.value] = true
				}
			}
			want := len(distinct) >= of.Count && !at.Before(until)
			if len(distinct) >= of.Count || at.Before(until) {
				until = at.Add(of.Within)
			}
			if got := b.add("k", at, []string{all[n].value}); got != want {
				t.Fatalf("seed %d: event %d of %v by %+v: %v", seed, n, all, of, got)
			} else if got {
				told++
			}
		}
	}
	if told < 1_000 {
		t.Errorf("only %d bursts", told)
	}
}
