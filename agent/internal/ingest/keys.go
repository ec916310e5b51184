package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// SecretField is the credential field with which a connector proves that a webhook is one of ours. Where the configuration
// does not give it, the agent makes one: the connector gets it in its session and, for the provider, with Subscribe.
const SecretField = "webhook_secret"

const (
	bucket    = "hooks" // what is kept, in the instance's store
	keyName   = "key"
	keyBytes  = 32
	pathBytes = 24 // of a token: nobody guesses it
)

// Documents is the part of an instance's store that is used here.
type Documents interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Keys gives an instance its paths and its secret. Whoever had them could send hints: make the agent look, and nothing
// else.
type Keys struct{ key []byte }

// LoadKeys reads what was made when the instance was first asked for it.
func LoadKeys(ctx context.Context, s Documents) (*Keys, error) {
	key, err := s.Doc(bucket, []byte(keyName))
	if err != nil {
		return nil, err
	}
	if key == nil {
		key = make([]byte, keyBytes)
		_, _ = rand.Read(key) // never fails
		if err := write(ctx, s, store.Doc{Bucket: bucket, Key: []byte(keyName), Value: key}); err != nil {
			return nil, err
		}
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("the key of webhooks has %d bytes, %d are expected", len(key), keyBytes)
	}
	return &Keys{key}, nil
}

func write(ctx context.Context, s Documents, docs ...store.Doc) error {
	_, err := s.Commit(ctx, &store.Batch{At: time.Now(), Docs: docs})
	return err
}

// Secret is the one that the agent makes.
func (k *Keys) Secret() string { return k.derive("secret") }

// token is the last part of a subscription's path.
func (k *Keys) token(about ...string) string {
	return k.derive(append([]string{"path"}, about...)...)
}

func (k *Keys) derive(about ...string) string {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(strings.Join(about, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:pathBytes])
}
