package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	secretField   = "webhook_secret"
	tokenPath     = "/oauth2/v1/token" //nolint:gosec // a path
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	tokenLife     = time.Hour
)

// auth: the way whose fields are given is used, the first one first. webhook_secret is no way to call Okta; it stands here
// because that is where secrets are declared, and last, so that it is never chosen beside another.
func auth() sdk.Auth {
	return sdk.Auth{
		{
			Name: "service_app", Doc: "a service app with a private key (best: its own quota and scopes, no person behind it)",
			Fields: []sdk.Field{
				{Name: "client_id", Doc: "Client ID of the app", Public: true},
				{Name: "private_key", Doc: "the private key that belongs to the app's public key: PEM, or JWK"},
			},
			Lifetime: tokenLife, Token: serviceToken, Scopes: scopes(),
			Steps: []string{
				"In the Admin Console: Applications, Applications, Create App Integration, API Services, Next; name it Mooring, Save.",
				"On its page, General, Client Credentials, Edit: Public key / Private key, Add key, Generate new key; copy the private key as " +
					"PEM or JSON into a file, note the KID (setting key_id), Save.",
				"General, General Settings, Edit: untick \"Require Demonstrating Proof of Possession (DPoP) header in token requests\", Save.",
				"Okta API Scopes: Grant ${scopes}.",
				"Admin roles, Edit assignments: Read-only Administrator (for apps' scopes, API tokens and all admin roles: Super Administrator), Save. " +
					"An app that acts: Organization Administrator and Application Administrator, or fewer, as the connector's README says.",
				"Copy the Client ID.",
			},
		},
		{
			Name: "token", Doc: "an API token (SSWS) of an administrator; it dies with that person, and when it is not used for 30 days",
			Fields: []sdk.Field{{Name: "api_token", Doc: "the token"}},
			Steps: []string{
				"Sign in as an administrator who is no person: the token may do what that one may.",
				"In the Admin Console: Security, API, Tokens, Create token; name it Mooring, and choose from which network zone it may be used.",
				"Copy the token; it is shown once.",
			},
			Apply: func(r *http.Request, s *sdk.Session, _ *sdk.Token) {
				r.Header.Set("Authorization", "SSWS "+s.Secret("api_token"))
			},
		},
		{
			Name: "webhook", Doc: "beside one of the others: what event hooks send in the header Authorization",
			Fields: []sdk.Field{{Name: secretField, Doc: "a long random value; Okta does not sign what it sends"}},
			Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
				return nil, sdk.Errorf(sdk.ErrAuth, "webhook_secret only checks event hooks; add client_id and private_key, or api_token")
			},
		},
	}
}

// scopes says which listing and which action needs which.
func scopes() []*wire.ScopeNeed {
	var list []*wire.ScopeNeed
	for _, src := range sources() {
		for _, p := range src.spec.Permissions {
			list = append(list, &wire.ScopeNeed{Capability: "list:" + src.spec.Name, Scope: p})
		}
		list = append(list, &wire.ScopeNeed{Capability: "list:" + src.spec.Name, Scope: orgScope}) // whose it is
	}
	list = append(list, &wire.ScopeNeed{Capability: "realtime:log", Scope: "okta.logs.read"},
		&wire.ScopeNeed{Capability: "realtime:webhook", Scope: hookScope})
	return append(list, actNeeds()...)
}

// orgScope shows which organisation it is, and its name.
const orgScope = "okta.orgs.read"

// isApp: the service app comes first where both are given, as in auth.
func isApp(s *sdk.Session) bool { return s.Secret("client_id") != "" && s.Secret("private_key") != "" }

// wantedScopes are those that the instance asks for.
func wantedScopes(s *sdk.Session) []string {
	return strings.FieldsFunc(s.Settings["scopes"], func(r rune) bool { return strings.ContainsRune(`[]", `, r) }) // a JSON array, or words
}

// serviceToken asks for all scopes at once. Okta refuses the lot when one was not granted, and does not say which: then
// each is tried alone, so that the rest goes on working.
func serviceToken(ctx context.Context, s *sdk.Session, audience string) (*sdk.Token, error) {
	scopes := wantedScopes(s)
	if audience == toAct {
		scopes = actScopes()
	}
	if len(scopes) == 0 {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: "scopes", Message: "setting scopes is empty; leave it out to ask for all that reading needs"}
	}
	t, err := requestToken(ctx, s, scopes)
	if !notGranted(err) || len(scopes) == 1 {
		return t, err
	}
	granted, err := eachGranted(ctx, s, scopes)
	switch {
	case err != nil:
		return nil, err
	case len(granted) == 0:
		return nil, sdk.Errorf(sdk.ErrAuth, "the app was granted none of the scopes it asks for; grant them on its page, Okta API Scopes")
	}
	return requestToken(ctx, s, granted)
}

// grantedOf gives those of the scopes that were granted.
func grantedOf(ctx context.Context, s *sdk.Session, scopes []string) ([]string, error) {
	_, err := requestToken(ctx, s, scopes)
	switch {
	case err == nil:
		return scopes, nil
	case notGranted(err):
		return eachGranted(ctx, s, scopes)
	}
	return nil, err
}

func eachGranted(ctx context.Context, s *sdk.Session, scopes []string) (granted []string, err error) {
	for _, scope := range scopes {
		switch _, err := requestToken(ctx, s, []string{scope}); {
		case err == nil:
			granted = append(granted, scope)
		case !notGranted(err):
			return nil, err
		}
	}
	return granted, nil
}

// refusal is why the token endpoint said no.
type refusal struct{ code string }

func (r *refusal) Error() string { return r.code }

func notGranted(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && (r.code == "invalid_scope" || r.code == "consent_required")
}

func requestToken(ctx context.Context, s *sdk.Session, scopes []string) (*sdk.Token, error) {
	u, err := resolve(s, tokenPath)
	if err != nil {
		return nil, err
	}
	assertion, err := assertionFor(s, u.String(), time.Now())
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")},
		"client_assertion_type": {assertionType}, "client_assertion": {assertion},
	}
	ctx = sdk.Safe(sdk.NoAuth(ctx)) // asking twice only gives two tokens
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var t struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"`
	}
	if _, err := do(s, req, &t); err != nil {
		return nil, refused(err)
	}
	if t.Token == "" || !strings.EqualFold(t.Type, "Bearer") {
		return nil, sdk.Errorf(sdk.ErrAuth, "Okta gave no bearer token; %s", untickDPoP)
	}
	life := time.Duration(t.Expires) * time.Second
	if life <= 0 || life > tokenLife {
		life = tokenLife
	}
	return &sdk.Token{Value: t.Token, Expires: time.Now().Add(life)}, nil
}

const untickDPoP = `the app wants proof of possession (DPoP), which is not supported: untick "Require Demonstrating Proof of ` +
	`Possession (DPoP) header in token requests" on the app's page, General, General Settings`

// refused says what to do about a refusal of the token endpoint, which answers 400 to almost everything.
func refused(err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok || e.Type != sdk.ErrInvalid && e.Type != sdk.ErrAuth {
		return err
	}
	code, _, _ := strings.Cut(e.Message, " ")
	told := *e
	told.Type, told.Cause = sdk.ErrAuth, &refusal{code}
	switch code {
	case "invalid_dpop_proof", "use_dpop_nonce":
		told.Message = untickDPoP
	case "invalid_client":
		told.Message += "; is client_id the app's, and private_key the one of a public key on its page that is active? " +
			"Is this machine's clock right?"
	}
	return &told
}
