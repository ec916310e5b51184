package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// The settings.
const (
	adminSetting      = "admin"
	baseSetting       = "base_url"
	driveSetting      = "drive_url"
	tokenSetting      = "token_url"
	quarantineSetting = "quarantine"
)

// client asks Google in somebody's name.
type client struct {
	s      *sdk.Session
	tokens *tokens
	now    func() time.Time
}

// setting gives what is configured, else the default.
func (c *client) setting(name string) string {
	if v := c.s.Settings[name]; v != "" {
		return v
	}
	for _, s := range settings() {
		if s.Name == name {
			return s.Default
		}
	}
	return ""
}

// admin is the administrator with a scope.
func (c *client) admin(s scope) as { return as{subject: c.setting(adminSetting), scope: s} }

// call is one request.
type call struct {
	as
	method string // default GET
	api    string // setting with the API's address
	path   string // %s in it are filled by args, escaped
	args   []string
	query  url.Values
	body   any
	raw    []byte // in place of a body: content of the type mime
	mime   string
}

// content is an answer that is no JSON.
type content []byte

// maxContent of a file that is read whole, in bytes.
const maxContent = 32 << 20

// directory and drive give calls of the two addresses.
func directory(who as, query url.Values, path string, args ...string) call {
	return call{as: who, api: baseSetting, path: path, args: args, query: query}
}

func drive(who as, query url.Values, path string, args ...string) call {
	return call{as: who, api: driveSetting, path: path, args: args, query: query}
}

// do sends a request and reads its answer into out; nil does not read it. A token that is refused is replaced once.
func (c *client) do(ctx context.Context, k call, out any) error {
	refused := ""
	for {
		token, err := c.token(ctx, k.as, refused)
		if err != nil {
			return err
		}
		req, err := c.request(ctx, k, token)
		if err != nil {
			return err
		}
		err = c.send(req, out)
		if e, ok := errors.AsType[*sdk.Error](err); !ok || e.Status != http.StatusUnauthorized || refused != "" {
			return err
		}
		refused = token
	}
}

func (c *client) token(ctx context.Context, who as, refused string) (string, error) {
	h := holder{as: who, url: c.setting(tokenSetting), key: c.s.Secret(keyField)}
	return c.tokens.get(ctx, h, refused, c.now, func(ctx context.Context) (*sdk.Token, error) { return c.mint(ctx, who) })
}

func (c *client) request(ctx context.Context, k call, token string) (*http.Request, error) {
	base, err := url.Parse(c.setting(k.api))
	if err != nil || base.Host == "" {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: k.api, Message: "setting " + k.api + " is not a URL"}
	}
	path := k.path
	for _, a := range k.args {
		path = strings.Replace(path, "%s", url.PathEscape(a), 1)
	}
	u := base.JoinPath(path)
	u.RawQuery = k.query.Encode()
	body, kind := k.raw, k.mime
	if k.body != nil {
		kind = "application/json"
		if body, err = json.Marshal(k.body); err != nil {
			return nil, sdk.Errorf(sdk.ErrInternal, "encoding a request: %w", err)
		}
	}
	ctx = sdk.QuotaKey(sdk.NoAuth(ctx), k.subject)
	req, err := http.NewRequestWithContext(ctx, cmp.Or(k.method, http.MethodGet), u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	} else {
		req.Body = http.NoBody
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	return req, nil
}

// send does one exchange. Its errors are typed and hold nothing of the request but its path.
func (c *client) send(req *http.Request, out any) error {
	res, err := c.s.HTTP.Do(req) //nolint:gosec // to declared hosts only: see package httpapi
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			return e // without the URL that http.Client puts around it
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return c.s.ResponseError(res)
	}
	switch out := out.(type) {
	case nil:
	case *content:
		return out.read(res)
	default:
		if err := sdk.DecodeJSON(res, out); err != nil {
			return err
		}
	}
	return drain(res)
}

func (c *content) read(res *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(res.Body, maxContent+1))
	switch {
	case err != nil:
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "content is cut short", Sent: true, Status: res.StatusCode, Cause: err}
	case len(b) > maxContent:
		return sdk.Errorf(sdk.ErrTooLarge, "the file is larger than %d MiB", maxContent>>20)
	}
	*c = b
	return nil
}

// query makes the parameters of a request from pairs of name and value; empty values are left out.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}
