package boxtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// writing is a fixture whose app may change everything.
func writing(t *testing.T) (*fixture, string) {
	t.Helper()
	f := start(t, func(c *boxtest.Config) { c.App.Scopes = append(c.App.Scopes, boxtest.WriteAll) })
	return f, f.token()
}

// send sends a body as Alice, with headers given in pairs.
func (f *fixture) send(method, path, token string, body io.Reader, header ...string) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.http.URL+path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("As-User", alice.ID)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := f.http.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{status: res.StatusCode, header: res.Header}
	_ = json.NewDecoder(res.Body).Decode(&a.json)
	return a
}

func (a answer) code() string { return fmt.Sprint(a.json["code"]) }

// names of a list.
func (f *fixture) names(path, token string) []string {
	f.t.Helper()
	var names []string
	list, _ := f.do(http.MethodGet, path, token, alice.ID, nil).json["entries"].([]any)
	for _, it := range list {
		names = append(names, fmt.Sprint(it.(map[string]any)["name"])) //nolint:forcetypeassert // a panic fails the test
	}
	return names
}

func TestWritesNeedScopes(t *testing.T) {
	f := start(t, nil)
	token := f.token()
	for _, call := range []string{
		"PUT /2.0/files/10", "PUT /2.0/folders/10", "DELETE /2.0/files/10", "DELETE /2.0/folders/10", "POST /2.0/files/10", "POST /2.0/folders/10",
		"DELETE /2.0/files/10/trash", "DELETE /2.0/folders/10/trash", "POST /2.0/folders", "POST /2.0/collaborations", "PUT /2.0/collaborations/1",
		"DELETE /2.0/collaborations/1", "POST /api/2.0/files/content", "POST /api/2.0/files/10/content", "POST /2.0/files/10/versions/current",
	} {
		method, path, _ := strings.Cut(call, " ")
		a := f.send(method, path, token, strings.NewReader("{}"))
		if a.status != http.StatusForbidden || !strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_scope") {
			t.Errorf("%s without the scope to write: %d", call, a.status)
		}
	}
	if n := f.fake.Enterprise().Events.Len(); n != 3 {
		t.Errorf("%d events", n)
	}
}

func TestEtags(t *testing.T) {
	f, token := writing(t)
	rename := func(name, etag string) answer {
		return f.send(http.MethodPut, "/2.0/files/10", token, strings.NewReader(`{"name":"`+name+`"}`), "If-Match", etag)
	}
	if a := rename("b.txt", "7"); a.status != http.StatusPreconditionFailed || a.code() != "precondition_failed" {
		t.Errorf("another etag: %d %v", a.status, a.json)
	}
	a := rename("b.txt", "0")
	if a.status != http.StatusOK || a.json["name"] != "b.txt" || a.json["etag"] != "1" {
		t.Errorf("%d %v", a.status, a.json)
	}
	if a := rename("c.txt", "0"); a.status != http.StatusPreconditionFailed {
		t.Errorf("the etag of before: %d", a.status)
	}
	if got := f.names("/2.0/folders/0/items", token); !slices.Equal(got, []string{"b.txt"}) {
		t.Errorf("listed %q", got)
	}
	f.fake.Forget()
	if got := f.names("/2.0/folders/0/items", token); !slices.Equal(got, []string{"a.txt"}) {
		t.Errorf("forgotten: %q", got)
	}
}

func TestNamesInUse(t *testing.T) {
	f, token := writing(t)
	folder := func() answer {
		return f.send(http.MethodPost, "/2.0/folders", token, strings.NewReader(`{"name":"New","parent":{"id":"0"}}`))
	}
	made, again := folder(), folder()
	if made.status != http.StatusCreated || again.status != http.StatusConflict || again.code() != "item_name_in_use" {
		t.Errorf("%d, then %d %v", made.status, again.status, again.json)
	}
	into := f.send(http.MethodPut, "/2.0/files/10", token, strings.NewReader(fmt.Sprintf(`{"parent":{"id":%q}}`, made.json["id"])))
	if into.status != http.StatusOK || !slices.Equal(f.names("/2.0/folders/0/items", token), []string{"New"}) ||
		!slices.Equal(f.names(fmt.Sprint("/2.0/folders/", made.json["id"], "/items"), token), []string{"a.txt"}) {
		t.Errorf("moved: %d %v", into.status, into.json)
	}
	full := f.send(http.MethodDelete, fmt.Sprint("/2.0/folders/", made.json["id"]), token, nil)
	if full.status != http.StatusBadRequest || full.code() != "folder_not_empty" {
		t.Errorf("a folder with something in it: %d %v", full.status, full.json)
	}
	if a := f.send(http.MethodDelete, fmt.Sprint("/2.0/folders/", made.json["id"], "?recursive=true"), token, nil); a.status != http.StatusNoContent {
		t.Errorf("with all that is in it: %d", a.status)
	}
	if a := f.do(http.MethodGet, "/2.0/files/10", token, alice.ID, nil); a.status != http.StatusNotFound || a.code() != "trashed" {
		t.Errorf("a file in a folder in the trash: %d %v", a.status, a.json)
	}
}

