package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

// spec holds every request and answer against the vendor's document when MOORING_SPECS names its folder.
func (w *world) spec(t *testing.T) func(*http.Request, int, http.Header, []byte) {
	t.Helper()
	dir := os.Getenv("MOORING_SPECS")
	if dir == "" {
		t.Log("MOORING_SPECS is not set: requests and answers are not held against the vendor's document")
		return func(*http.Request, int, http.Header, []byte) {}
	}
	s, err := spec.Open(filepath.Join(dir, "google-workspace.json"), spec.Options{
		// A channel is closed with 204, which the document does not list: it would be taken for an error.
		Mend: func(doc *openapi3.T) {
			for _, path := range stopPaths {
				doc.Paths.Value(path.path).Post.AddResponse(http.StatusNoContent, openapi3.NewResponse().WithDescription("closed"))
			}
			mendWrites(doc)
		},
		Known: func(p string) bool { return p == "fields" || p == "alt" }, // common to all calls, and left out of each
		Error: func(_ int, body []byte) error {
			if !strings.Contains(string(body), `"errors":`) {
				return errors.New("it has no errors")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	hold := s.Record(func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wrong = append(w.wrong, err)
	}, "/token", "/upload/") // the document has no uploads
	return func(r *http.Request, status int, h http.Header, body []byte) {
		lacks := r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/revisions/") // it has no drive.revisions.update
		if content := r.URL.Query().Get("alt") == "media"; !lacks && !content {
			hold(r, status, h, body)
		}
	}
}

// mendWrites: what deletes or signs out is answered with 204, which the document does not list; and the address of a
// permission is for reading only there, while Google's own guide to sharing sends it.
func mendWrites(doc *openapi3.T) {
	gone := openapi3.NewResponse().WithDescription("done")
	doc.Paths.Value("/admin/directory/v1/users/{userKey}/signOut").Post.AddResponse(http.StatusNoContent, gone)
	doc.Paths.Value("/admin/directory/v1/users/{userKey}/tokens/{clientId}").Delete.AddResponse(http.StatusNoContent, gone)
	doc.Paths.Value("/drive/v3/files/{fileId}/permissions/{permissionId}").Delete.AddResponse(http.StatusNoContent, gone)
	for _, name := range []string{"emailAddress", "domain"} {
		doc.Components.Schemas["drive_Permission"].Value.Properties[name].Value.ReadOnly = false
	}
}
