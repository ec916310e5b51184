package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
)

// personal are the headers that never follow a redirect to another host.
var personal = []string{"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Www-Authenticate"} //nolint:gochecknoglobals // a table

// prepare makes the request that really goes out; the caller's is not touched.
func (t *Transport) prepare(ctx context.Context, x *exchange) (*http.Request, *sdk.Error) {
	out := x.req.Clone(ctx)
	if out.Header == nil {
		out.Header = http.Header{}
	}
	if x.tries+x.throttles > 0 && x.req.GetBody != nil {
		body, err := x.req.GetBody()
		if err != nil {
			return nil, sdk.Errorf(sdk.ErrInternal, "the request's body cannot be read again: %w", err)
		}
		out.Body = body
	}
	out.URL.User = nil // net/http would make an Authorization of it
	out.Header.Del("Referer")
	if x.crossed {
		for _, name := range personal {
			out.Header.Del(name)
		}
		t.stripOwn(out)
	}
	if t.agent != "" && out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", t.agent)
	}
	if !x.auth {
		return out, nil
	}
	if e := t.authenticate(ctx, x, out); e != nil {
		closeBody(out)
		return nil, e
	}
	return out, nil
}

// authenticate puts the credentials into a request.
func (t *Transport) authenticate(ctx context.Context, x *exchange, out *http.Request) *sdk.Error {
	m := t.method()
	if m == nil {
		return &sdk.Error{Type: sdk.ErrAuth, Message: "no credentials are configured; " + offers(t.auth), URL: sdk.PlainURL(out.URL)}
	}
	x.token = nil
	if m.Token != nil {
		token, err := t.tokens.get(ctx, x.audience, x.refused, func(ctx context.Context) (*sdk.Token, error) {
			ctx = call.With(ctx, func(o *call.Options) { *o = call.Options{NoAuth: true} })
			return m.Token(ctx, t.session, x.audience)
		})
		if err != nil {
			return x.noToken(err)
		}
		x.token = token
	}
	t.apply(m, out, x.token)
	return nil
}

func (t *Transport) apply(m *sdk.Method, out *http.Request, token *sdk.Token) {
	switch {
	case m.Apply != nil:
		m.Apply(out, t.session, token)
	case token != nil:
		out.Header.Set("Authorization", "Bearer "+token.Value)
	case len(m.Fields) > 0:
		out.Header.Set("Authorization", "Bearer "+t.secret(m.Fields[0].Name))
	}
}

func (t *Transport) method() *sdk.Method { return t.auth.Choose(t.secret) }

func (t *Transport) secret(name string) string {
	if t.session.Secret == nil {
		return ""
	}
	return t.session.Secret(name)
}

// stripOwn removes the headers in which this connector authenticates, should it have set them itself.
func (t *Transport) stripOwn(out *http.Request) {
	m := t.method()
	if m == nil || m.Apply == nil {
		return
	}
	probe := &http.Request{Method: out.Method, URL: &url.URL{Scheme: "https", Host: out.URL.Host}, Header: http.Header{}}
	m.Apply(probe, t.session, &sdk.Token{})
	for name := range probe.Header {
		out.Header.Del(name)
	}
}

// renewable: the answer 401 was to a token that may be replaced, and was not yet.
func (t *Transport) renewable(x *exchange) bool {
	if x.token == nil || x.refused != nil {
		return false
	}
	x.refused = x.token
	return true
}

func (x *exchange) noToken(err error) *sdk.Error {
	if e, ok := errors.AsType[*sdk.Error](err); ok {
		return unsent(e)
	}
	if x.req.Context().Err() != nil {
		return x.stopped(err, false)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its own text has the query
	}
	return &sdk.Error{Type: sdk.ErrAuth, Message: "no access token: " + err.Error(), URL: sdk.PlainURL(x.req.URL), Cause: err}
}

// offers says what an operator can give.
func offers(auth sdk.Auth) string {
	var ways []string
	for _, m := range auth {
		var names []string
		for _, f := range m.Fields {
			names = append(names, f.Name)
		}
		ways = append(ways, strings.Join(names, " and "))
	}
	return fmt.Sprintf("give %s", strings.Join(ways, ", or "))
}
