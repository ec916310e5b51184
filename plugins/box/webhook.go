package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	deliveryAge = 10 * time.Minute // older deliveries are replays
	maxTargets  = 100              // top folders of one user that are subscribed to
)

// triggers are what the inventory depends on.
var triggers = []string{
	"FILE.UPLOADED", "FILE.TRASHED", "FILE.DELETED", "FILE.RESTORED", "FILE.COPIED", "FILE.MOVED", "FILE.RENAMED", "FOLDER.CREATED",
	"FOLDER.RENAMED", "FOLDER.RESTORED", "FOLDER.DELETED", "FOLDER.COPIED", "FOLDER.MOVED", "FOLDER.TRASHED", "COLLABORATION.CREATED",
	"COLLABORATION.ACCEPTED", "COLLABORATION.REJECTED", "COLLABORATION.REMOVED", "COLLABORATION.UPDATED", "SHARED_LINK.DELETED",
	"SHARED_LINK.CREATED", "SHARED_LINK.UPDATED",
}

// Webhook checks the signature and says where to look. Nothing of a body becomes a record.
func (connector) Webhook(_ context.Context, s *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	if !fresh(h) || !signed(s, h) {
		return &sdk.Reply{Status: http.StatusUnauthorized}, nil
	}
	reply := &sdk.Reply{Status: http.StatusOK, Verified: true}
	var p struct {
		Trigger string          `json:"trigger"`
		Source  json.RawMessage `json:"source"`
	}
	if lenient(h.Body, &p); p.Trigger == "" {
		reply.Status = http.StatusBadRequest
		return reply, nil
	}
	reply.Hints = hookHints(p.Trigger, p.Source, h.ReceivedAt)
	return reply, nil
}

// fresh: what is older may be a replay.
func fresh(h *sdk.Hook) bool {
	sent, err := time.Parse(time.RFC3339, h.Header.Get("Box-Delivery-Timestamp"))
	return err == nil && h.ReceivedAt.Sub(sent).Abs() <= deliveryAge
}

// signed with one of the two keys: while they are changed, one of them is new.
func signed(s *sdk.Session, h *sdk.Hook) bool {
	at := h.Header.Get("Box-Delivery-Timestamp")
	return fits(s.Secret(primaryField), h.Header.Get("Box-Signature-Primary"), h.Body, at) ||
		fits(s.Secret(secondaryField), h.Header.Get("Box-Signature-Secondary"), h.Body, at)
}

// fits compares in constant time. Without a key nothing is signed. The signature is over the body, then the time.
func fits(key, signature string, body []byte, at string) bool {
	sum, err := base64.StdEncoding.DecodeString(signature)
	if key == "" || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	mac.Write([]byte(at))
	return hmac.Equal(sum, mac.Sum(nil))
}

// hookHints points at the item; where Box does not say whose it is, at the listing that names the trees to be walked.
func hookHints(trigger string, source json.RawMessage, now time.Time) []sdk.Hint {
	var thing subject
	lenient(source, &thing)
	var about struct {
		Item *subject `json:"item"` // of a collaboration
	}
	if lenient(source, &about); about.Item != nil {
		thing = *about.Item
	}
	reason := cut(trigger, maxMessage)
	whole := sdk.Hint{Listing: "users", Reason: reason, SeenAt: now}
	if thing.Type != typeFile && thing.Type != typeFolder || thing.ID == "" {
		return []sdk.Hint{whole}
	}
	if thing.Owner == nil || thing.Owner.ID == "" {
		return []sdk.Hint{whole}
	}
	tree := sdk.Hint{Listing: "files", Shard: thing.Owner.ID, Reason: reason, SeenAt: now}
	one := tree
	one.Refs = []*sdk.Ref{itemRef(thing.Type, thing.ID, thing.Owner.ID)}
	if thing.Type == typeFolder {
		return []sdk.Hint{one, tree}
	}
	return []sdk.Hint{one}
}

// Subscribe registers webhooks on the top folders of a user: Box takes none on a root, and one for each item. They do not
// expire. The keys that sign them are the app's, from the console, so secret is not used.
func (connector) Subscribe(ctx context.Context, s *sdk.Session, listing string, shard *sdk.Shard, callbackURL, _ string) (string, time.Time, error) {
	owner := shard.GetKey()
	if listing != "files" || owner == "" {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "Box has webhooks for files only, on the folders of a user; listing %s has none", listing)
	}
	items, err := all[item](ctx, s, "/folders/0/items?usemarker=true&limit=1000&"+fieldsOf("owned_by"), owner)
	if err != nil {
		return "", time.Time{}, err
	}
	ids := []string{owner}
	for i := range items {
		if it := &items[i]; it.Type == typeFolder && (it.Owner == nil || it.Owner.ID == owner) && len(ids) <= maxTargets {
			id, err := register(ctx, s, owner, it.ID, callbackURL)
			if err != nil {
				return "", time.Time{}, errors.Join(err, unsubscribe(context.WithoutCancel(ctx), s, ids))
			}
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 1 {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "user %s has no folder that Box takes a webhook for", owner)
	}
	return sdk.ID(ids...), time.Time{}, nil
}

// register gives "" for a folder that has a webhook of this app already.
func register(ctx context.Context, s *sdk.Session, owner, folder, callbackURL string) (string, error) {
	body := pack(map[string]any{
		"target": map[string]string{"id": folder, "type": typeFolder}, "address": callbackURL, "triggers": triggers,
	})
	var made struct {
		ID string `json:"id"`
	}
	err := send(ctx, s, http.MethodPost, "/webhooks", owner, strings.NewReader(body), &made)
	if sdk.TypeOf(err) == sdk.ErrConflict {
		return "", nil
	}
	if err == nil && made.ID == "" {
		err = missing("webhook", "an id")
	}
	return made.ID, err
}

// Unsubscribe deletes what Subscribe registered. What is gone already counts as deleted.
func (connector) Unsubscribe(ctx context.Context, s *sdk.Session, id string) error {
	return unsubscribe(ctx, s, sdk.SplitID(id))
}

// unsubscribe gets the user, and then the webhooks.
func unsubscribe(ctx context.Context, s *sdk.Session, ids []string) error {
	var first error
	for _, id := range ids[1:] {
		err := send(ctx, s, http.MethodDelete, path("/webhooks/%s", id), ids[0], nil, nil)
		if err != nil && sdk.TypeOf(err) != sdk.ErrNotFound && first == nil {
			first = err
		}
	}
	return first
}
