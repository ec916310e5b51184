package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // Box's own digest of content: it guards nothing
	"encoding/hex"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	apiURL     = "https://api.box.com"
	uploadHost = "upload.box.com"
)

// uploadURL is where content is written.
func uploadURL(s *sdk.Session) string {
	u := strings.TrimSuffix(s.Settings["base_url"], "/")
	if u == "" || u == apiURL {
		u = "https://" + uploadHost
	}
	return strings.TrimSuffix(cmp.Or(s.Settings["upload_url"], u), "/")
}

// maxText is the most that an action writes into a file, in bytes.
const maxText = 48 << 10

// upload sends content to the host that takes it: a new file, or with an etag a new version of the one it belongs to.
// attributes must have a name, and for a new file a parent.
func upload(ctx context.Context, s *sdk.Session, ref, owner, etag string, attributes any, content []byte) (*item, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormField("attributes") // first: Box refuses it after the file
	if err == nil {
		_, err = part.Write([]byte(pack(attributes)))
	}
	if err == nil {
		if part, err = form.CreateFormFile("file", "file"); err == nil {
			_, err = part.Write(content)
		}
	}
	if err != nil || form.Close() != nil {
		return nil, sdk.Errorf(sdk.ErrInternal, "building an upload: %w", err)
	}
	u := uploadURL(s) + "/api" + apiRoot + ref
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, &body)
	if err != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Box-Notifications", "off")
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Content-MD5", sumOf(content)) // Box's name for a SHA-1
	if owner != "" {
		req.Header.Set("As-User", owner)
	}
	if etag != "" {
		req.Header.Set("If-Match", etag)
	}
	var got page[item]
	if err := do(s, req, &got); err != nil {
		return nil, err
	}
	if got.Entries == nil || len(*got.Entries) != 1 || (*got.Entries)[0].ID == "" {
		return nil, missing("answer to an upload", "the file")
	}
	return &(*got.Entries)[0], nil
}

// sumOf is how Box names content.
func sumOf(content []byte) string {
	sum := sha1.Sum(content) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
