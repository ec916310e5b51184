package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// hub is a provider of subscriptions.
type hub struct {
	mu     sync.Mutex
	life   time.Duration // 0: they do not expire
	each   bool          // one for every listing
	same   bool          // asked again for the same address, it gives the same one
	fails  int           // answers that fail before one does not
	err    error
	serial int
	live   map[string]string // id → address
	asked  []string          // listing/shard
	left   []string
	secret string
}

func newHub() *hub { return &hub{live: map[string]string{}} }

func (h *hub) Subscribe(_ context.Context, r *wire.SubscribeRequest) (*wire.SubscribeResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.GetListing()+"/"+r.GetShard().GetKey())
	h.secret = r.GetSecret()
	if h.fails > 0 {
		h.fails--
		return nil, h.err
	}
	if h.each && r.GetListing() == "" {
		return nil, sdk.Errorf(sdk.ErrUnsupported, "one for each listing")
	}
	out := &wire.SubscribeResponse{}
	if h.life > 0 {
		out.Expires = timestamppb.New(time.Now().Add(h.life))
	}
	for id, address := range h.live {
		if h.same && address == r.GetCallbackUrl() {
			out.Id = id
			return out, nil
		}
	}
	h.serial++
	out.Id = fmt.Sprint("s", h.serial)
	h.live[out.Id] = r.GetCallbackUrl()
	return out, nil
}

func (h *hub) Unsubscribe(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = append(h.left, id)
	if h.fails > 0 {
		h.fails--
		return h.err
	}
	delete(h.live, id)
	return nil
}

// state is how many live, how often it was asked, and how many were taken back.
func (h *hub) state() (live, asked, left int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.live), len(h.asked), len(h.left)
}

func (h *hub) set(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}

// site is an instance with its subscriptions.
type site struct {
	t      *testing.T
	hub    *hub
	store  *memory
	public string
	hooks  []*wire.RealtimeSpec
	m      *Subscriptions
	server *Server

	mu     sync.Mutex
	shards []string // of files
	silent bool
	missed []string
}

func newSite(t *testing.T, h *hub) *site {
	t.Helper()
	return &site{
		t: t, hub: h, store: newMemory(), public: "https://hooks.example.com", shards: []string{"a", "b"},
		hooks: []*wire.RealtimeSpec{{Name: "push", Means: "webhook", Listings: []string{"users", "files"}}},
	}
}

// places: users is one place, files has shards.
func (s *site) places(listing string) ([]*wire.Shard, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if listing == "users" {
		return []*wire.Shard{{Listing: listing}}, true
	}
	var all []*wire.Shard
	for _, k := range s.shards {
		all = append(all, &wire.Shard{Listing: listing, Key: k})
	}
	return all, !s.silent
}

func (s *site) set(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// misses takes what was missed since it was asked last.
func (s *site) misses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.missed
	s.missed = nil
	slices.Sort(got)
	return got
}

// start runs a process; the returned function ends it.
func (s *site) start() (stop func()) {
	s.t.Helper()
	s.server = newTestServer(s.public)
	keys, err := LoadKeys(s.t.Context(), s.store)
	if err != nil {
		s.t.Fatal(err)
	}
	c := SubscriptionsConfig{
		Hooks: s.hooks, Provider: s.hub, Store: s.store, Keys: keys, Logger: hclog.NewNullLogger(), Places: s.places,
		Secret: func(context.Context) (string, error) { return keys.Secret(), nil },
		Missed: func(_ *wire.RealtimeSpec, listing, shard string) {
			s.set(func() { s.missed = append(s.missed, listing+"/"+shard) })
		},
	}
	if len(s.hooks) > 0 {
		c.Door = s.server.Open("x/one", &verifier{}, (&counter{}).hint)
	}
	s.m = NewSubscriptions(c)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.m.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Error(err)
		}
	}
}

