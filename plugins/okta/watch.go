package main

import (
	"context"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	watchLeast = 3 * time.Second // between two looks at the log
	watchMost  = time.Minute
	watchPart  = 6 // of the log's limit, one in so many calls is for watching: a third of what one client may use
)

// Watch follows the log and says where to look. What it misses, the listings see by themselves.
func (connector) Watch(ctx context.Context, s *sdk.Session, _ []string, hint func(sdk.Hint) error) error {
	ref := eventsSince(time.Now().Add(-slack), maxEvents, "")
	for {
		events, a, err := getList[event](ctx, s, ref)
		if err != nil {
			return logExpired(err, ref)
		}
		if len(events) > 0 {
			hints := append(hintsOf(events), lookAtLog(a.date))
			for _, h := range hints {
				if err := hint(h); err != nil {
					return err
				}
			}
		}
		if a.next == "" {
			return sdk.Errorf(sdk.ErrInternal, "the log gave no address for what comes next")
		}
		ref = a.next
		if len(events) >= maxEvents {
			continue
		}
		if err := sleep(ctx, watchPause(a.header.Get("X-Rate-Limit-Limit"))); err != nil {
			return err
		}
	}
}

// watchPause keeps watching from using up the log's limit, which differs by what the organisation pays for.
func watchPause(limit string) time.Duration {
	perMinute, err := strconv.Atoi(limit)
	if err != nil || perMinute <= 0 {
		return watchLeast
	}
	return min(max(time.Minute*watchPart/time.Duration(perMinute), watchLeast), watchMost)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
