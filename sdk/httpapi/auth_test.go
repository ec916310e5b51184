package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

func TestCredentialsAreApplied(t *testing.T) {
	for _, c := range []struct {
		name    string
		auth    sdk.Auth
		secrets map[string]string
		noAuth  bool
		header  string
		want    string
	}{
		{"bearer", sdk.Bearer("token"), map[string]string{"token": "t1"}, false, "Authorization", "Bearer t1"},
		{"basic", sdk.Basic("user", "password"), map[string]string{"user": "u", "password": "p"}, false, "Authorization", "Basic dTpw"},
		{"header", sdk.Header("X-Api-Key", "SSWS ", "key"), map[string]string{"key": "k"}, false, "X-Api-Key", "SSWS k"},
		{"the method that is complete", sdk.Basic("user", "password").Or(sdk.Bearer("token")...), map[string]string{"user": "u", "token": "t"}, false, "Authorization", "Bearer t"},
		{"not wanted", sdk.Bearer("token"), map[string]string{"token": "t1"}, true, "Authorization", ""},
		{"none declared", nil, nil, false, "Authorization", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got, agent string
			srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { got, agent = r.Header.Get(c.header), r.UserAgent() })
			b := newBench(t, srv.URL, withAuth(c.auth), withSecrets(c.secrets))
			ctx := t.Context()
			if c.noAuth {
				ctx = sdk.NoAuth(ctx)
			}
			req := request(t, ctx, "GET", srv.URL, "")
			if _, _, e := b.do(req); e != nil {
				t.Fatal(e)
			}
			if got != c.want || agent != "mooring-test/1" {
				t.Errorf("%s is %q, want %q; user agent %q", c.header, got, c.want, agent)
			}
			if len(req.Header) != 0 {
				t.Errorf("the caller's request was changed: %v", req.Header)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	b := newBench(t, "https://api.example", withAuth(sdk.Basic("user", "password").Or(sdk.Bearer("token")...)))
	_, _, e := b.get(t, "https://api.example/x?q=1")
	if e == nil || e.Type != sdk.ErrAuth || e.Sent || !strings.Contains(e.Message, "user and password, or token") {
		t.Errorf("got %#v", e)
	}
}

// issuer gives numbered tokens, and a provider that accepts only the newest allowed.
type issuer struct {
	issued atomic.Int32
	accept atomic.Int32 // the lowest that is accepted
	life   time.Duration
	err    error
}

func (i *issuer) auth() sdk.Auth {
	return sdk.Auth{{
		Name: "app", Fields: []sdk.Field{{Name: "key"}},
		Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
			time.Sleep(20 * time.Millisecond)
			n := i.issued.Add(1)
			if i.err != nil {
				return nil, i.err
			}
			token := &sdk.Token{Value: fmt.Sprint(n)}
			if i.life > 0 {
				token.Expires = time.Now().Add(i.life)
			}
			return token, nil
		},
	}}
}

func (i *issuer) answer(r *http.Request) *http.Response {
	var n int32
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %d", &n); err != nil || n < i.accept.Load() {
		return plain(401, "expired")
	}
	return plain(200, "{}")
}

func TestTokenIsRenewedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		b := newBench(t, "https://api.example", withAuth(i.auth()), withSecrets(map[string]string{"key": "k"}))
		httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Millisecond)
			return i.answer(r), nil
		}))
		burst := func(want int) {
			t.Helper()
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if status, _, e := b.do(request(t, inCall(t.Context()), "GET", "https://api.example", "")); status != want {
						t.Errorf("got %d, %v", status, e)
					}
				})
			}
			wg.Wait()
		}
		burst(200)
		if n := i.issued.Load(); n != 1 {
			t.Fatalf("%d tokens for the first burst", n)
		}
		i.accept.Store(2)
		burst(200)
		if n := i.issued.Load(); n != 2 {
			t.Fatalf("%d tokens after one expired", n)
		}
		i.accept.Store(1000) // no token will do
		if status, body, _ := b.do(request(t, t.Context(), "GET", "https://api.example", "")); status != 401 || body != "expired" {
			t.Errorf("got %d %q", status, body)
		}
		if n := i.issued.Load(); n != 3 {
			t.Errorf("%d tokens; one new one is expected before the 401 stands", n)
		}
		i.accept.Store(5)
		if status, _, _ := b.do(request(t, t.Context(), "POST", "https://api.example", "x")); status != 401 || i.issued.Load() != 3 {
			t.Errorf("a POST that was sent got %d, %d tokens", status, i.issued.Load())
		}
		time.Sleep(2 * httpapi.MaxHold)
	})
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: 10 * time.Minute}
		b := newBench(t, "https://api.example", withAuth(i.auth()), withSecrets(map[string]string{"key": "k"}))
		httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) { return i.answer(r), nil }))
		began := time.Now()
		for _, at := range []struct {
			after time.Duration
			want  int32
		}{{0, 1}, {8 * time.Minute, 1}, {9*time.Minute + time.Second, 2}, {17 * time.Minute, 2}, {time.Hour, 3}} {
			time.Sleep(time.Until(began.Add(at.after)))
			if _, _, e := b.get(t, "https://api.example"); e != nil {
				t.Fatal(e)
			}
			if n := i.issued.Load(); n != at.want {
				t.Errorf("after %s: %d tokens, want %d", at.after, n, at.want)
			}
		}
		i.life = 10 * time.Second // shorter than the margin: still used for half its life
		time.Sleep(time.Hour)
		before := i.issued.Load()
		for range 5 {
			_, _, _ = b.get(t, "https://api.example")
		}
		if n := i.issued.Load() - before; n != 1 {
			t.Errorf("%d tokens for five requests", n)
		}
		time.Sleep(2 * httpapi.MaxHold)
	})
}

func TestTokenFails(t *testing.T) {
	for _, c := range []struct {
		err  error
		want sdk.ErrorType
	}{
		{&sdk.Error{Type: sdk.ErrAuth, Message: "the client secret is wrong", Sent: true}, sdk.ErrAuth},
		{&sdk.Error{Type: sdk.ErrUnavailable, Message: "the token endpoint is down"}, sdk.ErrUnavailable},
		{errors.New("no key"), sdk.ErrAuth},
	} {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{err: c.err}
			b := newBench(t, "https://api.example", withAuth(i.auth()), withSecrets(map[string]string{"key": "k"}))
			httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) { return i.answer(r), nil }))
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if _, _, e := b.get(t, "https://api.example"); e == nil || e.Type != c.want || e.Sent {
						t.Errorf("got %#v", e)
					}
				})
			}
			wg.Wait()
			if n := i.issued.Load(); n != 1 {
				t.Errorf("the token endpoint was asked %d times by 50 requests at once", n)
			}
			if len(b.host.asked) != 0 {
				t.Error("quota was leased for requests that could not be sent")
			}
		})
	}
}

// The one who obtains the token for all goes away: the others must not fail with it.
func TestTokenSurvivesItsAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := sdk.Auth{{Token: func(ctx context.Context, _ *sdk.Session, audience string) (*sdk.Token, error) {
			select {
			case <-time.After(10 * time.Second):
				return &sdk.Token{Value: "for " + audience}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}}
		b := newBench(t, "https://api.example", withAuth(auth), withHosts(
			sdk.Host{Pattern: "*.a.example", Credentialed: true, Audience: "a"}, sdk.Host{Pattern: "${base_url}", Credentialed: true, Audience: "b"}))
		var got sync.Map
		httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
			got.Store(r.URL.Host, r.Header.Get("Authorization"))
			return plain(200, ""), nil
		}))
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, e := b.do(request(t, ctx, "GET", "https://api.example", "")); e == nil {
				t.Error("no error for the one whose time was over")
			}
		})
		for _, u := range []string{"https://api.example", "https://x.a.example"} {
			wg.Go(func() {
				time.Sleep(time.Millisecond)
				if _, _, e := b.get(t, u); e != nil {
					t.Error(e)
				}
			})
		}
		wg.Wait()
		for host, want := range map[string]string{"api.example": "Bearer for b", "x.a.example": "Bearer for a"} {
			if v, _ := got.Load(host); v != want {
				t.Errorf("%s got %v, want %s", host, v, want)
			}
		}
		time.Sleep(2 * httpapi.MaxHold)
	})
}
