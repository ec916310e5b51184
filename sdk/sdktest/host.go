package sdktest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// host grants all quota at once, and keeps the books as the agent's ledger does.
type host struct {
	mu    sync.Mutex
	next  uint64
	open  map[uint64]int // grants of which nothing was told yet
	sent  int
	wrong []string
	lines []string // of the log
	kept  map[string]string
}

// Lease grants.
func (h *host) Lease(_ context.Context, _ string, wants []*wire.Want, count int) (httpapi.Grant, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(wants) == 0 {
		h.wrong = append(h.wrong, "a lease wants nothing")
	}
	h.next++
	h.open[h.next] = count
	return httpapi.Grant{ID: h.next, Count: count}, nil
}

// Observe books what became of grants.
func (h *host) Observe(o *wire.Observe) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := int(o.GetReturned())
	if o.GetSent() {
		n++
		h.sent++
	}
	if n == 0 || h.open[o.GetId()] < n {
		h.wrong = append(h.wrong, fmt.Sprintf("lease %d: %d requests were observed, %d were granted", o.GetId(), n, h.open[o.GetId()]))
	}
	h.open[o.GetId()] -= n
}

func (h *host) log(level, message string, fields ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, level+" "+message+" "+strings.Join(fields, " "))
}

func (h *host) keep(_ context.Context, name, value string, _ time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept[name] = value
	return nil
}

func (h *host) secret(given map[string]string) func(string) string {
	return func(name string) string {
		h.mu.Lock()
		defer h.mu.Unlock()
		if v, ok := h.kept[name]; ok {
			return v
		}
		return given[name]
	}
}

// closing looks at the books when everything is over.
func (k *kit) closing(t tester) {
	k.host.mu.Lock()
	defer k.host.mu.Unlock()
	for _, w := range k.host.wrong {
		t.Errorf("quota: %s", w)
	}
	for id, left := range k.host.open {
		if left != 0 {
			t.Errorf("quota: of lease %d, %d requests were neither sent nor given back", id, left)
		}
	}
	k.provider.mu.Lock()
	defer k.provider.mu.Unlock()
	if len(k.provider.strayed) > 0 {
		t.Errorf("requests went to a host that is not declared: %q", k.provider.strayed)
	}
	for _, line := range k.host.lines {
		if name := k.leakLocked(line); name != "" {
			t.Errorf("the log shows %s", name)
		}
	}
}

// open starts the provider and makes the session, as package serve does.
func (k *kit) open(t tester) bool {
	var err error
	if k.provider, err = newProvider(k.o); err != nil {
		t.Errorf("%v", err)
		return false
	}
	settings := sdk.Settings{}
	for _, s := range k.d.GetSettings() {
		if s.GetDefault() != "" {
			settings[s.GetName()] = s.GetDefault()
		}
	}
	settings["base_url"] = ProviderURL
	maps.Copy(settings, k.o.Settings)
	for name, v := range settings {
		settings[name] = strings.ReplaceAll(v, ProviderURL, k.provider.server.URL)
	}
	k.host = &host{open: map[uint64]int{}, kept: map[string]string{}}
	k.session = &sdk.Session{
		Instance: "conformance", Settings: settings, Secret: k.host.secret(k.o.Secrets), Keep: k.host.keep, Log: k.host.log,
		KeepRaw: true, Classify: k.spec.Classify,
	}
	tr, err := httpapi.New(httpapi.Config{
		Description: k.spec, Session: k.session, Lessor: k.host, Network: &wire.Network{Private: []string{"localhost"}},
		UserAgent: "mooring-conformance/1", Backoff: time.Millisecond,
	})
	if err != nil {
		t.Errorf("the session does not open: %v", err)
		k.provider.close()
		return false
	}
	k.session.HTTP = httpapi.Client(tr)
	k.release = tr.Release
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		k.provider.close()
	})
	return true
}
