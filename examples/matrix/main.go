// Command matrix writes what the connectors can do, from what they say of themselves, beside what Microsoft Defender for
// Cloud Apps says it can: docs/capabilities.md, and the table in README.md. Run it from the root of the repository.
//
//	go run ./examples/matrix
//	go run ./examples/matrix -check   # fails when the files are not what the connectors say
//
// It promises: what stands in the columns of the connectors comes from their descriptions alone, and nothing is asked of
// the network. What it says of the other product is kept by hand in incumbent.json.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	page   = "docs/capabilities.md"
	readme = "README.md"
	begin  = "<!-- capabilities: written by go run ./examples/matrix -->"
	end    = "<!-- end of capabilities -->"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail when something would change")
	flag.Parse()
	if err := run(context.Background(), ".", *check); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// run writes or checks the files of the repository at root.
func run(ctx context.Context, root string, check bool) error {
	connectors, err := describe(ctx, root)
	if err != nil {
		return err
	}
	m, err := newMatrix(connectors)
	if err != nil {
		return err
	}
	var stale []string
	for name, text := range map[string]func([]byte) ([]byte, error){
		page:   func([]byte) ([]byte, error) { return m.page(), nil },
		readme: m.into,
	} {
		path := filepath.Join(root, name)
		old, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		fresh, err := text(old)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if bytes.Equal(old, fresh) {
			continue
		}
		if check {
			stale = append(stale, name)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, fresh, 0o644); err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("not what the connectors say: %s; run `go run ./examples/matrix`", strings.Join(stale, ", "))
	}
	return nil
}

// into puts the overview between its marks in the README.
func (m *matrix) into(old []byte) ([]byte, error) {
	before, rest, ok := strings.Cut(string(old), begin+"\n")
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return nil, fmt.Errorf("the lines %q and %q are expected, with the table between them", begin, end)
	}
	return []byte(before + begin + "\n\n" + m.overview() + "\n" + end + after), nil
}
