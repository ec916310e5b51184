package fake

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// ErrToken says that a token is no RS256 token of this key.
var ErrToken = errors.New("the token is not what was signed")

// VerifyRS256 checks the signature of a JSON web token and reads its header and claims. What the claims must say, times
// above all, is the vendor's rule and the caller's to check. Numbers stay json.Number where claims has any.
func VerifyRS256(token string, key func(header map[string]any) *rsa.PublicKey, claims any) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ErrToken
	}
	var header map[string]any
	if !decode(parts[0], &header) || header["alg"] != "RS256" || !decode(parts[1], claims) {
		return ErrToken
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return ErrToken
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if k := key(header); k == nil || rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) != nil {
		return ErrToken
	}
	return nil
}

func decode(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return false
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	return d.Decode(into) == nil
}
