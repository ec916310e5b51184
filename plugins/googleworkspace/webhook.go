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
	app, isLog := strings.CutPrefix(name[1], "log_")
	switch {
	case sourceOf(name[1]) == nil:
	case isLog:
		g.add(whole(name[1]))
		g.entry(app, h.Body)
	case name[1] == "users":
		g.add(userNotice(h.Body))
	default:
		g.add(look{places: []place{{name[1], name[2]}}})
	}
	reply.Hints = g.hints("push", h.ReceivedAt)
	return reply, nil
}

// maxEvents of one entry are looked at.
const maxEvents = 100

// entry is a notification of a log, whose body is the entry. Who owns a file is looked up by the next walk of the drives.
func (g *gather) entry(app string, body []byte) {
	var a activity
	if json.Unmarshal(body, &a) != nil {
		return
	}
	for i := range min(len(a.Events), maxEvents) {
		l := looksAt(app, &a.Events[i])
		if l.owner != "" {
			l = whole("drives")
		}
		g.add(l)
	}
}

// userNotice is a notification of the directory, whose body names the user.
func userNotice(body []byte) look {
	var u user
	if json.Unmarshal(body, &u) == nil && u.ID != "" {
		return look{account: u.ID}
	}
	return whole("users")
}
