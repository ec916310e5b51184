package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Okta takes an assertion that lives an hour at most. It is used at once.
const assertionLife = 5 * time.Minute

// key is what signs assertions.
type key struct {
	private *rsa.PrivateKey
	id      string
}

// assertionFor signs who the app is (RS256).
func assertionFor(s *sdk.Session, audience string, now time.Time) (string, error) {
	k, err := parseKey(s.Secret("private_key"))
	if err != nil {
		return "", err
	}
	if k.id == "" { // a JWK's own goes with the key: of two credentials, one to read and one to act, each has another
		k.id = s.Settings["key_id"]
	}
	header := map[string]string{"alg": "RS256", "typ": "JWT"}
	if k.id != "" { // without it, Okta takes the app's only key
		header["kid"] = k.id
	}
	var unique [16]byte
	_, _ = rand.Read(unique[:]) // never fails
	id := s.Secret("client_id")
	return sign(k.private, header, map[string]any{
		"iss": id, "sub": id, "aud": audience, "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(), "jti": hex.EncodeToString(unique[:]),
	})
}

func sign(key *rsa.PrivateKey, header map[string]string, claims map[string]any) (string, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	h, err := json.Marshal(header)
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding a token: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding a token: %w", err)
	}
	text := b64(h) + "." + b64(c)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", sdk.Errorf(sdk.ErrAuth, "private_key cannot sign: %w", err)
	}
	return text + "." + b64(signature), nil
}

// parseKey reads PEM (PKCS #1, PKCS #8), or the JWK that Okta's console shows. Its errors say nothing of the key.
func parseKey(text string) (*key, error) {
	wrong := &sdk.Error{
		Type: sdk.ErrAuth, Field: "private_key",
		Message: "private_key is not an RSA key, in PEM form or as the JWK that Okta's console shows",
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return parseJWK(text, wrong)
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return &key{private: k}, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if k, ok := parsed.(*rsa.PrivateKey); err == nil && ok {
		return &key{private: k}, nil
	}
	return nil, wrong
}

const maxExponent = 1<<31 - 1

func parseJWK(text string, wrong *sdk.Error) (*key, error) {
	var j struct{ Kty, Kid, N, E, D, P, Q string }
	if json.Unmarshal([]byte(text), &j) != nil || j.Kty != "RSA" {
		return nil, wrong
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		if err != nil {
			return new(big.Int)
		}
		return new(big.Int).SetBytes(b)
	}
	e := number(j.E)
	if !e.IsInt64() || e.Int64() > maxExponent {
		return nil, wrong
	}
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number(j.N), E: int(e.Int64())}, D: number(j.D), Primes: []*big.Int{number(j.P), number(j.Q)}}
	if k.Validate() != nil {
		return nil, wrong
	}
	k.Precompute()
	return &key{k, j.Kid}, nil
}
