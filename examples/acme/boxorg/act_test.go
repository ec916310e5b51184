package boxorg

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// acting is the company with the app that may act.
func acting(t *testing.T) (*served, string) {
	t.Helper()
	s := serve(t, 200)
	cfg := Config(s.live, Credentials{Secret: "secret"})
	cfg.Now, cfg.Limits.Calls = now, -1
	cfg.Apps = append(cfg.Apps, Acting("another"))
	s.serveAt(cfg)
	reading := s.login(ClientID, "secret")
	s.token = s.login(ActingClientID, "another")
	return s, reading
}

func (s *served) login(id, secret string) string {
	s.t.Helper()
	res, err := s.client.PostForm(s.url+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
		"box_subject_type": {"enterprise"}, "box_subject_id": {EnterpriseID},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || token.Value == "" {
		s.t.Fatalf("no token: %s, %v", res.Status, err)
	}
	return token.Value
}

// send gives the status of a request that changes something.
func (s *served) send(method, path, token, as, body string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/2.0"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("As-User", as)
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func ids(list []entry) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.ID)
	}
	return out
}

// teamFolder is a folder of boss that somebody else has in the root too.
func (s *served) teamFolder(boss string) (folder, member string) {
	s.t.Helper()
	own := map[string]bool{}
	for _, e := range s.list("/folders/0/items?"+fields, boss) {
		own[e.ID] = e.Type == boxtest.Folder && e.Collaborated
	}
	for i := range s.live.People() {
		id := personID(s.live.Person(i))
		if s.live.BoxState(i) != company.Active || id == boss {
			continue
		}
		for _, e := range s.list("/folders/0/items", id) {
			if own[e.ID] {
				return e.ID, id
			}
		}
	}
	s.t.Fatal("no team has a folder")
	return "", ""
}

// TestActing: the app that acts changes what the company shows, and the one that reads does not; the company goes on.
func TestActing(t *testing.T) {
	s, reading := acting(t)
	boss := personID(s.live.Person(owner(s.live)))
	folder, member := s.teamFolder(boss)
	for _, c := range s.list("/folders/"+folder+"/collaborations?limit=1000", boss) {
		if got := s.send(http.MethodDelete, "/collaborations/"+c.ID, reading, boss, ""); got != http.StatusForbidden {
			t.Errorf("the app that reads takes away a folder: %d", got)
		}
		if got := s.send(http.MethodDelete, "/collaborations/"+c.ID, s.token, boss, ""); got != http.StatusNoContent {
			t.Errorf("the app that acts takes away a folder: %d", got)
		}
	}
	if member == "" || slices.Contains(ids(s.list("/folders/0/items", member)), folder) {
		t.Errorf("%q still has folder %s", member, folder)
	}
	if got := s.send(http.MethodPut, "/folders/"+folder, s.token, member, `{"name":"x"}`); got != http.StatusNotFound {
		t.Errorf("%q still sees it: %d", member, got)
	}
	if got := s.send(http.MethodDelete, "/folders/"+folder+"?recursive=true", s.token, boss, ""); got != http.StatusNoContent {
		t.Errorf("trashed: %d", got)
	}
	for range 200 {
		if err := Step(t.Context(), s.live, s.fake, s.live.StepDocument(now())); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Contains(ids(s.list("/folders/0/items", boss)), folder) || !slices.Contains(ids(s.list("/folders/trash/items", boss)), folder) {
		t.Errorf("folder %s is not in the trash any more", folder)
	}
}
