package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// secretField is what the agent calls it, and makes where the configuration does not give it.
const secretField = "webhook_secret"

// channelName: the listing, the shard's key where it has one, and chance. Google gives it back with every notification.
var channelName = regexp.MustCompile(`^([a-z_]+)-([A-Za-z0-9]*)-[0-9a-f]{16}$`)

// channelToken proves that a notification belongs to a channel of ours: Google signs nothing.
func channelToken(secret, channel string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(channel))
	return hex.EncodeToString(mac.Sum(nil))
}

// Webhook checks the channel's token and says where to look. Nothing of a body becomes a record.
func (connector) Webhook(_ context.Context, s *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	channel, secret := h.Header.Get("X-Goog-Channel-ID"), s.Secret(secretField)
	if secret == "" || !hmac.Equal([]byte(h.Header.Get("X-Goog-Channel-Token")), []byte(channelToken(secret, channel))) {
		return &sdk.Reply{Status: http.StatusUnauthorized}, nil
	}
	reply := &sdk.Reply{Status: http.StatusOK, Verified: true}
	name := channelName.FindStringSubmatch(channel)
	if name == nil || h.Header.Get("X-Goog-Resource-State") == "sync" { // the first one only says that the channel works
		return reply, nil
	}
	g := &gather{}
	if app, ok := strings.CutPrefix(name[1], "log_"); ok {
		g.add(look{listings: []string{name[1]}})
		var a activity
		if json.Unmarshal(h.Body, &a) == nil {
			for i := range min(len(a.Events), maxRefs) {
				g.add(looksAt(app, &a.Events[i]))
			}
		}
	} else if name[1] == "users" {
		g.add(userNotice(h.Body))
	} else {
		reply.Hints = []sdk.Hint{{Listing: name[1], Shard: name[2], Reason: "push", SeenAt: h.ReceivedAt}}
	}
	reply.Hints = append(reply.Hints, g.hints("push", h.ReceivedAt)...)
	return reply, nil
}

// userNotice is a notification of the directory, whose body names the user.
func userNotice(body []byte) look {
	var u user
	if json.Unmarshal(body, &u) == nil && u.ID != "" {
		return look{refs: []*sdk.Ref{sdk.To(sdk.KindAccount, u.ID)}}
	}
	return look{listings: []string{"users"}}
}
