package sdktest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// provider is the fake behind the layer that makes faults.
type provider struct {
	handler http.Handler
	server  *httptest.Server
	decoy   *httptest.Server // a host that the connector did not declare

	mu       sync.Mutex
	arrived  int             // requests since the last reset
	total    int             // requests at all
	logins   map[string]bool // what came as credentials
	strayed  []string        // requests to the decoy
	fault    *fault
	from     int  // the first request that the fault meets
	once     bool // it meets no other
	limit    int  // requests after which there are no more answers
	fired    int
	seen     []exchange // for the fault "repeat"
	arriving chan struct{}

	closing chan struct{}
}

// exchange is one request and its answer.
type exchange struct {
	uri    string
	answer *httptest.ResponseRecorder
}

func newProvider(o Options) (*provider, error) {
	p := &provider{handler: o.Provider, logins: map[string]bool{}, closing: make(chan struct{})}
	if p.handler == nil {
		at, err := url.Parse(o.ProviderAt)
		if err != nil || at.Host == "" {
			return nil, fmt.Errorf("sdktest.Options.ProviderAt: %q is not a URL", o.ProviderAt)
		}
		p.handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(at)
			r.Out.Host = r.In.Host // so that the links in its answers lead here
		}}
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	p.decoy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.strayed = append(p.strayed, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	}))
	return p, nil
}

func (p *provider) close() {
	close(p.closing)
	p.decoy.Close()
	p.server.CloseClientConnections()
	p.server.Close()
}

// expect makes the fault meet requests from the given one on, or only that one; nil: none.
func (p *provider) expect(f *fault, from int, once bool, limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.from, p.once, p.limit = f, from, once, limit
	p.arrived, p.fired, p.seen = 0, 0, nil
	p.arriving = make(chan struct{}, 1)
}

// counts gives the requests, and those that met the fault, since expect.
func (p *provider) counts() (arrived, fired int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrived, p.fired
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.arrived++
	p.total++
	n := p.arrived
	if a := r.Header.Get("Authorization"); a != "" {
		p.logins[a[strings.LastIndexByte(a, ' ')+1:]] = true
	}
	f := p.fault
	hit := f != nil && (n == p.from || n > p.from && !p.once)
	if hit {
		p.fired++
		select {
		case p.arriving <- struct{}{}:
		default:
		}
	}
	over := p.limit > 0 && n > p.limit
	p.mu.Unlock()
	switch {
	case over:
		answer(w, http.StatusInternalServerError, "too many requests of one walk")
	case hit:
		f.do(p, w, r)
	case f != nil && f.watches:
		p.observe(w, r)
	default:
		p.handler.ServeHTTP(w, r)
	}
}

// ask gives the fake's own answer.
func (p *provider) ask(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, r)
	return rec
}

// observe answers as the fake does, and remembers it.
func (p *provider) observe(w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	p.mu.Lock()
	p.seen = append(p.seen, exchange{uri: r.URL.RequestURI(), answer: rec})
	p.mu.Unlock()
	replay(w, rec)
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}
