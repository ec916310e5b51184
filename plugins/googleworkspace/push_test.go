package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
)

// receiver gives what Google sends to the connector, as the agent does.
type receiver struct {
	*httptest.Server
	c connector
	s *sdk.Session

	mu      sync.Mutex
	replies []*sdk.Reply
	headers []http.Header
}

func newReceiver(t *testing.T, w *world) *receiver {
	t.Helper()
	r := &receiver{c: w.connector(), s: w.session(t)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		reply, err := r.c.Webhook(req.Context(), r.s, &sdk.Hook{Method: req.Method, Header: req.Header, Body: body, ReceivedAt: worldNow})
		if err != nil {
			t.Errorf("notification: %v", err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.replies, r.headers = append(r.replies, reply), append(r.headers, req.Header)
		rw.WriteHeader(reply.Status)
	}))
	t.Cleanup(r.Close)
	return r
}

// last waits for what is on its way, and gives the newest reply.
func (r *receiver) last(t *testing.T, w *world, want int) *sdk.Reply {
	t.Helper()
	w.server.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.replies) != want {
		t.Fatalf("%d notifications, want %d", len(r.replies), want)
	}
	return r.replies[want-1]
}

// TestChannels: each kind is opened, its first message gives no hint, its others say where to look, and it can be closed.
func TestChannels(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	drives := must(t, walk(t, c, s, full("drives")))
	shared := must(t, walk(t, c, s, full("shared_drives")))
	tests := []struct {
		name, listing string
		shard         *sdk.Shard
		notify        func(context.Context)
		listings      []string
		refs          []string
		life          time.Duration
	}{
		{
			"users", "users", &sdk.Shard{}, func(ctx context.Context) { w.server.NotifyUsers(ctx, "update", &w.users[9]) }, []string{"users"}, []string{person(9).ID}, directoryChannel,
		},
		{
			"log", "log_admin", &sdk.Shard{}, func(ctx context.Context) {
				w.server.NotifyLog(ctx, "admin", &gw.Activity{Time: worldNow, Events: []gw.Event{{
					Type: "GROUP_SETTINGS", Name: "ADD_GROUP_MEMBER", Params: []gw.Param{email("USER_EMAIL", "user0009@acme.example"), email("GROUP_EMAIL", "group1@acme.example")},
				}}})
			}, []string{"groups", "log_admin", "users"}, nil, reportsChannel,
		},
		{
			"drive", "files", drives.shard(t, person(6).ID), func(ctx context.Context) { w.server.NotifyChanges(ctx, gw.Space{UserID: person(6).ID}) },
			[]string{"files/" + person(6).ID}, nil, driveChannel,
		},
		{
			"shared drive", "shared_files", shared.shard(t, sharedDrive), func(ctx context.Context) { w.server.NotifyChanges(ctx, gw.Space{DriveID: sharedDrive}) },
			[]string{"shared_files/" + sharedDrive}, nil, driveChannel,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, w)
			id, expires, err := c.Subscribe(t.Context(), s, tt.listing, tt.shard, r.URL, "")
			if err != nil || expires.Before(worldNow.Add(tt.life-time.Minute)) || expires.After(worldNow.Add(tt.life)) {
				t.Fatalf("channel %q until %s: %v", id, expires, err)
			}
			if reply := r.last(t, w, 1); !reply.Verified || len(reply.Hints) != 0 {
				t.Errorf("the first message: %v", reply)
			}
			tt.notify(t.Context())
			var listings, refs []string
			reply := r.last(t, w, 2)
			for _, h := range reply.Hints {
				if h.Listing != "" {
					listings = append(listings, strings.TrimSuffix(h.Listing+"/"+h.Shard, "/"))
				}
				for _, ref := range h.Refs {
					refs = append(refs, ref.GetId()+ref.GetEmail())
				}
			}
			slices.Sort(listings)
			if !slices.Equal(listings, tt.listings) || !slices.Equal(refs, tt.refs) {
				t.Errorf("hints at %v and %v, want %v and %v", listings, refs, tt.listings, tt.refs)
			}
			if err := c.Unsubscribe(t.Context(), s, id); err != nil {
				t.Fatal(err)
			}
			tt.notify(t.Context())
			r.last(t, w, 2)
			if err := c.Unsubscribe(t.Context(), s, id); err != nil {
				t.Errorf("a channel that is closed already: %v", err)
			}
		})
	}
}

