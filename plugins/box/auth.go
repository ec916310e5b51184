package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	tokenLife   = time.Hour
	refreshLife = 60 * 24 * time.Hour
	jwtLife     = 45 * time.Second // Box takes 60 s at most
	audience    = "https://api.box.com/oauth2/token"
	jwtGrant    = "urn:ietf:params:oauth:grant-type:jwt-bearer"

	primaryField   = "webhook_primary_key"
	secondaryField = "webhook_secondary_key"
	refreshField   = "refresh_token"
)

// auth: the first way all of whose fields are given is used.
func auth() sdk.Auth {
	client := []sdk.Field{
		{Name: "client_id", Doc: "Client ID, on the app's page Configuration", Public: true},
		{Name: "client_secret", Doc: "Client Secret, on the same page"},
	}
	return sdk.Auth{
		{
			Name: "jwt", Doc: "a Platform App with server authentication (JWT): all in one file",
			Fields:   []sdk.Field{{Name: "config_json", Doc: "the file from Configuration, Add and Manage Public Keys, Generate a Public/Private Keypair"}},
			Lifetime: tokenLife, Scopes: actScopes(), Token: jwtToken, Steps: jwtSteps(),
		},
		{
			Name: "client_credentials", Doc: "a Platform App with server authentication (Client Credentials Grant)",
			Fields: append(client[:2:2], sdk.Field{
				Name: "enterprise_id", Doc: "Enterprise ID, on the app's page General Settings", Public: true,
			}),
			Lifetime: tokenLife, Scopes: actScopes(), Token: clientToken, Steps: clientSteps(),
		},
		{
			Name: "oauth", Doc: "a Platform App with user authentication: acts as the administrator who logs in with mooring login",
			Fields: append(client[:2:2], sdk.Field{
				Name: refreshField, Kept: true, Doc: "works once and is replaced every time; ends after 60 days without use",
			}),
			Lifetime: refreshLife, Scopes: actScopes(), Token: userToken, Rotates: refreshField, Steps: loginSteps(),
			Login: &sdk.CodeFlow{
				URL: func(s *sdk.Session) string {
					return strings.TrimSuffix(s.Settings["account_url"], "/") + "/api/oauth2/authorize"
				},
				ClientID: "client_id", Exchange: exchange,
			},
		},
		{
			Name: "webhook", Doc: "beside one of the others: checks the signatures of webhooks",
			Fields: []sdk.Field{
				{Name: primaryField, Doc: "Primary Signature Key, on the app's page Webhooks"},
				{Name: secondaryField, Doc: "Secondary Signature Key, on the same page"},
			},
			Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
				return nil, sdk.Errorf(sdk.ErrAuth, "the signature keys only check webhooks; add config_json, or client_id and client_secret")
			},
		},
	}
}

// grant is the answer of the token endpoint.
type grant struct {
	Access  string `json:"access_token"`
	Expires int64  `json:"expires_in"` // seconds
	Refresh string `json:"refresh_token"`
}

// ask asks the token endpoint.
func ask(ctx context.Context, s *sdk.Session, form url.Values) (*grant, error) {
	u, err := s.Resolve("/oauth2/token")
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(sdk.NoAuth(ctx), http.MethodPost, u, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	g := &grant{}
	if err := do(s, req, g); err != nil {
		return nil, err
	}
	if g.Access == "" || g.Expires <= 0 {
		return nil, missing("token", "a value and an end")
	}
	return g, nil
}

func (g *grant) token(asked time.Time) *sdk.Token {
	life := time.Duration(min(g.Expires, int64(refreshLife/time.Second))) * time.Second
	return &sdk.Token{Value: g.Access, Expires: asked.Add(life), Next: g.Refresh}
}

func clientToken(ctx context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
	now := time.Now()
	g, err := ask(ctx, s, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.Secret("client_id")}, "client_secret": {s.Secret("client_secret")},
		"box_subject_type": {"enterprise"}, "box_subject_id": {s.Secret("enterprise_id")},
	})
	if err != nil {
		return nil, err
	}
	return g.token(now), nil
}

// appConfig is the file that the developer console gives.
type appConfig struct {
	App struct {
		ClientID     string `json:"clientID"`
		ClientSecret string `json:"clientSecret"`
		Auth         struct {
			KeyID      string `json:"publicKeyID"`
			Key        string `json:"privateKey"`
			Passphrase string `json:"passphrase"`
		} `json:"appAuth"`
	} `json:"boxAppSettings"`
	Enterprise string `json:"enterpriseID"`
}

// readConfig reads it. Its errors say nothing of what stands in it.
func readConfig(text string) (*appConfig, *rsa.PrivateKey, error) {
	c := &appConfig{}
	if json.Unmarshal([]byte(text), c) != nil || c.App.ClientID == "" || c.App.ClientSecret == "" || c.App.Auth.KeyID == "" || c.Enterprise == "" {
		return nil, nil, &sdk.Error{
			Type: sdk.ErrAuth, Field: "config_json",
			Message: "config_json is not the file that the developer console gives: clientID, clientSecret, publicKeyID, privateKey and enterpriseID are expected",
		}
	}
	key, err := privateKey(c.App.Auth.Key, c.App.Auth.Passphrase)
	return c, key, err
}

func jwtToken(ctx context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
	c, key, err := readConfig(s.Secret("config_json"))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	assertion, err := assert(c, key, now)
	if err != nil {
		return nil, err
	}
	g, err := ask(ctx, s, url.Values{
		"grant_type": {jwtGrant}, "assertion": {assertion}, "client_id": {c.App.ClientID}, "client_secret": {c.App.ClientSecret},
	})
	if err != nil {
		return nil, err
	}
	return g.token(now), nil
}

// assert signs that we are the app (RS256).
func assert(c *appConfig, key *rsa.PrivateKey, now time.Time) (string, error) {
	var id [32]byte
	_, _ = rand.Read(id[:]) // never fails
	claims, err := json.Marshal(map[string]any{
		"iss": c.App.ClientID, "sub": c.Enterprise, "box_sub_type": "enterprise", "aud": audience,
		"jti": hex.EncodeToString(id[:]), "iat": now.Unix(), "exp": now.Add(jwtLife).Unix(),
	})
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding an assertion: %w", err)
	}
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": c.App.Auth.KeyID})
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "encoding an assertion: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64(header) + "." + b64(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", sdk.Errorf(sdk.ErrAuth, "the key of config_json cannot sign: %w", err)
	}
	return text + "." + b64(signature), nil
}

// userToken spends the refresh token; the SDK keeps the one that comes in its place.
func userToken(ctx context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
	now := time.Now()
	g, err := ask(ctx, s, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.Secret(refreshField)},
		"client_id": {s.Secret("client_id")}, "client_secret": {s.Secret("client_secret")},
	})
	if err != nil {
		return nil, err
	}
	if g.Refresh == "" {
		return nil, missing("token", "the refresh token that comes next")
	}
	return g.token(now), nil
}

// exchange spends the code of a consent.
func exchange(ctx context.Context, s *sdk.Session, c sdk.Code) (map[string]string, *sdk.Token, error) {
	now := time.Now()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {c.Value},
		"client_id": {s.Secret("client_id")}, "client_secret": {s.Secret("client_secret")},
	}
	if c.Redirect != "" {
		form.Set("redirect_uri", c.Redirect)
	}
	g, err := ask(ctx, s, form)
	if err != nil {
		return nil, nil, err
	}
	if g.Refresh == "" {
		return nil, nil, missing("token", "a refresh token")
	}
	t := g.token(now)
	t.Next = ""
	return map[string]string{refreshField: g.Refresh}, t, nil
}
