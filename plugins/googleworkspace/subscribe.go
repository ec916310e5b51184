package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// How long Google lets a channel live.
const (
	directoryChannel = 48 * time.Hour
	reportsChannel   = 6 * time.Hour
	driveChannel     = 7 * 24 * time.Hour
)

// pushedListings are those that a channel can watch. Google has none for groups, roles and organisational units: their
// changes are in the log of the administrators. Each drive has its own, so they come last: the agent keeps so many.
func pushedListings() []string {
	names := []string{"users"}
	for _, app := range watched {
		names = append(names, "log_"+app)
	}
	return append(names, "shared_files", "files")
}

// channel is what Google knows of it.
type channel struct {
	ID       string            `json:"id"`
	Type     string            `json:"type,omitempty"`
	Address  string            `json:"address,omitempty"`
	Token    string            `json:"token,omitempty"`
	Payload  *bool             `json:"payload,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
	Expires  string            `json:"expiration,omitempty"` // Unix milliseconds
	Resource string            `json:"resourceId,omitempty"`
}

// Subscribe opens a channel for a listing or a shard. It lives for hours or days; the host renews it.
func (c connector) Subscribe(ctx context.Context, s *sdk.Session, listing string, shard *sdk.Shard, callback, _ string) (string, time.Time, error) {
	if listing == "" {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "Google has no channel for everything: each listing has its own")
	}
	cl := c.client(s)
	secret := s.Secret(secretField)
	if secret == "" {
		return "", time.Time{}, &sdk.Error{Type: sdk.ErrInvalid, Field: secretField, Message: "notifications need " + secretField}
	}
	var chance [8]byte
	_, _ = rand.Read(chance[:]) // never fails
	ch := channel{Type: "web_hook", Address: callback, ID: listing + "-" + shard.GetKey() + "-" + hex.EncodeToString(chance[:])}
	if channelName.FindString(ch.ID) == "" || len(ch.ID) > 64 {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "a channel for %s %q cannot be named", listing, shard.GetKey())
	}
	ch.Token = channelToken(secret, ch.ID)
	k, stop, err := cl.watchCall(ctx, listing, shard, &ch)
	if err != nil {
		return "", time.Time{}, err
	}
	k.method, k.body = http.MethodPost, ch
	var got struct {
		Resource string `json:"resourceId"`
		Expires  when   `json:"expiration"`
	}
	if err := cl.do(ctx, k, &got); err != nil {
		return "", time.Time{}, err
	}
	if got.Resource == "" {
		return "", time.Time{}, missing("channel", "resourceId")
	}
	return sdk.ID(stop, ch.ID, got.Resource, k.subject), got.Expires.Time, nil
}

// The services that stop channels, each its own.
var stopPaths = map[string]struct{ api, path string }{
	"directory": {baseSetting, "/admin/directory_v1/channels/stop"},
	"reports":   {baseSetting, "/admin/reports_v1/channels/stop"},
	"drive":     {driveSetting, "/drive/v3/channels/stop"},
}

// watchCall says how a channel is opened, and which service stops it.
func (c *client) watchCall(ctx context.Context, listing string, shard *sdk.Shard, ch *channel) (call, string, error) {
	ttl := func(d time.Duration) map[string]string { return map[string]string{"ttl": num(int64(d.Seconds()))} }
	app, isLog := strings.CutPrefix(listing, "log_")
	switch {
	case isLog:
		ch.Payload, ch.Params = new(true), ttl(reportsChannel)
		return directory(c.admin(scopeAudit), nil, "/admin/reports/v1/activity/users/all/applications/%s/watch", app), "reports", nil
	case listing == "users":
		ch.Payload, ch.Params = new(true), ttl(directoryChannel)
		return directory(c.admin(scopeUsers), url.Values{"customer": {myCustomer}}, "/admin/directory/v1/users/watch"), "directory", nil
	case listing != "files" && listing != "shared_files":
		return call{}, "", sdk.Errorf(sdk.ErrUnsupported, "Google has no notifications for %s", listing)
	}
	sc := &scan{client: c, w: &sdk.Walk{Listing: listing, Shard: sdk.Shard{Data: shard.GetData(), Stamp: touchedStamp}}}
	d, err := sc.driveShard()
	if err != nil {
		return call{}, "", err
	}
	note, err := sc.startToken(ctx, d)
	if err != nil {
		return call{}, "", err
	}
	_, token, _ := strings.Cut(note, ",")
	ch.Expires = num(c.now().Add(driveChannel).UnixMilli())
	q := query("pageToken", token, "driveId", d.Drive, "supportsAllDrives", yes(d.Drive != ""), "includeItemsFromAllDrives", yes(d.Drive != ""))
	return drive(d.as(), q, "/drive/v3/changes/watch"), "drive", nil
}

// Unsubscribe closes a channel. One that has expired is closed already.
func (c connector) Unsubscribe(ctx context.Context, s *sdk.Session, id string) error {
	parts := sdk.SplitID(id)
	if len(parts) != 4 {
		return sdk.Errorf(sdk.ErrInvalid, "the id of a channel is of another version")
	}
	stop, ok := stopPaths[parts[0]]
	if !ok {
		return sdk.Errorf(sdk.ErrInvalid, "the id of a channel is of another version")
	}
	who := as{subject: parts[3], scope: map[string]scope{"directory": scopeUsers, "reports": scopeAudit, "drive": scopeMetadata}[parts[0]]}
	k := call{as: who, method: http.MethodPost, api: stop.api, path: stop.path, body: channel{ID: parts[1], Resource: parts[2]}}
	err := c.client(s).do(ctx, k, nil)
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		return nil
	}
	return err
}
