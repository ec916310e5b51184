package serve

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// consenting is a connector whose refresh token works once.
type consenting struct {
	url   string
	spent func(value string, s *sdk.Session) (*sdk.Token, error)
}

func (c consenting) Describe() *sdk.Description {
	return &sdk.Description{
		Name: "consenting", BaseURL: c.url, Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}}},
		Auth: sdk.Auth{{
			Name: "oauth", Rotates: "refresh_token",
			Fields: []sdk.Field{{Name: "client_id", Public: true}, {Name: "refresh_token", Kept: true}},
			Token: func(_ context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
				return c.spent(s.Secret("refresh_token"), s)
			},
			Login: &sdk.CodeFlow{
				URL: func(*sdk.Session) string { return c.url + "/authorize?prompt=login" }, ClientID: "client_id",
				Scopes: []string{"read", "list"}, PKCE: true,
				Exchange: func(_ context.Context, _ *sdk.Session, code sdk.Code) (map[string]string, *sdk.Token, error) {
					if code.Verifier == "" || code.Redirect != "https://localhost/" {
						return nil, nil, errors.New("the exchange lacks what begin made")
					}
					return map[string]string{"refresh_token": "r-" + code.Value}, &sdk.Token{Value: "a-" + code.Value}, nil
				},
			},
		}},
	}
}

func (consenting) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	var out struct{}
	if err := s.GetJSON(ctx, "/users", &out); err != nil {
		return err
	}
	return w.Complete()
}

// TestRotation plays the agent: what it answers to a claim decides what is spent, and what the connector tells it in the
// end must fit what happened to the secret.
func TestRotation(t *testing.T) {
	// asks sends the request; what it then makes of the answer says nothing of whether it was sent.
	asks := func(path string, err error) func(string, *sdk.Session) (*sdk.Token, error) {
		return func(value string, s *sdk.Session) (*sdk.Token, error) {
			u, _ := s.Resolve(path)
			req, _ := http.NewRequestWithContext(sdk.NoAuth(t.Context()), http.MethodPost, u, http.NoBody)
			res, failed := s.HTTP.Do(req)
			if failed != nil {
				return nil, failed
			}
			_ = res.Body.Close()
			return &sdk.Token{Value: "a1", Next: value + "-next"}, err
		}
	}
	fails := func(err error) func(string, *sdk.Session) (*sdk.Token, error) {
		return func(string, *sdk.Session) (*sdk.Token, error) { return nil, err }
	}
	ok := &wire.Kept{Result: "ok", Value: new("r1")}
	const lost, released = "LOST  for r1 with ", "RELEASE  for r1 with "
	tests := []struct {
		name  string
		spend func(string, *sdk.Session) (*sdk.Token, error)
		claim *wire.Kept
		want  string // the second message, "" for none
		ok    bool
	}{
		{"spent", asks("/token", nil), ok, "KEEP r1-next for r1 with a1", true},
		{"a token that still works", fails(errors.New("spent in vain")), &wire.Kept{Result: "token", Token: &wire.AccessToken{Value: "a0"}}, "", true},
		{"refused", asks("/token", sdk.Errorf(sdk.ErrAuth, "no")), ok, lost, false},
		{"an answer that the author cannot read", asks("/token", errors.New("no JSON")), ok, lost, false},
		{"no answer", asks("/cut", nil), ok, lost, false},
		{"not sent", fails(&sdk.Error{Type: sdk.ErrUnavailable, Sent: true}), ok, released, false},
		{"blocked", asks("http://elsewhere.example/token", nil), ok, released, false},
		{"nothing in its place", func(string, *sdk.Session) (*sdk.Token, error) { return &sdk.Token{Value: "a1"}, nil }, ok, lost, false},
		{"panic", func(string, *sdk.Session) (*sdk.Token, error) { panic("a defect") }, ok, lost, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var authorization string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/cut":
					panic(http.ErrAbortHandler)
				case "/users":
					authorization = r.Header.Get("Authorization")
				}
				_, _ = w.Write([]byte("{}"))
			}))
			defer srv.Close()
			s := start(t, consenting{srv.URL, tt.spend}, &wire.Start{
				Instance: "i", Network: &wire.Network{Private: []string{"127.0.0.1"}},
				Secrets: []*wire.Value{{Name: "client_id", Value: "c"}, {Name: "refresh_token", Value: "stale"}},
			})
			s.receive(t) // ready
			said, done := "", make(chan struct{})
			go func() {
				defer close(done)
				for {
					m, err := s.session.Recv()
					if err != nil {
						return
					}
					answer := &wire.SessionHost{}
					switch k := m.GetKeep(); {
					case m.GetLease() != nil:
						answer.Msg = &wire.SessionHost_Granted{Granted: &wire.Granted{Id: m.GetLease().GetId(), Count: 1}}
					case k.GetStep() == wire.KeepSecret_CLAIM && k != nil:
						answer.Msg = &wire.SessionHost_Kept{Kept: &wire.Kept{Id: k.GetId(), Result: tt.claim.GetResult(), Value: tt.claim.Value, Token: tt.claim.GetToken()}}
					case k != nil:
						said = k.GetStep().String() + " " + k.GetValue() + " for " + k.GetReplaces() + " with " + k.GetToken().GetValue()
						answer.Msg = &wire.SessionHost_Kept{Kept: &wire.Kept{Id: k.GetId(), Result: "ok"}}
					default:
						continue
					}
					_ = s.session.Send(answer)
				}
			}()
			err := scanned(t, s)
			if said != tt.want || (err == nil) != tt.ok {
				t.Errorf("told %q, want %q; %v", said, tt.want, err)
			}
			if want := map[bool]string{true: "Bearer a"}[tt.ok]; !strings.HasPrefix(authorization, want) {
				t.Errorf("authorized by %q", authorization)
			}
			if !tt.ok && authorization != "" {
				t.Errorf("sent although there is no token: %q", authorization)
			}
			_ = s.session.CloseSend()
			<-done
		})
	}
}

