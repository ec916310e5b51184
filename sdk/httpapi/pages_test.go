package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

type page struct {
	Users []string
	Next  string
	Token string
	More  bool
}

// asked are the queries of the requests, answers the pages by query.
func pageServer(t *testing.T, answers map[string]string, link map[string]string) (url string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RawQuery)
		if l := link[r.URL.RawQuery]; l != "" {
			w.Header().Set("Link", l)
		}
		body, ok := answers[r.URL.RawQuery]
		if !ok {
			w.WriteHeader(404)
		}
		_, _ = io.WriteString(w, body)
	})
	return srv.URL, asked
}

func walk(t *testing.T, checkpoint []byte) *sdk.Walk {
	t.Helper()
	return sdk.NewWalk(t.Context(), &wire.ScanRequest{Listing: "users", Checkpoint: checkpoint}, func([]byte) error { return nil })
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		name    string
		first   string
		next    httpapi.Next[page]
		answers map[string]string
		link    map[string]string
		users   string
	}{
		{
			"link", "/users?n=1", httpapi.ByLink[page],
			map[string]string{"n=1": `{"users":["a","b"]}`, "p=2": `{"users":["c"]}`},
			map[string]string{"n=1": `</users?p=2>; rel="next"`}, "a b c",
		},
		{
			"cursor", "/users?n=1", httpapi.ByCursor(func(p page) string { return p.Next }),
			map[string]string{"n=1": `{"users":["a"],"next":"/users?x"}`, "x": `{"users":["b"]}`}, nil, "a b",
		},
		{
			"token", "/users?n=1", httpapi.ByToken("t", func(p page) string { return p.Token }),
			map[string]string{"n=1": `{"users":["a"],"token":"x&y"}`, "n=1&t=x%26y": `{"users":["b"],"token":"z"}`, "n=1&t=z": `{"users":["c"]}`}, nil, "a b c",
		},
		{
			"number", "/users", httpapi.ByNumber("page", 1, 1, func(p page) bool { return p.More }),
			map[string]string{"": `{"users":["a"],"more":true}`, "page=2": `{"users":["b"],"more":true}`, "page=3": `{"users":["c"]}`}, nil, "a b c",
		},
		{
			"offset", "/users?offset=0", httpapi.ByNumber("offset", 0, 50, func(p page) bool { return p.More }),
			map[string]string{"offset=0": `{"users":["a"],"more":true}`, "offset=50": `{"users":["b"]}`}, nil, "a b",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, asked := pageServer(t, c.answers, c.link)
			b := newBench(t, url)
			w := walk(t, nil)
			var users []string
			for p, err := range httpapi.Pages(t.Context(), b.session, w, c.first, c.next) {
				if err != nil {
					t.Fatal(err)
				}
				users = append(users, p.Users...)
			}
			if got := strings.Join(users, " "); got != c.users {
				t.Errorf("got %s, want %s; asked %q", got, c.users, *asked)
			}
			if err := w.Complete(); err != nil || int(w.Certificate().GetPages()) != len(c.answers) {
				t.Errorf("certificate %v, %v", w.Certificate(), err)
			}
		})
	}
}

// What must never look like the end of a listing.
func TestPagesDoNotEndEarly(t *testing.T) {
	byCursor := httpapi.ByCursor(func(p page) string { return p.Next })
	for _, c := range []struct {
		name    string
		next    httpapi.Next[page]
		answers map[string]string
		link    map[string]string
		says    string
	}{
		{"an error", byCursor, map[string]string{"": `{"next":"/users?gone"}`}, nil, "404"},
		{"a cut answer", byCursor, map[string]string{"": `{"users":["a"`}, nil, "cut short"},
		{"a cursor that is no URL", byCursor, map[string]string{"": `{"next":"http://[broken"}`}, nil, "not a URL"},
		{"a link that is none", httpapi.ByLink[page], map[string]string{"": `{}`}, map[string]string{"": `</users?page=2; rel="next"`}, "not a URL"},
		{"a circle", byCursor, map[string]string{"": `{"next":"/users?x"}`, "x": `{"next":"/users?x"}`}, nil, "twice"},
		{"another host", byCursor, map[string]string{"": `{"next":"https://evil.example/users"}`}, nil, "evil.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _ := pageServer(t, c.answers, c.link)
			b := newBench(t, url)
			w := walk(t, nil)
			var failed error
			for _, err := range httpapi.Pages(t.Context(), b.session, w, "/users", c.next) {
				failed = err
			}
			if failed == nil {
				failed = w.Complete()
			}
			if failed == nil || !strings.Contains(failed.Error(), c.says) {
				t.Errorf("got %v, want %q", failed, c.says)
			}
		})
	}
}

func TestPagesResumeAndBreak(t *testing.T) {
	url, asked := pageServer(t, map[string]string{"": `{"next":"/users?2"}`, "2": `{"next":"/users?3"}`, "3": `{}`}, nil)
	b := newBench(t, url)
	byCursor := httpapi.ByCursor(func(p page) string { return p.Next })
	w := walk(t, []byte("n/users?2"))
	for _, err := range httpapi.Pages(t.Context(), b.session, w, "/users", byCursor) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(*asked, []string{"2", "3"}) {
		t.Errorf("asked %q", *asked)
	}
	*asked = nil
	var sent int
	w = sdk.NewWalk(t.Context(), &wire.ScanRequest{Listing: "users"}, func([]byte) error { sent++; return nil })
	for _, err := range httpapi.Pages(t.Context(), b.session, w, "/users", byCursor) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if sent != 0 || len(*asked) != 1 {
		t.Errorf("a page that was broken off was ended: %d parts, asked %q", sent, *asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range httpapi.Pages(ctx, b.session, walk(t, nil), "/users", byCursor) {
		if err == nil {
			t.Error("no error after the call was cancelled")
		}
	}
}

func TestGetGivesTheAnswerOfAnError(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Why", "because")
		w.WriteHeader(404)
	})
	b := newBench(t, srv.URL)
	res, err := httpapi.Get(t.Context(), b.session, "/x", new(any))
	if res == nil || sdk.TypeOf(err) != sdk.ErrNotFound || res.Header.Get("X-Why") != "because" {
		t.Errorf("got %v, %v", res, err)
	}
	_ = res.Body.Close()
	if _, err := httpapi.Get(t.Context(), b.session, "http://[", new(any)); sdk.TypeOf(err) != sdk.ErrInvalid {
		t.Errorf("got %v", err)
	}
}
