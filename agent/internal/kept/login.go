package kept

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// NeededError says that somebody has to log in.
type NeededError struct{ Login, Why string }

func (e *NeededError) Error() string {
	return fmt.Sprintf("login needed: run `mooring login %s` (%s)", e.Login, e.Why)
}

// needed is the same for a connector and for a caller.
func needed(login, why string) error {
	n := &NeededError{Login: login, Why: why}
	return &sdk.Error{Type: sdk.ErrAuth, Message: n.Error(), Cause: n}
}

// Login is one login and the fields of its method that are kept.
type Login struct {
	store  *Store
	name   string
	fields []string
}

// Login names one. It is there also before anybody logged in.
func (s *Store) Login(name string, fields []string) *Login {
	return &Login{store: s, name: name, fields: slices.Clone(fields)}
}

// Values gives what is kept. When something is missing or lost, the error is a *NeededError.
func (l *Login) Values(ctx context.Context) (map[string]string, error) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	values := map[string]string{}
	for _, field := range l.fields {
		e, err := l.store.read(ctx, l.name, field)
		if err == nil {
			err = l.store.standing(l.name, field, e)
		}
		if err != nil {
			return nil, err
		}
		values[field] = e.Value
	}
	return values, nil
}

// Need is why somebody has to log in; "" when nobody has to.
func (l *Login) Need(ctx context.Context) string {
	_, err := l.Values(ctx)
	switch n, ok := errors.AsType[*NeededError](err); {
	case ok:
		return n.Error()
	case err != nil:
		return err.Error()
	}
	return ""
}

// standing says why an entry's value must not be spent. It needs the lock.
func (s *Store) standing(login, field string, e *entry) error {
	switch {
	case e == nil:
		return needed(login, "nobody has logged in yet")
	case e.Lost != "":
		return needed(login, e.Lost)
	case e.Spending != nil && s.claims[keyOf(login, field)] == nil:
		return needed(login, interrupted(field, e.Spending))
	}
	return nil
}

func interrupted(field string, s *spending) string {
	return fmt.Sprintf("at %s the agent or the connector ended while %s was being spent, and it works only once",
		s.Since.Local().Format(time.DateTime), strings.ReplaceAll(field, "_", " "))
}
