// Package ingest receives the webhooks of providers and keeps their subscriptions alive.
//
// It promises: every request goes to the one instance and subscription whose unguessable path it names, and to nobody
// else; the connector alone verifies it, within two seconds, and nothing that was not verified is ever a hint; what an
// instance may hold of connections, memory and time is bounded, so that a flood for one does not starve the others; a
// subscription is renewed long before it expires, and when it did expire what it would have told of is looked at.
//
// It does not promise that every webhook arrives: what is lost, refused or too much is found by the next poll. It keeps
// nothing of a request, and logs neither its path nor its content.
package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of the receiver as a whole.
const (
	maxConnections = 1_024            // open at once
	maxPerAddress  = 64               // of them from one address, unless a proxy stands before us
	maxHeaderBytes = 16 << 10         // of a request, its line included
	headerTime     = 3 * time.Second  // until a request's header is here
	requestTime    = 10 * time.Second // until all of it is here
	answerTime     = 15 * time.Second // until its answer is gone
	idleTime       = 30 * time.Second // of a connection between two requests
	listenAgain    = 5 * time.Second  // after the address could not be had
)

// Limits of one instance.
const (
	maxBodyBytes   = 1 << 20         // a larger webhook is refused; the next poll finds what it meant
	maxAtOnce      = 16              // requests being read or verified
	maxWaiting     = 64              // requests that wait for one of those to end
	waitTime       = time.Second     // how long they wait
	perSecond      = 50              // requests, over a longer time
	burst          = 500             // requests at once
	verifyTime     = 2 * time.Second // for the connector's answer
	maxHints       = 1_000           // of one request
	maxAnswerBytes = 64 << 10        // of the connector's answer
	maxAnswerHeads = 16              // headers in it
)

// prefix of every path.
const prefix = "/hooks/"

// Connector verifies webhooks.
type Connector interface {
	Webhook(ctx context.Context, r *wire.WebhookRequest) (*wire.WebhookResponse, error)
}

// Config of the receiver.
type Config struct {
	Listen string
	// PublicURL is how providers reach it, without a slash at its end.
	PublicURL string
	// CertFile and KeyFile are empty behind a proxy that has the certificate.
	CertFile, KeyFile string
	// Proxied: all requests come from a reverse proxy's address.
	Proxied bool
	Logger  hclog.Logger
}

// Server is the receiver.
type Server struct {
	Config
	path string // of PublicURL, which a proxy may keep

	mu      sync.Mutex
	doors   map[string]*Door // by instance
	problem string
	addr    net.Addr
	up      chan struct{} // closed when it listens for the first time
	heard   func()
}

// New makes a receiver; Run starts it.
func New(c Config) *Server {
	s := &Server{Config: c, doors: map[string]*Door{}, up: make(chan struct{})}
	s.heard = sync.OnceFunc(func() { close(s.up) })
	if _, rest, ok := strings.Cut(c.PublicURL, "://"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			s.path = rest[i:]
		}
	}
	return s
}

// Open lets webhooks of an instance in, at the paths that are admitted then. hint takes what verified ones say.
func (s *Server) Open(instance string, c Connector, hint func(*wire.Hint)) *Door {
	d := newDoor(s, instance, c, hint)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doors[instance] = d
	return d
}

// Close lets nothing in any more.
func (s *Server) Close(d *Door) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doors[d.instance] == d {
		delete(s.doors, d.instance)
	}
}

// find gives the door of a path, or nil.
func (s *Server) find(path string) *Door {
	if s.path != "" {
		path = strings.TrimPrefix(path, s.path)
	}
	rest, ok := strings.CutPrefix(path, prefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return nil
	}
	s.mu.Lock()
	d := s.doors[parts[0]+"/"+parts[1]]
	s.mu.Unlock()
	if d == nil || !d.admits(parts[2]) {
		return nil
	}
	return d
}

// Problem says why nothing can be received; "" when it can.
func (s *Server) Problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// Addr waits for the receiver to listen, and gives its address.
func (s *Server) Addr(ctx context.Context) (net.Addr, error) {
	select {
	case <-s.up:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.addr, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("ingest does not listen on %s: %w", s.Listen, ctx.Err())
	}
}

func (s *Server) listens(addr net.Addr, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem = ""; err != nil {
		s.problem = err.Error()
		return
	}
	s.addr = addr
	s.heard()
}

// sum is what is kept of a token, so that looking it up tells nothing of it by the time it takes.
func sum(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }
