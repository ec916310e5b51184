// Command mooring-connector-consent lists the accounts of a provider whose refresh tokens work once, for tests.
package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve"
)

type consent struct{}

func (consent) Describe() *sdk.Description {
	return &sdk.Description{
		Name: "consent", BaseURL: "https://consent.example",
		Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}}},
		Auth: sdk.Auth{{
			Name: "oauth", Rotates: "refresh_token",
			Fields: []sdk.Field{{Name: "client_id", Public: true}, {Name: "client_secret"}, {Name: "refresh_token", Kept: true}},
			Token: func(ctx context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
				return exchange(ctx, s, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.Secret("refresh_token")}})
			},
			Login: &sdk.CodeFlow{
				URL:      func(s *sdk.Session) string { return s.Settings["base_url"] + "/authorize" },
				ClientID: "client_id", Scopes: []string{"read"}, PKCE: true,
				Exchange: func(ctx context.Context, s *sdk.Session, c sdk.Code) (map[string]string, *sdk.Token, error) {
					t, err := exchange(ctx, s, url.Values{
						"grant_type": {"authorization_code"}, "code": {c.Value}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier},
					})
					if err != nil {
						return nil, nil, err
					}
					return map[string]string{"refresh_token": t.Next}, t, nil
				},
			},
		}},
	}
}

func exchange(ctx context.Context, s *sdk.Session, form url.Values) (*sdk.Token, error) {
	form.Set("client_id", s.Secret("client_id"))
	form.Set("client_secret", s.Secret("client_secret"))
	address, err := s.Resolve("/token")
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(sdk.NoAuth(ctx), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		AccessToken  string  `json:"access_token"`
		RefreshToken string  `json:"refresh_token"`
		ExpiresIn    float64 `json:"expires_in"`
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, s.ResponseError(res)
	}
	if err := sdk.DecodeJSON(res, &out); err != nil {
		return nil, err
	}
	life := time.Duration(out.ExpiresIn * float64(time.Second))
	return &sdk.Token{Value: out.AccessToken, Next: out.RefreshToken, Expires: time.Now().Add(life)}, nil
}

// Check says who it is, by asking.
func (consent) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	var out struct{}
	if err := s.GetJSON(ctx, "/users", &out); err != nil {
		return nil, err
	}
	return &sdk.Status{TenantID: "t1", TenantName: "Acme", Subject: "ada@acme.example"}, nil
}

func (consent) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	var page struct {
		Users []struct{ ID, Name, Email string }
	}
	if err := s.GetJSON(ctx, "/users", &page); err != nil {
		return err
	}
	for _, u := range page.Users {
		w.Add(&sdk.Account{Id: u.ID, Name: new(u.Name), Email: new(u.Email)})
	}
	w.EndPage("")
	return w.Complete()
}

func main() { serve.Run(consent{}) }
