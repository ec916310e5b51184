package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// payload is what of a webhook's body says where to look. Every part may be missing.
type payload struct {
	Action string `json:"action"`
	Ref    string `json:"ref"`
	Scope  string `json:"scope"`

	Organization struct {
		Login string `json:"login"`
	} `json:"organization"`
	Repository struct {
		ID            int64  `json:"id"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	Team struct {
		ID      int64 `json:"id"`
		Deleted bool  `json:"deleted"`
		Parent  struct {
			ID int64 `json:"id"`
		} `json:"parent"`
	} `json:"team"`
	Member      user `json:"member"`
	BlockedUser user `json:"blocked_user"`
	Membership  struct {
		User user `json:"user"`
	} `json:"membership"`
	Installation struct {
		Account user `json:"account"`
	} `json:"installation"`
}

const secretField = "webhook_secret"

// Webhook checks the signature and says where to look. Nothing of a body becomes a record.
func (connector) Webhook(_ context.Context, s *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	if !signed(s.Secret(secretField), h.Header.Get("X-Hub-Signature-256"), h.Body) {
		return &sdk.Reply{Status: http.StatusUnauthorized}, nil
	}
	reply := &sdk.Reply{Status: http.StatusOK, Verified: true}
	var p payload
	if err := json.Unmarshal(jsonBody(h), &p); err != nil && !partly(err) {
		reply.Status = http.StatusBadRequest
		return reply, nil
	}
	if p.elsewhere(s.Settings["organization"]) {
		return reply, nil
	}
	event := h.Header.Get("X-GitHub-Event")
	reply.Hints = hintsOf(event, &p)
	for i := range reply.Hints {
		reply.Hints[i].SeenAt = h.ReceivedAt
	}
	return reply, nil
}

// signed compares in constant time. Without a secret nothing is signed.
func signed(secret, header string, body []byte) bool {
	got, ok := strings.CutPrefix(header, "sha256=")
	sum, err := hex.DecodeString(got)
	if !ok || err != nil || secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(sum, mac.Sum(nil))
}

// jsonBody is the body, or the form field that holds it where the hook's content type is a form.
func jsonBody(h *sdk.Hook) []byte {
	if !strings.HasPrefix(h.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return h.Body
	}
	form, err := url.ParseQuery(string(h.Body))
	if err != nil {
		return nil
	}
	return []byte(form.Get("payload"))
}

// partly: a field has another type than expected; encoding/json then fills all others.
func partly(err error) bool {
	_, ok := err.(*json.UnmarshalTypeError) //nolint:errorlint // what Unmarshal returns, unwrapped
	return ok
}

// elsewhere: it tells of another organisation that has the same App.
func (p *payload) elsewhere(org string) bool {
	login := p.Organization.Login
	if login == "" {
		login = p.Installation.Account.Login
	}
	return login != "" && org != "" && !strings.EqualFold(login, org)
}
