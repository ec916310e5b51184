package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mooring-hq/mooring/agent/internal/kept/kepttest"
)

// consentConnector builds the connector whose refresh tokens work once, and gives its folder.
func consentConnector(t *testing.T, bin string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "mooring-connector-consent"), "./testdata/consent")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building consent: %v\n%s", err, out)
	}
	lock := exec.CommandContext(t.Context(), filepath.Join(bin, "mooring"), "connector", "lock", "--dir", dir)
	if out, err := lock.CombinedOutput(); err != nil {
		t.Fatalf("locking consent: %v\n%s", err, out)
	}
	return dir
}

// startProvider: provider LIFE serves one whose access tokens live that long; $PROVIDER is its address.
func startProvider(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: provider LIFE")
	}
	life, err := time.ParseDuration(args[0])
	ts.Check(err)
	s := httptest.NewServer(kepttest.New(life))
	ts.Defer(s.Close)
	ts.Setenv("PROVIDER", s.URL)
	ts.Setenv("CLIENT_SECRET", kepttest.ClientSecret)
}

// revoke: the provider takes no token any more.
func revoke(ts *testscript.TestScript, _ bool, _ []string) {
	res, err := http.Get(ts.Getenv("PROVIDER") + "/_fake/revoke")
	ts.Check(err)
	ts.Check(res.Body.Close())
}

// paste: paste TEXT ARG… runs `mooring login ARG…` with that as all it gets, and expects it to fail.
func paste(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: paste TEXT ARG…")
	}
	c := command(ts, "mooring", append([]string{"login"}, args[1:]...)...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(args[0]), ts.Stdout(), ts.Stderr()
	if err := c.Run(); c.ProcessState.ExitCode() != exitError {
		ts.Fatalf("mooring login: %v, want exit code %d", err, exitError)
	}
}

// logIn: login CODE ARG… runs `mooring login ARG…` as a person who agrees, and pastes the address they are sent to. It must
// end with that code.
func logIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: login CODE ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	out, err := agree(command(ts, "mooring", append([]string{"login"}, args[1:]...)...))
	_, _ = ts.Stdout().Write(out)
	got := 0
	if e, ended := errors.AsType[*exec.ExitError](err); ended {
		got, err = e.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("mooring login ended with %d, want %d", got, want)
	}
}

// agree runs a login: opens the page it prints, and pastes the address which that leads to. Its outputs are one.
func agree(c *exec.Cmd) ([]byte, error) {
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		return nil, err
	}
	var all bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewReader(io.TeeReader(r, &all)); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if page := strings.TrimSpace(line); strings.HasPrefix(page, "http") {
				to, err := consented(page)
				if err != nil {
					to = err.Error()
				}
				_, _ = fmt.Fprintln(in, to)
				_ = in.Close()
			}
		}
	}()
	err = c.Wait()
	_ = w.Close()
	<-read
	return all.Bytes(), err
}

// consented opens the provider's page, and gives where it leads.
func consented(page string) (string, error) {
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stay.Get(page)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	return res.Header.Get("Location"), nil
}
