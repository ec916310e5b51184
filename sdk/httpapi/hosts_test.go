package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

func TestWhereRequestsMayGo(t *testing.T) {
	declared := []sdk.Host{
		{Pattern: "login.example.com", Credentialed: true},
		{Pattern: "*.files.example.com"},
		{Pattern: "ports.example.com", Ports: []uint32{8443, 9443}, Credentialed: true},
		{Pattern: "plain.example.com", Ports: []uint32{80}},
		{Pattern: "${upload_url}", Credentialed: true},
		{Pattern: "${not_set}", Credentialed: true},
	}
	for _, c := range []struct {
		url   string
		fate  string // credentials | plain | refused
		named string
	}{
		{"https://api.example.com/users", "credentials", ""},
		{"https://API.Example.COM./users", "credentials", ""},
		{"https://api.example.com:443/users", "credentials", ""},
		{"https://login.example.com/token", "credentials", ""},
		{"https://eu.files.example.com/1", "plain", ""},
		{"https://a.b.files.example.com/1", "plain", ""},
		{"https://ports.example.com:9443/", "credentials", ""},
		{"http://plain.example.com/", "plain", ""},
		{"http://upload.corp.example:8080/x", "credentials", ""},

		{"https://evil.example/", "refused", `sdk.Host{Pattern: "evil.example"}`},
		{"https://files.example.com/", "refused", "files.example.com:443"},
		{"https://.files.example.com/", "refused", ""},
		{"https://evilfiles.example.com/", "refused", ""},
		{"https://api.example.com.evil.example/", "refused", ""},
		{"https://api.example.com:8443/", "refused", `Ports: []uint32{8443}`},
		{"http://api.example.com/", "refused", "api.example.com:80"},
		{"http://api.example.com:443/", "refused", "(http)"},
		{"https://ports.example.com/", "refused", ""},
		{"http://ports.example.com:8443/", "refused", ""},
		{"https://api.example.com@evil.example/", "refused", "evil.example"},
		{"http://169.254.169.254/latest/meta-data", "refused", "169.254.169.254"},
		{"https://upload.corp.example:8080/", "credentials", ""},
		{"http://upload.corp.example/", "refused", ""},
		{"ftp://api.example.com/", "refused", "only https and http"},
	} {
		t.Run(c.url, func(t *testing.T) {
			b := newBench(t, "https://api.example.com/v1", withAuth(sdk.Bearer("token")), withSecrets(map[string]string{"token": "t"}),
				withHosts(declared...), func(f *httpapi.Config) { f.Session.Settings["upload_url"] = "http://upload.corp.example:8080" })
			fate := "refused"
			httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
				if fate = "plain"; r.Header.Get("Authorization") == "Bearer t" {
					fate = "credentials"
				}
				return plain(200, ""), nil
			}))
			_, _, e := b.get(t, c.url)
			if fate != c.fate {
				t.Errorf("was %s, want %s", fate, c.fate)
			}
			if c.fate == "refused" && (e == nil || e.Type != sdk.ErrBlocked || e.Sent || !strings.Contains(e.Message, c.named)) {
				t.Errorf("got %#v", e)
			}
		})
	}
}

func TestHostHeaderMustAgree(t *testing.T) {
	b := newBench(t, "https://api.example.com")
	req := request(t, t.Context(), "GET", "https://api.example.com/", "")
	req.Host = "other.example.com"
	if _, _, e := b.do(req); e == nil || e.Type != sdk.ErrBlocked {
		t.Errorf("got %v", e)
	}
}

func TestBaseURLMayBeDeclaredWithoutCredentials(t *testing.T) {
	b := newBench(t, "https://api.example.com", withAuth(sdk.Bearer("token")), withSecrets(map[string]string{"token": "t"}),
		withHosts(sdk.Host{Pattern: "${base_url}"}))
	httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials went to a host declared without")
		}
		return plain(200, ""), nil
	}))
	if _, _, e := b.get(t, "https://api.example.com"); e != nil {
		t.Error(e)
	}
}

// journey records what arrives where.
type journey struct {
	mu   sync.Mutex
	seen []*http.Request
	next map[string]string // URL → Location
}

func (j *journey) RoundTrip(r *http.Request) (*http.Response, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = append(j.seen, r)
	if to, ok := j.next[r.URL.String()]; ok {
		return plain(302, "", "Location", to), nil
	}
	return plain(200, "arrived"), nil
}

