package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
)

func jwk(key *rsa.PrivateKey, kid string) string {
	b64 := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	text, _ := json.Marshal(map[string]string{
		"kty": "RSA", "kid": kid, "n": b64(key.N), "e": b64(big.NewInt(int64(key.E))), "d": b64(key.D), "p": b64(key.Primes[0]), "q": b64(key.Primes[1]),
		"dp": b64(key.Precomputed.Dp), "dq": b64(key.Precomputed.Dq), "qi": b64(key.Precomputed.Qinv),
	})
	return string(text)
}

func TestServiceAppSignsIn(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secret, kid string
		dpop        bool
		want        string // part of the error
	}{
		"PEM":                     {secret: pemOf(appKey()), kid: keyID},
		"PEM without key_id":      {secret: pemOf(appKey())},
		"JWK":                     {secret: jwk(appKey(), keyID)},
		"JWK beside a key_id":     {secret: jwk(appKey(), keyID), kid: "of the other credential's key"},
		"another key":             {secret: pemOf(other), kid: keyID, want: "private_key the one of a public key"},
		"another kid":             {secret: pemOf(appKey()), kid: "nobody's", want: "invalid_client"},
		"no key":                  {secret: "hello", want: "private_key is not an RSA key"},
		"half a JWK":              {secret: `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, want: "private_key is not an RSA key"},
		"proof of possession":     {secret: pemOf(appKey()), kid: keyID, dpop: true, want: "untick"},
		"an elliptic curve's":     {secret: `{"kty":"EC","crv":"P-256"}`, want: "private_key is not an RSA key"},
		"PEM of something else":   {secret: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", want: "private_key is not"},
		"a JWK with a huge e":     {secret: `{"kty":"RSA","n":"AQAB","e":"` + strings.Repeat("_", 20) + `","d":"AQ","p":"Aw","q":"BQ"}`, want: "private_key is not"},
		"a JWK that is no JSON":   {secret: `{"kty":`, want: "private_key is not"},
		"a JWK that is not whole": {secret: strings.Replace(jwk(appKey(), keyID), `"d":`, `"x":`, 1), want: "private_key is not"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, newOrg(), func(cfg *oktatest.Config) { cfg.Apps[0].DPoP = c.dpop })
			s := w.session(t, map[string]string{"client_id": clientID, "private_key": c.secret})
			s.Settings["key_id"] = c.kid
			r := walk(t, s, full("api_tokens"))
			switch {
			case c.want == "" && r.err != nil:
				t.Error(r.err)
			case c.want != "" && (sdk.TypeOf(r.err) != sdk.ErrAuth || !strings.Contains(r.err.Error(), c.want)):
				t.Errorf("%v, want %q", r.err, c.want)
			}
			if r.err != nil && (strings.Contains(r.err.Error(), "AQAB") || strings.Contains(r.err.Error(), "BEGIN")) {
				t.Errorf("the error shows the key: %v", r.err)
			}
		})
	}
}

func TestTokenThatEnded(t *testing.T) {
	w := start(t, newOrg(), nil)
	if r := walk(t, w.session(t, map[string]string{"api_token": "00wrong"}), full("users")); sdk.TypeOf(r.err) != sdk.ErrAuth {
		t.Errorf("wrong API token: %v", r.err)
	}
	if r := walk(t, w.session(t, map[string]string{secretField: "x"}), full("users")); sdk.TypeOf(r.err) != sdk.ErrAuth || !strings.Contains(r.err.Error(), "client_id") {
		t.Errorf("only webhook_secret: %v", r.err)
	}
	s := w.session(t, appSecrets())
	must(t, walk(t, s, full("api_tokens")))
	w.server.ExpireTokens()
	must(t, walk(t, s, full("api_tokens")))
}

func TestNoScopeGranted(t *testing.T) {
	w := start(t, newOrg(), func(c *oktatest.Config) { c.Apps[0].Scopes = []string{} })
	if r := walk(t, w.session(t, appSecrets()), full("users")); sdk.TypeOf(r.err) != sdk.ErrAuth || !strings.Contains(r.err.Error(), "Okta API Scopes") {
		t.Errorf("%v", r.err)
	}
	s := w.session(t, appSecrets())
	s.Settings["scopes"] = "[]"
	if r := walk(t, s, full("users")); sdk.TypeOf(r.err) != sdk.ErrInvalid {
		t.Errorf("%v", r.err)
	}
}
