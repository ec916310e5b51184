package githubtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// verifyJWT checks the token that a GitHub App signs; problem is the vendor's message where it does not hold.
func (s *Server) verifyJWT(token string, now time.Time) (app *App, problem string) {
	const undecodable = "A JSON web token could not be decoded"
	parts := strings.Split(token, ".")
	var header struct{ Alg string }
	var claims struct {
		Iat, Exp json.Number
		Iss      any
	}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &claims) || header.Alg != "RS256" {
		return nil, undecodable
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, undecodable
	}
	if app = s.issuer(claims.Iss); app == nil {
		return nil, "Integration not found"
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if app.Key == nil || rsa.VerifyPKCS1v15(app.Key, crypto.SHA256, sum[:], signature) != nil {
		return nil, undecodable
	}
	iat, errIat := claims.Iat.Int64()
	exp, errExp := claims.Exp.Int64()
	switch {
	case errIat != nil || time.Unix(iat, 0).After(now):
		return nil, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	case errExp != nil || !time.Unix(exp, 0).After(now):
		return nil, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	case time.Unix(exp, 0).After(now.Add(jwtLifeMax)):
		return nil, "'Expiration time' claim ('exp') is too far in the future"
	}
	return app, ""
}

func decodePart(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}

// issuer is the App whose id, as number or text, or client id the token names.
func (s *Server) issuer(iss any) *App {
	name := ""
	switch v := iss.(type) {
	case string:
		name = v
	case float64:
		name = strconv.FormatInt(int64(v), 10)
	}
	for _, a := range s.apps {
		if name != "" && (name == a.ClientID || name == strconv.FormatInt(a.ID, 10)) {
			return a
		}
	}
	return nil
}