func (s *site) want(live, asked, left int) {
	s.t.Helper()
	synctest.Wait()
	if l, a, u := s.hub.state(); l != live || a != asked || u != left {
		s.t.Errorf("%d live, %d asked for, %d taken back; want %d, %d, %d", l, a, u, live, asked, left)
	}
}

// Each subscription is renewed at two thirds of its life, and over a restart stays what it was.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.life = 6 * time.Hour
		s := newSite(t, h)
		stop := s.start()
		s.want(1, 1, 0)
		if h.secret == "" || s.server.find("/hooks/x/one/"+s.m.token(key{hook: "push"})) == nil {
			t.Error("no secret, or no path")
		}
		time.Sleep(4*time.Hour - time.Second)
		s.want(1, 1, 0)
		time.Sleep(2 * time.Second)
		s.want(1, 2, 1) // another one, and the old one is taken back
		stop()
		time.Sleep(time.Hour)
		stop = s.start()
		s.want(1, 2, 1)
		time.Sleep(3 * time.Hour)
		s.want(1, 3, 2)
		if st := s.m.Status(); len(st) != 1 || st[0].Live != 1 || st[0].Failing != 0 || st[0].URL != "" || st[0].Expires.IsZero() {
			t.Errorf("%+v", st)
		}
		if got := s.misses(); got != nil {
			t.Errorf("nothing was missed, but looked for: %v", got)
		}
		stop()
	})
}

// Errors are tried again, ever more seldom; one that expired meanwhile, in this process or between two, is a gap.
func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.life = time.Hour
		s := newSite(t, h)
		stop := s.start()
		h.set(func() { h.fails, h.err = 1_000_000, sdk.Errorf(sdk.ErrUnavailable, "down") })
		time.Sleep(2 * time.Hour)
		if _, asked, _ := h.state(); asked < 10 || asked > 30 {
			t.Errorf("%d attempts in two hours", asked)
		}
		if st := s.m.Status()[0]; st.Live != 0 || st.Failing != 1 || st.Error == "" || st.URL == "" {
			t.Errorf("%+v", st)
		}
		h.set(func() { h.fails = 0 })
		time.Sleep(2 * backoffMax)
		if got := s.misses(); !slices.Equal(got, []string{"/"}) {
			t.Errorf("after it had expired, looked at: %v", got)
		}
		stop()
		time.Sleep(24 * time.Hour)
		stop = s.start()
		if got := s.misses(); !slices.Equal(got, []string{"/"}) {
			t.Errorf("after it had expired between two runs, looked at: %v", got)
		}
		if st := s.m.Status()[0]; st.Live != 1 || st.Error != "" {
			t.Errorf("%+v", st)
		}
		stop()
	})
}

// One that does not expire is asked for again each day: where somebody removed it, what it did not tell is looked at.
func TestReassured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.same = true
		s := newSite(t, h)
		stop := s.start()
		time.Sleep(reassure + time.Minute)
		s.want(1, 2, 0)
		if got := s.misses(); got != nil {
			t.Errorf("looked at %v", got)
		}
		h.set(func() { clear(h.live) })
		time.Sleep(reassure)
		s.want(1, 3, 1)
		if got := s.misses(); !slices.Equal(got, []string{"/"}) {
			t.Errorf("after it was removed, looked at: %v", got)
		}
		stop()
	})
}

// Where a provider wants one for each listing and shard, they follow the shards.
func TestEachShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.each = true
		s := newSite(t, h)
		stop := s.start()
		s.want(3, 4, 0)
		if !slices.Equal(h.asked, []string{"/", "files/a", "files/b", "users/"}) {
			t.Errorf("asked for %v", h.asked)
		}
		addresses := map[string]bool{}
		for _, a := range h.live {
			addresses[a] = true
		}
		if len(addresses) != 3 {
			t.Errorf("%d addresses", len(addresses))
		}
		time.Sleep(10 * reassure)
		s.want(3, 4, 0) // none of them ends by itself
		s.set(func() { s.shards = []string{"b", "c"} })
		time.Sleep(reconcileEvery + time.Second)
		s.want(3, 5, 1)
		s.set(func() { s.shards, s.silent = nil, true }) // for now nobody knows
		time.Sleep(reconcileEvery + time.Second)
		s.want(3, 5, 1)
		stop()
		stop = s.start() // the shards are not known yet, and what there is stays
		s.want(3, 6, 1)
		s.set(func() { s.shards, s.silent = []string{"b", "c"}, false })
		time.Sleep(reconcileEvery + time.Second)
		s.want(3, 6, 1)
		if st := s.m.Status()[0]; st.Live != 3 || st.URL != "" {
			t.Errorf("%+v", st)
		}
		stop()
	})
}

