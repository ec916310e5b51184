package githubtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// ErrNotInSpec says that the vendor's document has no such operation.
var ErrNotInSpec = errors.New("not in the vendor's API document")

// Spec is the vendor's own API document, to hold requests and answers against.
type Spec struct {
	router routers.Router
	hooks  *openapi3.T
}

// OpenSpec reads github.json and github-webhooks.json from a folder.
func OpenSpec(dir string) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "github.json"))
	if err != nil {
		return nil, fmt.Errorf("read the vendor's API document: %w", err)
	}
	doc.Servers = nil // any host
	mend(doc)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("read the vendor's API document: %w", err)
	}
	hooks, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "github-webhooks.json"))
	if err != nil {
		return nil, fmt.Errorf("read the vendor's webhook document: %w", err)
	}
	return &Spec{router: router, hooks: hooks}, nil
}

// mend takes out what no answer can fulfil: GET /app/installations wants an account to be a user and an enterprise at once,
// where the schema installation says either.
func mend(doc *openapi3.T) {
	list := doc.Paths.Value("/app/installations").Get.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value
	if account := list.Items.Value.Properties["account"].Value; len(account.AllOf) > 1 {
		account.AnyOf, account.AllOf = account.AllOf, nil
	}
}

// input finds the operation of a request. Paths with numbers, as in Link, stand for those with names.
func (s *Spec) input(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	u := *r.URL
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
	u.Path, u.RawPath = "/"+strings.Join(segs, "/"), ""
	req := r.Clone(r.Context())
	req.URL = &u
	found, params, err := s.router.FindRoute(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrNotInSpec)
	}
	return &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: found,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}, nil
}

// ValidateRequest holds a request against the document: operation, parameters, body. The body can be read again.
func (s *Spec) ValidateRequest(r *http.Request) error {
	in, err := s.input(r)
	if err != nil {
		return err
	}
	for name := range r.URL.Query() {
		if !s.knows(in.Route, name) {
			return fmt.Errorf("%s %s: query parameter %q: %w", r.Method, r.URL.Path, name, ErrNotInSpec)
		}
	}
	err = openapi3filter.ValidateRequest(r.Context(), in)
	r.Body = in.Request.Body
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	return nil
}

// knows says that the operation has the query parameter; arrays may be written with brackets.
func (s *Spec) knows(route *routers.Route, name string) bool {
	name = strings.TrimSuffix(name, "[]")
	for _, list := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		for _, p := range list {
			if p.Value.In == openapi3.ParameterInQuery && p.Value.Name == name {
				return true
			}
		}
	}
	return false
}

// ValidateResponse holds an answer against the document. Errors that it does not list need the vendor's common shape.
func (s *Spec) ValidateResponse(r *http.Request, status int, header http.Header, body []byte) error {
	if status == http.StatusNotModified {
		return nil
	}
	in, err := s.input(r)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		if status >= http.StatusBadRequest && !bytes.Contains(body, []byte(`"message":`)) && !bytes.Contains(body, []byte(`"schemas":`)) {
			return fmt.Errorf("%s %s: an error %d without a message", r.Method, r.URL.Path, status)
		}
		if in.Route.Operation.Responses.Status(status) == nil {
			return nil
		}
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		return fmt.Errorf("%s %s: answer %d: %w", r.Method, r.URL.Path, status, err)
	}
	return nil
}

// Record is a Config.Record that holds every request and answer against the document and gives what is wrong to fail,
// which may be called concurrently. Paths that begin with one of skip are let be, and so are answers that a Fault spoiled.
func (s *Spec) Record(fail func(error), skip ...string) func(*http.Request, int, http.Header, []byte) {
	return func(r *http.Request, status int, header http.Header, body []byte) {
		for _, p := range skip {
			if strings.HasPrefix(r.URL.Path, p) {
				return
			}
		}
		if header.Get("X-Fake-Fault") != "" {
			return
		}
		if err := s.ValidateRequest(r); err != nil {
			fail(err)
			return
		}
		if err := s.ValidateResponse(r, status, header, body); err != nil {
			fail(err)
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