func TestTrash(t *testing.T) {
	f, token := writing(t)
	steps := []struct {
		method, path string
		status       int
		root, trash  []string
	}{
		{http.MethodDelete, "/2.0/files/10/trash", http.StatusNotFound, []string{"a.txt"}, nil},
		{http.MethodDelete, "/2.0/files/10", http.StatusNoContent, nil, []string{"a.txt"}},
		{http.MethodDelete, "/2.0/files/10", http.StatusNotFound, nil, []string{"a.txt"}},
		{http.MethodGet, "/2.0/files/10/trash", http.StatusOK, nil, []string{"a.txt"}},
		{http.MethodPost, "/2.0/files/10", http.StatusCreated, []string{"a.txt"}, nil},
		{http.MethodPost, "/2.0/files/10", http.StatusNotFound, []string{"a.txt"}, nil},
		{http.MethodDelete, "/2.0/files/10", http.StatusNoContent, nil, []string{"a.txt"}},
		{http.MethodDelete, "/2.0/files/10/trash", http.StatusNoContent, nil, nil},
		{http.MethodDelete, "/2.0/files/10/trash", http.StatusNotFound, nil, nil},
	}
	for i, s := range steps {
		if a := f.send(s.method, s.path, token, nil); a.status != s.status {
			t.Errorf("step %d, %s %s: %d %v", i, s.method, s.path, a.status, a.json)
		}
		if root, trash := f.names("/2.0/folders/0/items", token), f.names("/2.0/folders/trash/items", token); !slices.Equal(root, s.root) || !slices.Equal(trash, s.trash) {
			t.Errorf("step %d: root %q, trash %q", i, root, trash)
		}
	}
}

// form is an upload, its parts in the order given.
func form(t *testing.T, parts ...string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		if err := w.WriteField(parts[i], parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func TestUploads(t *testing.T) {
	f, token := writing(t)
	const attributes, sum = `{"name":"a.txt"}`, "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed" // of "hello world"
	for _, c := range []struct {
		parts       []string
		etag, sum   string
		status      int
		code        string
		versionsNow int
	}{
		{[]string{"file", "hello world", "attributes", attributes}, "", "", http.StatusBadRequest, "metadata_after_file_contents", 0},
		{[]string{"attributes", attributes, "file", "hello world"}, "", sum[1:] + "0", http.StatusBadRequest, "bad_digest", 0},
		{[]string{"attributes", attributes, "file", "hello world"}, "5", sum, http.StatusPreconditionFailed, "precondition_failed", 0},
		{[]string{"attributes", attributes, "file", "hello world"}, "0", sum, http.StatusOK, "<nil>", 1},
	} {
		body, kind := form(t, c.parts...)
		header := []string{"Content-Type", kind, "Content-MD5", c.sum, "If-Match", c.etag}
		if a := f.send(http.MethodPost, "/api/2.0/files/10/content", token, body, header...); a.status != c.status || a.code() != c.code {
			t.Errorf("%q: %d %v", c.parts, a.status, a.json)
		}
		if got := f.do(http.MethodGet, "/2.0/files/10/versions", token, alice.ID, nil); fmt.Sprint(got.json["total_count"]) != fmt.Sprint(c.versionsNow) {
			t.Errorf("%q: versions %v", c.parts, got.json)
		}
	}
	if a := f.do(http.MethodGet, "/2.0/files/10", token, alice.ID, nil); a.json["etag"] != "1" || a.json["sha1"] != sum {
		t.Errorf("the file is %v", a.json)
	}
}

// TestLogOfCalls: what calls did stands in the log where it was when it happened, and positions stay as they are when late
// events come.
func TestLogOfCalls(t *testing.T) {
	f, token := writing(t)
	read := func(position string) ([]string, string) {
		a := f.do(http.MethodGet, "/2.0/events?stream_type=admin_logs&limit=500&stream_position="+position, token, "", nil)
		var types []string
		for _, e := range a.json["entries"].([]any) { //nolint:forcetypeassert // a panic fails the test
			types = append(types, fmt.Sprint(e.(map[string]any)["event_type"])) //nolint:forcetypeassert // as above
		}
		var exact struct {
			Next json.RawMessage `json:"next_stream_position"`
		}
		_ = json.Unmarshal([]byte(a.text), &exact)
		return types, strings.Trim(string(exact.Next), `"`)
	}
	f.send(http.MethodDelete, "/2.0/files/10", token, nil)
	types, next := read("0")
	if !slices.Equal(types, []string{"LOGIN", "DOWNLOAD", "DELETE"}) {
		t.Errorf("the log is %q", types)
	}
	f.pass(2 * time.Hour) // the late login was recorded meanwhile
	token = f.token()
	f.send(http.MethodPost, "/2.0/files/10", token, nil)
	if types, _ := read(next); !slices.Equal(types, []string{"LOGIN", "UNDELETE"}) {
		t.Errorf("from there on the log is %q", types)
	}
}

func TestSessionsEnd(t *testing.T) {
	f, token := writing(t)
	end := func(body string) int {
		return f.send(http.MethodPost, "/2.0/users/terminate_sessions", token, strings.NewReader(body)).status
	}
	if end(`{"user_ids":["2000"]}`) != http.StatusBadRequest || end(`{"user_ids":["5"],"user_logins":[]}`) != http.StatusNotFound {
		t.Error("an order that is none is taken")
	}
	if end(`{"user_ids":["2000"],"user_logins":[]}`) != http.StatusAccepted {
		t.Error("an order is refused")
	}
	if times, waiting := f.fake.SignedOut(bob.ID); times != 0 || waiting != 1 {
		t.Errorf("ended %d times, %d wait", times, waiting)
	}
	f.fake.RunJobs()
	if times, waiting := f.fake.SignedOut(bob.ID); times != 1 || waiting != 0 {
		t.Errorf("ended %d times, %d wait", times, waiting)
	}
	if a := f.send(http.MethodPut, "/2.0/users/1", token, strings.NewReader(`{"status":"inactive"}`)); a.status != http.StatusForbidden {
		t.Errorf("the main administrator's status is changed: %d", a.status)
	}
}
