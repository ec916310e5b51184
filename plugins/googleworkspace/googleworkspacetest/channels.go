package googleworkspacetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// channel is a subscription to notifications.
type channel struct {
	id, token, address string
	resource, uri      string
	about              string // users, log_APP, or the space of changes
	subject            string
	payload            bool
	expires            time.Time
	sent               int
}

const maxChannels = 10_000

var channelID = regexp.MustCompile(`^[A-Za-z0-9\-_+/=]{1,64}$`)

func (c *call) watchUsers() (any, *problem) {
	return c.open("users", 2*time.Hour, 48*time.Hour)
}

func (c *call) watchReports() (any, *problem) {
	app := c.r.PathValue("app")
	if !strings.Contains(applications, " "+app+" ") {
		return nil, invalid("applicationName")
	}
	return c.open("log_"+app, 6*time.Hour, 6*time.Hour)
}

func (c *call) watchChanges() (any, *problem) {
	s, p := c.space()
	if p != nil {
		return nil, p
	}
	if _, err := strconv.ParseInt(c.param("pageToken"), 10, 64); err != nil {
		return nil, invalid("pageToken")
	}
	return c.open(s.name(), time.Hour, 7*24*time.Hour)
}

func (s Space) name() string { return "changes " + s.UserID + " " + s.DriveID }

// open opens a channel and sends its first message.
func (c *call) open(about string, otherwise, most time.Duration) (any, *problem) {
	var in struct {
		ID, Type, Address, Token, Expiration string
		Payload                              bool
		Params                               map[string]string
	}
	if err := json.NewDecoder(c.r.Body).Decode(&in); err != nil {
		return nil, &problem{400, "parseError", "Parse Error"}
	}
	local := strings.HasPrefix(in.Address, "http://127.0.0.1:") // the fake's only kindness: Google wants https
	switch {
	case in.Type != "web_hook" && in.Type != "webhook":
		return nil, invalid("type")
	case !channelID.MatchString(in.ID):
		return nil, invalid("channel.id")
	case !strings.HasPrefix(in.Address, "https://") && !local:
		return nil, &problem{400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS"}
	}
	now, life := c.cfg.Now(), otherwise
	if ttl, err := strconv.Atoi(in.Params["ttl"]); err == nil && ttl > 0 {
		life = time.Duration(ttl) * time.Second
	}
	if ms, err := strconv.ParseInt(in.Expiration, 10, 64); err == nil {
		life = time.UnixMilli(ms).Sub(now)
	}
	sum := sha256.Sum256([]byte(c.subject.ID + about))
	ch := &channel{
		id: in.ID, token: in.Token, address: in.Address, about: about, subject: c.subject.ID, payload: in.Payload, resource: hex.EncodeToString(sum[:12]),
		uri: "https://www.googleapis.com" + strings.TrimSuffix(c.r.URL.Path, "/watch"), expires: now.Add(min(life, most)),
	}
	c.mu.Lock()
	_, twice := c.channels[in.ID]
	full := len(c.channels) >= maxChannels
	if !twice && !full {
		c.channels[in.ID] = ch
	}
	c.mu.Unlock()
	if twice || full {
		return nil, &problem{400, "channelIdNotUnique", "Channel id " + in.ID + " not unique"}
	}
	c.post(context.WithoutCancel(c.r.Context()), ch, "sync", nil)
	return object{
		"kind": "api#channel", "id": ch.id, "resourceId": ch.resource, "resourceUri": ch.uri, "token": ch.token,
		"expiration": strconv.FormatInt(ch.expires.UnixMilli(), 10),
	}, nil
}

func (c *call) stopChannel() (any, *problem) {
	var in struct {
		ID       string `json:"id"`
		Resource string `json:"resourceId"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&in); err != nil {
		return nil, &problem{400, "parseError", "Parse Error"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.channels[in.ID]
	if ch == nil || ch.resource != in.Resource || ch.subject != c.subject.ID {
		return nil, notFound("Channel '" + in.ID + "' not found for project")
	}
	delete(c.channels, in.ID)
	return nil, nil
}

// NotifyUsers tells the channels of the directory that a user changed. event is add, delete, update …
func (s *Server) NotifyUsers(ctx context.Context, event string, u *User) {
	c := &call{Server: s}
	s.notify(ctx, "users", event, c.user(u))
}

// NotifyLog tells the channels of a log about an entry.
func (s *Server) NotifyLog(ctx context.Context, application string, a *Activity) {
	if len(a.Events) > 0 {
		c := &call{Server: s}
		s.notify(ctx, "log_"+application, a.Events[0].Name, c.activity(application, a))
	}
}

// NotifyChanges tells the channels of a space that there are changes.
func (s *Server) NotifyChanges(ctx context.Context, sp Space) {
	s.notify(ctx, sp.name(), "change", nil)
}

// Expire ends all channels, as time would.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.channels)
}

// Wait waits until every notification that was begun was sent.
func (s *Server) Wait() { s.posts.Wait() }

func (s *Server) notify(ctx context.Context, about, state string, body object) {
	now := s.cfg.Now()
	s.mu.Lock()
	var to []*channel
	for id, ch := range s.channels {
		switch {
		case !now.Before(ch.expires):
			delete(s.channels, id)
		case ch.about == about:
			to = append(to, ch)
		}
	}
	s.mu.Unlock()
	for _, ch := range to {
		s.post(ctx, ch, state, body)
	}
}

// post sends one notification, without waiting for it.
func (s *Server) post(ctx context.Context, ch *channel, state string, body object) {
	var b []byte
	if body != nil && ch.payload {
		b, _ = json.Marshal(body) // strings, numbers and booleans
	}
	s.mu.Lock()
	ch.sent++
	n := ch.sent
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ch.address, bytes.NewReader(b))
	if err != nil {
		return
	}
	h := req.Header
	h.Set("Content-Type", "application/json; utf-8")
	h.Set("X-Goog-Channel-ID", ch.id)
	h.Set("X-Goog-Channel-Token", ch.token)
	h.Set("X-Goog-Channel-Expiration", ch.expires.UTC().Format(http.TimeFormat))
	h.Set("X-Goog-Resource-ID", ch.resource)
	h.Set("X-Goog-Resource-URI", ch.uri)
	h.Set("X-Goog-Resource-State", state)
	h.Set("X-Goog-Message-Number", strconv.Itoa(n))
	s.posts.Go(func() {
		if res, err := s.cfg.Client.Do(req); err == nil {
			_ = res.Body.Close()
		}
	})
}
