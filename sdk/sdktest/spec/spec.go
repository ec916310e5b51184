// Package spec holds requests and answers against a vendor's own API document, in tests.
//
// It promises that a request which the document does not know (operation, query parameter, body) and an answer of another
// shape are errors that name both. It does not judge what the document leaves open.
package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// ErrUnknown says that the vendor's document has no such operation or parameter.
var ErrUnknown = errors.New("not in the vendor's API document")

// Spec is a vendor's API document.
type Spec struct {
	router routers.Router
	o      Options
}

// Options of Open. All may be nil.
type Options struct {
	// Mend takes out of the document what no answer can fulfil. Say why, for each.
	Mend func(*openapi3.T)
	// Path gives the path of a request as the document writes it.
	Path func(*url.URL) string
	// Error checks the body of an error that the document does not list.
	Error func(status int, body []byte) error
	// Known says that the vendor takes a query parameter which the document leaves out of every operation.
	Known func(parameter string) bool
}

// Open reads a document in a file.
func Open(file string, o Options) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the vendor's API document: %w", err)
	}
	doc.Servers = nil // any host
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
		for _, op := range item.Operations() {
			op.Servers = nil
		}
	}
	if o.Mend != nil {
		o.Mend(doc)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("read the vendor's API document: %w", err)
	}
	return &Spec{router: router, o: o}, nil
}

// input finds the operation of a request.
func (s *Spec) input(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	req := r.Clone(r.Context())
	if s.o.Path != nil {
		req.URL.Path, req.URL.RawPath = s.o.Path(r.URL), ""
	}
	found, params, err := s.router.FindRoute(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrUnknown)
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
			return fmt.Errorf("%s %s: query parameter %q: %w", r.Method, r.URL.Path, name, ErrUnknown)
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
	if s.o.Known != nil && s.o.Known(name) {
		return true
	}
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

// ValidateResponse holds an answer against the document.
func (s *Spec) ValidateResponse(r *http.Request, status int, header http.Header, body []byte) error {
	if status == http.StatusNotModified {
		return nil
	}
	in, err := s.input(r)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		if status >= http.StatusBadRequest && s.o.Error != nil {
			if err := s.o.Error(status, body); err != nil {
				return fmt.Errorf("%s %s: an error %d: %w", r.Method, r.URL.Path, status, err)
			}
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

// Record gives a fake.Config.Record that holds every request and answer against the document and gives what is wrong to
// fail, which may be called concurrently. Paths that begin with one of skip are let be.
func (s *Spec) Record(fail func(error), skip ...string) func(*http.Request, int, http.Header, []byte) {
	return func(r *http.Request, status int, header http.Header, body []byte) {
		for _, p := range skip {
			if strings.HasPrefix(r.URL.Path, p) {
				return
			}
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
