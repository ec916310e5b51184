package plughost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mooring-hq/mooring/agent/internal/plughost/shim"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// decoy is a listener that nobody may connect to.
func decoy(t *testing.T, network, address string) (string, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	hits := new(atomic.Int32)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), hits
}

func TestHostileHandshakes(t *testing.T) {
	dir := t.TempDir()
	tcp, tcpHits := decoy(t, "tcp", "127.0.0.1:0")
	unixPath, unixHits := decoy(t, "unix", filepath.Join(dir, "d"))
	_, abstractHits := decoy(t, "unix", "@mooring-decoy")
	script := filepath.Join(dir, "script")
	t.Setenv("TZ", script)
	path, digest := as(t, "hostile")
	for name, c := range map[string]struct{ script, says string }{
		"tcp":             {"1|1|tcp|" + tcp + "|grpc|\n", "only a unix socket directly inside"},
		"foreign socket":  {"1|1|unix|" + unixPath + "|grpc|\n", "only a unix socket directly inside"},
		"abstract socket": {"1|1|unix|@mooring-decoy|grpc|\n", "only a unix socket directly inside"},
		"traversal":       {"1|1|unix|$DIR/../../../" + strings.TrimPrefix(unixPath, "/") + "|grpc|\n", "only a unix socket directly inside"},
		"unclean":         {"1|1|unix|$DIR/./s|grpc|\n", "only a unix socket directly inside"},
		"symlink":         {"symlink " + unixPath + " 1|1|unix|$DIR/s|grpc|\n", "not a socket"},
		"missing":         {"1|1|unix|$DIR/none|grpc|\n", "no such file"},
		"empty address":   {"1|1|unix||grpc|\n", "only a unix socket directly inside"},
		"net/rpc":         {"listen 1|1|unix|$DIR/s|netrpc|\n", "netrpc"},
		"other protocol":  {"listen 1|7|unix|$DIR/s|grpc|\n", "incompatible API version"},
		"other core":      {"listen 9|1|unix|$DIR/s|grpc|\n", "incompatible core API version"},
		"garbage":         {"hello\n", "Unrecognized"},
		"NUL":             {"1|1|unix|$DIR/\x00s|grpc|\n", "invalid argument"},
		"no newline":      {"1|1|unix|$DIR/s|grpc|", "nothing was heard of it within"},
		"silent":          {"silent", "nothing was heard of it within"},
		"long line":       {strings.Repeat("x", 128<<10) + "\n", "Unrecognized"},
		"many lines":      {"nothing\n" + strings.Repeat("y\n", 1_000_000), "Unrecognized"},
		"no TLS":          {"listen 1|1|unix|$DIR/s|grpc|\n", "not ready within"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(script, []byte(c.script), 0o600); err != nil {
				t.Fatal(err)
			}
			h := newHost(t, quick, func(h *Host) {
				h.timing.backoffMin = time.Hour
				if strings.Contains(c.says, "within") {
					h.timing.start = time.Second
				}
			})
			k := h.Start(Spec{Instance: "x", Path: path, SHA256: digest})
			eventually(t, "refused", func() bool { return k.State().Phase == Backoff })
			if s := k.State(); !strings.Contains(s.LastError, c.says) || len(s.LastError) > 2000 {
				t.Errorf("last error %q, want %q", s.LastError, c.says)
			}
		})
	}
	if n := tcpHits.Load() + unixHits.Load() + abstractHits.Load(); n != 0 {
		t.Errorf("%d connections to decoys", n)
	}
}

func TestWhatRunsIsWhatWasLocked(t *testing.T) {
	path, digest := as(t, "mooring-connector-rig")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, quick, func(h *Host) { h.timing.backoffMin = time.Hour })
	check := func(what string, spec Spec, says string) {
		t.Helper()
		c := h.Start(spec)
		_, err := os.Stat(spec.Path)
		if says == "" {
			if _, err := scan(t, c, "ok"); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		eventually(t, what, func() bool { return c.State().Phase == Backoff })
		if s := c.State(); !strings.Contains(s.LastError, says) {
			t.Errorf("%s: %q (%v)", what, s.LastError, err)
		}
	}
	spec := Spec{Instance: "x", Path: path, SHA256: digest}
	check("as locked", spec, "")
	upper := spec
	upper.SHA256 = strings.ToUpper(digest)
	check("upper case", upper, "")
	for what, sum := range map[string]string{"empty": "", "short": digest[:63], "no hex": strings.Repeat("g", 64)} {
		bad := spec
		bad.SHA256 = sum
		check(what, bad, "64 hex digits")
	}
	other := spec
	other.SHA256 = strings.Repeat("ab", 32)
	check("another digest", other, "locked")
	for i := range 5 { // one bit, anywhere, also in a file that was verified before
		flipped := bytes.Clone(good)
		flipped[(i*7919+13)*len(flipped)/50000] ^= 1 << i
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, flipped, 0o700); err != nil {
			t.Fatal(err)
		}
		check("flipped bit", spec, "is locked")
	}
	dir := spec
	dir.Path = t.TempDir()
	check("folder", dir, "regular file")
	missing := spec
	missing.Path += "-none"
	check("missing", missing, "no such file")
	strict := spec
	strict.Level = LevelStrict
	check("strict", strict, "cannot be reached")
}

