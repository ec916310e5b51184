package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/secret"
)

func TestMask(t *testing.T) {
	hard := "p\"ss wörd/+&=\n<x>"
	pem := "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nQ2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5\n-----END PRIVATE KEY-----"
	mask := secret.Mask(secret.New(canary), secret.New(canary+"-longer"), secret.New("abc"), secret.Value{}, secret.New(hard), secret.New(pem))
	quoted, _ := json.Marshal(map[string]string{"t": hard})
	basic := func(user string) string {
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + canary + ":x"))
	}
	for name, line := range map[string]string{
		"raw":           "token " + canary + " refused",
		"longer":        canary + "-longer",
		"json":          string(quoted),
		"query":         url.Values{"t": {hard}}.Encode(),
		"path":          url.PathEscape(hard),
		"hex":           hex.EncodeToString([]byte(canary)),
		"HEX":           strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"base64":        base64.StdEncoding.EncodeToString([]byte(canary)),
		"base64 url":    base64.RawURLEncoding.EncodeToString([]byte(canary)),
		"basic 0":       basic("ab"),
		"basic 1":       basic("abc"),
		"basic 2":       basic("abcd"),
		"a line of pem": "bad key: QUFB Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5",
		"joined pem":    strings.ReplaceAll(pem, "\n", " "),
	} {
		got := mask(line)
		for _, part := range []string{canary, "-longer", "wörd", "w%C3%B6rd", "68756e746572", "68756E746572", "Q2FuYXJ5Q2F"} {
			if strings.Contains(got, part) {
				t.Errorf("%s: %q is left of %q", name, part, got)
			}
		}
		if !strings.Contains(got, secret.Redacted) {
			t.Errorf("%s: nothing was masked in %q", name, got)
		}
		if strings.HasPrefix(name, "base") || strings.HasPrefix(name, "basic") {
			if n := len(strings.ReplaceAll(got, secret.Redacted, "")); n > 14 {
				t.Errorf("%s: %d characters are left: %q", name, n, got)
			}
		}
	}
	if got := mask("abc is short and stays"); got != "abc is short and stays" {
		t.Errorf("harmless text became %q", got)
	}
	if got := secret.Mask()("text"); got != "text" {
		t.Errorf("no values: %q", got)
	}
}

func BenchmarkMask(b *testing.B) {
	mask := secret.Mask(secret.New(canary), secret.New("another-secret-value"))
	line := strings.Repeat("a harmless line of a log ", 8)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		mask(line)
	}
}