func TestRedirects(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	own := sdk.Header("X-Api-Key", "", "key")
	for _, c := range []struct {
		name   string
		next   map[string]string
		auth   []bool // which of the requests carry credentials
		failed sdk.ErrorType
		says   string
	}{
		{"same host", map[string]string{a + "/1?q=canary": "/2"}, []bool{true, true}, "", ""},
		{"other declared host", map[string]string{a + "/1?q=canary": b + "/2"}, []bool{true, false}, "", ""},
		{"there and back", map[string]string{a + "/1?q=canary": b + "/2", b + "/2": a + "/3"}, []bool{true, false, false}, "", ""},
		{"other port", map[string]string{a + "/1?q=canary": a + ":8443/2"}, []bool{true, false}, "", ""},
		{"undeclared", map[string]string{a + "/1?q=canary": "https://evil.example/?q=canary"}, []bool{true}, sdk.ErrBlocked, "evil.example"},
		{"to http", map[string]string{a + "/1?q=canary": "http://a.example:8080/?q=canary"}, []bool{true}, sdk.ErrBlocked, "from https to http"},
		{"five times", chain(a, httpapi.MaxRedirects), []bool{true, true, true, true, true, true}, "", ""},
		{"six times", chain(a, httpapi.MaxRedirects+1), []bool{true, true, true, true, true, true}, sdk.ErrInternal, "more than 5"},
		{"to nonsense", map[string]string{a + "/1?q=canary": "https://b.example:port/?q=canary"}, []bool{true}, sdk.ErrInternal, "not a URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, client := range map[string]func(*httpapi.Transport) *http.Client{
				"ours":    httpapi.Client,
				"another": func(t *httpapi.Transport) *http.Client { return &http.Client{Transport: t} },
			} {
				bn := newBench(t, a, withAuth(own), withSecrets(map[string]string{"key": "canary"}), withHosts(
					sdk.Host{Pattern: "b.example", Credentialed: true},
					sdk.Host{Pattern: "a.example", Ports: []uint32{443, 8443}, Credentialed: true},
					sdk.Host{Pattern: "a.example", Ports: []uint32{8080}}))
				bn.client = client(bn.Transport)
				j := &journey{next: c.next}
				httpapi.SetBase(bn.Transport, j)
				req := request(t, t.Context(), "GET", a+"/1?q=canary", "")
				req.Header.Set("Cookie", "session=canary")
				_, _, e := bn.do(req)
				if c.failed == "" && e != nil || c.failed != "" && (e == nil || e.Type != c.failed || !strings.Contains(e.Message, c.says)) {
					t.Fatalf("%s: got %#v", name, e)
				}
				if e != nil && strings.Contains(e.Error()+e.URL, "canary") {
					t.Errorf("%s: the error has the query: %v %s", name, e, e.URL)
				}
				if len(j.seen) != len(c.auth) {
					t.Fatalf("%s: %d requests, want %d", name, len(j.seen), len(c.auth))
				}
				for i, r := range j.seen {
					if has := r.Header.Get("X-Api-Key") != ""; has != c.auth[i] {
						t.Errorf("%s: request %d to %s: credentials %v", name, i, r.URL, has)
					}
					if !c.auth[i] && strings.Contains(strings.Join(flat(r.Header), " "), "canary") {
						t.Errorf("%s: request %d to %s carries %v", name, i, r.URL, r.Header)
					}
				}
			}
		})
	}
}

// A header that the connector sets itself, in which it usually authenticates, must not follow to another host.
func TestRedirectStripsOwnHeader(t *testing.T) {
	b := newBench(t, "https://a.example", withAuth(sdk.Header("X-Api-Key", "", "key")), withSecrets(map[string]string{"key": "k"}),
		withHosts(sdk.Host{Pattern: "b.example"}))
	j := &journey{next: map[string]string{"https://a.example/1": "https://b.example/2"}}
	httpapi.SetBase(b.Transport, j)
	req := request(t, sdk.NoAuth(t.Context()), "GET", "https://a.example/1", "")
	req.Header.Set("X-Api-Key", "by hand")
	req.Header.Set("Accept", "x/y")
	if _, _, e := b.do(req); e != nil || len(j.seen) != 2 {
		t.Fatal(e, len(j.seen))
	}
	if h := j.seen[1].Header; h.Get("X-Api-Key") != "" || h.Get("Accept") != "x/y" || h.Get("Referer") != "" {
		t.Errorf("the other host got %v", h)
	}
}

func chain(host string, n int) map[string]string {
	next := map[string]string{}
	from := host + "/1?q=canary"
	for i := range n {
		to := host + "/step" + string(rune('a'+i))
		next[from] = to
		from = to
	}
	return next
}

func flat(h http.Header) []string {
	var all []string
	for _, v := range h {
		all = append(all, v...)
	}
	return all
}

func TestBadConfig(t *testing.T) {
	d := &sdk.Description{}
	for _, c := range []httpapi.Config{
		{},
		{Description: d},
		{Description: d, Session: &sdk.Session{Settings: sdk.Settings{"base_url": "api.example.com"}}},
		{Description: &sdk.Description{BaseURL: "ftp://x"}, Session: &sdk.Session{}},
		{Description: &sdk.Description{Hosts: []sdk.Host{{Pattern: "${u}"}}}, Session: &sdk.Session{Settings: sdk.Settings{"u": ":"}}},
	} {
		if _, err := httpapi.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
