package daemon

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPlaces: the geo database is read where the configuration says, anew when it is another file, and its lack is not an end.
func TestPlaces(t *testing.T) {
	if p, err := readPlaces(""); err != nil || !p.is("") || p.is("x") {
		t.Error(p, err)
	} else if _, known := p.country("203.0.113.7"); known {
		t.Error("without a database a country is known")
	}
	path := filepath.Join(t.TempDir(), "country.mmdb")
	if p, err := readPlaces(path); err == nil || p.is(path) {
		t.Error("a file that is not there is read")
	} else if _, known := p.country("203.0.113.7"); known {
		t.Error("without a file a country is known")
	}
	b, err := os.ReadFile("../geo/testdata/country.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readPlaces(path)
	if code, known := p.country("203.0.113.7"); err != nil || code != "pt" || !known || !p.is(path) {
		t.Error(code, known, err)
	}
	if err := os.Chtimes(path, time.Time{}, p.written.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if p.is(path) {
		t.Error("another file is taken for the one that was read")
	}
}
