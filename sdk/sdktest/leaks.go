package sdktest

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// shortest is the length under which a secret may stand in data by chance.
const shortest = 6

// longLine of a secret of several lines is looked for on its own.
const longLine = 24

// leak names the secret that a text shows, in one of the forms it is likely to take; "" when there is none.
func (k *kit) leak(text string) string {
	k.provider.mu.Lock()
	defer k.provider.mu.Unlock()
	return k.leakLocked(text)
}

func (k *kit) leakLocked(text string) string {
	public := map[string]bool{}
	for _, m := range k.spec.Auth {
		for _, f := range m.Fields {
			public[f.Name] = public[f.Name] || f.Public
		}
	}
	for name, value := range k.o.Secrets {
		if !public[name] && shows(text, value) {
			return "the secret " + name
		}
	}
	for value := range k.provider.logins {
		if shows(text, value) {
			return "what a request was authenticated with"
		}
	}
	return ""
}

func shows(text, secret string) bool {
	if len(secret) < shortest {
		return false
	}
	forms := []string{
		secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= longLine && !strings.HasPrefix(line, "-----") {
			forms = append(forms, line)
		}
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// private fails when a walk shows a secret.
func (k *kit) private(t tester, when string, w *walk) {
	t.Helper()
	for _, part := range w.raw {
		if name := k.leak(string(part)); name != "" {
			t.Errorf("%s: a part holds %s", when, name)
			return
		}
	}
	k.privateError(t, when, w.err)
	if w.cert != nil {
		if name := k.leak(w.cert.String()); name != "" {
			t.Errorf("%s: the certificate holds %s", when, name)
		}
	}
}

func (k *kit) privateError(t tester, when string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if name := k.leak(err.Error() + " " + sdk.ErrorToWire(err).String()); name != "" {
		t.Errorf("%s: the error shows %s", when, name)
	}
}
