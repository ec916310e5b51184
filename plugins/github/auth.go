package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	jwtLife  = 9 * time.Minute // GitHub takes 10 at most
	jwtPast  = time.Minute     // for clocks that differ
	tokenTTL = time.Hour
)

// auth: the way whose fields are given is used, the first one first. webhook_secret is no way to call GitHub; it stands
// here because that is where secrets are declared, and last, so that it is never chosen beside another.
func auth() sdk.Auth {
	return sdk.Auth{
		{
			Name: "app", Doc: "a GitHub App installed on the organisation (best: own quota, no person behind it)",
			Fields: []sdk.Field{
				{Name: "app_id", Doc: "App ID, on the App's settings page", Public: true},
				{Name: "private_key", Doc: "PEM file from \"Generate a private key\" on the same page"},
			},
			Lifetime: tokenTTL, Token: installationToken, Scopes: append(needs(true), actScopes(true)...), Steps: appSteps,
		},
		{
			Name: "token", Doc: "a personal access token of an owner, classic or fine-grained, or an OAuth token",
			Fields: []sdk.Field{{Name: "token", Doc: "the token"}}, Scopes: append(needs(false), actScopes(false)...), Steps: tokenSteps,
		},
		{
			Name: "webhook", Doc: "beside one of the others: checks the signatures of webhooks",
			Fields: []sdk.Field{{Name: secretField, Doc: "the secret entered at the webhook"}},
			Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
				return nil, sdk.Errorf(sdk.ErrAuth, "webhook_secret only checks webhooks; add app_id and private_key, or token")
			},
		},
	}
}

// usesApp: the App comes first where both are given, as in auth.
func usesApp(s *sdk.Session) bool { return s.Secret("app_id") != "" && s.Secret("private_key") != "" }

// installationToken gives the App a token for this organisation.
func installationToken(ctx context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
	jwt, err := appJWT(s, time.Now())
	if err != nil {
		return nil, err
	}
	i, err := findInstallation(ctx, s, jwt)
	if err != nil {
		return nil, err
	}
	var t struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	if err := asApp(ctx, s, jwt, http.MethodPost, path("/app/installations/%s/access_tokens", num(i.ID)), &t); err != nil {
		return nil, err
	}
	if t.Token == "" {
		return nil, missing("token", "a value")
	}
	return &sdk.Token{Value: t.Token, Expires: t.Expires}, nil
}

// findInstallation looks for the installation that tokens are of.
func findInstallation(ctx context.Context, s *sdk.Session, jwt string) (*installation, error) {
	i, err := ownInstallation(ctx, s, jwt)
	if err == nil && !i.SuspendedAt.IsZero() {
		return nil, sdk.Errorf(sdk.ErrAuth, "the App's installation on %s is suspended; an owner can end that under "+
			"Settings, GitHub Apps", s.Settings["organization"])
	}
	return i, err
}

// ownInstallation looks for the organisation among those that installed the App.
func ownInstallation(ctx context.Context, s *sdk.Session, jwt string) (*installation, error) {
	org := s.Settings["organization"]
	ref := paged("/app/installations", maxPerPage)
	for n := 0; ref != "" && n < maxPages; n++ {
		var page []installation
		a, err := asAppPage(ctx, s, jwt, http.MethodGet, ref, &page)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if strings.EqualFold(page[i].Account.Login, org) && page[i].ID > 0 {
				return &page[i], nil
			}
		}
		ref = a.next
	}
	return nil, sdk.Errorf(sdk.ErrAuth, "the App is not installed on %s; install it from the App's page, Install App", org)
}

func asApp(ctx context.Context, s *sdk.Session, jwt, method, ref string, out any) error {
	_, err := asAppPage(ctx, s, jwt, method, ref, out)
	return err
}

// asAppPage sends one request as the App itself, not as an installation of it.
func asAppPage(ctx context.Context, s *sdk.Session, jwt, method, ref string, out any) (answer, error) {
	u, err := resolve(s, ref)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(sdk.NoAuth(ctx), method, u, nil)
	if err != nil {
		return answer{}, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+jwt)
	return do(s, req, out)
}

// appJWT signs who the App is (RS256).
func appJWT(s *sdk.Session, now time.Time) (string, error) {
	key, err := privateKey(s.Secret("private_key"))
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iat": now.Add(-jwtPast).Unix(), "exp": now.Add(jwtLife).Unix(), "iss": s.Secret("app_id"),
	})
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding a token: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + b64(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", sdk.Errorf(sdk.ErrAuth, "private_key cannot sign: %w", err)
	}
	return text + "." + b64(signature), nil
}

// privateKey reads PKCS #1, as GitHub gives it, or PKCS #8. Its errors say nothing of the key.
func privateKey(text string) (*rsa.PrivateKey, error) {
	wrong := &sdk.Error{Type: sdk.ErrAuth, Field: "private_key", Message: "private_key is not an RSA key in PEM form, as GitHub gives it"}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, wrong
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := parsed.(*rsa.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, wrong
}
