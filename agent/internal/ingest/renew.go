package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// renew asks the provider for a subscription, the first time or again, and keeps the answer before it counts.
func (m *Subscriptions) renew(ctx context.Context, i *item) {
	made := time.Now()
	answer, err := m.subscribe(ctx, i)
	if err != nil {
		if ctx.Err() == nil {
			m.refused(i, err)
		}
		return
	}
	was, failures := i.subscription, i.failures
	fresh := subscription{ID: answer.GetId(), URL: m.url(i.key), Made: made}
	if t := answer.GetExpires(); t != nil {
		fresh.Expires = t.AsTime()
	}
	m.mu.Lock()
	i.subscription, i.failures, i.err = fresh, 0, ""
	i.due = i.renewAt()
	doc := i.save()
	m.mu.Unlock()
	if err := write(ctx, m.Store, doc); err != nil && ctx.Err() == nil {
		m.Logger.Error("a subscription could not be kept: after a restart there will be a second one", "subscription", i.String(), "error", err)
	}
	if was.ID != "" && was.ID != fresh.ID {
		m.replaced(ctx, was.ID)
	}
	// Whoever did not listen for a while has missed something. A first subscription comes beside the first scan.
	vanished := was.ID != "" && was.ID != fresh.ID && was.Expires.IsZero()
	if (was.ID != "" && was.expired(made)) || vanished || failures > 0 {
		m.Missed(m.hookOf(i.hook), i.listing, i.shard)
	}
}

func (m *Subscriptions) subscribe(ctx context.Context, i *item) (*wire.SubscribeResponse, error) {
	secret, err := m.Secret(ctx)
	if err != nil {
		return nil, err
	}
	shard := i.at
	if shard == nil {
		shard = &wire.Shard{Listing: i.listing, Key: i.shard}
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := m.Provider.Subscribe(ctx, &wire.SubscribeRequest{
		Listing: i.listing, Shard: shard, CallbackUrl: m.url(i.key), Secret: secret,
	})
	if err == nil && (answer.GetId() == "" || len(answer.GetId()) > maxIDBytes) {
		err = sdk.Errorf(sdk.ErrInternal, "the connector gave a subscription with an id of %d bytes, 1 to %d are expected", len(answer.GetId()), maxIDBytes)
	}
	return answer, err
}

const maxIDBytes = 4 << 10

// refused decides when it is tried again.
func (m *Subscriptions) refused(i *item, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := err.Error()
	i.err = text[:min(len(text), maxText)]
	wait := jitter(min(backoffFirst<<min(i.failures, 16), backoffMax))
	e, _ := errors.AsType[*sdk.Error](err)
	switch t := sdk.TypeOf(err); {
	case t == sdk.ErrUnsupported:
		i.silent = true
		return
	case t == sdk.ErrPermission || t == sdk.ErrNotInPlan || t == sdk.ErrInvalid || t == sdk.ErrNotFound || t == sdk.ErrAuth:
		wait = jitter(refusedEvery)
	case e != nil && e.RetryAfter > wait:
		wait = e.RetryAfter
	}
	if i.failures == 0 {
		m.Logger.Warn("a subscription could not be had; polls find what it would have told", "subscription", i.String(), "again_in", wait, "error", err)
	}
	i.failures++
	i.due = time.Now().Add(wait)
}

// replaced takes the old subscription back after the new one is there. Where that fails it ends by itself, or sends twice.
func (m *Subscriptions) replaced(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := m.Provider.Unsubscribe(ctx, id); err != nil && ctx.Err() == nil && sdk.TypeOf(err) != sdk.ErrNotFound {
		m.Logger.Debug("the subscription before could not be taken back", "error", err)
	}
}

// giveBack takes back what is not wanted any more; after a few attempts it is left to the provider.
func (m *Subscriptions) giveBack(ctx context.Context, i *item) {
	err := m.unsubscribe(ctx, i)
	if err == nil || ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	i.failures++
	i.due = time.Now().Add(jitter(reconcileEvery))
	last := i.failures >= goodbyes
	if last {
		m.forget(i)
	}
	m.mu.Unlock()
	if last {
		m.Logger.Warn("a subscription could not be taken back, remove it at the provider", "subscription", i.String(), "error", err)
		_ = write(ctx, m.Store, store.Doc{Bucket: bucket, Key: i.key.doc()}) // else the next run tries again
	}
}

// unsubscribe takes one back, and forgets it.
func (m *Subscriptions) unsubscribe(ctx context.Context, i *item) error {
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := m.Provider.Unsubscribe(asking, i.ID); err != nil && sdk.TypeOf(err) != sdk.ErrNotFound {
		return err
	}
	m.mu.Lock()
	m.forget(i)
	m.mu.Unlock()
	return write(ctx, m.Store, store.Doc{Bucket: bucket, Key: i.key.doc()})
}

func (m *Subscriptions) hookOf(name string) *wire.RealtimeSpec {
	for _, h := range m.Hooks {
		if h.GetName() == name {
			return h
		}
	}
	return nil
}

// jitter spreads a wait by ±10 %.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)/5*float64(d)) //nolint:gosec // not a secret
}