func TestImageIsSealedAndShared(t *testing.T) {
	path, digest := as(t, "x")
	for _, noMemfd := range []bool{false, true} {
		m := newImages(filepath.Join(t.TempDir(), "bin"))
		m.noMemfd = noMemfd
		a, err := m.open(path, digest)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.open(path, digest)
		if err != nil {
			t.Fatal(err)
		}
		sa, _ := a.Stat()
		sb, _ := b.Stat()
		if !os.SameFile(sa, sb) {
			t.Errorf("noMemfd %t: two copies of one digest", noMemfd)
		}
		if _, err := a.WriteAt([]byte("x"), 0); err == nil {
			t.Errorf("noMemfd %t: it can be written", noMemfd)
		}
		if err := a.Truncate(1); err == nil {
			t.Errorf("noMemfd %t: it can be cut", noMemfd)
		}
		m.close()
		if left, _ := os.ReadDir(m.dir); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		_ = a.Close()
		_ = b.Close()
	}
}

func TestCopyRunsWhereMemoryMayNot(t *testing.T) {
	h := newHost(t, quick, func(h *Host) { h.images.noMemfd = true })
	c := h.Start(rigSpec(t))
	if _, err := scan(t, c, "ok"); err != nil {
		t.Error(err)
	}
}

func TestScriptsRunFromTheirVerifiedBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"I am a script\" >&2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, quick, func(h *Host) { h.timing.backoffMin = time.Hour })
	c := h.Start(Spec{Instance: "x", Path: path, SHA256: digestOf(path)})
	eventually(t, "its end", func() bool { return c.State().Phase == Backoff })
	if s := c.State(); !strings.Contains(s.LastError, "I am a script") {
		t.Errorf("last error: %q", s.LastError)
	}
}

func TestNothingOfTheAgentReachesTheConnector(t *testing.T) {
	for i := range 200 {
		t.Setenv(fmt.Sprint("CANARY_", i), fmt.Sprint("canary-value-", i))
	}
	t.Setenv("SSL_CERT_DIR", "/some/where")
	leak, err := os.Open("/etc/passwd") // as if somebody had opened it without close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = leak.Close() }()
	if _, err := unix.FcntlInt(leak.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, quick)
	spec := rigSpec(t)
	c := h.Start(spec)
	var s surroundings
	_, err = c.Scan(testContext(t), quota.Full, &wire.ScanRequest{Listing: "escape"}, func(raw []byte) error {
		p := &wire.Part{}
		if err := p.UnmarshalVT(raw); err != nil {
			return err
		}
		a := &sdk.Account{}
		for _, e := range p.GetEnvelopes() {
			if err := a.UnmarshalVT(e.GetRecord()); err != nil {
				return err
			}
		}
		return json.Unmarshal([]byte(a.GetName()), &s)
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(s)
	if bytes.Contains(text, []byte("anary")) || bytes.Contains(text, []byte("passwd")) || bytes.Contains(text, []byte("s3cret")) {
		t.Errorf("canaries in %s", text)
	}
	for _, e := range s.Env {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "PLUGIN_") && name != "MOORING_CONNECTOR" && name != "MOORING_TLS_FD" && name != "SSL_CERT_DIR" && name != "TZ" && name != "SSL_CERT_FILE" {
			t.Errorf("variable %s", e)
		}
	}
	for _, fd := range s.FDs {
		n, to, _ := strings.Cut(fd, " ")
		if len(n) == 1 && n > "2" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/proc") && to != "/dev/null" && !strings.Contains(to, "cgroup") {
			t.Errorf("descriptor %s", fd)
		}
	}
	if s.Stdin != "/dev/null" || s.Dir != "/" || !s.NoNewPrivs || s.Core != 0 || s.Files != shim.MaxOpenFiles || strings.Trim(s.Bounding, "0") != "" {
		t.Errorf("surroundings: %s", text)
	}
	if len(s.Args) != 1 || s.Args[0] != filepath.Base(spec.Path) {
		t.Errorf("arguments: %q", s.Args)
	}
	if c.State().Isolated && (s.PID != 1 || os.Getuid() == 0 && s.Others != 0) {
		t.Errorf("pid %d, sees %d others", s.PID, s.Others)
	}
}
