package kept

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// claimWait bounds how long one session waits for another one to end its claim. It is less than a connector waits for an
// answer, so that no claim is granted to one who has gone.
const claimWait = 20 * time.Second

// claim is a secret that one living session may spend.
type claim struct {
	holder string
	ended  chan struct{}
}

// end lets the next one try. It needs the lock.
func (s *Store) end(key string) {
	if c := s.claims[key]; c != nil {
		close(c.ended)
		delete(s.claims, key)
	}
}

// Gone says that a session is over. What it claimed and did not end stays marked: it may be spent.
func (l *Login) Gone(holder string) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	for _, field := range l.fields {
		key := keyOf(l.name, field)
		if c := l.store.claims[key]; c != nil && c.holder == holder {
			l.store.end(key)
		}
	}
}

// Keep takes one step for a session. Its effect is on the disk when it returns.
func (l *Login) Keep(ctx context.Context, holder string, k *wire.KeepSecret) (*wire.Kept, error) {
	if !slices.Contains(l.fields, k.GetName()) {
		return nil, sdk.Errorf(sdk.ErrInvalid, "%.60q is not a kept field of this connector's method", k.GetName())
	}
	if k.GetStep() == wire.KeepSecret_CLAIM {
		return l.claim(ctx, holder, k.GetName(), k.GetToken().GetValue())
	}
	return l.settle(ctx, holder, k)
}

// claim waits until nobody else spends the secret, and looks what is to be done then.
func (l *Login) claim(ctx context.Context, holder, field, refused string) (*wire.Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for {
		kept, wait, err := l.try(ctx, holder, field, refused)
		if wait == nil {
			return kept, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, sdk.Errorf(sdk.ErrUnavailable, "login %s: another connector on it renews its token and did not end within %s", l.name, claimWait)
		}
	}
}

// try gives what to wait for when another session holds the claim.
func (l *Login) try(ctx context.Context, holder, field, refused string) (*wire.Kept, <-chan struct{}, error) {
	s, key := l.store, keyOf(l.name, field)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.claims[key]; c != nil {
		return nil, c.ended, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	e, err := s.read(ctx, l.name, field)
	if err == nil {
		err = s.standing(l.name, field, e)
	}
	if err != nil {
		return nil, nil, err
	}
	if e.Token.valid(time.Now()) && !same(e.Token.Value, refused) {
		return &wire.Kept{Result: "token", Token: e.Token.wire()}, nil, nil
	}
	e.Spending = &spending{Since: time.Now()}
	if e.Token != nil && same(e.Token.Value, refused) {
		e.Token = nil
	}
	if err := s.write(ctx, l.name, field, e); err != nil {
		return nil, nil, err
	}
	s.claims[key] = &claim{holder: holder, ended: make(chan struct{})}
	return &wire.Kept{Result: "ok", Value: &e.Value}, nil, nil
}

func (t *token) wire() *wire.AccessToken {
	w := &wire.AccessToken{Value: t.Value}
	if !t.Expires.IsZero() {
		w.Expires = timestamppb.New(t.Expires)
	}
	return w
}

// settle ends a claim, or replaces a secret that needs none.
func (l *Login) settle(ctx context.Context, holder string, k *wire.KeepSecret) (*wire.Kept, error) {
	s, field, key := l.store, k.GetName(), keyOf(l.name, k.GetName())
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.read(ctx, l.name, field)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, s.standing(l.name, field, e)
	case !same(e.Value, k.GetReplaces()):
		return &wire.Kept{Result: "stale", Value: &e.Value}, nil
	}
	c := s.claims[key]
	mine := c != nil && c.holder == holder
	switch {
	case c != nil && !mine:
		return nil, sdk.Errorf(sdk.ErrConflict, "another session spends %s now", field)
	case !mine && k.GetStep() != wire.KeepSecret_KEEP:
		return nil, sdk.Errorf(sdk.ErrConflict, "this session has not claimed %s", field)
	case !mine && s.standing(l.name, field, e) != nil:
		return nil, s.standing(l.name, field, e)
	}
	switch k.GetStep() {
	case wire.KeepSecret_KEEP:
		if err := bounded(k.GetValue(), k.GetToken()); err != nil {
			return nil, err
		}
		e = &entry{Value: k.GetValue(), Obtained: time.Now(), Token: newToken(k.GetToken())}
		if k.GetExpires() != nil {
			e.Expires = k.GetExpires().AsTime()
		}
	case wire.KeepSecret_RELEASE:
		e.Spending = nil
	case wire.KeepSecret_LOST:
		e.Lost = "the provider did not take it any more, or its answer was lost on the way"
	default:
		return nil, sdk.Errorf(sdk.ErrInvalid, "keeping %s: there is no step %d", field, int(k.GetStep()))
	}
	err = s.write(ctx, l.name, field, e)
	s.end(key) // also when it could not be written: then the mark stands, and nobody waits in vain
	if err != nil {
		return nil, err
	}
	return &wire.Kept{Result: "ok"}, nil
}

// same compares secrets.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
