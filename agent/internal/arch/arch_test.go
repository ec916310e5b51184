// Package arch_test holds the rules that the compiler does not: which package may import which, and how a file looks.
// It promises nothing about what the code does.
package arch_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/mooring-hq/mooring/"
	root   = "../../.."

	maxLines     = 450 // of a file
	maxTestLines = 500 // of one with tests
)

// levels is the order of the layout: a package imports only packages of lower levels. What is new gets its place here.
var levels = map[string]int{
	"sdk/wire/v1": 0, "sdk/internal/call": 0,
	"sdk": 1, "sdk/wire/v1/rpc": 1,
	"sdk/httpapi": 2, "sdk/serve/link": 2,
	"sdk/serve": 3, "sdk/sdktest": 3, "sdk/sdktest/fake": 3, "sdk/sdktest/spec": 3,

	"agent/internal/secret": 4, "agent/internal/config/syntax": 4, "agent/internal/plughost/shim": 4, "agent/internal/egress": 4,
	"agent/internal/quota": 4, "agent/internal/geo": 4, "agent/internal/record": 4, "agent/internal/store": 4,
	"agent/internal/kept/kepttest": 4, "agent/internal/kept": 5,
	"agent/internal/config": 5, "agent/internal/catalog": 5, "agent/internal/plughost": 5,
	"agent/internal/people": 5, "agent/internal/access": 5,
	"agent/internal/audit": 5, "agent/internal/inspect": 5, "agent/internal/ingest": 5, "agent/internal/console": 5,
	"agent/internal/store/bolt": 5, "agent/internal/store/storetest": 5,
	"agent/internal/event": 5, "agent/internal/health": 6,
	"agent/internal/policy": 6, "agent/internal/index": 6, "agent/internal/view": 6, "agent/internal/decision": 6, "agent/internal/alert": 6,
	"agent/internal/scan": 6, "agent/internal/action": 6, "agent/internal/sink": 6, "agent/internal/judge": 7, "agent/internal/policy/trial": 7,
	"agent/internal/api": 8, "agent/internal/daemon": 9, "agent": 10,
}

// Programs: nothing imports them, but what they are made of may be in folders below.
const (
	pluginLevel  = 11
	acmeLevel    = 12 // the simulated company stands on the fakes
	exampleLevel = 13
)

func levelOf(dir string) (int, bool) {
	switch {
	case strings.HasPrefix(dir, "plugins/"):
		return pluginLevel, true
	case strings.HasPrefix(dir+"/", "examples/acme/"):
		return acmeLevel, true
	case strings.HasPrefix(dir, "examples/"):
		return exampleLevel, true
	}
	n, ok := levels[dir]
	return n, ok
}

// file is one Go file of the repository.
type file struct {
	name, dir string // from the root, with slashes
	test      bool
	generated bool
	lines     int
	syntax    *ast.File
	at        *token.FileSet
}

func (f *file) imports() []string {
	var list []string
	for _, i := range f.syntax.Imports {
		p, _ := strconv.Unquote(i.Path.Value) // the parser read it
		list = append(list, p)
	}
	return list
}

// ours are the imports from this module, from its root.
func (f *file) ours() []string {
	var list []string
	for _, p := range f.imports() {
		if rest, ok := strings.CutPrefix(p, module); ok {
			list = append(list, rest)
		}
	}
	return list
}

func files(t *testing.T) []*file {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("%d files are found, that is not the repository", len(all))
	}
	return all
}

// parsed reads the repository once for all tests.
var parsed = sync.OnceValues(func() ([]*file, error) {
	var all []*file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		f, err := read(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, f)
		return nil
	})
	return all, err
})

func read(name string) (*file, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	f := &file{name: filepath.ToSlash(rel), at: token.NewFileSet(), lines: bytes.Count(text, []byte("\n"))}
	f.dir, f.test = path.Dir(f.name), strings.HasSuffix(name, "_test.go")
	if f.syntax, err = parser.ParseFile(f.at, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	f.generated = ast.IsGenerated(f.syntax)
	return f, nil
}

func TestImportsGoDown(t *testing.T) {
	for _, f := range files(t) {
		from, ok := levelOf(f.dir)
		if f.test {
			continue
		}
		if !ok {
			t.Errorf("%s: package %s has no place in the layout; give it a level in this test", f.name, f.dir)
			continue
		}
		for _, dep := range f.ours() {
			to, known := levelOf(dep)
			below := strings.HasPrefix(dep, f.dir+"/") || path.Dir(f.dir) == path.Dir(dep) && to >= pluginLevel
			switch {
			case !known:
				t.Errorf("%s imports %s, which has no place in the layout", f.name, dep)
			case to > from || to == from && (to < pluginLevel || !below):
				t.Errorf("%s (level %d) imports %s (level %d): imports only go down", f.name, from, dep, to)
			}
		}
	}
}

// The SDK is for programs of others, and connectors are programs of their own.
func TestWhoMayImportWhat(t *testing.T) {
	for _, f := range files(t) {
		inside := f.dir == "agent" || strings.HasPrefix(f.dir, "agent/")
		for _, dep := range f.ours() {
			if strings.HasPrefix(dep, "agent/") && !inside {
				t.Errorf("%s imports %s: nothing outside agent/ imports the agent", f.name, dep)
			}
			if !strings.HasPrefix(dep, "plugins/") {
				continue
			}
			plugin, fake, _ := strings.Cut(strings.TrimPrefix(dep, "plugins/"), "/")
			own := f.test && strings.HasPrefix(f.dir+"/", "plugins/"+plugin+"/")
			acme := strings.HasPrefix(f.dir+"/", "examples/acme/") || f.test && strings.HasPrefix(f.dir, "examples/")
			if !own && (!acme || fake != plugin+"test") {
				t.Errorf("%s imports %s: only its own tests, examples/acme and tests of examples may, and these only the fake", f.name, dep)
			}
		}
		for _, p := range f.imports() {
			if f.test || strings.HasPrefix(f.dir, "agent/") || f.dir == "sdk/serve" || f.dir == "sdk/serve/link" || f.dir == "sdk/wire/v1/rpc" {
				continue
			}
			if strings.HasPrefix(p, "google.golang.org/grpc") || strings.HasPrefix(p, "github.com/hashicorp/go-plugin") {
				t.Errorf("%s imports %s: outside of the agent, only sdk/serve and sdk/wire/v1/rpc do", f.name, p)
			}
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if !f.test && !f.generated {
			documented[f.dir] = documented[f.dir] || f.syntax.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment", dir)
		}
	}
}

func TestHowFilesLook(t *testing.T) {
	for _, f := range files(t) {
		if f.generated {
			continue
		}
		most := maxLines
		if f.test {
			most = maxTestLines
		}
		if f.lines > most {
			t.Errorf("%s has %d lines, at most %d are expected", f.name, f.lines, most)
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: func init: what happens stands in main", f.at.Position(fn.Pos()))
			}
		}
		if !f.test && !strings.HasPrefix(f.dir, "examples/bench") { // which measures, and is no part of anything
			noSleep(t, f)
		}
	}
}

// noSleep: who sleeps cannot be cancelled, and waits too long or too short.
func noSleep(t *testing.T, f *file) {
	t.Helper()
	if !slices.Contains(f.imports(), "time") {
		return
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
				t.Errorf("%s: time.Sleep; wait for the condition, or for a timer and the context", f.at.Position(s.Pos()))
			}
		}
		return true
	})
}
