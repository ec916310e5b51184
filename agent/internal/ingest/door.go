package ingest

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Door is one instance's part of the receiver: its paths, its limits, its counts.
type Door struct {
	server    *Server
	instance  string
	connector Connector
	hint      func(*wire.Hint)

	rate    *rate.Limiter
	slots   chan struct{}
	waiting atomic.Int64

	verified, unverified, refused, failed atomic.Int64
	last                                  atomic.Int64 // Unix nanoseconds

	mu     sync.Mutex
	tokens map[[sha256.Size]byte]bool
}

// Counts are the requests that named a path of the instance.
type Counts struct {
	Verified   int64
	Unverified int64 // answered as the connector said; they never hint
	Refused    int64 // too many, too large or too slow
	Failed     int64 // the connector did not answer in time
	Last       time.Time
}

func newDoor(s *Server, instance string, c Connector, hint func(*wire.Hint)) *Door {
	return &Door{
		server: s, instance: instance, connector: c, hint: hint, rate: rate.NewLimiter(perSecond, burst),
		slots: make(chan struct{}, maxAtOnce), tokens: map[[sha256.Size]byte]bool{},
	}
}

// URL is the address of a path, for the provider.
func (d *Door) URL(token string) string {
	return d.server.PublicURL + prefix + d.instance + "/" + token
}

// Admit opens a path.
func (d *Door) Admit(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens[sum(token)] = true
}

// Dismiss closes a path.
func (d *Door) Dismiss(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tokens, sum(token))
}

func (d *Door) admits(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tokens[sum(token)]
}

// Counts tells what came.
func (d *Door) Counts() Counts {
	c := Counts{Verified: d.verified.Load(), Unverified: d.unverified.Load(), Refused: d.refused.Load(), Failed: d.failed.Load()}
	if last := d.last.Load(); last > 0 {
		c.Last = time.Unix(0, last)
	}
	return c
}

// enter waits for one of the instance's places, not for long. leave gives it back.
func (d *Door) enter(ctx context.Context) (leave func(), ok bool) {
	if !d.rate.Allow() {
		return nil, false
	}
	leave = func() { <-d.slots }
	select {
	case d.slots <- struct{}{}:
		return leave, true
	default:
	}
	if d.waiting.Add(1) > maxWaiting {
		d.waiting.Add(-1)
		return nil, false
	}
	defer d.waiting.Add(-1)
	timer := time.NewTimer(waitTime)
	defer timer.Stop()
	select {
	case d.slots <- struct{}{}:
		return leave, true
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, false
}
