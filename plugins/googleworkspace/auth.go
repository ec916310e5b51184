package main

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	keyField      = "service_account_key"
	tokenAudience = "https://oauth2.googleapis.com/token" //nolint:gosec // an address
	jwtLife       = time.Hour                             // Google takes no more
	jwtPast       = 30 * time.Second
	maxTokenLife  = time.Hour
	grantType     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// auth: the token depends on whom we act as and on the scope, so each request brings its own; see tokens.
func auth() sdk.Auth {
	return sdk.Auth{
		{
			Name: "service_account", Doc: "a service account with domain-wide delegation",
			Fields:   []sdk.Field{{Name: keyField, Doc: "the JSON key file of the service account"}},
			Lifetime: maxTokenLife, Steps: accountSteps, Scopes: connector{}.actScopes(),
			Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
				return nil, sdk.Errorf(sdk.ErrInternal, "a request to Google names nobody to act as")
			},
		},
		{
			Name: "push", Doc: "beside the service account: proves that notifications come from our channels",
			Fields: []sdk.Field{{Name: secretField, Doc: "any long random text"}},
			Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
				return nil, sdk.Errorf(sdk.ErrAuth, "%s only checks notifications; add %s", secretField, keyField)
			},
		},
	}
}

// accountKey is the key file of a service account.
type accountKey struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	ClientID string `json:"client_id"`
	Project  string `json:"project_id"`
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURI string `json:"token_uri"`
}

// parseKey reads the key file. Its errors say nothing of what is in it.
func parseKey(text string) (*accountKey, *rsa.PrivateKey, error) {
	wrong := func(what string) error {
		return &sdk.Error{Type: sdk.ErrAuth, Field: keyField, Message: keyField + " " + what}
	}
	var k accountKey
	if json.Unmarshal([]byte(text), &k) != nil || k.Type != "service_account" || k.Email == "" {
		return nil, nil, wrong("is not the JSON key file of a service account, as Google gives it")
	}
	block, _ := pem.Decode([]byte(k.Key))
	if block == nil {
		return nil, nil, wrong("holds no private key in PEM form")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, nil, wrong("holds no RSA key")
		}
	}
	return &k, key, nil
}

// assertion signs that we act as somebody, for one scope.
func assertion(k *accountKey, key *rsa.PrivateKey, who as, now time.Time) (string, error) {
	head, errHead := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.KeyID})
	claims, errClaims := json.Marshal(map[string]any{
		"iss": k.Email, "sub": who.subject, "scope": who.scope.url(), "aud": cmp.Or(k.TokenURI, tokenAudience),
		"iat": now.Add(-jwtPast).Unix(), "exp": now.Add(jwtLife - jwtPast).Unix(),
	})
	if err := errors.Join(errHead, errClaims); err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding a token: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64(head) + "." + b64(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", sdk.Errorf(sdk.ErrAuth, "the key of %s cannot sign: %w", keyField, err)
	}
	return text + "." + b64(signature), nil
}

// mint obtains an access token.
func (c *client) mint(ctx context.Context, who as) (*sdk.Token, error) {
	if who.subject == "" {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: adminSetting, Message: "setting admin is empty: the e-mail of an administrator is expected"}
	}
	k, key, err := parseKey(c.s.Secret(keyField))
	if err != nil {
		return nil, err
	}
	now := c.now()
	jwt, err := assertion(k, key, who, now)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {grantType}, "assertion": {jwt}}.Encode()
	req, err := http.NewRequestWithContext(sdk.Safe(sdk.NoAuth(ctx)), http.MethodPost, c.setting(tokenSetting), strings.NewReader(form))
	if err != nil {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: tokenSetting, Message: "setting " + tokenSetting + " is not a URL"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	var t struct {
		Token   string `json:"access_token"`
		Expires number `json:"expires_in"`
	}
	if err := c.send(req, &t); err != nil {
		return nil, who.refused(err, c.setting(adminSetting))
	}
	if t.Token == "" {
		return nil, sdk.Errorf(sdk.ErrInternal, "Google's token endpoint answered without a token")
	}
	life := min(time.Duration(max(t.Expires, 0))*time.Second, maxTokenLife)
	return &sdk.Token{Value: t.Token, Expires: now.Add(life)}, nil
}

// refused says what a refusal of a token means.
func (who as) refused(err error, admin string) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	switch {
	case e.Message == codeUnauthorized:
		told.Type, told.Permission = sdk.ErrPermission, who.scope.url()
		told.Message = "the scope is not granted to the service account: add it in the Admin console under Security, " +
			"API controls, Domain-wide delegation"
	case strings.HasPrefix(e.Message, codeInvalidGrant) && who.subject != admin:
		told.Type = sdk.ErrNotFound
		told.Message = "Google lets nobody act as " + who.subject + ": the account is suspended, deleted or without a licence"
	case strings.HasPrefix(e.Message, codeInvalidGrant):
		told.Type, told.Field = sdk.ErrAuth, adminSetting
		told.Message = "Google does not let the service account act as " + who.subject + ": is it an active administrator, is the " +
			"key still valid, and is this machine's clock right?"
	}
	return &told
}

// drain reads an answer to its end, so that a connection that broke is noticed.
func drain(res *http.Response) error {
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, sdk.MaxErrorBytes)); err != nil {
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "answer is cut short", Sent: true, Status: res.StatusCode, Cause: err}
	}
	return nil
}
