// Package catalog says which connector bytes may run: the lock file mooring.lock.hcl, which names for each connector its
// digest on each platform and keeps its description, so that nothing has to run to check a configuration.
//
// It promises: what is not in the lock is an error with the words to use, a lock file is replaced as a whole or not at
// all, and reading one has no effect. It does not start connectors and does not verify bytes at launch; package plughost
// does, against what stands here.
package catalog

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// FileName is the lock file, beside the configuration.
const FileName = "mooring.lock.hcl"

// Limits of a lock.
const (
	MaxFileBytes        = 16 << 20
	MaxDescriptionBytes = 1 << 20
	MaxConnectorBytes   = 1 << 30
	maxEntries          = 1_000
	maxPlatforms        = 16 // of one connector
)

// ErrNotLocked means that there is no entry, or none for this platform.
var ErrNotLocked = errors.New("not locked")

// Lock holds the connectors that may run. It is one of config.Providers.
type Lock struct {
	entries map[string]Entry
}

// Entry is one connector.
type Entry struct {
	Name, Version string
	Platforms     []Platform // by name
	description   *wire.Description
}

// Platform is the connector's file for one system.
type Platform struct {
	Name   string // linux_amd64
	File   string // in one of the connector_dirs
	SHA256 string // in hex
	Size   int64
}

// NewEntry makes an entry from what a connector says of itself and the bytes that said it.
func NewEntry(name string, description *wire.Description, platform, file, sha256 string, size int64) (Entry, error) {
	if description == nil {
		return Entry{}, fmt.Errorf("connector %s: it gave no description", name)
	}
	e := Entry{
		Name: name, Version: cmp.Or(description.GetVersion(), "unknown"), description: proto.CloneOf(description),
		Platforms: []Platform{{platform, file, sha256, size}},
	}
	return e, e.check()
}

// Description is what the connector says of itself. It belongs to the lock: do not change it.
func (e Entry) Description() *wire.Description { return e.description }

// On gives the file for a platform, such as runtime.GOOS + "_" + runtime.GOARCH.
func (e Entry) On(platform string) (Platform, error) {
	var has []string
	for _, p := range e.Platforms {
		if p.Name == platform {
			return p, nil
		}
		has = append(has, p.Name)
	}
	return Platform{}, fmt.Errorf("connector %s is locked for %s, %w for %s: run `mooring connector lock %s` there",
		e.Name, strings.Join(has, ", "), ErrNotLocked, platform, e.Name)
}

// Entry finds a connector by its provider.
func (l *Lock) Entry(provider string) (Entry, error) {
	e, ok := l.entries[provider]
	if !ok {
		return Entry{}, fmt.Errorf("connector %q is %w: put it into a folder of agent.connector_dirs and run `mooring connector lock %s`",
			provider, ErrNotLocked, provider)
	}
	return e, nil
}

// Description finds what a connector says of itself.
func (l *Lock) Description(provider string) (*wire.Description, error) {
	e, err := l.Entry(provider)
	return e.description, err
}

// Names lists the connectors in order.
func (l *Lock) Names() []string {
	names := make([]string, 0, len(l.entries))
	for name := range l.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Put adds an entry. Other platforms of the same version that say the same stay; those of another version go, since one
// description stands for all.
func (l *Lock) Put(e Entry) {
	if l.entries == nil {
		l.entries = map[string]Entry{}
	}
	platforms := slices.Clone(e.Platforms)
	if old, ok := l.entries[e.Name]; ok && old.Version == e.Version && proto.Equal(old.description, e.description) {
		for _, p := range old.Platforms {
			if !slices.ContainsFunc(platforms, func(q Platform) bool { return q.Name == p.Name }) {
				platforms = append(platforms, p)
			}
		}
	}
	slices.SortFunc(platforms, func(a, b Platform) int { return strings.Compare(a.Name, b.Name) })
	e.Platforms = platforms
	l.entries[e.Name] = e
}

// Remove takes a connector out.
func (l *Lock) Remove(provider string) { delete(l.entries, provider) }

var (
	namePattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	versionPattern  = regexp.MustCompile(`^[!-~][ -~]{0,127}$`)
	platformPattern = regexp.MustCompile(`^[a-z0-9]+_[a-z0-9]+$`)
	filePattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// check finds what is wrong with an entry.
func (e Entry) check() error {
	switch {
	case !namePattern.MatchString(e.Name):
		return fmt.Errorf("%q cannot be a connector's name: use 1 to 63 of a-z, 0-9 and -", short(e.Name))
	case !versionPattern.MatchString(e.Version):
		return fmt.Errorf("connector %s has the version %q: use 1 to 128 plain characters", e.Name, short(e.Version))
	case e.description.GetName() != e.Name:
		return fmt.Errorf("connector %s calls itself %q: the entry and the connector must have one name", e.Name, short(e.description.GetName()))
	case len(e.Platforms) == 0 || len(e.Platforms) > maxPlatforms:
		return fmt.Errorf("connector %s has %d platforms; expected 1 to %d", e.Name, len(e.Platforms), maxPlatforms)
	}
	for _, p := range e.Platforms {
		if err := p.check(); err != nil {
			return fmt.Errorf("connector %s on %s: %w", e.Name, short(p.Name), err)
		}
	}
	return nil
}

func (p Platform) check() error {
	digest, err := hex.DecodeString(p.SHA256)
	switch {
	case !platformPattern.MatchString(p.Name):
		return errors.New("the platform must be like linux_amd64")
	case p.File != "" && strings.ContainsAny(p.File, `/\`):
		return errors.New("file must be a name without a folder; the folder is found in agent.connector_dirs")
	case !filePattern.MatchString(p.File):
		return errors.New("file must be a name of letters, digits, '.', '_' and '-', like mooring-connector-github")
	case p.SHA256 == "":
		return errors.New("sha256 is empty")
	case err != nil || p.SHA256 != strings.ToLower(p.SHA256):
		return errors.New("sha256 must be in hex, in small letters")
	case len(digest) != digestBytes:
		return fmt.Errorf("sha256 has %d characters; expected %d", len(p.SHA256), 2*digestBytes)
	case p.Size <= 0 || p.Size > MaxConnectorBytes:
		return fmt.Errorf("size must be from 1 to %d", MaxConnectorBytes)
	}
	return nil
}

func short(s string) string {
	const most = 64 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
