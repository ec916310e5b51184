package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/catalog"
	"github.com/mooring-hq/mooring/agent/internal/config"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// ConfigError carries what is wrong with a configuration, for printing with its lines.
type ConfigError struct {
	Diags hcl.Diagnostics
	Files map[string]*hcl.File
}

func (e *ConfigError) Error() string { return told(e.Diags) }

// told gives diagnostics in one line, each with its place.
func told(diags hcl.Diagnostics) string {
	var parts []string
	for _, d := range diags.Errs() {
		text := d.Error()
		if d, ok := errors.AsType[*hcl.Diagnostic](d); ok {
			text = config.Message(d)
			if d.Subject != nil {
				text = fmt.Sprintf("%s:%d:%d: %s", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column, text)
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// Load reads the configuration and the locks of its connectors. Only what concerns all instances is an error; an instance
// that is wrong is set aside in the configuration itself.
func Load(path string) (*config.Config, *Locks, error) {
	first, _ := config.Load(path, nil) // only for agent.connector_dirs
	locks, lockDiags := LoadLocks(config.Dir(path), first.Agent.ConnectorDirs)
	c, diags := config.Load(path, locks)
	diags = append(diags, lockDiags...)
	if diags.HasErrors() {
		return nil, nil, &ConfigError{Diags: diags, Files: c.Files}
	}
	return c, locks, nil
}

// Locks say which connectors may run: the lock file beside the configuration, then those in the folders of connectors.
// Of two that name a connector the first counts.
type Locks struct {
	dirs  []string // of connectors
	locks []*catalog.Lock
}

// LoadLocks reads the lock files that are there.
func LoadLocks(configDir string, connectorDirs []string) (*Locks, hcl.Diagnostics) {
	l := &Locks{dirs: connectorDirs}
	var diags hcl.Diagnostics
	for _, dir := range append([]string{configDir}, connectorDirs...) {
		path := filepath.Join(dir, catalog.FileName)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			continue
		}
		lock, d := catalog.Load(path)
		diags = append(diags, d...)
		l.locks = append(l.locks, lock)
	}
	return l, diags
}

// Names is part of config.Providers.
func (l *Locks) Names() []string {
	var names []string
	for _, lock := range l.locks {
		names = append(names, lock.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Description is part of config.Providers.
func (l *Locks) Description(provider string) (*wire.Description, error) {
	e, err := l.Entry(provider)
	if err != nil {
		return nil, err
	}
	return e.Description(), nil
}

// Entry finds a connector by its provider.
func (l *Locks) Entry(provider string) (catalog.Entry, error) {
	for _, lock := range l.locks {
		if e, err := lock.Entry(provider); err == nil {
			return e, nil
		}
	}
	return (&catalog.Lock{}).Entry(provider)
}

// program finds the file of a connector for this machine, and the digest it must have.
func (l *Locks) program(provider string) (path, sha256 string, err error) {
	e, err := l.Entry(provider)
	if err != nil {
		return "", "", err
	}
	p, err := e.On(runtime.GOOS + "_" + runtime.GOARCH)
	if err != nil {
		return "", "", err
	}
	path, err = catalog.Find(l.dirs, p.File)
	return path, p.SHA256, err
}
