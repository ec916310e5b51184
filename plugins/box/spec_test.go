package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

// openSpec reads the vendor's document, and mends what no answer can fulfil.
func openSpec(dir string) (*spec.Spec, error) {
	return spec.Open(filepath.Join(dir, "box.json"), spec.Options{
		Path: nil,
		Mend: func(doc *openapi3.T) {
			paths := openapi3.NewPaths()
			for p, item := range doc.Paths.Map() {
				if strings.HasPrefix(p, "/oauth2") {
					paths.Set(p, item)
					continue
				}
				if strings.HasSuffix(p, "/content") { // written at the host for uploads
					paths.Set("/api/2.0"+p, &openapi3.PathItem{Post: item.Post, Parameters: item.Parameters})
					// They travel as text, in the vendor's own examples too.
					item.Post.RequestBody.Value.Content["multipart/form-data"].Schema.Value.Properties["attributes"] =
						openapi3.NewSchemaRef("", openapi3.NewStringSchema())
					item.Post = nil
				}
				paths.Set("/2.0"+p, item)
			}
			doc.Paths = paths
			for _, p := range []string{"/2.0/files/{file_id}", "/2.0/folders/{folder_id}"} {
				mendShare(doc.Paths.Value(p).Put.RequestBody.Value.Content["application/json"].Schema.Value.Properties["shared_link"].Value)
			}
			// Any object is a GenericSource, so that oneOf fits nothing.
			source := doc.Components.Schemas["EventSourceResource"].Value
			source.AnyOf, source.OneOf = source.OneOf, nil
			for _, name := range []string{"File", "Folder", "WebLink"} {
				for _, part := range doc.Components.Schemas[name].Value.AllOf {
					if l := part.Value.Properties["shared_link"]; l != nil {
						mendLink(l.Value)
					}
				}
			}
			seen := map[*openapi3.Schema]bool{}
			for _, s := range doc.Components.Schemas {
				mendNull(s.Value, seen)
			}
			// Events come with words that the list lacks.
			for _, part := range doc.Components.Schemas["Event"].Value.Properties["event_type"].Value.AllOf {
				part.Value.Enum = nil
			}
			// It is null in real events.
			doc.Components.Schemas["Event"].Value.Properties["session_id"].Value.Nullable = true
			// A word in a 429 that the list of codes leaves out, as it does those for 403 and trashed.
			doc.Components.Schemas["ClientError"].Value.Properties["code"].Value.Enum = nil
		},
	})
}

// mendLink: a link requires "accessed", which is described nowhere.
func mendLink(s *openapi3.Schema) {
	s.Required = slices.DeleteFunc(s.Required, func(n string) bool { return n == "accessed" })
	for _, part := range s.AllOf {
		mendLink(part.Value)
	}
}

// mendShare: null takes a link away, of a folder too, and ends its end: the vendor's own clients send it.
func mendShare(s *openapi3.Schema) {
	s.Nullable = true
	for _, part := range s.AllOf {
		part.Value.Nullable = true
		if end := part.Value.Properties["unshared_at"]; end != nil {
			end.Value.Nullable = true
		}
	}
}

// mendNull: where one part of allOf may be null, the vendor means the whole.
func mendNull(s *openapi3.Schema, seen map[*openapi3.Schema]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	null := s.Nullable
	for _, part := range s.AllOf {
		null = null || part.Value.Nullable
	}
	for i, part := range s.AllOf {
		mendNull(part.Value, seen)
		if null {
			s.Nullable = true
			s.AllOf[i] = &openapi3.SchemaRef{Value: nullable(part.Value)}
		}
	}
	for _, p := range s.Properties {
		mendNull(p.Value, seen)
	}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		for _, part := range list {
			mendNull(part.Value, seen)
		}
	}
	if s.Items != nil {
		mendNull(s.Items.Value, seen)
	}
}

// nullable is a copy that may be null.
func nullable(s *openapi3.Schema) *openapi3.Schema {
	c := *s
	c.Nullable, c.AllOf = true, nil
	for _, part := range s.AllOf {
		c.AllOf = append(c.AllOf, &openapi3.SchemaRef{Value: nullable(part.Value)})
	}
	return &c
}
