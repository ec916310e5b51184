package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk/httpapi"
)

func TestNextLink(t *testing.T) {
	const next = "https://api.example/users?page=2"
	for _, c := range []struct {
		name    string
		headers []string
		want    string // "!" for what is no URL
	}{
		{"none", nil, ""},
		{"as GitHub has it", []string{`<https://api.example/users?page=2>; rel="next", <https://api.example/users?page=9>; rel="last"`}, next},
		{"as Okta has it", []string{`<https://api.example/users?after=0>; rel="self"`, `<https://api.example/users?page=2>; rel="next"`}, next},
		{"last page", []string{`<https://api.example/users?page=1>; rel="prev", <https://api.example/users?page=1>; rel="first"`}, ""},
		{"token, several rels, capitals", []string{`<https://api.example/users?page=2>;title=x;REL="last NeXt"`}, next},
		{"unquoted", []string{`<https://api.example/users?page=2>;rel=next`}, next},
		{"spaces", []string{` < https://api.example/users?page=2 > ; rel = "next" `}, next},
		{"comma and semicolon in URL and title", []string{`<https://api.example/a,b;c>; rel=x; title="y, <z>; rel=next", <https://api.example/users?page=2>; rel="next"`}, next},
		{"escaped quote", []string{`<https://api.example/1>; title="a\"; rel=next"; rel=prev, <https://api.example/users?page=2>; rel=next`}, next},
		{"relative", []string{`</users?page=2>; rel="next"`}, next},
		{"only the query", []string{`<?page=2>; rel="next"`}, next},
		{"the first rel counts", []string{`<https://api.example/1>; rel=prev; rel=next`}, ""},
		{"of something else", []string{`<https://api.example/1>; rel=next; anchor="#foo"`}, ""},
		{"nextish", []string{`<https://api.example/1>; rel="nextish"`}, ""},
		{"no URL", []string{`<https://[api.example/1>; rel="next"`}, "!"},
		{"no end", []string{`<https://api.example/users?page=2; rel="next"`}, "!"},
		{"no brackets", []string{`https://api.example/users?page=2; rel="next"`}, "!"},
		{"empty", []string{`<>; rel="next"`}, "!"},
		{"a script", []string{`<javascript:alert(1)>; rel="next"`}, "!"},
		{"nonsense", []string{`,;<>,"`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := httpapi.NextLink(linked(c.headers...))
			if c.want != "!" {
				if got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			} else if _, err := url.Parse(got); err == nil {
				t.Errorf("got %q, which would be asked for or taken for the end", got)
			}
		})
	}
}

func linked(headers ...string) *http.Response {
	at, _ := url.Parse("https://api.example/users")
	return &http.Response{Header: http.Header{"Link": headers}, Request: &http.Request{URL: at}}
}

func FuzzNextLink(f *testing.F) {
	for _, s := range []string{`<a>; rel="next"`, `<a>;rel=next,<b>;rel=last`, `<`, `<>`, `<a>;;;=`, `<a>;rel="\`, `<a>;x="\"`, `,,,<a>;rel=next`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got := httpapi.NextLink(linked(a, b))
		if got == "" || strings.HasPrefix(got, ":") {
			return
		}
		u, err := url.Parse(got)
		if err != nil || !u.IsAbs() || u.Host == "" {
			t.Errorf("%q: %v", got, err)
		}
	})
}
