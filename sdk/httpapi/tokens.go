package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = time.Minute

// maxAudiences is how many tokens are kept: a connector may act as any user. One more lets go of another.
const maxAudiences = 4096

// tokens keeps short-lived tokens by audience.
type tokens struct {
	mu sync.Mutex
	by map[string]*source
}

// source is the token of one audience; one request at a time obtains a new one.
type source struct {
	slot chan struct{} // held by the one who obtains

	mu       sync.Mutex
	token    *sdk.Token
	until    time.Time // zero: until it is refused
	err      error     // of the last failure
	failures int
}

// get gives a token that is not the refused one.
func (t *tokens) get(ctx context.Context, audience string, refused *sdk.Token, obtain func(context.Context) (*sdk.Token, error)) (*sdk.Token, error) {
	t.mu.Lock()
	if t.by == nil {
		t.by = map[string]*source{}
	}
	s := t.by[audience]
	if s == nil {
		for some := range t.by { // whoever holds it goes on with it
			if len(t.by) < maxAudiences {
				break
			}
			delete(t.by, some)
		}
		s = &source{slot: make(chan struct{}, 1)}
		t.by[audience] = s
	}
	t.mu.Unlock()
	return s.get(ctx, refused, obtain)
}

func (s *source) get(ctx context.Context, refused *sdk.Token, obtain func(context.Context) (*sdk.Token, error)) (*sdk.Token, error) {
	token, before, _ := s.current(refused)
	if token != nil {
		return token, nil
	}
	select {
	case s.slot <- struct{}{}:
		defer func() { <-s.slot }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	token, failures, last := s.current(refused)
	switch {
	case token != nil:
		return token, nil
	case failures != before: // it failed for whom we waited; asking again at once would only repeat it
		return nil, last
	}
	began := time.Now()
	token, err := obtain(ctx)
	if err == nil && (token == nil || token.Value == "") {
		err = sdk.Errorf(sdk.ErrInternal, "the connector gave an empty access token")
	}
	if err != nil {
		if ctx.Err() == nil { // else it is only this request that ended
			s.fail(err)
		}
		return nil, err
	}
	s.keep(token, began)
	return token, nil
}

// current gives the token if it may still be used, and how obtaining has gone so far.
func (s *source) current(refused *sdk.Token) (*sdk.Token, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || s.token == refused || !s.until.IsZero() && !time.Now().Before(s.until) {
		return nil, s.failures, s.err
	}
	return s.token, s.failures, nil
}

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	s.failures++
}

// keep stores a token until a minute before its end, or half of its life where that is shorter.
func (s *source) keep(t *sdk.Token, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until = t, time.Time{}
	if !t.Expires.IsZero() {
		s.until = t.Expires.Add(-min(tokenMargin, max(t.Expires.Sub(began), 0)/2))
	}
}
