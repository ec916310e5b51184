package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// pastedMax is the longest address that is taken from a person, in bytes.
const pastedMax = 16 << 10

// consent is what begin remembers for finish. It stays with the agent.
type consent struct {
	Method, Redirect, Nonce, Verifier string
}

// Authorize obtains the kept fields of a method by a person's consent.
func (s *server) Authorize(ctx context.Context, req *wire.AuthorizeRequest) (*wire.AuthorizeResponse, error) {
	var out *wire.AuthorizeResponse
	err := s.do(ctx, "Authorize", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) (err error) {
		switch step := req.GetStep().(type) {
		case *wire.AuthorizeRequest_Begin:
			out, err = s.beginConsent(sess, step.Begin)
		case *wire.AuthorizeRequest_Finish:
			out, err = s.finishConsent(ctx, sess, step.Finish)
		default:
			err = sdk.Errorf(sdk.ErrInvalid, "authorize: begin or finish is expected")
		}
		return err
	})
	return out, link.Status(err)
}

func (s *server) login(method string) (*sdk.CodeFlow, error) {
	for i := range s.spec.Auth {
		if m := &s.spec.Auth[i]; m.Name == method && m.Login != nil {
			return m.Login, nil
		}
	}
	return nil, sdk.Errorf(sdk.ErrUnsupported, "the method %q needs no login: its fields stand in the configuration", method)
}

func (s *server) beginConsent(sess *sdk.Session, begin *wire.AuthorizeBegin) (*wire.AuthorizeResponse, error) {
	flow, err := s.login(begin.GetMethod())
	if err != nil {
		return nil, err
	}
	page, err := url.Parse(flow.URL(sess))
	if err != nil || page.Host == "" {
		return nil, sdk.Errorf(sdk.ErrInvalid, "the provider's page for the login is not a URL: check the endpoints in settings")
	}
	c := consent{Method: begin.GetMethod(), Redirect: begin.GetRedirectUrl(), Nonce: rand.Text()}
	q := page.Query()
	q.Set("response_type", "code")
	q.Set("client_id", sess.Secret(flow.ClientID))
	q.Set("redirect_uri", c.Redirect)
	q.Set("state", c.Nonce)
	scopes := begin.GetScopes()
	if len(scopes) == 0 {
		scopes = flow.Scopes
	}
	if len(scopes) > 0 {
		q.Set("scope", strings.Join(scopes, " "))
	}
	if flow.PKCE {
		c.Verifier = rand.Text() + rand.Text() // 52 characters, of 43 to 128 allowed
		sum := sha256.Sum256([]byte(c.Verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	page.RawQuery = q.Encode()
	state, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	address := page.String()
	return &wire.AuthorizeResponse{
		Url: &address, State: state,
		Instructions: "Open the page, sign in as the one the agent shall be, and agree. Then paste the whole address you were sent to, even if that page shows an error.",
	}, nil
}

func (s *server) finishConsent(ctx context.Context, sess *sdk.Session, finish *wire.AuthorizeFinish) (*wire.AuthorizeResponse, error) {
	var c consent
	if err := json.Unmarshal(finish.GetState(), &c); err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "this login was not begun here: begin again")
	}
	flow, err := s.login(c.Method)
	if err != nil {
		return nil, err
	}
	code, err := codeIn(finish.GetPasted(), c.Nonce)
	if err != nil {
		return nil, err
	}
	kept, token, err := flow.Exchange(ctx, sess, sdk.Code{Value: code, Redirect: c.Redirect, Verifier: c.Verifier})
	if err != nil {
		return nil, err
	}
	out := &wire.AuthorizeResponse{Token: accessToken(token)}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		out.Secrets = append(out.Secrets, &wire.Value{Name: name, Value: kept[name]})
	}
	return out, nil
}

// codeIn finds the code in what a person pasted: the address with its query, the query alone, or just the code.
func codeIn(pasted, nonce string) (string, error) {
	pasted = strings.TrimSpace(pasted)
	switch {
	case pasted == "":
		return "", sdk.Errorf(sdk.ErrInvalid, "nothing was pasted: paste the address you were sent to")
	case len(pasted) > pastedMax:
		return "", sdk.Errorf(sdk.ErrInvalid, "what was pasted is longer than %d bytes: paste only the address", pastedMax)
	case !strings.ContainsAny(pasted, "=?&/ "):
		return pasted, nil
	}
	query := pasted
	if _, after, ok := strings.Cut(pasted, "?"); ok {
		query, _, _ = strings.Cut(after, "#")
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInvalid, "what was pasted is no address with a code: paste the whole address you were sent to")
	}
	if refused := q.Get("error"); refused != "" {
		return "", sdk.Errorf(sdk.ErrPermission, "the provider refused the consent: %.200q %.500q", refused, q.Get("error_description"))
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(nonce)) != 1 {
		return "", sdk.Errorf(sdk.ErrInvalid, "the address belongs to another login (its state differs): begin again and paste the newest")
	}
	if q.Get("code") == "" {
		return "", sdk.Errorf(sdk.ErrInvalid, "the address has no code: paste the one you were sent to after you agreed")
	}
	return q.Get("code"), nil
}