// scanned walks the users and gives the error the walk ended with.
func scanned(t *testing.T, s *started) error {
	t.Helper()
	st, err := s.rpc.Scan(t.Context(), &wire.ScanRequest{CallId: "1", Listing: "users", Shard: &wire.Shard{Listing: "users"}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := st.Recv()
		if err != nil {
			return err
		}
		if m.GetError() != nil {
			return sdk.ErrorFromWire(m.GetError())
		}
		if m.GetCertificate() != nil {
			return nil
		}
	}
}

func TestAuthorize(t *testing.T) {
	s := start(t, consenting{url: "https://provider.example"}, &wire.Start{Instance: "i", Secrets: []*wire.Value{{Name: "client_id", Value: "me"}}})
	s.receive(t)
	begun, err := s.rpc.Authorize(t.Context(), &wire.AuthorizeRequest{Step: &wire.AuthorizeRequest_Begin{
		Begin: &wire.AuthorizeBegin{Method: "oauth", RedirectUrl: "https://localhost/"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := url.Parse(begun.GetUrl())
	if err != nil {
		t.Fatal(err)
	}
	q := page.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "me", "redirect_uri": "https://localhost/", "scope": "read list", "prompt": "login",
		"code_challenge_method": "S256",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	back := "https://localhost/?code=c1&state=" + q.Get("state")
	tests := []struct{ name, pasted, want string }{
		{"the address", " " + back + "\n", "r-c1"},
		{"the address with a fragment", back + "#_", "r-c1"},
		{"its query", "code=c1&state=" + q.Get("state"), "r-c1"},
		{"only the code", "c2", "r-c2"},
		{"of another login", "https://localhost/?code=c1&state=other", "another login"},
		{"without state", "https://localhost/?code=c1", "another login"},
		{"refused", "https://localhost/?error=access_denied&state=x", "access_denied"},
		{"nothing", "  ", "nothing was pasted"},
		{"too long", strings.Repeat("x", pastedMax+1), "longer than"},
		{"no code", "https://localhost/?state=" + q.Get("state"), "no code"},
	}
	for _, tt := range tests {
		out, err := s.rpc.Authorize(t.Context(), &wire.AuthorizeRequest{Step: &wire.AuthorizeRequest_Finish{
			Finish: &wire.AuthorizeFinish{State: begun.GetState(), Pasted: tt.pasted},
		}})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = out.GetSecrets()[0].GetValue()
		}
		if !strings.Contains(got, tt.want) || err == nil && out.GetToken().GetValue() == "" {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for name, req := range map[string]*wire.AuthorizeRequest{
		"no step": {}, "no such method": {Step: &wire.AuthorizeRequest_Begin{Begin: &wire.AuthorizeBegin{Method: "token"}}},
		"a state of nobody": {Step: &wire.AuthorizeRequest_Finish{Finish: &wire.AuthorizeFinish{State: []byte("x"), Pasted: "c"}}},
	} {
		if _, err := s.rpc.Authorize(t.Context(), req); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
