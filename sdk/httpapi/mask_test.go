package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

// Some providers repeat the credential in their errors; what they say is shown and logged.
func TestErrorsDoNotRepeatCredentials(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "no access with %s %s %s, %s", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), password, r.Header.Get("X-Mine"))
	})
	for name, auth := range map[string]sdk.Auth{
		"bearer": sdk.Bearer("key"), "header": sdk.Header("X-Api-Key", "SSWS ", "key"), "basic": sdk.Basic("user", "key"),
	} {
		b := newBench(t, srv.URL, withAuth(auth), withSecrets(map[string]string{"user": "robot", "key": "very-s3cret"}))
		req := request(t, t.Context(), http.MethodGet, srv.URL, "")
		req.Header.Set("X-Mine", "ordinary")
		status, body, e := b.do(req)
		if e != nil || status != http.StatusForbidden {
			t.Fatalf("%s: %d, %v", name, status, e)
		}
		if strings.Contains(body, "very-s3cret") || !strings.Contains(body, "[secret]") || !strings.HasSuffix(body, ", ordinary") {
			t.Errorf("%s: %q", name, body)
		}
	}
}
