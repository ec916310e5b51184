// Package kept holds the secrets that a login obtained: sealed in the agent's own file, shared by every instance on the
// login, and, where one works only once, spent by one session of a connector at a time.
//
// It promises: what Keep or Put answered is on the disk before the answer; a claim is written down before it is granted,
// so a secret that may have been spent is never given out again, whatever was killed when; then everybody hears
// "login needed" until somebody logs in; no secret is in an error. Sealed values open only with the same key, and only
// under the login and field they were sealed for.
//
// It does not know whether a provider would still take a lost secret, and does not try. It does not rotate the key.
package kept

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const bucket = "kept"

// maxBytes is the longest secret, or token, that is kept.
const maxBytes = 64 << 10

// Docs is where the entries are: the agent's own file. Commit is durable when it returns.
type Docs interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Store keeps the secrets of all logins.
type Store struct {
	docs   Docs
	sealer *sealer

	mu     sync.Mutex
	claims map[string]*claim // by the entry's key
}

// New starts and reads nothing. docs may be nil for one that is only read, and empty.
func New(docs Docs, key Key) *Store {
	return &Store{docs: docs, sealer: &sealer{key: key}, claims: map[string]*claim{}}
}

// entry is one field of one login.
type entry struct {
	Value    string
	Obtained time.Time
	Expires  time.Time `json:",omitzero"` // of the value, where the provider says so
	Token    *token    `json:",omitempty"`
	// Spending stands from the claim until it ends.
	Spending *spending `json:",omitempty"`
	// Lost is why the value must not be spent any more.
	Lost string `json:",omitempty"`
}

// token is the access token that came with the value.
type token struct {
	Value         string
	From, Expires time.Time // Expires is zero: until it is refused
}

// spending says since when the value is claimed. It is cleared by the one who claimed it.
type spending struct{ Since time.Time }

// margin before its end a token counts as over: as in sdk/httpapi, half of its life where that is shorter.
const margin = time.Minute

func (t *token) valid(now time.Time) bool {
	if t == nil || t.Value == "" {
		return false
	}
	return t.Expires.IsZero() || now.Before(t.Expires.Add(-min(margin, max(t.Expires.Sub(t.From), 0)/2)))
}

func newToken(w *wire.AccessToken) *token {
	if w.GetValue() == "" {
		return nil
	}
	t := &token{Value: w.GetValue(), From: time.Now()}
	if w.GetExpires() != nil {
		t.Expires = w.GetExpires().AsTime()
	}
	return t
}

func keyOf(login, field string) string { return login + "\x00" + field }

// read gives an entry, nil when there is none.
func (s *Store) read(ctx context.Context, login, field string) (*entry, error) {
	if s.docs == nil {
		return nil, nil
	}
	sealed, err := s.docs.Doc(bucket, []byte(keyOf(login, field)))
	if err != nil || sealed == nil {
		return nil, err
	}
	plain, err := s.sealer.open(ctx, sealed, keyOf(login, field))
	if err == nil {
		e := &entry{}
		if err = json.Unmarshal(plain, e); err == nil {
			return e, nil
		}
		err = errors.New("it is not what this version writes") // the cause may quote the secret
	}
	return nil, needed(login, fmt.Sprintf("what is kept of %s cannot be opened: %v", field, err))
}

// doc seals an entry.
func (s *Store) doc(ctx context.Context, login, field string, e *entry) (store.Doc, error) {
	plain, err := json.Marshal(e)
	if err != nil {
		return store.Doc{}, err
	}
	sealed, err := s.sealer.seal(ctx, plain, keyOf(login, field))
	return store.Doc{Bucket: bucket, Key: []byte(keyOf(login, field)), Value: sealed}, err
}

func (s *Store) write(ctx context.Context, login, field string, e *entry) error {
	d, err := s.doc(ctx, login, field, e)
	if err != nil {
		return err
	}
	return s.commit(ctx, d)
}

// commit goes through also when whoever asked has gone.
func (s *Store) commit(ctx context.Context, docs ...store.Doc) error {
	_, err := s.docs.Commit(context.WithoutCancel(ctx), &store.Batch{At: time.Now(), Docs: docs})
	if err != nil {
		return fmt.Errorf("keeping the secrets of a login: %w", err)
	}
	return nil
}

// Put keeps what a login obtained, in place of all that was. The token belongs to the field that works once; "" for none.
func (s *Store) Put(ctx context.Context, login string, values map[string]string, rotates string, t *wire.AccessToken) error {
	var docs []store.Doc
	for field, value := range values {
		e := &entry{Value: value, Obtained: time.Now()}
		if field == rotates {
			e.Token = newToken(t)
		}
		if err := bounded(value, t); err != nil {
			return err
		}
		d, err := s.doc(ctx, login, field, e)
		if err != nil {
			return err
		}
		docs = append(docs, d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.commit(ctx, docs...); err != nil {
		return err
	}
	for field := range values {
		s.end(keyOf(login, field)) // whoever spends the old value will be told that it is stale
	}
	return nil
}

func bounded(value string, t *wire.AccessToken) error {
	if value == "" || len(value) > maxBytes || len(t.GetValue()) > maxBytes {
		return sdk.Errorf(sdk.ErrInvalid, "a secret to keep has 1 to %d bytes, and a token at most as many", maxBytes)
	}
	return nil
}

// Move gives what is kept under a login to another name, unless something is kept there already.
func (s *Store) Move(ctx context.Context, from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields, err := s.fields(ctx, from)
	there, errThere := s.fields(ctx, to)
	if err = errors.Join(err, errThere); err != nil || len(fields) == 0 || len(there) > 0 {
		return err
	}
	var docs []store.Doc
	for _, field := range fields {
		e, err := s.read(ctx, from, field)
		if err != nil {
			return err
		}
		d, err := s.doc(ctx, to, field, e)
		if err != nil {
			return err
		}
		docs = append(docs, d, store.Doc{Bucket: bucket, Key: []byte(keyOf(from, field))})
	}
	return s.commit(ctx, docs...)
}

// Forget deletes what is kept under a login.
func (s *Store) Forget(ctx context.Context, login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields, err := s.fields(ctx, login)
	if err != nil || len(fields) == 0 {
		return err
	}
	var docs []store.Doc
	for _, field := range fields {
		docs = append(docs, store.Doc{Bucket: bucket, Key: []byte(keyOf(login, field))})
	}
	if err := s.commit(ctx, docs...); err != nil {
		return err
	}
	for _, field := range fields {
		s.end(keyOf(login, field))
	}
	return nil
}

// fields are those of a login of which something is kept.
func (s *Store) fields(ctx context.Context, login string) ([]string, error) {
	var names []string
	prefix := keyOf(login, "")
	for d, err := range s.docs.Docs(ctx, bucket, []byte(prefix)) {
		if err != nil {
			return nil, err
		}
		names = append(names, string(d.Key[len(prefix):]))
	}
	return names, nil
}
