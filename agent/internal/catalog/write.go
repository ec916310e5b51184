package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const header = "# Which connectors may run, by the digest of their bytes. Written by `mooring connector lock`; keep it with config.hcl.\n"

// Write replaces the lock file as a whole, durably: after a crash it is the old one or the new one.
func Write(path string, l *Lock) error {
	content, err := l.Format()
	if err != nil {
		return err
	}
	if len(content) > MaxFileBytes {
		return fmt.Errorf("lock file %s: it would have %d bytes; at most %d are read", path, len(content), MaxFileBytes)
	}
	if err := replace(path, content); err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	return nil
}

func replace(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".lock-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644) // no secrets: others may read it
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the renaming itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder of the lock file
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}

// Format gives the lock as a file. Equal locks give equal bytes, and a changed connector changes few lines.
func (l *Lock) Format() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header)
	for _, name := range l.Names() {
		e := l.entries[name]
		description, err := formatDescription(e.description)
		if err != nil {
			return nil, fmt.Errorf("connector %s: its description: %w", name, err)
		}
		fmt.Fprintf(&b, "\nconnector %q {\n  version = %s\n", name, quote(e.Version))
		for _, p := range e.Platforms {
			fmt.Fprintf(&b, "  platform %q {\n    file   = %q\n    sha256 = %q\n    size   = %d\n  }\n", p.Name, p.File, p.SHA256, p.Size)
		}
		fmt.Fprintf(&b, "  description = <<-JSON\n%s\n  JSON\n}\n", description)
	}
	return b.Bytes(), nil
}

// formatDescription writes it over many lines, because protojson's own spacing differs from build to build on purpose.
func formatDescription(d *wire.Description) (string, error) {
	raw, err := protojson.Marshal(d)
	if err != nil {
		return "", err
	}
	if len(raw) > MaxDescriptionBytes/2 { // the indentation must fit too
		return "", fmt.Errorf("it has %d bytes; at most %d fit", len(raw), MaxDescriptionBytes/2)
	}
	var compact, b bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return "", err
	}
	if err := json.Indent(&b, compact.Bytes(), "    ", "  "); err != nil {
		return "", err
	}
	if b.Len() > MaxDescriptionBytes {
		return "", fmt.Errorf("it has %d bytes; at most %d fit", b.Len(), MaxDescriptionBytes)
	}
	return "    " + template(b.String()), nil
}

// quote writes text for HCL.
func quote(s string) string { return template(strconv.Quote(s)) }

// template keeps HCL from seeing a template where there is none ("${base_url}" is a host pattern), by an escape that
// JSON and quoted text of HCL share.
func template(s string) string {
	return strings.NewReplacer("${", `\u0024{`, "%{", `\u0025{`).Replace(s)
}
