package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// Limits of a configuration.
const (
	MaxFileBytes = 1 << 20
	MaxFiles     = 1_000 // in a folder
)

const suffix, lockSuffix = ".hcl", ".lock.hcl"

// Load reads a file, or all *.hcl of a folder, sorted. What is wrong outside of instances is in the diagnostics; an
// instance's own errors are in its Err. The Config is never nil.
func Load(path string, providers Providers) (*Config, hcl.Diagnostics) {
	l := &loader{providers: providers, config: &Config{Files: map[string]*hcl.File{}}, first: map[string]hcl.Range{}}
	paths, d := list(path)
	if d != nil {
		return l.config, hcl.Diagnostics{d}
	}
	complete := true
	for _, p := range paths {
		complete = l.parse(p) && complete
	}
	l.load(path, complete)
	sortByPlace(l.diags)
	return l.config, l.diags
}

// Dir is the folder that a configuration's relative paths, and its lock file, start from.
func Dir(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Clean(path)
	}
	return filepath.Dir(path)
}

// Locate finds the configuration: what the flag says, what the variable MOORING_CONFIG says, ./config.hcl, /etc/mooring.
func Locate(flag string) string {
	const local, system = "config.hcl", "/etc/mooring"
	if p := cmp.Or(flag, os.Getenv("MOORING_CONFIG")); p != "" {
		return p
	}
	if _, err := os.Stat(local); err == nil {
		return local
	}
	return system
}

// list gives the files of a configuration.
func list(path string) ([]string, *hcl.Diagnostic) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	var paths []string
	for _, e := range entries { // sorted
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") || !strings.HasSuffix(name, suffix) || strings.HasSuffix(name, lockSuffix) {
			continue
		}
		paths = append(paths, filepath.Join(path, name))
	}
	switch {
	case len(paths) == 0:
		return nil, syntax.Errorf(syntax.At(path), "put a config.hcl there, or name another with --config", "the folder has no *.hcl file")
	case len(paths) > MaxFiles:
		return nil, syntax.Errorf(syntax.At(path), "join some", "the folder has %d *.hcl files; at most %d are read", len(paths), MaxFiles)
	}
	return paths, nil
}

func unreadable(path string, err error) *hcl.Diagnostic {
	hint := "check --config and the rights of the agent's user"
	if errors.Is(err, fs.ErrNotExist) {
		hint = "name it with --config or MOORING_CONFIG"
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return syntax.Errorf(syntax.At(path), hint, "the configuration cannot be read: %v", err)
}

// read takes at most one byte more than is allowed, so that syntax.Parse can refuse it.
func read(path string) ([]byte, *hcl.Diagnostic) {
	f, err := os.Open(path) //nolint:gosec // the operator names the path
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }() // only read
	src, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return src, nil
}

// loader is one Load.
type loader struct {
	providers Providers
	config    *Config
	diags     hcl.Diagnostics
	files     []file
	first     map[string]hcl.Range // blocks of which there is only one
	shared    []shared             // logins of others
}

// file is a parsed file.
type file struct {
	*syntax.Reader
	dir string // relative paths start here
}

func (l *loader) parse(path string) bool {
	src, d := read(path)
	if d != nil {
		l.diags = append(l.diags, d)
		return false
	}
	body, parsed, diags := syntax.Parse(src, path, MaxFileBytes)
	l.config.Files[path] = parsed
	l.diags = append(l.diags, diags...)
	if body == nil {
		return false
	}
	r := &syntax.Reader{What: "the configuration", Header: syntax.At(path), Body: body, Src: src, Diags: &l.diags}
	l.files = append(l.files, file{r, filepath.Dir(path)})
	return true
}

// load reads the blocks of all files. Complete: every file could be parsed, so what is not there is missing.
func (l *loader) load(path string, complete bool) {
	agent := l.only("agent", l.agent)
	l.only("organization", l.organization)
	l.only("network", l.network) // before the instances: it says which addresses they may name
	l.only("ingest", l.ingest)
	l.each("instance", l.instance)
	l.checkLogins()
	l.each("moved", l.moved)
	l.each("policy", l.policy)
	l.each("sink", l.sink)
	for _, f := range l.files {
		f.Done()
	}
	if !agent && complete {
		at := syntax.At(path)
		if len(l.files) > 0 {
			at = l.files[0].Header
		}
		l.diags = append(l.diags, syntax.Errorf(at, `write agent { data_dir = "/var/lib/mooring" }`, "the agent block is missing"))
	}
	if complete {
		l.checkMoves()
	}
}

// each reads every block of a type.
func (l *loader) each(name string, read func(file, *hclsyntax.Block)) {
	for _, f := range l.files {
		for _, b := range f.Blocks(name) {
			read(f, b)
		}
	}
}

// only reads the block of a type that may stand once in all files, and tells whether there is one.
func (l *loader) only(name string, read func(file, *hclsyntax.Block)) bool {
	l.each(name, func(f file, b *hclsyntax.Block) {
		if first, again := l.first[name]; again {
			f.Errorf(b.TypeRange, "put everything into one", "a second %s block; the first is at %s", name, place(first))
			return
		}
		l.first[name] = b.TypeRange
		f.Labels(b, "write "+name+" {")
		read(f, b)
	})
	_, found := l.first[name]
	return found
}

// place is where something stands, in a message.
func place(r hcl.Range) string { return fmt.Sprintf("%s:%d", filepath.Base(r.Filename), r.Start.Line) }

func sortByPlace(diags hcl.Diagnostics) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		return cmp.Or(strings.Compare(a.Subject.Filename, b.Subject.Filename), a.Subject.Start.Byte-b.Subject.Start.Byte,
			strings.Compare(a.Summary, b.Summary))
	})
}
