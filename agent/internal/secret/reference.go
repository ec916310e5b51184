package secret

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what a reference gives.
const (
	MaxBytes        = 64 << 10
	maxTextBytes    = 4 << 10
	execTimeout     = 30 * time.Second
	execKillTimeout = 1 * time.Second // for what an ended program left behind on its pipe
)

// Spellings are the forms of a reference, for hints.
const Spellings = `env:NAME, file:/path, systemd:name or exec:/path argument`

type scheme string

const (
	schemeEnv     scheme = "env"
	schemeFile    scheme = "file"
	schemeSystemd scheme = "systemd"
	schemeExec    scheme = "exec"
)

// Reference says where a secret is. It is comparable, and printing it shows nothing secret.
type Reference struct {
	scheme scheme
	// target is a variable, a path, a credential's name, or a path with arguments.
	target string
}

// Parse reads a reference; relative paths start in dir. Its errors never repeat the text: somebody may have pasted the
// secret itself.
func Parse(text, dir string) (Reference, error) {
	name, target, ok := strings.Cut(text, ":")
	r := Reference{scheme: scheme(name), target: target}
	if !ok || len(text) > maxTextBytes || !utf8.ValidString(text) || strings.ContainsFunc(text, isControl) || strings.TrimSpace(target) != target {
		return Reference{}, errors.New("not a reference: expected " + Spellings)
	}
	switch r.scheme {
	case schemeEnv:
		if !isVariable(target) {
			return Reference{}, errors.New("env: wants the name of a variable: letters, digits and _, as in env:GITHUB_TOKEN")
		}
	case schemeFile:
		if target == "" {
			return Reference{}, errors.New("file: wants a path, as in file:/run/credentials/github.pem")
		}
		path, err := absolute(target, dir)
		if err != nil {
			return Reference{}, err
		}
		r.target = path
	case schemeSystemd:
		if !isCredentialName(target) {
			return Reference{}, errors.New("systemd: wants the name of a credential of the unit (LoadCredential=), without a path")
		}
	case schemeExec:
		words := strings.Fields(target)
		if len(words) == 0 {
			return Reference{}, errors.New("exec: wants a program, as in exec:/usr/local/bin/get-secret github")
		}
		path, err := absolute(words[0], dir)
		if err != nil {
			return Reference{}, err
		}
		words[0] = path
		r.target = strings.Join(words, " ")
	default:
		return Reference{}, errors.New("unknown kind of reference: expected " + Spellings)
	}
	return r, nil
}

// IsZero tells whether there is no reference.
func (r Reference) IsZero() bool { return r == Reference{} }

// String gives the reference as it is written in a configuration, with absolute paths.
func (r Reference) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.scheme) + ":" + r.target
}

// MarshalText is String, for status and goldens.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Resolve fetches the secret, without the newlines at its end. It is done anew for every use, so that rotation needs no
// restart. Errors name the reference and never hold the value.
func (r Reference) Resolve(ctx context.Context) (Value, error) {
	if err := ctx.Err(); err != nil {
		return Value{}, fmt.Errorf("secret %s: %w", r, err)
	}
	raw, err := r.read(ctx)
	if err != nil {
		return Value{}, fmt.Errorf("secret %s: %w", r, err)
	}
	s := strings.TrimRight(raw, "\r\n")
	switch {
	case s == "":
		return Value{}, fmt.Errorf("secret %s: it is empty", r)
	case !utf8.ValidString(s):
		return Value{}, fmt.Errorf("secret %s: it is not UTF-8 text: give binary material in base64 or PEM", r)
	}
	return New(s), nil
}

func (r Reference) read(ctx context.Context) (string, error) {
	switch r.scheme {
	case schemeEnv:
		return readEnv(r.target)
	case schemeFile:
		return readFile(r.target)
	case schemeSystemd:
		return readCredential(r.target)
	case schemeExec:
		return readProgram(ctx, strings.Fields(r.target))
	}
	return "", errors.New("there is no reference")
}

func absolute(path, dir string) (string, error) {
	if !filepath.IsAbs(path) {
		if !filepath.IsAbs(dir) {
			return "", errors.New("the path is relative: write it from the root, as in /run/credentials/github.pem")
		}
		path = filepath.Join(dir, path)
	}
	path = filepath.Clean(path)
	if strings.TrimSpace(path) != path {
		return "", errors.New("the path ends in a blank: remove it")
	}
	return path, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func isVariable(s string) bool {
	for i, c := range s {
		letter := c == '_' || (c|0x20 >= 'a' && c|0x20 <= 'z')
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func isCredentialName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\ ")
}
