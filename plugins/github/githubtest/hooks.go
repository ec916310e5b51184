package githubtest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
)

func (c *call) getHooks() { list(c, c.s.hooksOf(c.org), (*call).hook) }

// theTarget is the webhook of the path: the App's own, or one of the organisation.
func (c *call) theTarget() (target, bool) {
	if c.who.kind == jwt {
		return appTarget(c.who.app), true
	}
	h, ok := c.s.hooksOf(c.org).find(c.param("{hook_id}"), func(h *Hook, key string) bool { return strconv.FormatInt(h.ID, 10) == key })
	if !ok {
		c.notFound()
		return target{}, false
	}
	return orgTarget(c.org, h), true
}

// getDeliveries lists the newest first; the cursor stands in Link only, and there is a next alone.
func (c *call) getDeliveries() {
	t, ok := c.theTarget()
	if !ok {
		return
	}
	all := c.s.sent.of(t.key)
	slices.Reverse(all)
	status := c.query("status")
	if status != "" && status != "success" && status != "failure" {
		c.invalid("status", "Invalid request. status is not one of success, failure.")
		return
	}
	if cursor := c.query("cursor"); cursor != "" {
		last, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			c.error(http.StatusBadRequest, "Invalid cursor")
			return
		}
		all = slices.DeleteFunc(all, func(d Delivery) bool { return d.ID >= last })
	}
	if status != "" {
		all = slices.DeleteFunc(all, func(d Delivery) bool { return (d.Status == "OK") != (status == "success") })
	}
	if per := c.perPage(); len(all) > per {
		all = all[:per]
		next := strconv.FormatInt(all[per-1].ID, 10)
		if c.fault.Do == FaultRepeat {
			next = c.query("cursor")
		}
		c.h.Set("Link", c.link("next", []string{"cursor"}, "cursor="+next))
	}
	if c.fault.Do == FaultShort {
		all = all[:len(all)/2]
		c.h.Del("Link")
	}
	c.b = append(c.b, '[')
	for i := range all {
		c.entry(append(delivery(append(comma(c.b), '{'), &all[i]), '}'))
	}
	c.b = append(c.b, ']')
}

// delivery appends the fields of a delivery, without brackets.
func delivery(b []byte, d *Delivery) []byte {
	b = num(b, "id", d.ID)
	b = str(b, "guid", d.GUID)
	b = stamp(b, "delivered_at", d.DeliveredAt)
	b = flag(b, "redelivery", d.Redelivery)
	b = strconv.AppendFloat(key(b, "duration"), d.Duration, 'f', -1, 64)
	b = str(b, "status", d.Status)
	b = num(b, "status_code", int64(d.StatusCode))
	b = str(b, "event", d.Event)
	b = strOrNull(b, "action", d.Action)
	b = null(b, "throttled_at")
	b = numOrNull(b, "installation_id", d.Installation)
	return numOrNull(b, "repository_id", d.Repository)
}

func numOrNull(b []byte, name string, v int64) []byte {
	if v == 0 {
		return null(b, name)
	}
	return num(b, name, v)
}

// theDelivery is the delivery of the path.
func (c *call) theDelivery() (target, Delivery, bool) {
	t, ok := c.theTarget()
	if !ok {
		return t, Delivery{}, false
	}
	id := c.intParam("{delivery_id}")
	all := c.s.sent.of(t.key)
	i := slices.IndexFunc(all, func(d Delivery) bool { return d.ID == id })
	if i < 0 {
		c.notFound()
		return t, Delivery{}, false
	}
	return t, all[i], true
}

// getDelivery shows what was sent.
func (c *call) getDelivery() {
	_, d, ok := c.theDelivery()
	if !ok {
		return
	}
	b := delivery(append(c.b, '{'), &d)
	b = str(b, "url", d.URL)
	b = append(key(b, "request"), '{')
	b = append(key(b, "headers"), '{')
	b = str(b, "X-GitHub-Event", d.Event)
	b = append(str(b, "X-GitHub-Delivery", d.GUID), '}')
	b = append(verbatim(b, "payload", d.Payload), '}')
	c.ok(append(b, `,"response":{"headers":{},"payload":""}}`...))
}

// postAttempt sends a delivery again: the same GUID, a new id. The answer does not wait for it.
func (c *call) postAttempt() {
	t, d, ok := c.theDelivery()
	if !ok {
		return
	}
	t.installation, d.Redelivery = d.Installation, true
	ctx := context.WithoutCancel(c.r.Context())
	c.s.background.Go(func() { c.s.post(ctx, t, d) })
	c.status = http.StatusAccepted
	c.b = append(c.b, '{', '}')
}