// TestForgedNotifications: without the channel's own token nothing is believed.
func TestForgedNotifications(t *testing.T) {
	w := start(t, newWorld(), nil)
	s := w.session(t)
	channel := "log_admin--0123456789abcdef"
	tests := []struct {
		name, channel, token string
		verified             bool
	}{
		{"ours", channel, channelToken(pushSecret, channel), true},
		{"no token", channel, "", false},
		{"the token of another channel", "users--0123456789abcdef", channelToken(pushSecret, channel), false},
		{"another secret", channel, channelToken("guess", channel), false},
		{"an empty secret", channel, channelToken("", channel), false},
	}
	for _, tt := range tests {
		h := http.Header{}
		h.Set("X-Goog-Channel-ID", tt.channel)
		h.Set("X-Goog-Channel-Token", tt.token)
		h.Set("X-Goog-Resource-State", "update")
		reply, err := w.connector().Webhook(t.Context(), s, &sdk.Hook{Header: h, Body: []byte("{")})
		if err != nil || reply.Verified != tt.verified || (len(reply.Hints) > 0) != tt.verified {
			t.Errorf("%s: %v, %v", tt.name, reply, err)
		}
	}
	s.Secret = func(string) string { return "" }
	h := http.Header{}
	h.Set("X-Goog-Channel-ID", channel)
	h.Set("X-Goog-Channel-Token", channelToken("", channel))
	if reply, err := w.connector().Webhook(t.Context(), s, &sdk.Hook{Header: h}); err != nil || reply.Verified {
		t.Errorf("without a secret: %v, %v", reply, err)
	}
}

// TestWatch: a change in a log becomes a hint, once.
func TestWatch(t *testing.T) {
	w := newWorld()
	for app := range w.logs {
		w.logs[app] = nil
	}
	start(t, w, endless)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hints := make(chan sdk.Hint, 100)
	done := make(chan error, 1)
	c, s := w.connector(), w.session(t)
	go func() {
		done <- c.Watch(ctx, s, watchedListings(), func(h sdk.Hint) error { hints <- h; return nil })
	}()
	next := func() sdk.Hint {
		select {
		case h := <-hints:
			return h
		case <-time.After(20 * time.Second):
			t.Fatal("no hint")
		}
		return sdk.Hint{}
	}
	w.change(func() { w.touch(0, 6, "edit", func(*gw.File) {}) })
	if h := next(); h.Listing != "files" || h.Shard != person(6).ID {
		t.Errorf("a changed file: %v", h)
	}
	if h := next(); h.Listing != "log_drive" {
		t.Errorf("the log itself: %v", h)
	}
	w.change(func() {
		w.log("groups_enterprise", w.now, w.users[0], "m", "add_member", email("group_id", "group1@acme.example"))
	})
	if h := next(); h.Listing != "groups" {
		t.Errorf("a group, and nothing twice: %v", h)
	}
	cancel()
	<-done
}

// FuzzWebhook: whatever comes with a good token, nothing breaks and nothing but known listings is hinted at.
func FuzzWebhook(f *testing.F) {
	f.Add("log_drive--0123456789abcdef", []byte(`{"events":[{"name":"edit","parameters":[{"name":"doc_id","value":"x"},{"name":"owner","value":"a@b"}]}]}`))
	f.Add("users--0123456789abcdef", []byte(`{"id":"1"}`))
	f.Add("files-123-0123456789abcdef", []byte(nil))
	f.Add("files", []byte(`null`))
	f.Fuzz(func(t *testing.T, channel string, body []byte) {
		h := http.Header{}
		h.Set("X-Goog-Channel-ID", channel)
		h.Set("X-Goog-Channel-Token", channelToken(pushSecret, channel))
		s := &sdk.Session{Secret: func(string) string { return pushSecret }}
		reply, err := newConnector().Webhook(t.Context(), s, &sdk.Hook{Header: h, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		for _, hint := range reply.Hints {
			if hint.Listing != "" && sourceOf(hint.Listing) == nil {
				t.Errorf("channel %q hints at %q", channel, hint.Listing)
			}
		}
	})
}
