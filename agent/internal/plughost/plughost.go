// Package plughost runs the connectors: one process per instance, launched from verified bytes, confined, watched and
// restarted, and spoken to over mutual TLS with keys of that one launch.
//
// It promises: no byte runs whose digest is not the one asked for; a connector gets no descriptor, environment variable
// or secret beyond its own, and cannot choose what the agent connects to; it dies with the agent, however that ends;
// when it crashes or hangs only its own instance waits; after Run nothing of it is left.
//
// It does not promise level "strict" yet (own network and user, Landlock, seccomp): asking for it is refused. At "basic"
// a connector runs as the agent's user and can read what that user can read.
package plughost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The levels of containment.
const (
	LevelStrict = "strict"
	LevelBasic  = "basic"
	LevelOff    = "off"
)

// maxDirBytes leaves room for go-plugin's names in the 108 bytes of a socket's path.
const maxDirBytes = 56

// Quota is who grants requests to connectors.
type Quota interface {
	Lease(ctx context.Context, instance, callID string, p quota.Priority, wants []*wire.Want, count int) (quota.Lease, error)
	Observe(instance string, o *wire.Observe)
	Drop(instance string)
}

// Config of a host.
type Config struct {
	// RuntimeDir is a folder of its own for sockets, emptied at start. At most 56 bytes long.
	RuntimeDir string
	// Self is the agent's binary, run again as the shim: its main calls ShimMain when os.Args[1] is "__shim".
	Self   string
	Quota  Quota
	Logger hclog.Logger
}

// Spec is one instance's connector.
type Spec struct {
	Instance, Provider string
	// Path of the program and the SHA-256 it must have, in hex.
	Path, SHA256 string
	Settings     map[string]string
	// Secrets are resolved at every start, and once more when the provider refuses the credential.
	Secrets func(context.Context) (map[string]string, error)
	// Keeper has the kept fields of the credential, and takes what comes in their place; nil: there are none.
	Keeper  Keeper
	Network *wire.Network
	Limits  *wire.Limits
	// Level is LevelBasic when empty.
	Level string
	// Role is "read" when empty.
	Role string
	// Name of this process, where an instance has a second one: to Quota, Start and Stop. Default: Instance.
	Name string
}

func (s *Spec) name() string {
	if s.Name == "" {
		return s.Instance
	}
	return s.Name
}

// timing holds the waits of a host; tests shorten them.
type timing struct {
	start, answer          time.Duration // to get ready; to answer a ping
	ping                   time.Duration // between pings
	grace                  time.Duration // to end by itself
	settle                 time.Duration // before that: to end a claim
	backoffMin, backoffMax time.Duration
	healthy                time.Duration // of running, after which the backoff starts over
	crashWindow            time.Duration
	crashes                int // within crashWindow: degraded
}

func defaultTiming() timing {
	return timing{
		start: 10 * time.Second, answer: 10 * time.Second, ping: 15 * time.Second, grace: 2 * time.Second, settle: 5 * time.Second,
		backoffMin: time.Second, backoffMax: 5 * time.Minute, healthy: time.Minute,
		crashWindow: 10 * time.Minute, crashes: 5,
	}
}

// Host runs connectors while Run does.
type Host struct {
	cfg    Config
	timing timing
	images *images
	wake   chan struct{} // something was added

	mu         sync.Mutex
	connectors map[string]*Connector
	pending    []*Connector
	ended      bool
}

// New starts nothing.
func New(cfg Config) *Host {
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	return &Host{
		cfg: cfg, timing: defaultTiming(), images: newImages(filepath.Join(cfg.RuntimeDir, "bin")),
		wake: make(chan struct{}, 1), connectors: map[string]*Connector{},
	}
}

func (h *Host) launcher() *launcher {
	return &launcher{dir: h.cfg.RuntimeDir, self: h.cfg.Self, images: h.images, start: h.timing.start, grace: h.timing.grace}
}

// Run supervises the connectors until ctx ends. When it returns there is no process, descriptor or socket left.
func (h *Host) Run(ctx context.Context) error {
	if err := prepareDir(h.cfg.RuntimeDir); err != nil {
		return err
	}
	var running sync.WaitGroup
	for ctx.Err() == nil {
		h.mu.Lock()
		fresh := h.pending
		h.pending = nil
		h.mu.Unlock()
		for _, c := range fresh {
			running.Go(func() { c.supervise(ctx) })
		}
		select {
		case <-h.wake:
		case <-ctx.Done():
		}
	}
	h.mu.Lock()
	h.ended = true
	rest := h.pending
	h.mu.Unlock()
	for _, c := range rest {
		c.end()
	}
	running.Wait()
	h.images.close()
	return emptyDir(h.cfg.RuntimeDir)
}

// Start has the instance's connector run; one that is there already is stopped first. Before Run it only waits in line.
func (h *Host) Start(spec Spec) *Connector {
	h.Stop(spec.name())
	c := newConnector(h, spec)
	h.mu.Lock()
	h.connectors[spec.name()] = c
	ended := h.ended
	if !ended {
		h.pending = append(h.pending, c)
	}
	h.mu.Unlock()
	if ended {
		c.end()
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return c
}

// Stop ends the connector of that name and returns when its process is gone.
func (h *Host) Stop(name string) {
	h.mu.Lock()
	c := h.connectors[name]
	delete(h.connectors, name)
	for i, p := range h.pending {
		if p == c && c != nil {
			h.pending = append(h.pending[:i:i], h.pending[i+1:]...)
			c.end()
			break
		}
	}
	h.mu.Unlock()
	if c != nil {
		c.stop()
		<-c.ended
	}
}

// prepareDir makes the folder private, ours and empty.
func prepareDir(dir string) error {
	if len(dir) > maxDirBytes || !filepath.IsAbs(dir) {
		return sdk.Errorf(sdk.ErrInvalid, "runtime folder %q: an absolute path of at most %d bytes is expected, because sockets are put there", dir, maxDirBytes)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("runtime folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("runtime folder: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(st.Uid) != os.Getuid() {
		return sdk.Errorf(sdk.ErrInvalid, "runtime folder %q: a folder that belongs to the agent's own user is expected", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x
		return fmt.Errorf("runtime folder: %w", err)
	}
	return emptyDir(dir)
}

func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("runtime folder: %w", err)
	}
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}
