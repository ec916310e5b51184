package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/secret"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"env:GITHUB_TOKEN":                   "env:GITHUB_TOKEN",
		"env:_x9":                            "env:_x9",
		"file:/run/a.pem":                    "file:/run/a.pem",
		"file:a.pem":                         "file:/etc/mooring/a.pem",
		"file:../a.pem":                      "file:/etc/a.pem",
		"systemd:github.pem":                 "systemd:github.pem",
		"exec:/bin/get  one two":             "exec:/bin/get one two",
		"exec:bin/get one":                   "exec:/etc/mooring/bin/get one",
		"":                                   "",
		"env:":                               "",
		"env:9X":                             "",
		"env:A-B":                            "",
		"env:A B":                            "",
		"file:":                              "",
		"systemd:":                           "",
		"systemd:../x":                       "",
		"systemd:..":                         "",
		"exec:":                              "",
		"exec:   ":                           "",
		"vault:secret/x":                     "",
		"ENV:X":                              "",
		canary:                               "",
		canary + ":" + canary:                "",
		"env:" + canary:                      "",
		"file:/a\nb":                         "",
		"file:/\xff":                         "",
		"file:/" + strings.Repeat("a", 5000): "",
	} {
		r, err := secret.Parse(text, "/etc/mooring")
		if r.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", text, r, err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%q: the error repeats the text: %v", text, err)
		}
	}
	if _, err := secret.Parse("file:a", ""); err == nil {
		t.Error("a relative path without a folder was taken")
	}
	a, _ := secret.Parse("exec:/bin/x a", "")
	b, _ := secret.Parse("exec:/bin/x  a", "")
	if a != b {
		t.Error("equal references differ")
	}
}

func TestResolveEnv(t *testing.T) {
	t.Setenv("MOORING_TEST", canary+"\n")
	t.Setenv("MOORING_EMPTY", "\n")
	t.Setenv("MOORING_BINARY", "\xff\xfe\xfd")
	t.Setenv("MOORING_HUGE", strings.Repeat("x", secret.MaxBytes+1))
	resolves(t, "env:MOORING_TEST", canary)
	fails(t, "env:MOORING_NOT_THERE", "not set")
	fails(t, "env:MOORING_EMPTY", "empty")
	fails(t, "env:MOORING_BINARY", "UTF-8")
	fails(t, "env:MOORING_HUGE", "64 KiB")
}

func TestResolveFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	write := func(name, content string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	resolves(t, write("ok", canary+"\r\n", 0o600), canary)
	resolves(t, write("read only", canary, 0o400), canary)
	resolves(t, write("pem", "-----BEGIN-----\nabc\n-----END-----\n", 0o600), "-----BEGIN-----\nabc\n-----END-----")
	resolves(t, write("full", strings.Repeat("x", secret.MaxBytes), 0o600), strings.Repeat("x", secret.MaxBytes))
	fails(t, write("larger", strings.Repeat("x", secret.MaxBytes+1), 0o600), "64 KiB")
	fails(t, write("group", canary, 0o640), "chmod 600 "+dir)
	fails(t, write("group, root's, not systemd's", canary, 0o440), "chmod 600")
	fails(t, write("world", canary, 0o604), "chmod 600")
	fails(t, write("writable", canary, 0o602), "chmod 600")
	fails(t, "file:"+dir+"/none", "no such file")
	fails(t, "file:"+dir, "not a regular file")
	fails(t, "file:/dev/zero", "not a regular file")
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, "file:"+pipe, "not a regular file")
	if os.Geteuid() == 0 {
		ref := write("foreign", canary, 0o600)
		if err := os.Chown(strings.TrimPrefix(ref, "file:"), 12345, 12345); err != nil {
			t.Fatal(err)
		}
		fails(t, ref, "belongs to user 12345")
	}
}

func TestResolveSystemd(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	fails(t, "systemd:github", "LoadCredential=github:")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	fails(t, "systemd:github", "LoadCredential=github:")
	path := filepath.Join(dir, "github")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	resolves(t, "systemd:github", canary)
	if os.Geteuid() == 0 { // systemd's own files are root's, with a group right that stands for the access list
		if err := os.Chmod(path, 0o440); err != nil {
			t.Fatal(err)
		}
		resolves(t, "systemd:github", canary)
		resolves(t, "file:"+path, canary)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	fails(t, "systemd:github", "chmod 600")
}

func script(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "get")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return "exec:" + path
}

func TestResolveExec(t *testing.T) {
	resolves(t, script(t, `echo "$1-$2"; echo noise >&2`, 0o700)+" one $HOME;id", "one-$HOME;id")
	resolves(t, script(t, `cat; echo no input`, 0o755), "no input")
	fails(t, script(t, "echo "+canary+"; echo "+canary+" >&2; exit 3", 0o700), "exit status 3")
	fails(t, script(t, "head -c 70000 /dev/zero | tr '\\0' x", 0o700), "64 KiB")
	fails(t, script(t, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", 0o700), "64 KiB")
	fails(t, script(t, "exit 0", 0o700), "empty")
	fails(t, script(t, "echo x", 0o600), "not an executable file")
	fails(t, script(t, "echo x", 0o722), "chmod go-w")
	fails(t, "exec:/no/such/program", "no such file")
	fails(t, "exec:/tmp", "not an executable file")
}

func TestResolveExecEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := secret.Parse(script(t, "sleep 60 & sleep 60", 0o700), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Resolve(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end: got %v", err)
	}
	if _, err := (secret.Reference{}).Resolve(t.Context()); err == nil {
		t.Error("no reference resolves")
	}
}

func resolves(t *testing.T, text, want string) {
	t.Helper()
	r, err := secret.Parse(text, "")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	v, err := r.Resolve(t.Context())
	if err != nil || v.Reveal() != want {
		t.Errorf("%s gives %q, %v; want %q", text, v.Reveal(), err, want)
	}
}

func fails(t *testing.T, text, want string) {
	t.Helper()
	r, err := secret.Parse(text, "")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	v, err := r.Resolve(t.Context())
	switch {
	case err == nil || !v.IsZero():
		t.Errorf("%s gives a value; want an error with %q", text, want)
	case !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text):
		t.Errorf("%s: %v; want %q and the reference in it", text, err, want)
	case strings.Contains(err.Error(), canary):
		t.Errorf("%s: the error holds the value: %v", text, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"env:X", "file:/a", "systemd:x", "exec:/a b", "exec:a", ":", "file:../../x", "file:0/. /."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := secret.Parse(s, "/base")
		if err != nil {
			return
		}
		again, err := secret.Parse(r.String(), "")
		if err != nil || again != r {
			t.Errorf("%q parses to %q, which parses to %q, %v", s, r, again, err)
		}
	})
}
