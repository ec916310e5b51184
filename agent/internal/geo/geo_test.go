package geo_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/geo"
)

var update = flag.Bool("update", false, "write the sample")

// written is a database as a maker of databases writes it.
type written struct {
	width, version int
	nodes          [][2]int // 0: nothing yet; positive: a node; negative: an entry of data, from -1
	data           []byte
	offsets        []int
}

func text(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }

func pairs(of ...[]byte) []byte {
	b := []byte{7<<5 | byte(len(of)/2)}
	for _, p := range of {
		b = append(b, p...)
	}
	return b
}

func uint32Value(n int) []byte {
	return []byte{6<<5 | 4, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// add puts a network into the tree.
func (w *written) add(prefix string, data []byte) {
	w.offsets = append(w.offsets, len(w.data))
	w.data = append(w.data, data...)
	p := netip.MustParsePrefix(prefix)
	bits, length := p.Addr().AsSlice(), p.Bits()
	if w.version == 6 && p.Addr().Is4() {
		bits, length = append(make([]byte, 12), bits...), length+96
	}
	node := 0
	for n := range length {
		side := int(bits[n/8]>>(7-n%8)) & 1
		if n == length-1 {
			w.nodes[node][side] = -len(w.offsets)
			return
		}
		if w.nodes[node][side] == 0 {
			w.nodes = append(w.nodes, [2]int{})
			w.nodes[node][side] = len(w.nodes) - 1
		}
		node = w.nodes[node][side]
	}
}

func (w *written) bytes() []byte {
	var b []byte
	for _, n := range w.nodes {
		var r [2]int
		for side, to := range n {
			switch {
			case to == 0:
				r[side] = len(w.nodes)
			case to < 0:
				r[side] = len(w.nodes) + 16 + w.offsets[-to-1]
			default:
				r[side] = to
			}
		}
		switch w.width {
		case 24:
			b = append(b, byte(r[0]>>16), byte(r[0]>>8), byte(r[0]), byte(r[1]>>16), byte(r[1]>>8), byte(r[1]))
		case 28:
			b = append(b, byte(r[0]>>16), byte(r[0]>>8), byte(r[0]), byte(r[0]>>24)<<4|byte(r[1]>>24), byte(r[1]>>16), byte(r[1]>>8), byte(r[1]))
		default:
			b = append(b, byte(r[0]>>24), byte(r[0]>>16), byte(r[0]>>8), byte(r[0]), byte(r[1]>>24), byte(r[1]>>16), byte(r[1]>>8), byte(r[1]))
		}
	}
	b = append(append(b, make([]byte, 16)...), w.data...)
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	return append(b, pairs(text("languages"), []byte{1, 4, 2<<5 | 2, 'e', 'n'}, text("node_count"), uint32Value(len(w.nodes)),
		text("record_size"), []byte{5<<5 | 1, byte(w.width)}, text("ip_version"), []byte{5<<5 | 2, 0, byte(w.version)})...)
}

func sample(width, version int) []byte {
	w := &written{width: width, version: version, nodes: [][2]int{{}}}
	long := strings.Repeat("x", 40)
	w.add("203.0.113.0/24", pairs(text("names"), pairs(text("en"), append([]byte{2<<5 | 29, 11}, long...)), text("country"), pairs(
		text("geoname_id"), uint32Value(1), text("iso_code"), text("PT"))))
	w.add("198.51.100.128/25", pairs(text("country_code"), text("JP")))
	w.add("192.0.2.0/28", pairs(text("is_anycast"), []byte{1, 7}, text("country"), []byte{1 << 5, 0})) // a pointer to the first entry, which is no text
	if version == 6 {
		w.add("2001:db8::/32", pairs(text("registered_country"), pairs(text("iso_code"), text("SE"))))
	}
	return w.bytes()
}

func TestCountry(t *testing.T) {
	for _, width := range []int{24, 28, 32} {
		for _, version := range []int{4, 6} {
			t.Run(fmt.Sprint(width, version), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "country.mmdb")
				if err := os.WriteFile(path, sample(width, version), 0o600); err != nil {
					t.Fatal(err)
				}
				db, err := geo.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]string{
					"203.0.113.7": "pt", "::ffff:203.0.113.7": "pt", "198.51.100.200": "jp", "198.51.100.1": "", "192.0.2.1": "", "10.0.0.1": "", "x": "", "": "",
					"2001:db8::1": "", "2001:db9::1": "", "::1": "",
				}
				if version == 6 {
					want["2001:db8::1"] = "se"
				}
				for ip, code := range want {
					if got, known := db.Country(ip); got != code || known != (code != "") {
						t.Errorf("%s is in %q, %v; want %q", ip, got, known, code)
					}
				}
			})
		}
	}
}

func TestCode(t *testing.T) {
	for word, want := range map[string]string{
		"BR": "br", "Brazil": "br", "United States": "us", " sweden ": "se", "Russian Federation": "ru", "Viet Nam": "vn", "GB": "gb", "uk": "gb", "Türkiye": "tr",
		"Atlantis": "", "": "", "XX": "", "North": "", "Åland Islands": "ax", "Côte d'Ivoire": "ci", "South Korea": "kr", "Germany": "de",
	} {
		if got := geo.Code(word); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}

// TestSample: the file that other packages test with is what this one writes.
func TestSample(t *testing.T) {
	const name = "testdata/country.mmdb"
	if *update {
		if err := os.WriteFile(name, sample(28, 6), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(b, sample(28, 6)) {
		t.Errorf("%s is another: run with -update (%v)", name, err)
	}
}

func TestNoDatabase(t *testing.T) {
	whole := sample(24, 4)
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("country,ip"), "only the marker": []byte("\xab\xcd\xefMaxMind.com"), "no tree": whole[len(whole)-120:],
	} {
		if _, err := geo.Parse(b); err == nil {
			t.Errorf("%s is a database", name)
		}
	}
	if _, err := geo.Open(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a file that is not there is a database")
	}
}

// FuzzDatabase: whatever the bytes, a question ends and nothing breaks.
func FuzzDatabase(f *testing.F) {
	for _, width := range []int{24, 28, 32} {
		f.Add(sample(width, 4), "203.0.113.7")
		f.Add(sample(width, 6), "2001:db8::1")
	}
	f.Fuzz(func(t *testing.T, b []byte, ip string) {
		db, err := geo.Parse(b)
		if err != nil {
			return
		}
		for _, ip := range []string{ip, "203.0.113.7", "192.0.2.1", "198.51.100.200", "2001:db8::1"} {
			if code, known := db.Country(ip); known != (len(code) == 2) {
				t.Errorf("%s is in %q, %v", ip, code, known)
			}
		}
	})
}
