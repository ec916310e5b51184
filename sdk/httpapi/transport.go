package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Lessor gives out what the host grants, and takes what answers said. It is safe for concurrent use.
type Lessor interface {
	// Lease waits until the host grants. count asks for several grants of the same wants at once; the answer may be
	// fewer, but is at least one.
	Lease(ctx context.Context, callID string, wants []*wire.Want, count int) (Grant, error)
	// Observe never blocks for long. Of every grant exactly one thing is told: it was used (Sent), or it was not
	// (counted in Returned).
	Observe(o *wire.Observe)
}

// Grant is the right to send Count requests.
type Grant struct {
	ID    uint64
	Count int
	// Expires is when the host takes back what is unused; zero: never.
	Expires time.Time
}

// Config is what a Transport works with.
type Config struct {
	// Description gives Buckets, Hosts, Auth, BaseURL and Classify.
	Description *sdk.Description
	// Session gives Settings, Secret and Log. Its HTTP is the caller's to fill, usually with Client.
	Session *sdk.Session
	// Lessor paces; nil: nothing does, and throttles are waited out here.
	Lessor Lessor
	// Network says how to get out; nil: directly.
	Network *wire.Network
	// UserAgent is sent where the request has none of its own.
	UserAgent string
	// Backoff is the longest first wait before a further try; 0: BackoffMin. A kit that makes faults sets it shorter.
	Backoff time.Duration
}

// Transport is an http.RoundTripper. It is safe for concurrent use.
type Transport struct {
	session  *sdk.Session
	auth     sdk.Auth
	classify func(*http.Response, []byte) *sdk.Error
	agent    string
	hosts    hosts
	quotas   *quotas
	lessor   Lessor
	leases   *leases
	tokens   tokens
	base     http.RoundTripper
	times    times
}

// New checks the configuration. It opens nothing and starts nothing.
func New(c Config) (*Transport, error) {
	if c.Description == nil || c.Session == nil {
		return nil, sdk.Errorf(sdk.ErrInternal, "httpapi: Config needs Description and Session")
	}
	base, err := baseURL(c.Description, c.Session)
	if err != nil {
		return nil, err
	}
	places, err := declaredHosts(c.Description, c.Session, base)
	if err != nil {
		return nil, err
	}
	t := &Transport{
		session: c.Session, auth: c.Description.Auth, classify: c.Description.Classify, agent: c.UserAgent,
		hosts: places, quotas: newQuotas(c.Description.Buckets, base), lessor: c.Lessor, times: defaultTimes(),
	}
	if c.Backoff > 0 {
		t.times.backoffMin = c.Backoff
	}
	if c.Lessor != nil {
		t.leases = newLeases(c.Lessor)
	}
	if t.base, err = newNetwork(c.Network, t.times); err != nil {
		return nil, err
	}
	return t, nil
}

// Client gives an http.Client that runs on t. The rules for redirects are the Transport's, so that another client on it
// keeps them too.
func Client(t *Transport) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
}

// CloseIdleConnections closes the connections that wait for the next request.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Release gives back at once what a call of the host holds and does not use any more. Without it that happens within
// MaxHold.
func (t *Transport) Release(callID string) {
	if t.leases != nil {
		t.leases.release(callID)
	}
}

// RoundTrip sends a request, again where that is safe, and gives the last answer; what kept it from getting one is an
// *sdk.Error.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, e := t.admit(req)
	if e != nil {
		closeBody(req)
		return nil, e
	}
	res, e := t.exchange(x)
	if e != nil {
		return nil, e
	}
	return res, nil
}

// admit refuses what may not be sent, and says where the request belongs.
func (t *Transport) admit(req *http.Request) (*exchange, *sdk.Error) {
	if req.URL == nil || req.URL.Host == "" {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Message: "a request needs an absolute URL"}
	}
	crossed, e := followed(req)
	if e != nil {
		return nil, e
	}
	place, e := t.hosts.find(req)
	if e != nil {
		return nil, e
	}
	options := call.Of(req.Context())
	x := &exchange{
		req: req, place: place, callID: call.ID(req.Context()),
		needs:   t.quotas.classify(req, options.QuotaKey),
		safe:    options.Safe || safeMethod(req.Method),
		crossed: crossed, patience: patience(req.Context()),
		audience: cmp.Or(options.Audience, place.audience),
		auth:     place.credentialed && !options.NoAuth && !crossed && len(t.auth) > 0,
	}
	return x, nil
}

func safeMethod(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

func (t *Transport) log(level, message string, fields ...string) {
	if t.session.Log != nil {
		t.session.Log(level, message, fields...)
	}
}
