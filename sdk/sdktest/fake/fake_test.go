package fake_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

const text = "a page of the provider, long enough to be cut"

func provider() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		if fake.Of(r.Context()).Do == fake.FaultThrottle {
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, text)
	})
	return mux
}

func get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// TestFaults: each spoils what it names, and nothing else; they come and go over HTTP.
func TestFaults(t *testing.T) {
	tests := []struct {
		fault  string
		status int
		body   string
		broken bool // the connection
	}{
		{`{"match":"/things/*","do":"status","status":503,"message":"no"}`, 503, "no\n", false},
		{`[{"match":"/**","do":"truncate"}]`, 200, text[:len(text)/2], false},
		{`{"match":"/things/1","do":"throttle"}`, 429, "slow down\n", false},
		{`{"match":"/things/1","do":"reset"}`, 0, "", true},
		{`{"match":"/things/1","do":"cut"}`, 200, text[:len(text)/2], true},
		{`{"match":"/things/2","do":"reset"}`, 200, text, false},
		{`{"match":"/things","do":"reset"}`, 200, text, false},
		{`{"match":"/things/1","method":"PUT","do":"reset"}`, 200, text, false},
		{`{"match":"/things/1","after":1,"do":"reset"}`, 200, text, false},
	}
	front := fake.New(fake.Config{Handler: provider()})
	srv := httptest.NewServer(front)
	defer srv.Close()
	for _, tt := range tests {
		res, err := http.Post(srv.URL+"/_fake/faults", "application/json", strings.NewReader(tt.fault))
		if err != nil || res.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %v, %v", tt.fault, res, err)
		}
		_ = res.Body.Close()
		status, body, err := get(t, srv.URL+"/things/1")
		if (err != nil) != tt.broken || status != tt.status || body != tt.body {
			t.Errorf("%s: got %d %q, %v", tt.fault, status, body, err)
		}
		front.ClearFaults()
		if status, body, err := get(t, srv.URL+"/things/1"); status != 200 || body != text || err != nil {
			t.Errorf("after %s: got %d %q, %v", tt.fault, status, body, err)
		}
	}
	if n := front.Stats().Calls("GET /things/{id}"); n < len(tests) {
		t.Errorf("%d calls counted, want %d and more", n, len(tests))
	}
	front.Reset()
	if n := front.Stats().Requests; n != 0 {
		t.Errorf("%d requests after a reset", n)
	}
}

func TestWindows(t *testing.T) {
	var w fake.Windows
	at := time.Unix(1000, 500)
	for i := range 3 {
		if left, reset, ok := w.Take("a", 1, 3, time.Minute, at); !ok || left != 2-i || !reset.Equal(time.Unix(1060, 0)) {
			t.Errorf("call %d: %d left until %s, %v", i, left, reset, ok)
		}
	}
	if _, _, ok := w.Take("a", 1, 3, time.Minute, at.Add(59*time.Second)); ok {
		t.Error("a fourth call fits")
	}
	if _, _, ok := w.Take("b", 3, 3, time.Minute, at); !ok {
		t.Error("another key has no room")
	}
	if left, _, ok := w.Take("a", 2, 3, time.Minute, at.Add(time.Minute)); !ok || left != 1 {
		t.Error("the next window is not fresh")
	}
}

func TestVerifyRS256(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	sign := func(head, claims string) string {
		text := part(head) + "." + part(claims)
		sum := sha256.Sum256([]byte(text))
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(sig)
	}
	of := func(head map[string]any) *rsa.PublicKey {
		if head["kid"] != "k1" {
			return nil
		}
		return &key.PublicKey
	}
	good := sign(`{"alg":"RS256","kid":"k1"}`, `{"iss":"me"}`)
	var claims struct{ Iss string }
	if err := fake.VerifyRS256(good, of, &claims); err != nil || claims.Iss != "me" {
		t.Errorf("a good token: %v, %v", claims, err)
	}
	for name, token := range map[string]string{
		"empty": "", "two parts": "a.b", "other claims": strings.Replace(good, part(`{"iss":"me"}`), part(`{"iss":"you"}`), 1),
		"no algorithm": sign(`{"alg":"none","kid":"k1"}`, `{}`), "unknown key": sign(`{"alg":"RS256","kid":"k2"}`, `{}`),
		"unsigned": part(`{"alg":"RS256","kid":"k1"}`) + "." + part(`{}`) + ".",
	} {
		if err := fake.VerifyRS256(token, of, &claims); !errors.Is(err, fake.ErrToken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
