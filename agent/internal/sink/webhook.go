package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/secret"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

const (
	// requestTimeout is for one request with its answer.
	requestTimeout = 30 * time.Second
	// countEvery is how long is sent until what arrived is counted: the agent's death repeats no more.
	countEvery = time.Second
	// maxAnswerBytes is read of an answer, maxShownBytes of it are shown.
	maxAnswerBytes = 64 << 10
	maxShownBytes  = 300
	// minHiddenBytes: shorter parts of a URL are no secrets, and would make holes into every message.
	minHiddenBytes = 6
)

// webhook posts each event to one URL.
type webhook struct {
	atOnce
	*Config
	c *config.WebhookSink

	open *connection
}

// connection is what a webhook needs until something goes wrong.
type connection struct {
	url     string
	host    string
	headers http.Header
	key     secret.Value
	body    template
	mask    func(string) string
	client  *http.Client
	done    func()
}

func newWebhook(c *Config, s *config.Sink) *webhook { return &webhook{Config: c, c: s.Webhook} }

func (t *webhook) close() {
	if t.open != nil {
		t.open.done()
		t.open = nil
	}
}

func (t *webhook) send(ctx context.Context, batch []item) (int, error) {
	if t.open == nil {
		c, err := t.connect(ctx)
		if err != nil {
			return 0, err
		}
		t.open = c
	}
	began := time.Now()
	for n, i := range batch {
		if err := t.open.post(ctx, i); err != nil {
			return n, err
		}
		if time.Since(began) > countEvery {
			return n + 1, nil
		}
	}
	return len(batch), nil
}

// connect resolves the secrets. Nothing is sent yet.
func (t *webhook) connect(ctx context.Context) (*connection, error) {
	address, err := reveal(ctx, t.c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("url is not a URL that begins with https://") // not shown: it is a secret
	}
	c := &connection{url: u.String(), host: u.Host, headers: http.Header{}}
	hidden := hiddenParts(u)
	for name, credential := range t.c.Headers {
		v, err := reveal(ctx, credential)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		if !credential.Reference.IsZero() {
			hidden = append(hidden, v)
		}
		c.headers.Set(name, v.Reveal())
	}
	if !t.c.SigningKey.IsZero() {
		if c.key, err = reveal(ctx, t.c.SigningKey); err != nil {
			return nil, fmt.Errorf("signing_key: %w", err)
		}
		hidden = append(hidden, c.key)
	}
	c.mask = secret.Mask(hidden...)
	if c.body, err = templateOf(t.c.Template); err != nil {
		return nil, err
	}
	return c, t.transport(ctx, c)
}

// transport is that of connectors: through the proxy, with private roots, and to private addresses only as configured.
func (t *webhook) transport(ctx context.Context, c *connection) error {
	network, err := t.Network(ctx)
	if err != nil {
		return err
	}
	base, err := httpapi.New(httpapi.Config{
		Description: &sdk.Description{}, Session: &sdk.Session{Settings: sdk.Settings{"base_url": c.url}},
		Network: network, UserAgent: "mooring/" + t.Version,
	})
	if err != nil {
		return errors.New(c.mask(err.Error()))
	}
	c.done = base.CloseIdleConnections
	c.client = &http.Client{Transport: base, Timeout: requestTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a receiver that has moved is configured anew
	}}
	return nil
}

// hiddenParts are what may be secret of a URL: all but its host.
func hiddenParts(u *url.URL) []secret.Value {
	parts := []string{u.String(), u.User.String(), u.RawQuery}
	if password, ok := u.User.Password(); ok {
		parts = append(parts, password)
	}
	for part := range strings.FieldsFuncSeq(u.Path+"/"+u.RawQuery, func(r rune) bool { return strings.ContainsRune("/&=?", r) }) {
		parts = append(parts, part)
	}
	var hidden []secret.Value
	for _, p := range parts {
		if len(p) >= minHiddenBytes {
			hidden = append(hidden, secret.New(p))
		}
	}
	return hidden
}

func (c *connection) post(ctx context.Context, i item) error {
	body, err := c.body(i.Event)
	if err != nil {
		return &failure{err: fmt.Errorf("event %s: %w", i.ID, err), refused: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("url cannot be requested")
	}
	req.Header.Set("Content-Type", "application/json")
	maps.Copy(req.Header, c.headers)
	req.Header.Set("Idempotency-Key", headerSafe(i.ID))
	c.sign(req, i, body)
	res, err := c.client.Do(req)
	if err != nil {
		return c.failure(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	return c.judge(res, answer)
}

// sign follows the convention of standardwebhooks.com, so that receivers need no code of ours.
func (c *connection) sign(req *http.Request, i item, body []byte) {
	if c.key.IsZero() {
		return
	}
	id, now := headerSafe(i.ID), strconv.FormatInt(time.Now().Unix(), 10)
	key := []byte(c.key.Reveal())
	if coded, ok := strings.CutPrefix(c.key.Reveal(), "whsec_"); ok {
		if raw, err := base64.StdEncoding.DecodeString(coded); err == nil {
			key = raw
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + now + "."))
	mac.Write(body)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", now)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// failure says what kept a request from being answered, without the URL.
func (c *connection) failure(err error) error {
	f := &failure{}
	message := err.Error()
	if e, ok := errors.AsType[*sdk.Error](err); ok {
		message, f.after = e.Message, e.RetryAfter
	} else if e, ok := errors.AsType[*url.Error](err); ok {
		message = e.Err.Error()
	}
	f.err = fmt.Errorf("%s: %s", c.host, c.mask(message))
	return f
}

// judge: what a receiver will not take later either is refused.
func (c *connection) judge(res *http.Response, answer []byte) error {
	status := res.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	f := &failure{answered: true, after: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
	default:
		f.refused = true
	}
	said := ""
	if text := shown(answer); text != "" {
		said = ": " + c.mask(text)
	}
	if status >= 300 && status < 400 {
		said = ": redirects are not followed; configure where it leads to"
	}
	f.err = fmt.Errorf("%s answered %d%s", c.host, status, said)
	return f
}

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// shown is the beginning of what a receiver said, in printable characters.
func shown(answer []byte) string {
	text := strings.ToValidUTF8(string(answer[:min(len(answer), maxShownBytes)]), "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
}

// headerSafe: IDs are ours, but may hold what a record is called.
func headerSafe(id string) string { return url.PathEscape(id) }
