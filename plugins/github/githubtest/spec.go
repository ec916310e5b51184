package githubtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	apispec "github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

// ErrNotInSpec says that the vendor's document has no such operation.
var ErrNotInSpec = apispec.ErrUnknown

// Spec is the vendor's own API document, to hold requests and answers against.
type Spec struct {
	*apispec.Spec
	hooks *openapi3.T
}

// OpenSpec reads github.json and github-webhooks.json from a folder.
func OpenSpec(dir string) (*Spec, error) {
	rest, err := apispec.Open(filepath.Join(dir, "github.json"), apispec.Options{Mend: mend, Path: named, Error: hasMessage})
	if err != nil {
		return nil, err
	}
	hooks, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "github-webhooks.json"))
	if err != nil {
		return nil, fmt.Errorf("read the vendor's webhook document: %w", err)
	}
	return &Spec{Spec: rest, hooks: hooks}, nil
}

// mend takes out what no answer can fulfil: GET /app/installations wants an account to be a user and an enterprise at once,
// where the schema installation says either; a conflict of PUT contents is to fit one of two shapes, of which one is in the other.
func mend(doc *openapi3.T) {
	list := doc.Paths.Value("/app/installations").Get.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value
	if account := list.Items.Value.Properties["account"].Value; len(account.AllOf) > 1 {
		account.AnyOf, account.AllOf = account.AllOf, nil
	}
	conflict := doc.Paths.Value("/repos/{owner}/{repo}/contents/{path}").Put.Responses.Status(http.StatusConflict).Value.Content["application/json"].Schema.Value
	conflict.AnyOf, conflict.OneOf = conflict.OneOf, nil // one of them holds whatever the other does
}

// named writes a path with numbers, as in Link, like those with names.
func named(u *url.URL) string {
	segs := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	switch {
	case segs[0] == "organizations" && len(segs) > 1:
		segs[0] = "orgs"
		if len(segs) > 3 && segs[2] == "team" {
			segs[2] = "teams"
		}
	case segs[0] == "repositories" && len(segs) > 1:
		segs = append([]string{"repos", "owner"}, segs[1:]...)
	}
	return "/" + strings.Join(segs, "/")
}

// hasMessage holds an error that the document does not list against the vendor's common shape.
func hasMessage(_ int, body []byte) error {
	if !bytes.Contains(body, []byte(`"message":`)) && !bytes.Contains(body, []byte(`"schemas":`)) {
		return errors.New("it has no message")
	}
	return nil
}

// Record is a Config.Record that holds every request and answer against the document and gives what is wrong to fail,
// which may be called concurrently. Paths that begin with one of skip are let be, and so are answers that a Fault spoiled.
func (s *Spec) Record(fail func(error), skip ...string) func(*http.Request, int, http.Header, []byte) {
	record := s.Spec.Record(fail, skip...)
	return func(r *http.Request, status int, header http.Header, body []byte) {
		if header.Get("X-Fake-Fault") == "" {
			record(r, status, header, body)
		}
	}
}

// ValidateWebhook holds a webhook's payload against the document; name is the event and the action, member-added.
func (s *Spec) ValidateWebhook(name string, payload any) error {
	item := s.hooks.Paths.Value("/webhooks/" + name)
	if item == nil || item.Post == nil || item.Post.RequestBody == nil {
		return fmt.Errorf("webhook %s: %w", name, ErrNotInSpec)
	}
	media := item.Post.RequestBody.Value.Content.Get("application/json")
	if media == nil {
		return fmt.Errorf("webhook %s: no JSON: %w", name, ErrNotInSpec)
	}
	if err := media.Schema.Value.VisitJSON(payload); err != nil {
		return fmt.Errorf("webhook %s: %w", name, err)
	}
	return nil
}
