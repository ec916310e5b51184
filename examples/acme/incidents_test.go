package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/boxorg"
	"github.com/mooring-hq/mooring/examples/acme/company"
)

// ask reads one answer.
func ask(t *testing.T, at string, header map[string]string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(body, into) != nil {
		t.Fatalf("GET %s: %s, %v: %.300s", at, res.Status, err, body)
	}
}

// TestIncidentsAcrossApps finds in what is served those incidents that are about documents; githuborg's test finds the
// others.
func TestIncidentsAcrossApps(t *testing.T) {
	dir := t.TempDir()
	urls := startAll(t, "-credentials", dir, "-accounts", "200")
	c := company.New(1, 200)
	found := map[string]bool{
		"keys in a public document":   keysInDrive(t, urls["googleworkspace"], dir, c),
		"customer data behind a link": customersInBox(t, urls["box"], dir, c),
		"leaver still active in Box":  leaverInBox(t, urls["box"], dir, c),
	}
	for _, in := range c.Incidents() {
		if ok, known := found[in.Name]; in.In != "" && !(known && ok) {
			t.Errorf("%q is not in what is served: %s", in.Name, in.Where)
		}
	}
}

// keysInDrive: anyone can find a file with the very content of the file in the repository.
func keysInDrive(t *testing.T, at, dir string, c *company.Company) bool {
	t.Helper()
	token := googleToken(t, at, read(t, filepath.Join(dir, googleKeyFile)), c.Person(c.KeyKeeper()).Email, "drive.metadata.readonly")
	var page struct {
		Files []struct {
			Name, MD5Checksum string
			Permissions       []struct {
				Type               string
				AllowFileDiscovery bool
			}
		}
	}
	ask(t, at+"/drive/v3/files?pageSize=1000&fields="+url.QueryEscape("files(name,md5Checksum,permissions(type,allowFileDiscovery))"),
		map[string]string{"Authorization": "Bearer " + token}, &page)
	p := c.Project(c.KeyProject())
	for f := range c.FileCount(&p) {
		if c.FilePath(&p, f) != company.KeyFile {
			continue
		}
		sum := md5.Sum(c.FileContent(&p, f, 0))
		for _, file := range page.Files {
			for _, who := range file.Permissions {
				if file.MD5Checksum == hex.EncodeToString(sum[:]) && who.Type == "anyone" && who.AllowFileDiscovery {
					return true
				}
			}
		}
	}
	return false
}

// boxHeader signs in to Box. user may be empty.
func boxHeader(t *testing.T, at, dir, user string) map[string]string {
	t.Helper()
	token := post(t, at+"/oauth2/token", "access_token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {boxorg.ClientID}, "client_secret": {read(t, filepath.Join(dir, boxSecretFile))},
		"box_subject_type": {"enterprise"}, "box_subject_id": {boxorg.EnterpriseID},
	})
	header := map[string]string{"Authorization": "Bearer " + token}
	if user != "" {
		header["As-User"] = user
	}
	return header
}

func customersInBox(t *testing.T, at, dir string, c *company.Company) bool {
	t.Helper()
	owner := strconv.FormatInt(c.Person(c.CarelessAdmin()).ID, 10)
	var file struct {
		Name       string
		SharedLink struct {
			Access string
		} `json:"shared_link"`
	}
	ask(t, at+"/2.0/files/"+strconv.FormatInt(c.CustomerDocument(), 10)+"?fields=name,shared_link", boxHeader(t, at, dir, owner), &file)
	return file.Name == "customers.csv" && file.SharedLink.Access == "open"
}

// leaverInBox: an active account that downloads.
func leaverInBox(t *testing.T, at, dir string, c *company.Company) bool {
	t.Helper()
	leaver := c.Person(c.Leaver())
	var user struct{ Login, Status string }
	ask(t, at+"/2.0/users/"+strconv.FormatInt(leaver.ID, 10)+"?fields=login,status", boxHeader(t, at, dir, ""), &user)
	downloads, position := 0, "0"
	for range 40 {
		var page struct {
			Next    json.RawMessage `json:"next_stream_position"`
			Entries []struct {
				Type      string `json:"event_type"`
				CreatedBy struct {
					Login string
				} `json:"created_by"`
			}
		}
		since := time.Now().AddDate(0, 0, -8).UTC().Format(time.RFC3339)
		ask(t, at+"/2.0/events?stream_type=admin_logs&limit=500&event_type=DOWNLOAD&created_after="+since+"&stream_position="+position,
			boxHeader(t, at, dir, ""), &page)
		for _, e := range page.Entries {
			if e.Type == "DOWNLOAD" && e.CreatedBy.Login == leaver.Email {
				downloads++
			}
		}
		if next := strings.Trim(string(page.Next), `"`); len(page.Entries) > 0 && next != position {
			position = next
			continue
		}
		break
	}
	const burst = 40
	return user.Login == leaver.Email && user.Status == "active" && downloads >= burst
}
