package spec_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

const document = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"servers":[{"url":"https://api.vendor.example/v1"}],"paths":{
"/users/{id}":{"put":{
  "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}},{"name":"notify","in":"query","schema":{"type":"boolean"}}],
  "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["status"],"properties":{"status":{"type":"string","enum":["on","off"]}}}}}},
  "responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}}}}}}}}}`

func TestValidate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "vendor.json")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := spec.Open(file, spec.Options{Error: func(_ int, body []byte) error {
		if !strings.Contains(string(body), "code") {
			return errors.New("it has no code")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, url, body string
		status          int
		answer          string
		wrong           string // in the error; empty: none
	}{
		{"as written", "/users/1?notify=true", `{"status":"on"}`, 200, `{"id":"1"}`, ""},
		{"no operation", "/people/1", `{"status":"on"}`, 200, `{"id":"1"}`, "not in the vendor's API document"},
		{"no parameter", "/users/1?mail=true", `{"status":"on"}`, 200, `{"id":"1"}`, `"mail"`},
		{"body", "/users/1", `{"status":"gone"}`, 200, `{"id":"1"}`, "status"},
		{"answer", "/users/1", `{"status":"on"}`, 200, `{"id":1}`, "id"},
		{"answer without JSON", "/users/1", `{"status":"on"}`, 200, `id`, "answer 200"},
		{"an error", "/users/1", `{"status":"on"}`, 400, `{"code":"x"}`, ""},
		{"an error of another shape", "/users/1", `{"status":"on"}`, 400, `{}`, "it has no code"},
	}
	for _, tt := range tests {
		var got []string
		record := s.Record(func(err error) { got = append(got, err.Error()) }, "/skipped")
		r := httptest.NewRequest(http.MethodPut, tt.url, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		record(r, tt.status, http.Header{"Content-Type": {"application/json"}}, []byte(tt.answer))
		switch said := strings.Join(got, "\n"); {
		case tt.wrong == "" && said != "", tt.wrong != "" && !strings.Contains(said, tt.wrong):
			t.Errorf("%s: got %q, want %q in it", tt.name, said, tt.wrong)
		}
		if left, _ := io.ReadAll(r.Body); tt.wrong == "" && string(left) != tt.body {
			t.Errorf("%s: the body cannot be read again", tt.name)
		}
		record(httptest.NewRequest(http.MethodGet, "/skipped/x", nil), 200, nil, nil)
	}
}
