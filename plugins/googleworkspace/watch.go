package main

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	watchPause = 3 * time.Second
	// Most entries come soon; for those that come later there is a longer look now and then. What comes later still waits
	// for the next walk.
	shortLook     = 2 * time.Minute
	longLook      = 15 * time.Minute
	longEvery     = time.Minute
	watchPages    = 5       // of one look
	maxRemembered = 200_000 // events that were hinted at
	maxOwners     = 100_000 // whose ids are known
)

// watched are the logs that are looked at often, because they say where something changed.
var watched = []string{"admin", "drive", "groups_enterprise", "token", "user_accounts"}

func watchedListings() []string {
	names := []string{"users", "groups", "roles", "org_units", "domains", "drives", "files", "shared_drives", "shared_files", "consents", "token_users"}
	for _, app := range watched {
		names = append(names, "log_"+app)
	}
	return names
}

// watcher remembers what was hinted at; a restart hints at it once more.
type watcher struct {
	*client
	seed maphash.Seed
	seen map[uint64]time.Time
	ids  map[string]string // of users, by e-mail; "" for who is none
}

// Watch looks at the logs every few seconds, until ctx ends.
func (c connector) Watch(ctx context.Context, s *sdk.Session, listings []string, hint func(sdk.Hint) error) error {
	w := &watcher{client: c.client(s), seed: maphash.MakeSeed(), seen: map[uint64]time.Time{}, ids: map[string]string{}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var long time.Time // when the last long look was
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		now, back := w.now(), shortLook
		if now.Sub(long) >= longEvery {
			long, back = now, longLook
		}
		for _, app := range watched {
			if err := w.look(ctx, app, back, listings, hint); err != nil {
				return err
			}
		}
		timer.Reset(c.pause)
	}
}

// look reads the end of one log and hints at what is new in it.
func (w *watcher) look(ctx context.Context, app string, back time.Duration, listings []string, hint func(sdk.Hint) error) error {
	now := w.now()
	g, fresh, owners := &gather{}, false, map[string]bool{}
	_, err := w.readLog(ctx, logQuery{app: app, from: now.Add(-back)}, watchPages, func(a *activity, e *event) error {
		key := maphash.String(w.seed, sdk.ID(app, a.ID.Time.String(), a.ID.Qualifier, e.Name, e.text("doc_id")))
		if _, known := w.seen[key]; known {
			return nil
		}
		w.remember(key, now)
		fresh = true
		l := looksAt(app, e)
		if l.owner != "" {
			owners[l.owner] = true
		}
		g.add(l)
		return nil
	})
	if err != nil {
		return err
	}
	for _, email := range slices.Sorted(maps.Keys(owners)) {
		id, err := w.userID(ctx, email)
		if err != nil {
			return err
		}
		if id != "" {
			g.add(look{places: []place{{"files", id}}})
		}
	}
	if fresh {
		g.add(whole("log_" + app))
	}
	for _, h := range g.hints("the log "+app, now) {
		if !slices.Contains(listings, h.Listing) {
			continue
		}
		if err := hint(h); err != nil {
			return err
		}
	}
	return nil
}

// userID is the key of a person's shard; "" for who is not of the organisation.
func (w *watcher) userID(ctx context.Context, email string) (string, error) {
	if id, known := w.ids[email]; known {
		return id, nil
	}
	u, err := w.userByKey(ctx, email)
	switch t := sdk.TypeOf(err); {
	case t == sdk.ErrNotFound || t == sdk.ErrPermission:
		u = &user{}
	case err != nil:
		return "", err
	}
	if len(w.ids) >= maxOwners {
		clear(w.ids)
	}
	w.ids[email] = u.ID
	return u.ID, nil
}

// remember forgets what the next look does not reach.
func (w *watcher) remember(key uint64, now time.Time) {
	if len(w.seen) >= maxRemembered {
		for k, at := range w.seen {
			if now.Sub(at) > longLook {
				delete(w.seen, k)
			}
		}
	}
	if len(w.seen) >= maxRemembered {
		clear(w.seen)
	}
	w.seen[key] = now
}
