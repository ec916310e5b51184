package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
)

// The limits of what an event hook sends.
const (
	maxHookEvents = 1000
	maxChallenge  = 1024 // bytes
)

// Webhook answers Okta's challenge, and says where to look after a delivery. Okta signs nothing: all there is to check is
// the value that both sides know, so that a delivery is never more than a hint.
func (connector) Webhook(_ context.Context, s *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	verified := known(s.Secret(secretField), h.Header.Get("Authorization"))
	if h.Method == http.MethodGet {
		return challenged(h, verified), nil
	}
	if !verified {
		return &sdk.Reply{Status: http.StatusUnauthorized}, nil
	}
	reply := &sdk.Reply{Status: http.StatusOK, Verified: true}
	var body struct {
		Data struct {
			Events []event `json:"events"`
		} `json:"data"`
	}
	if json.Unmarshal(h.Body, &body) != nil {
		return &sdk.Reply{Status: http.StatusBadRequest, Verified: true}, nil //nolint:nilerr // it is Okta's error, not ours
	}
	events := body.Data.Events[:min(len(body.Data.Events), maxHookEvents)]
	if len(events) == 0 {
		return reply, nil
	}
	reply.Hints = append(hintsOf(events), lookAtLog(h.ReceivedAt))
	for i := range reply.Hints {
		reply.Hints[i].SeenAt = h.ReceivedAt
	}
	return reply, nil
}

// challenged says back what Okta asks for once, when the hook is verified. That gives nothing away.
func challenged(h *sdk.Hook, verified bool) *sdk.Reply {
	challenge := h.Header.Get("X-Okta-Verification-Challenge")
	if challenge == "" || len(challenge) > maxChallenge {
		return &sdk.Reply{Status: http.StatusBadRequest}
	}
	body, err := json.Marshal(map[string]string{"verification": challenge})
	if err != nil {
		return &sdk.Reply{Status: http.StatusBadRequest}
	}
	return &sdk.Reply{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: body, Verified: verified}
}

// known compares in constant time, also of values of different length. Without a secret nothing is known.
func known(secret, got string) bool {
	a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(got))
	return secret != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
