package main

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// The smallest connector stays small, and needs nothing but the SDK.
func TestHelloIsSmall(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	if lines > 35 {
		t.Errorf("%d lines that are not blank, at most 35 are expected", lines)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range file.Imports {
		switch imported.Path.Value {
		case `"context"`, `"github.com/mooring-hq/mooring/sdk"`, `"github.com/mooring-hq/mooring/sdk/serve"`:
		default:
			t.Errorf("it imports %s", imported.Path.Value)
		}
	}
}
