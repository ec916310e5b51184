package kept

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/mooring-hq/mooring/agent/internal/secret"
)

const (
	format      = "mooring kept 1" // in every sealed value: another format is another key, and other data beside it
	keyBytes    = 32               // AES-256
	minKeyChars = 32               // of what a key is derived from
)

// Key gives what the key is derived from. Where there is none yet, one is made if create says so.
type Key func(ctx context.Context, create bool) (secret.Value, error)

// sealer encrypts entries. The key is looked up at the first use, so that an agent without logins needs none.
type sealer struct {
	key Key

	mu   sync.Mutex
	aead cipher.AEAD
}

func (s *sealer) cipher(ctx context.Context, create bool) (cipher.AEAD, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aead != nil {
		return s.aead, nil
	}
	from, err := s.key(ctx, create)
	if err != nil {
		return nil, err
	}
	if len(from.Reveal()) < minKeyChars {
		return nil, fmt.Errorf("the seal key has fewer than %d characters: make one with `openssl rand -hex 32`", minKeyChars)
	}
	key, err := hkdf.Key(sha256.New, []byte(from.Reveal()), nil, format, keyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	s.aead, err = cipher.NewGCMWithRandomNonce(block)
	return s.aead, err
}

func (s *sealer) seal(ctx context.Context, plain []byte, name string) ([]byte, error) {
	a, err := s.cipher(ctx, true)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, nil, plain, []byte(format+"\x00"+name)), nil //nolint:gosec // it makes a random nonce itself
}

func (s *sealer) open(ctx context.Context, sealed []byte, name string) ([]byte, error) {
	a, err := s.cipher(ctx, false)
	if err != nil {
		return nil, err
	}
	plain, err := a.Open(nil, nil, sealed, []byte(format+"\x00"+name))
	if err != nil {
		return nil, errors.New("it was sealed with another key, or was changed: give the old agent.seal_key back, or log in again")
	}
	return plain, nil
}

// FileKey keeps the key in a file that only this user can read.
func FileKey(path string) Key {
	return func(ctx context.Context, create bool) (secret.Value, error) {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			if !create {
				return secret.Value{}, fmt.Errorf("the key file %s is gone", path)
			}
			if err := makeKey(path); err != nil {
				return secret.Value{}, fmt.Errorf("making the key file: %w", err)
			}
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return secret.Value{}, err
		}
		ref, err := secret.Parse("file:"+abs, "")
		if err != nil {
			return secret.Value{}, err
		}
		return ref.Resolve(ctx)
	}
}

// makeKey writes a random key. It is there whole and for good, or not at all.
func makeKey(path string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // the agent's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
