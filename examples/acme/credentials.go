package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keyBits is the size of the agent's keys. All apps share one to read and one to act: each takes as long to make as all the rest.
const keyBits = 2048

func newKey() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

// pkcs1 is a key as GitHub gives it.
func pkcs1(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// pkcs8 is a key as most others give it.
func pkcs8(key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write down a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func line(name, content string) file { return file{name, []byte(content + "\n")} }

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// write puts the credentials of all apps into a folder, readable by its owner only. remove takes away what was written,
// and the folder when that makes it empty.
func write(dir string, apps []*app) (remove func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder for the credentials: %w", err)
	}
	var written []string
	remove = func() error {
		var errs []error
		for _, path := range written {
			errs = append(errs, os.Remove(path))
		}
		_ = os.Remove(dir)
		return errors.Join(errs...)
	}
	for _, a := range apps {
		for _, f := range a.files {
			path := filepath.Join(dir, f.name)
			if err := replace(path, f.content); err != nil {
				return nil, errors.Join(fmt.Errorf("write a credential: %w", err), remove())
			}
			written = append(written, path)
		}
	}
	return remove, nil
}

// replace writes a file under another name first, so that nobody reads half of it and no link is followed.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
