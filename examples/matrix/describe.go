package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// patience is how long a connector may take to say what it is.
const patience = 30 * time.Second

// describe builds every connector of the repository and asks it what it is, in the order of their names.
func describe(ctx context.Context, root string) ([]*wire.Description, error) {
	out, err := goTool(ctx, root, "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./plugins/...")
	if err != nil {
		return nil, err
	}
	programs := strings.Fields(string(out))
	if len(programs) == 0 {
		return nil, errors.New("there is no program in plugins: run it from the root of the repository")
	}
	bin, err := os.MkdirTemp("", "matrix")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	if _, err := goTool(ctx, root, append([]string{"build", "-o", bin + "/"}, programs...)...); err != nil {
		return nil, err
	}
	var list []*wire.Description
	for _, p := range programs {
		d, err := ask(ctx, filepath.Join(bin, path.Base(p)))
		if err != nil {
			return nil, fmt.Errorf("asking %s what it is: %w", p, err)
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *wire.Description) int { return strings.Compare(a.GetName(), b.GetName()) })
	return list, nil
}

func ask(ctx context.Context, program string) (*wire.Description, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := exec.CommandContext(ctx, program, "--describe").Output()
	if err != nil {
		return nil, err
	}
	d := &wire.Description{}
	return d, protojson.Unmarshal(text, d)
}

// goTool runs go, which needs no network for modules that are there.
func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = dir
	var wrong strings.Builder
	c.Stderr = &wrong
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, wrong.String())
	}
	return out, nil
}
