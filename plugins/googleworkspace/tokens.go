package main

import (
	"context"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxTokens   = 10_000      // kept; a tenant has more people than are looked at within an hour
	tokenMargin = time.Minute // before its end a token is replaced
)

// as is in whose name and with what scope a request is made.
type as struct {
	subject string // e-mail
	scope   scope
}

// holder is whose token it is. The key is part of it, so that a changed one gets new tokens.
type holder struct {
	as
	url, key string
}

// tokens keeps access tokens by subject and scope; package httpapi keeps them by host only. The zero value is ready.
type tokens struct {
	mu sync.Mutex
	by map[holder]*slot
}

// slot is one token; it is obtained by one request at a time.
type slot struct {
	turn  chan struct{}
	token *sdk.Token // under the mutex of tokens
}

// get gives a token that is not the refused one.
func (t *tokens) get(ctx context.Context, h holder, refused string, now func() time.Time, obtain func(context.Context) (*sdk.Token, error)) (string, error) {
	s := t.slot(h, now())
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	t.mu.Lock()
	token := s.token
	t.mu.Unlock()
	if token != nil && token.Value != refused && now().Before(token.Expires.Add(-tokenMargin)) {
		return token.Value, nil
	}
	token, err := obtain(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	s.token = token
	t.mu.Unlock()
	return token.Value, nil
}

// slot makes room by forgetting what has expired, and all when that is not enough.
func (t *tokens) slot(h holder, now time.Time) *slot {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.by[h]; s != nil {
		return s
	}
	if len(t.by) >= maxTokens {
		for old, s := range t.by {
			if s.token != nil && !now.Before(s.token.Expires) {
				delete(t.by, old)
			}
		}
	}
	if t.by == nil || len(t.by) >= maxTokens {
		t.by = map[holder]*slot{}
	}
	s := &slot{turn: make(chan struct{}, 1)}
	t.by[h] = s
	return s
}
