package ingest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// certificate is read anew when its files change, as a renewal leaves them.
type certificate struct {
	cert, key string

	mu      sync.Mutex
	loaded  *tls.Certificate
	stamp   string
	checked time.Time
}

// certEvery is how often the files are looked at.
const certEvery = time.Minute

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && time.Since(c.checked) < certEvery {
		return c.loaded, nil
	}
	c.checked = time.Now()
	stamp, err := stampOf(c.cert, c.key)
	if err == nil && c.loaded != nil && stamp == c.stamp {
		return c.loaded, nil
	}
	var fresh tls.Certificate
	if err == nil {
		fresh, err = tls.LoadX509KeyPair(c.cert, c.key)
	}
	switch {
	case err == nil:
		c.loaded, c.stamp = &fresh, stamp
	case c.loaded == nil:
		return nil, errors.Join(errors.New("the certificate cannot be read"), err)
	}
	return c.loaded, nil // the old one, while the new one is half written
}

// stampOf is another text when one of the files is another one.
func stampOf(files ...string) (string, error) {
	var stamp strings.Builder
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&stamp, info.Size(), info.ModTime().UnixNano())
	}
	return stamp.String(), nil
}
