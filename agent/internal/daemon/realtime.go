package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/ingest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	push = "push" // the realtime of instances with webhooks

	// farewellTime is for taking back the subscriptions of an instance that is switched off.
	farewellTime = 5 * time.Second
)

// receiver is what receives webhooks, as one configuration says.
type receiver struct {
	config *config.Ingest
	server *ingest.Server // nil: nothing is received
	stop   func()         // and waits for its end
}

// receive makes the receiver that of the configuration. It needs the lock.
func (d *Daemon) receive() {
	c := d.config.Ingest
	if sameIngest(d.receiver.config, c) {
		return
	}
	if d.receiver.stop != nil {
		d.receiver.stop()
	}
	d.receiver = receiver{config: c}
	if c == nil {
		return
	}
	s := ingest.New(ingest.Config{
		Listen: c.Listen, PublicURL: c.PublicURL, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxied: c.Proxied, Logger: d.Logger.Named("ingest"),
	})
	ctx, cancel := context.WithCancel(d.ctx)
	ended := make(chan struct{})
	d.wg.Go(func() {
		defer close(ended)
		_ = s.Run(ctx) // its problems are in status, and logged
	})
	d.receiver.server = s
	d.receiver.stop = func() {
		cancel()
		<-ended
	}
}

func sameIngest(a, b *config.Ingest) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Range, y.Range = hcl.Range{}, hcl.Range{} // where it stands does not matter
	return x == y
}

// receiverOf is the part of the configuration that an instance with webhooks depends on.
func receiverOf(d *Daemon, c *config.Instance) *config.Ingest {
	if c.Realtime != push || d.config.Ingest == nil {
		return nil
	}
	in := *d.config.Ingest
	in.Range = hcl.Range{}
	return &in
}

// hooks are an instance's webhooks.
type hooks struct {
	server        *ingest.Server
	keys          *ingest.Keys
	door          *ingest.Door
	subscriptions *ingest.Subscriptions
}

// wantsHooks says whether the instance's webhooks are to be received.
func (i *instance) wantsHooks(d *Daemon) bool {
	return i.c.Realtime == push && d.receiver.server != nil
}

// hookSpecs are the connector's webhooks.
func (i *instance) hookSpecs() []*wire.RealtimeSpec {
	var specs []*wire.RealtimeSpec
	for _, r := range i.c.Description.GetRealtime() {
		if r.GetMeans() == "webhook" {
			specs = append(specs, r)
		}
	}
	return specs
}

// hookSecret adds what a connector proves webhooks with, where the configuration gives nothing and the connector knows the
// field.
func (i *instance) hookSecret(secrets map[string]string) {
	if i.hooks.keys == nil || secrets[ingest.SecretField] != "" {
		return
	}
	for _, m := range i.c.Description.GetCredentials() {
		for _, f := range m.GetFields() {
			if f.GetName() == ingest.SecretField {
				secrets[ingest.SecretField] = i.hooks.keys.Secret()
			}
		}
	}
}

// openHooks makes the paths, before the connector gets its secrets.
func (i *instance) openHooks(d *Daemon) error {
	if !i.wantsHooks(d) {
		return nil
	}
	keys, err := ingest.LoadKeys(d.ctx, i.store)
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	i.hooks.server, i.hooks.keys = d.receiver.server, keys
	return nil
}

// subscribe lets webhooks in and keeps their subscriptions until ctx ends. An instance whose webhooks are switched off
// takes back what it had.
func (i *instance) subscribe(ctx context.Context, d *Daemon, wg *sync.WaitGroup) {
	if len(i.hookSpecs()) == 0 {
		return
	}
	c := ingest.SubscriptionsConfig{
		Provider: i.connector, Store: i.store, Keys: i.hooks.keys, Places: i.engine.Places, Secret: i.sentSecret,
		Missed: i.missed, Logger: d.Logger.With("instance", i.c.ID()),
	}
	if i.hooks.keys != nil {
		i.hooks.door = i.hooks.server.Open(i.c.ID(), i.connector, i.engine.Hint)
		c.Door, c.Hooks = i.hooks.door, i.hookSpecs()
	}
	s := ingest.NewSubscriptions(c)
	i.hooks.subscriptions = s
	wg.Go(func() {
		if i.hooks.door != nil {
			defer i.hooks.server.Close(i.hooks.door)
		}
		if err := s.Run(ctx); err != nil && ctx.Err() == nil {
			d.Logger.Error("subscriptions are not kept, polls go on", "instance", i.c.ID(), "error", err)
		}
	})
}

// sentSecret is what the provider is told to prove itself with: the same as the connector compares with.
func (i *instance) sentSecret(ctx context.Context) (string, error) {
	if c, given := i.c.Credentials[ingest.SecretField]; given {
		v, err := reveal(ctx, c)
		if err != nil {
			return "", fmt.Errorf("credentials.%s: %w", ingest.SecretField, err)
		}
		return v, nil
	}
	return i.hooks.keys.Secret(), nil
}

// missed looks at what a subscription did not tell while there was none.
func (i *instance) missed(hook *wire.RealtimeSpec, listing, shard string) {
	if listing != "" {
		i.engine.Hint(&wire.Hint{Listing: listing, Shard: shard, Reason: "the subscription had ended"})
		return
	}
	for _, l := range hook.GetListings() {
		i.engine.Hint(&wire.Hint{Listing: l, Reason: "the subscription had ended"})
	}
}

// farewell takes back the subscriptions of an instance that is switched off, while its connector still runs.
func (i *instance) farewell(d *Daemon) {
	if i.hooks.subscriptions == nil {
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, farewellTime)
	defer cancel()
	if err := i.hooks.subscriptions.End(ctx); err != nil {
		d.Logger.Warn("subscriptions could not be taken back: they expire, or are removed at the provider", "instance", i.c.ID(), "error", err)
	}
}

// switchedOff says whether a configuration has no use for the subscriptions an instance has.
func switchedOff(c *config.Instance) bool { return c == nil || !c.Enabled || c.Realtime != push }

// realtime is how the instance hears of changes, for status.
func (i *instance) realtime() *api.Realtime {
	r := &api.Realtime{Mode: i.c.Realtime}
	if i.engine == nil || i.c.Realtime == "off" {
		return r
	}
	h := i.engine.Hints()
	r.Hints, r.Dropped = h.Taken, h.Dropped
	if !h.Last.IsZero() {
		r.LastHint = new(h.Last.UTC())
	}
	for _, spec := range i.c.Description.GetRealtime() {
		if spec.GetMeans() != "webhook" {
			r.Means = append(r.Means, api.RealtimeMeans{Name: spec.GetName(), Means: spec.GetMeans(), Open: h.Watching, Problem: h.WatchError})
		}
	}
	if i.hooks.door == nil {
		return r
	}
	r.Problem = i.hooks.server.Problem()
	n := i.hooks.door.Counts()
	r.Webhooks = &api.Webhooks{Verified: n.Verified, Unverified: n.Unverified, Refused: n.Refused, Failed: n.Failed}
	if !n.Last.IsZero() {
		r.Webhooks.Last = new(n.Last.UTC())
	}
	for _, s := range i.hooks.subscriptions.Status() {
		m := api.RealtimeMeans{Name: s.Name, Means: "webhook", Open: s.Live > 0, Subscriptions: s.Live, Failing: s.Failing, Problem: s.Error, URL: s.URL}
		if !s.Expires.IsZero() {
			m.Expires = new(s.Expires.UTC())
		}
		r.Means = append(r.Means, m)
	}
	return r
}
