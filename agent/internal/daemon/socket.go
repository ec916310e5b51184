package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// SocketPath is where the agent of a data directory listens: in the user's runtime folder, in /run/mooring, or in a
// private folder of the temporary one. The name is a hash of the directory, so that several agents do not meet.
func SocketPath(dataDir string) string {
	abs, err := filepath.Abs(dataDir)
	if err != nil {
		abs = dataDir
	}
	sum := sha256.Sum256([]byte(abs))
	name := hex.EncodeToString(sum[:6])
	return filepath.Join(socketRoot(), name, "api.sock")
}

const serviceRoot = "/run/mooring"

func socketRoot() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "mooring")
	}
	if owned(serviceRoot) {
		return serviceRoot
	}
	return filepath.Join(os.TempDir(), "mooring-"+strconv.Itoa(os.Getuid()))
}

// owned: a folder of somebody else is not ours to trust.
func owned(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && info.Mode().Perm()&0o022 == 0 && ownerOf(info) == os.Getuid()
}

// listen makes the socket, readable by this user only.
func listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the socket's folder: %w", err)
	}
	if !owned(filepath.Dir(dir)) || !owned(dir) {
		return nil, fmt.Errorf("the socket's folder %s belongs to somebody else, or others may write to it: remove it", dir)
	}
	_ = os.Remove(path) // left by a killed agent; a running one holds the data directory's lock, and we have that
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("the agent's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

const shutdownTime = 3 * time.Second

// serve answers until ctx ends.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := newServer(h)
	s.ConnContext = withPeer
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the agent's socket: %w", err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := s.Shutdown(bounded)
	if err != nil {
		err = s.Close()
	}
	<-failed //nolint:errcheck // http.ErrServerClosed: we closed it
	return err
}

// tidy removes the folder of connectors' sockets, and those above it that are ours and empty now.
func tidy(dir string) {
	_ = os.Remove(dir)
	_ = os.Remove(filepath.Dir(dir))
	if root := socketRoot(); root != serviceRoot { // which the service manager makes and removes
		_ = os.Remove(root) // other agents may have theirs in it: then it stays
	}
}
