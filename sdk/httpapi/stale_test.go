package httpapi

import (
	"context"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// counting grants what is asked for, and counts what comes back.
type counting struct{ granted, returned int }

func (c *counting) Lease(_ context.Context, _ string, _ []*wire.Want, _ int) (Grant, error) {
	c.granted++
	return Grant{ID: uint64(c.granted), Count: 1}, nil
}

func (c *counting) Observe(o *wire.Observe) { c.returned += int(o.GetReturned()) }

// Grants whose time is over, but whose timer has not come yet, are given back by the request that finds them so.
func TestOutOfTimeBeforeItsTimer(t *testing.T) {
	host := &counting{}
	l := newLeases(host)
	needs := []need{{want: &wire.Want{Bucket: "b", Cost: 1}, bucket: &sdk.Bucket{Shape: "token"}}}
	if _, err := l.take(t.Context(), "call", needs); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	h := l.calls["call"][keyOfNeeds(needs)]
	h.left, h.until = 2, time.Now().Add(-time.Millisecond) // as if more had been granted at once
	l.mu.Unlock()
	if _, err := l.take(t.Context(), "call", needs); err != nil {
		t.Fatal(err)
	}
	l.release("call")
	if host.returned != 2 {
		t.Errorf("%d grants were given back, want 2", host.returned)
	}
}
