package sdktest

import (
	"bytes"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// walkAll walks every listing to its certificate, parents first, and keeps what it gave.
func (k *kit) walkAll(t tester) {
	found := map[string][]*wire.Shard{}
	done := map[string]bool{}
	for range k.d.GetListings() {
		for _, l := range k.d.GetListings() {
			name, parent := l.GetName(), l.GetParent()
			if done[name] || parent != "" && !done[parent] {
				continue
			}
			done[name] = true
			if k.o.Skip[name] != "" {
				continue
			}
			shards := found[name]
			if parent == "" {
				shards = []*wire.Shard{nil}
			}
			t.run(name, func(t tester) { k.walkListing(t, l, shards, found) })
		}
	}
}

func (k *kit) walkListing(t tester, l *wire.ListingSpec, shards []*wire.Shard, found map[string][]*wire.Shard) {
	one := &listed{spec: l}
	if len(shards) == 0 {
		t.Logf("listing %s has no shards at this provider, so nothing of it is proved", l.GetName())
	}
	for i := range shards {
		if len(one.walks) == maxShards {
			t.Logf("listing %s: %d of %d shards are walked", l.GetName(), maxShards, len(shards))
			break
		}
		if shards[i].GetState() == sdk.ShardUnavailable {
			continue
		}
		k.provider.expect(nil, 0, false, 0)
		h := &healthy{request: k.request(l, shards[i])}
		sent := k.host.requests()
		h.walk = k.scan(t.Context(), h.request, nil)
		if booked := k.host.requests() - sent; booked != h.requests {
			t.Errorf("%d requests came to the provider, %d were leased and observed: some went past Session.HTTP", h.requests, booked)
		}
		k.private(t, "healthy", h.walk)
		if k.whole(t, l, h.walk) {
			one.walks = append(one.walks, h)
			for _, s := range h.shards {
				found[s.GetListing()] = append(found[s.GetListing()], s)
			}
		}
	}
	k.listings = append(k.listings, one)
}

func (h *host) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// whole proves that a walk ended as one that saw everything.
func (k *kit) whole(t tester, l *wire.ListingSpec, w *walk) bool {
	t.Helper()
	for _, b := range w.bad {
		t.Errorf("%s", b)
	}
	if w.err != nil || w.cert == nil {
		t.Errorf("the provider is healthy, but there is no certificate: %v", w.err)
		return false
	}
	if n := len(w.marks); int(w.cert.GetPages()) != n || int(w.cert.GetRecords()) != len(w.records) {
		t.Errorf("the certificate counts %d pages and %d records, %d and %d came", w.cert.GetPages(), w.cert.GetRecords(), n, len(w.records))
	}
	if n := len(w.parts); n > 0 && w.parts[n-1].Checkpoint == nil {
		t.Errorf("the last part has no checkpoint")
	}
	seen := map[string]bool{}
	for _, s := range w.shards {
		child := k.listing(s.GetListing())
		if child == nil || child.GetParent() != l.GetName() {
			t.Errorf("shard %q belongs to listing %q, which is not declared with parent %s", s.GetKey(), s.GetListing(), l.GetName())
		}
		if name := sdk.ID(s.GetListing(), s.GetKey()); seen[name] {
			t.Errorf("shard %q of listing %s is there twice", s.GetKey(), s.GetListing())
		} else {
			seen[name] = true
		}
	}
	return len(w.bad) == 0
}

// again proves that a second walk gives the same, byte for byte: what only looks changed would be a change to the agent.
func (k *kit) again(t tester, l *listed) {
	for _, h := range l.walks {
		k.provider.expect(nil, 0, false, 0)
		w := k.scan(t.Context(), h.request, nil)
		if !k.whole(t, l.spec, w) {
			return
		}
		if diff := compare(h.walk, w); diff != "" {
			t.Errorf("shard %q, walked twice: %s", h.request.GetShard().GetKey(), diff)
		}
	}
}

// compare says how two walks of the same differ; "" when they do not.
func compare(a, b *walk) string {
	if len(a.parts) == len(b.parts) {
		same := true
		for i := range a.parts {
			same = same && bytes.Equal(plain(a.parts[i], a.raw[i]), plain(b.parts[i], b.raw[i]))
		}
		if same {
			return ""
		}
	}
	for i := range min(len(a.records), len(b.records)) {
		x, y := a.records[i], b.records[i]
		switch {
		case keyOf(x) != keyOf(y):
			return "record " + keyOf(x).String() + " of the first walk is " + keyOf(y).String() + " in the second: order or id is not stable"
		case !bytes.Equal(x.GetRecord(), y.GetRecord()) || !bytes.Equal(x.GetVolatile(), y.GetVolatile()):
			return "record " + keyOf(x).String() + " differs"
		}
	}
	if len(a.records) != len(b.records) {
		return "the number of records differs"
	}
	return "shards, tombstones, hints or checkpoints differ"
}

// plain is a part without the times at which hints were seen, which may be the clock's.
func plain(p *wire.Part, raw []byte) []byte {
	if len(p.GetHints()) == 0 {
		return raw
	}
	c, ok := proto.Clone(p).(*wire.Part)
	if !ok {
		return raw
	}
	for _, h := range c.GetHints() {
		h.SeenAt = nil
	}
	b, _ := c.MarshalVT() // of what was just read
	return b
}

// parallel proves that walks at the same time give what they give alone.
func (k *kit) parallel(t tester) {
	k.provider.expect(nil, 0, false, 0)
	type job struct {
		name string
		h    *healthy
		got  *walk
	}
	var jobs []*job
	for _, l := range k.listings {
		for _, h := range l.walks {
			jobs = append(jobs, &job{name: l.spec.GetName(), h: h})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxParallel)
	for _, j := range jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			j.got = k.scan(t.Context(), j.h.request, nil)
		})
	}
	wg.Wait()
	for _, j := range jobs {
		if j.got.err != nil || j.got.cert == nil {
			t.Errorf("listing %s beside others: %v", j.name, j.got.err)
		} else if diff := compare(j.h.walk, j.got); diff != "" {
			t.Errorf("listing %s beside others: %s", j.name, diff)
		}
	}
}

// mostOf gives the walk that sent the most requests: the one faults have most to hit in.
func mostOf(walks []*healthy) *healthy {
	if len(walks) == 0 {
		return nil
	}
	return slices.MaxFunc(walks, func(a, b *healthy) int {
		if a.requests != b.requests {
			return a.requests - b.requests
		}
		return len(a.records) - len(b.records)
	})
}
