package oktatest

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

// OpenSpec reads Okta's own API document, okta.json, from a folder. Its Record gives a Config.Record.
func OpenSpec(dir string) (*spec.Spec, error) {
	return spec.Open(filepath.Join(dir, "okta.json"), spec.Options{Error: oktaError, Mend: mend})
}

// mend takes out the pattern of durations: its "$" in the middle lets no duration through, and "P30D" is the vendor's own
// example of one. The user in an app is described as an object whose values are all objects; it is an assignment.
func mend(doc *openapi3.T) {
	if d := doc.Components.Schemas["TimeDuration"]; d != nil {
		d.Value.Pattern = ""
	}
	if a := doc.Components.Schemas["Application"]; a != nil && a.Value.Properties["_embedded"] != nil {
		if u := a.Value.Properties["_embedded"].Value.Properties["user"]; u != nil {
			u.Value.AdditionalProperties = openapi3.AdditionalProperties{}
		}
	}
}

var errShape = errors.New("it has not Okta's shape")

func oktaError(_ int, body []byte) error {
	var e struct {
		ErrorCode, ErrorSummary, ErrorLink, ErrorID string
		Error                                       string
	}
	if json.Unmarshal(body, &e) != nil || (e.ErrorCode == "" || e.ErrorSummary == "") && e.Error == "" {
		return errShape
	}
	return nil
}

// Outside says that the vendor has an operation which its document, as we have it, leaves out.
func Outside(r *http.Request) bool {
	p := r.URL.Path
	switch {
	case p == "/api/v1/groups/rules", p == "/api/v1/email-domains", strings.HasSuffix(p, "/factors"), p == "/.well-known/okta-organization":
		return true
	case strings.HasPrefix(p, "/api/v1/apps/"):
		one, _ := path.Match("/api/v1/apps/*/users/*", p)
		token, _ := path.Match("/api/v1/apps/*/tokens/*", p)
		return r.Method == http.MethodGet && (one || token) || r.Method == http.MethodPost && strings.HasSuffix(p, "/users")
	}
	return false
}
