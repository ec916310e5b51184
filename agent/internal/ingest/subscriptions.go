package ingest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of subscriptions.
const (
	maxSubscriptions = 5_000 // of an instance; what is beyond is polled
	reconcileEvery   = 30 * time.Second
	reassure         = 24 * time.Hour
	never            = 100 * 365 * 24 * time.Hour
	renewMin         = 10 * time.Second
	askTime          = 30 * time.Second // for one answer of the connector
	backoffFirst     = 5 * time.Second
	backoffMax       = 10 * time.Minute
	refusedEvery     = time.Hour // after a permission is missing
	goodbyes         = 3         // attempts to take one back
	maxText          = 300       // bytes of an error, in status
)

// Provider is the connector, as far as subscriptions need it.
type Provider interface {
	Subscribe(ctx context.Context, r *wire.SubscribeRequest) (*wire.SubscribeResponse, error)
	Unsubscribe(ctx context.Context, id string) error
}

// SubscriptionsConfig of one instance.
type SubscriptionsConfig struct {
	Hooks    []*wire.RealtimeSpec // of means webhook; none: what is still there is taken back
	Provider Provider
	Store    Documents
	Keys     *Keys
	// Door is nil without Hooks.
	Door *Door
	// Secret is what the provider proves itself with.
	Secret func(ctx context.Context) (string, error)
	// Places are the shards of a listing, one with an empty key where it has none; false when that is not known now.
	Places func(listing string) ([]*wire.Shard, bool)
	// Missed hears of what a subscription could not tell; no listing: all of the hook's.
	Missed func(hook *wire.RealtimeSpec, listing, shard string)
	Logger hclog.Logger
}

// Subscriptions keeps an instance's subscriptions at the provider. A connector whose one subscription tells of all its
// listings is asked once, without a listing; when that is unsupported, once for every listing and shard.
type Subscriptions struct {
	SubscriptionsConfig

	mu    sync.Mutex
	items map[key]*item
}

// NewSubscriptions opens the paths of what may come; Run subscribes.
func NewSubscriptions(c SubscriptionsConfig) *Subscriptions {
	m := &Subscriptions{SubscriptionsConfig: c, items: map[key]*item{}}
	for _, h := range c.Hooks {
		m.want(key{hook: h.GetName()}, nil)
	}
	return m
}

// Run keeps them until ctx ends. They outlive it: providers go on sending, and the next Run takes them up.
func (m *Subscriptions) Run(ctx context.Context) error {
	if err := m.load(ctx); err != nil {
		return err
	}
	for {
		m.reconcile()
		next := m.step(ctx)
		if len(m.Hooks) == 0 && len(m.all()) == 0 {
			return nil // all is taken back
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// End takes all of them back, as well as it goes before ctx ends.
func (m *Subscriptions) End(ctx context.Context) error {
	if err := m.load(ctx); err != nil {
		return err
	}
	var failures []error
	for _, i := range m.all() {
		if i.ID != "" && ctx.Err() == nil {
			failures = append(failures, m.unsubscribe(ctx, i))
		}
	}
	return errors.Join(append(failures, ctx.Err())...)
}

// load reads what an earlier run left. What is at another address now is asked for again.
func (m *Subscriptions) load(ctx context.Context) error {
	for d, err := range m.Store.Docs(ctx, bucket, []byte("of\x00")) {
		if err != nil {
			return err
		}
		kept, ok := parse(d)
		if !ok {
			continue
		}
		m.mu.Lock()
		i := m.items[kept.key]
		if i == nil {
			i = kept
			m.items[i.key] = i
		}
		i.subscription, i.due = kept.subscription, kept.due
		if m.Door != nil {
			m.Door.Admit(m.token(i.key))
			if i.URL != m.url(i.key) {
				i.due = time.Time{}
			}
		}
		m.mu.Unlock()
	}
	return nil
}

// want makes sure that there is an item, and that its path is open; false when there are too many. It needs the lock.
func (m *Subscriptions) want(k key, shard *wire.Shard) bool {
	i := m.items[k]
	if i == nil {
		if len(m.items) >= maxSubscriptions {
			return false
		}
		i = &item{key: k}
		m.items[k] = i
		m.Door.Admit(m.token(k))
	}
	i.unwanted, i.at = false, shard
	return true
}

func (m *Subscriptions) token(k key) string { return m.Keys.token(k.hook, k.listing, k.shard) }

func (m *Subscriptions) url(k key) string { return m.Door.URL(m.token(k)) }

// reconcile wants what the connector's hooks and the shards of today ask for, and nothing else.
func (m *Subscriptions) reconcile() {
	m.mu.Lock()
	defer m.mu.Unlock()
	keep := map[key]bool{}
	for _, h := range m.Hooks {
		whole := m.items[key{hook: h.GetName()}]
		keep[whole.key] = true
		if !whole.silent {
			if whole.ID == "" { // not known yet
				m.keepAll(keep, func(k key) bool { return k.hook == h.GetName() })
			}
			continue
		}
		for _, listing := range h.GetListings() {
			places, known := m.Places(listing)
			if !known {
				m.keepAll(keep, func(k key) bool { return k.hook == h.GetName() && k.listing == listing })
			}
			for _, s := range places {
				k := key{h.GetName(), listing, s.GetKey()}
				keep[k] = m.want(k, s)
			}
		}
	}
	for k, i := range m.items {
		switch {
		case keep[k]:
		case i.ID == "":
			m.forget(i)
		case !i.unwanted:
			i.unwanted, i.failures, i.due = true, 0, time.Time{}
		}
	}
}

// keepAll needs the lock.
func (m *Subscriptions) keepAll(keep map[key]bool, which func(key) bool) {
	for k := range m.items {
		keep[k] = keep[k] || which(k)
	}
}

// forget needs the lock.
func (m *Subscriptions) forget(i *item) {
	delete(m.items, i.key)
	if m.Door != nil {
		m.Door.Dismiss(m.token(i.key))
	}
}

// all gives the items, those due first.
func (m *Subscriptions) all() []*item {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Collect(maps.Values(m.items))
	slices.SortFunc(all, func(a, b *item) int { return cmp.Or(a.due.Compare(b.due), strings.Compare(a.String(), b.String())) })
	return all
}

// step does what is due, one after the other, and gives the time of the next look.
func (m *Subscriptions) step(ctx context.Context) time.Time {
	next := time.Now().Add(reconcileEvery)
	for _, i := range m.all() {
		if ctx.Err() != nil {
			return next
		}
		if i.silent {
			continue
		}
		if i.due.After(time.Now()) {
			next = earlier(next, i.due)
			continue
		}
		if i.unwanted {
			m.giveBack(ctx, i)
			continue
		}
		m.renew(ctx, i)
		if i.silent && i.listing == "" {
			return time.Now() // its listings are wanted now
		}
		next = earlier(next, i.due)
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
