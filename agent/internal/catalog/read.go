package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Load reads a lock file. One that does not exist is an empty lock: nothing may run. With errors the lock is empty too.
func Load(path string) (*Lock, hcl.Diagnostics) {
	f, err := os.Open(path) //nolint:gosec // the operator names the path
	if errors.Is(err, fs.ErrNotExist) {
		return &Lock{}, nil
	}
	if err != nil {
		return &Lock{}, unreadable(path, err)
	}
	defer func() { _ = f.Close() }() // only read
	src, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return &Lock{}, unreadable(path, err)
	}
	return Parse(src, path)
}

func unreadable(path string, err error) hcl.Diagnostics {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return hcl.Diagnostics{syntax.Errorf(syntax.At(path), "check its rights", "the lock file cannot be read: %v", err)}
}

// Parse reads the content of a lock file.
func Parse(src []byte, filename string) (*Lock, hcl.Diagnostics) {
	body, _, diags := syntax.Parse(src, filename, MaxFileBytes)
	if body == nil {
		return &Lock{}, diags
	}
	r := &syntax.Reader{What: "the lock file", Header: syntax.At(filename), Body: body, Src: src, Diags: &diags}
	lock := &Lock{entries: map[string]Entry{}}
	first := map[string]int{}
	for _, b := range r.Blocks("connector") {
		labels := r.Labels(b, `write connector "github" {`, "provider")
		if labels == nil {
			continue
		}
		if line, again := first[labels[0]]; again {
			r.Errorf(b.LabelRanges[0], "remove one", "a second entry for %q; the first is in line %d", short(labels[0]), line)
			continue
		}
		first[labels[0]] = b.TypeRange.Start.Line
		if e, ok := readEntry(r.Sub("connector "+short(labels[0]), b), b, labels[0]); ok {
			lock.entries[e.Name] = e
		}
	}
	r.Done()
	if len(first) > maxEntries {
		r.Errorf(r.Header, "remove what is not used", "the lock has %d entries; at most %d are read", len(first), maxEntries)
	}
	if diags.HasErrors() {
		return &Lock{}, diags
	}
	return lock, diags
}

const again = "run `mooring connector lock`"

func readEntry(r *syntax.Reader, b *hclsyntax.Block, name string) (Entry, bool) {
	before := len(*r.Diags)
	e := Entry{Name: name, Version: required(r, "version")}
	seen := map[string]bool{}
	for _, p := range r.Blocks("platform") {
		labels := r.Labels(p, `write platform "linux_amd64" {`, "platform")
		if labels == nil {
			continue
		}
		if seen[labels[0]] {
			r.Errorf(p.LabelRanges[0], "remove one", "connector %s has %q twice", short(name), short(labels[0]))
		}
		seen[labels[0]] = true
		s, complete := r.Sub("platform "+short(labels[0]), p), len(*r.Diags)
		platform := Platform{Name: labels[0], File: required(s, "file"), SHA256: required(s, "sha256"), Size: s.Int("size", 0, math.MinInt64, math.MaxInt64)}
		s.Done()
		if err := platform.check(); err != nil && len(*r.Diags) == complete {
			r.Errorf(placeOf(p, err), again, "%v", err)
		}
		e.Platforms = append(e.Platforms, platform)
	}
	text := required(r, "description")
	r.Done()
	if len(*r.Diags) > before {
		return Entry{}, false
	}
	at := r.Body.Attributes["description"].Expr.Range()
	d, err := parseDescription(text)
	if err != nil {
		r.Errorf(at, again+"; another version of mooring may have written it", "the description of connector %s cannot be read: %v", name, err)
		return Entry{}, false
	}
	e.description = d
	if err := e.check(); err != nil {
		r.Errorf(b.LabelRanges[0], again, "%v", err)
		return Entry{}, false
	}
	return e, true
}

// placeOf points at the value an error of a platform is about, as far as its first word tells.
func placeOf(b *hclsyntax.Block, err error) hcl.Range {
	var word string
	_, _ = fmt.Sscan(err.Error(), &word)
	if a := b.Body.Attributes[word]; a != nil {
		return a.Expr.Range()
	}
	return b.LabelRanges[0]
}

func required(r *syntax.Reader, name string) string {
	if r.Attribute(name) == nil {
		r.Errorf(r.Header, again, "%s has no %s", r.What, name)
		return ""
	}
	return r.Text(name)
}

func parseDescription(text string) (*wire.Description, error) {
	if len(text) > MaxDescriptionBytes {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", len(text), MaxDescriptionBytes)
	}
	d := &wire.Description{}
	// Unknown fields are an error: a description that is half understood would allow or refuse the wrong things.
	if err := protojson.Unmarshal([]byte(text), d); err != nil {
		return nil, err
	}
	return d, nil
}
