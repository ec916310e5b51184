package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// The feeds of organisations without an audit log. Both are short: what was not fetched in time is lost, so they are
// asked often.

// publicEvent is an entry of the organisation's event stream.
type publicEvent struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Actor   user            `json:"actor"`
	Repo    user            `json:"repo"` // id, and name as owner/name
	Created when            `json:"created_at"`
	Payload json.RawMessage `json:"payload"`
}

var eventTypes = map[string]string{
	"PushEvent": "file_update", "MemberEvent": "file_share", "PublicEvent": "file_share", "ForkEvent": "file_download",
	"CreateEvent": "file_upload", "DeleteEvent": "file_delete", "ReleaseEvent": "file_upload",
}

// maxEvents is as many as GitHub keeps.
const maxEvents = 300

// events reads the whole stream whenever it changed: events may come hours late, so the newest one seen says nothing
// about those before it. The bookmark is the stream's ETag and the newest event.
func events(ctx context.Context, c *scan) error {
	first := paged(orgPath(c.s, "/events"), c.size)
	etag, known, _ := strings.Cut(string(c.w.Bookmark), " ")
	same, met, n, newest := false, known == "", 0, known
	err := c.walk(ctx, step{url: first, read: func(ctx context.Context, ref string) (answer, error) {
		condition := ""
		if ref == first {
			condition = etag
		}
		items, a, err := getList[json.RawMessage](ctx, c.s, ref, condition)
		same = same || a.same
		for i := 0; err == nil && i < len(items); i++ {
			var id string
			if id, err = c.event(items[i]); n == 0 && err == nil {
				newest = id
			}
			met = met || id == known
			n++
		}
		return a, err
	}})
	switch {
	case err != nil:
		return err
	case same:
		return c.w.Complete(sdk.Next(c.w.Bookmark))
	case len(c.seen) == 0 || c.seen[0].URL != first: // resumed: the first page is not known any more
		return c.w.Complete()
	}
	done := []sdk.Completion{sdk.Next([]byte(c.seen[0].ETag + " " + newest))}
	if !met && n >= maxEvents {
		done = append(done, sdk.Warning("more events happened since the last look than GitHub keeps; some were missed"))
	}
	return c.w.Complete(done...)
}

// event gives the id of the event it added.
func (c *scan) event(raw json.RawMessage) (string, error) {
	var e publicEvent
	if err := json.Unmarshal(raw, &e); err != nil || e.ID == "" || e.Created.IsZero() {
		return "", missing("event", "id and created_at")
	}
	t := eventTypes[e.Type]
	if t == "" {
		t = "other"
	}
	a := &sdk.Activity{
		Id: sdk.ID("event", e.ID), Time: e.Created.ts(), Type: new(t), Action: new(e.Type), Actor: accountRef(e.Actor),
		Outcome: new("success"),
	}
	if r := ref(sdk.KindFile, positive(e.Repo.ID), e.Repo.Name); r != nil {
		a.Targets = []*sdk.Ref{r}
	}
	if c.s.KeepRaw && len(raw) <= maxRaw {
		a.Raw = raw
	}
	c.w.Add(a)
	return e.ID, nil
}

func positive(id int64) string {
	if id <= 0 {
		return ""
	}
	return num(id)
}

// delivery is an entry of the list of what a webhook was sent.
type delivery struct {
	ID         int64  `json:"id"`
	At         when   `json:"delivered_at"`
	Status     string `json:"status"`
	StatusCode int    `json:"status_code"`
	Event      string `json:"event"`
	Action     string `json:"action"`
	Repository int64  `json:"repository_id"`
}

// deliveryReach is how far back the list goes.
const deliveryReach = 3 * 24 * time.Hour

// deliveries reads what one webhook failed to deliver since the bookmark, newest first. GitHub never delivers again by
// itself, so each is a hint at what it told of, and an activity: somebody's integration missed it.
func deliveries(ctx context.Context, c *scan) error {
	hook := c.w.Shard.GetKey()
	known, _ := strconv.ParseInt(string(c.w.Bookmark), 10, 64) // none: 0
	newest := known
	old := false
	base := paged(orgPath(c.s, path("/hooks/%s/deliveries", hook)), c.size, "status=failure")
	st := each(c, base, func(d *delivery) error {
		if d.ID <= 0 || d.At.IsZero() {
			return missing("delivery", "id and delivered_at")
		}
		newest = max(newest, d.ID)
		old = old || d.ID <= known || time.Since(d.At.Time) > deliveryReach
		if d.ID > known {
			c.missed(hook, d)
		}
		return nil
	})
	read := st.read
	st.read = func(ctx context.Context, ref string) (answer, error) {
		a, err := read(ctx, ref)
		if old {
			a.next = ""
		}
		return a, err
	}
	resumed := c.w.Resume(mark(0, base)) != mark(0, base)
	if err := c.walk(ctx, st); err != nil {
		return err
	}
	if resumed { // the newest ones were on a page before: see them again, rather than miss one
		newest = known
	}
	return c.w.Complete(sdk.Next(strconv.AppendInt(nil, newest, 10)))
}

func (c *scan) missed(hook string, d *delivery) {
	c.w.Add(&sdk.Activity{
		Id: sdk.ID("delivery", num(d.ID)), Time: d.At.ts(), Type: new("other"), Action: new("webhook.delivery_failed"),
		Outcome: new("failure"), Targets: []*sdk.Ref{sdk.To(sdk.KindGrant, sdk.ID("hook", hook))},
		Attributes: attrs("event", d.Event, "action", d.Action, "status", d.Status, "status_code", strconv.Itoa(d.StatusCode)),
	})
	p := payload{Action: d.Action}
	p.Repository.ID = d.Repository
	for _, h := range hintsOf(d.Event, &p) {
		h.SeenAt = d.At.Time
		c.w.Hint(h)
	}
}
