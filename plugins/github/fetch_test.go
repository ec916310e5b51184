package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

// userByID adds GET /user/{id}, where the fake has none.
type userByID struct{ next http.RoundTripper }

func (u userByID) RoundTrip(r *http.Request) (*http.Response, error) {
	id, ok := strings.CutPrefix(r.URL.Path, "/user/")
	if !ok {
		return u.next.RoundTrip(r)
	}
	w := newRecorder()
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil || n < firstUser {
		w.status, w.body = http.StatusNotFound, `{"message":"Not Found"}`
	} else {
		w.body = fmt.Sprintf(`{"id":%d,"login":%q}`, n, someone(n-firstUser).Login)
	}
	return w.response(r), nil
}

func fetchOne(t *testing.T, s *sdk.Session, r *sdk.Ref) sdk.Fetched {
	t.Helper()
	var got []sdk.Fetched
	err := connector{}.Fetch(t.Context(), s, []*sdk.Ref{r}, func(f sdk.Fetched) error {
		got = append(got, f)
		return nil
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	return got[0]
}

func TestFetch(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	s.HTTP = &http.Client{Transport: userByID{s.HTTP.Transport}}
	f := fetchOne(t, s, sdk.To(sdk.KindAccount, "1001"))
	a, _ := f.Records["members"].(*sdk.Account)
	if f.State != sdk.Found || a == nil || !a.GetAdmin() || a.GetMfa() != "on" {
		t.Errorf("owner: %+v", f)
	}
	f = fetchOne(t, s, sdk.To(sdk.KindAccount, "1900"))
	a, _ = f.Records["outside_collaborators"].(*sdk.Account)
	if f.State != sdk.Found || a.GetType() != "guest" || a.GetMfa() != "off" {
		t.Errorf("outside collaborator: %+v", f)
	}
	if f = fetchOne(t, s, sdk.To(sdk.KindAccount, "1950")); f.State != sdk.Absent {
		t.Errorf("somebody else: %+v", f)
	}
	if f = fetchOne(t, s, sdk.To(sdk.KindAccount, "5")); f.State != sdk.Denied {
		t.Errorf("a hidden profile proves nothing: %+v", f)
	}
	repo := sdk.To(sdk.KindFile, "300")
	repo.Name = new("repo-0")
	f = fetchOne(t, s, repo)
	if r, _ := f.Records["repositories"].(*sdk.File); f.State != sdk.Found || r.GetAccessLevel() != "public" {
		t.Errorf("repository: %+v", f)
	}
	repo.Id = new("999") // the name belongs to another one now
	if f = fetchOne(t, s, repo); f.State != sdk.Denied {
		t.Errorf("another repository: %+v", f)
	}
	repo.Name = new("nowhere")
	if f = fetchOne(t, s, repo); f.State != sdk.Denied {
		t.Errorf("404 may hide a repository: %+v", f)
	}
	if f = fetchOne(t, s, sdk.To(sdk.KindFile, "300/x")); f.State != sdk.Failed {
		t.Errorf("file: %+v", f)
	}
}

// Absent deletes, so nobody may be absent who only cannot be seen.
func TestFetchWithoutSightProvesNothing(t *testing.T) {
	w := start(t, newOrg(), func(c *githubtest.Config) {
		c.Tokens = append(c.Tokens, githubtest.Token{Value: "ghp_stranger", User: someone(999), Scopes: []string{"repo"}})
	})
	s := w.session("ghp_stranger", nil)
	s.HTTP = &http.Client{Transport: userByID{s.HTTP.Transport}}
	for _, id := range []string{"1001", "1900", "1950"} {
		if f := fetchOne(t, s, sdk.To(sdk.KindAccount, id)); f.State != sdk.Denied {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

// A pending invitation is no membership, and its record is another one.
func TestFetchPending(t *testing.T) {
	s := &sdk.Session{
		Classify: classify, Settings: sdk.Settings{"organization": orgName, "base_url": "https://api.example"},
		Secret: func(string) string { return "" },
		HTTP: &http.Client{Transport: answers{
			"/user/7": `{"id":7,"login":"x"}`, "/orgs/acme/memberships/x": `{"state":"pending","role":"admin","user":{"id":7,"login":"x"}}`,
			"/orgs/acme/outside_collaborators": "[]", "/orgs/acme/members": "[]",
		}},
	}
	if f := fetchOne(t, s, sdk.To(sdk.KindAccount, "7")); f.State != sdk.Absent {
		t.Errorf("%+v", f)
	}
}