// A connector that cannot subscribe leaves it to a person: the path is there, and status says it.
func TestByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.fails, h.err = 1_000, sdk.Errorf(sdk.ErrUnsupported, "set it up at the vendor")
		s := newSite(t, h)
		stop := s.start()
		defer stop()
		time.Sleep(10 * reconcileEvery)
		s.want(0, 4, 0)
		st := s.m.Status()[0]
		if st.URL == "" || st.Failing != 0 || s.server.find(st.URL[len(s.public):]) == nil {
			t.Errorf("%+v", st)
		}
	})
}

// A permission that is missing is asked for once an hour.
func TestRefusedSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.fails, h.err = 3, sdk.Errorf(sdk.ErrPermission, "admin:org_hook is missing")
		s := newSite(t, h)
		stop := s.start()
		defer stop()
		time.Sleep(2*refusedEvery - refusedEvery/4)
		s.want(0, 2, 0)
		time.Sleep(2 * refusedEvery)
		s.want(1, 4, 0)
	})
}

// At another address, the old one is replaced; switched off, all are taken back, whoever made them.
func TestMovedAndSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		h.each, h.life = true, time.Hour
		s := newSite(t, h)
		s.start()()
		s.public = "https://elsewhere.example.com"
		stop := s.start()
		s.want(3, 8, 3)
		for _, address := range h.live {
			if address[:len(s.public)] != s.public {
				t.Errorf("still at %s", address)
			}
		}
		stop()
		if err := s.m.End(t.Context()); err != nil {
			t.Error(err)
		}
		s.want(0, 8, 6)
		if n := s.store.kept(); n != 0 {
			t.Errorf("%d are still kept", n)
		}
		stop = s.start()
		s.want(3, 12, 6)
		stop()
		s.hooks = nil
		h.set(func() { h.fails, h.err = 1, sdk.Errorf(sdk.ErrUnavailable, "down") })
		stop = s.start()
		time.Sleep(5 * reconcileEvery)
		s.want(0, 12, 10)
		if n := s.store.kept(); n != 0 {
			t.Errorf("%d are still kept", n)
		}
		stop()
	})
}

// What the provider does not let go of is forgotten at last.
func TestStuckGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		s := newSite(t, h)
		s.start()()
		s.hooks = nil
		h.set(func() { h.fails, h.err = 1_000, sdk.Errorf(sdk.ErrInternal, "no") })
		stop := s.start()
		time.Sleep(10 * reconcileEvery)
		s.want(1, 1, goodbyes)
		if n := s.store.kept(); n != 0 {
			t.Errorf("%d are still kept", n)
		}
		stop()
	})
}

// The key lasts, and what is derived from it differs.
func TestKeys(t *testing.T) {
	m := newMemory()
	a, err := LoadKeys(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadKeys(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	other, err := LoadKeys(t.Context(), newMemory())
	if err != nil {
		t.Fatal(err)
	}
	if a.Secret() != b.Secret() || a.Secret() == other.Secret() || a.Secret() == a.token() || a.token("x", "y") == a.token("x", "z") {
		t.Error("keys do not last, or meet")
	}
	if len(a.token("x")) < 32 {
		t.Errorf("a token of %d characters", len(a.token("x")))
	}
	m.docs[keyName] = []byte("short")
	if _, err := LoadKeys(t.Context(), m); err == nil {
		t.Error("a damaged key is used")
	}
}
