package plughost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// keeper is a Keeper that answers every step with ok.
type keeper struct {
	values  map[string]string
	missing error
	claimed chan struct{} // hears of a claim; nil: nobody listens

	mu    sync.Mutex
	steps []string
	gone  int // after so many steps
}

func (k *keeper) Values(context.Context) (map[string]string, error) { return k.values, k.missing }

func (k *keeper) Keep(_ context.Context, _ string, m *wire.KeepSecret) (*wire.Kept, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.steps = append(k.steps, fmt.Sprintf("%s %s %s→%s", m.GetStep(), m.GetName(), m.GetReplaces(), m.GetValue()))
	if k.claimed != nil && m.GetStep() == wire.KeepSecret_CLAIM {
		k.claimed <- struct{}{}
	}
	return &wire.Kept{Result: "ok", Value: new("s3cret-claimed")}, nil
}

func (k *keeper) Gone(string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = len(k.steps)
}

func (k *keeper) want(t *testing.T, steps ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.steps, steps) || k.gone != len(steps) {
		t.Errorf("kept %q, the session gone after %d steps; want %q", k.steps, k.gone, steps)
	}
}

func TestKeepSecret(t *testing.T) {
	h := newHost(t, quick)
	spec := rigSpec(t)
	k := &keeper{}
	spec.Keeper = k
	c := h.Start(spec)
	_, err := scan(t, c, "secret")
	if err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("scan: %v", err)
	}
	h.Stop(spec.Instance)
	k.want(t, "KEEP token s3cret-token→rotated")
}

// spendingTime is how long the provider of the spender takes.
const spendingTime = 300 * time.Millisecond

// spender is a connector whose credential works once.
type spender struct{}

func (spender) Describe() *sdk.Description {
	return &sdk.Description{
		BaseURL: "https://127.0.0.1:1", Listings: []sdk.Listing{{Name: "spend", Defines: []sdk.Kind{sdk.KindAccount}}},
		Auth: sdk.Auth{{
			Name: "login", Rotates: "once", Fields: []sdk.Field{{Name: "once", Kept: true}},
			Login: &sdk.CodeFlow{
				URL: func(*sdk.Session) string { return "https://127.0.0.1:1/" }, ClientID: "once",
				Exchange: func(context.Context, *sdk.Session, sdk.Code) (map[string]string, *sdk.Token, error) {
					return nil, nil, errors.New("not here")
				},
			},
			Token: func(_ context.Context, s *sdk.Session, _ string) (*sdk.Token, error) {
				time.Sleep(spendingTime)
				return &sdk.Token{Value: "s3cret-access", Next: "s3cret-next"}, nil
			},
		}},
	}
}

func (spender) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	_ = s.GetJSON(ctx, "/", new(any)) // nobody is there; the token comes first
	s.Log("info", "renewed: "+s.Secret("once"))
	return w.Complete()
}

func spenderSpec(t *testing.T, k *keeper) Spec {
	path, digest := as(t, "mooring-connector-spender")
	return Spec{
		Instance: "spender", Provider: "spender", Path: path, SHA256: digest, Keeper: k,
		Network: &wire.Network{Private: []string{"127.0.0.1"}},
	}
}

// TestAStopLetsWhatIsBeingSpentBeKept: else somebody would have to log in after every stop at the wrong moment.
func TestAStopLetsWhatIsBeingSpentBeKept(t *testing.T) {
	h := newHost(t, quick)
	k := &keeper{values: map[string]string{"once": "s3cret-first"}, claimed: make(chan struct{}, 1)}
	spec := spenderSpec(t, k)
	c := h.Start(spec)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		_, err := c.Scan(ctx, quota.Full, &wire.ScanRequest{Listing: "spend"}, func([]byte) error { return nil })
		ended <- err
	}()
	<-k.claimed
	cancel() // as the engine is told to end before its connector
	h.Stop(spec.Instance)
	<-ended
	k.want(t, "CLAIM once →", "KEEP once s3cret-claimed→s3cret-next")
}

// TestAStopDoesNotWaitForever: a spending that takes too long is lost.
func TestAStopDoesNotWaitForever(t *testing.T) {
	h := newHost(t, quick, func(h *Host) { h.timing.settle = spendingTime / 10 })
	k := &keeper{values: map[string]string{"once": "s3cret-first"}, claimed: make(chan struct{}, 1)}
	spec := spenderSpec(t, k)
	c := h.Start(spec)
	go func() { _, _ = scan(t, c, "spend") }()
	<-k.claimed
	h.Stop(spec.Instance)
	k.want(t, "CLAIM once →")
}

func TestWhatIsRenewedIsMaskedToo(t *testing.T) {
	h := newHost(t, quick)
	k := &keeper{values: map[string]string{"once": "s3cret-first"}}
	spec := spenderSpec(t, k)
	c := h.Start(spec)
	if _, err := scan(t, c, "spend"); err != nil {
		t.Fatal(err)
	}
	h.Stop(spec.Instance)
	if text := h.log.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, "renewed: [redacted]") {
		t.Errorf("log: %s", text)
	}
}

func TestWithoutALoginAConnectorWaits(t *testing.T) {
	h := newHost(t, quick, func(h *Host) { h.timing.backoffMax = time.Hour })
	k := &keeper{missing: sdk.Errorf(sdk.ErrAuth, "login needed: run `mooring login spender`")}
	c := h.Start(spenderSpec(t, k))
	_, err := scan(t, c, "spend")
	if sdk.TypeOf(err) != sdk.ErrAuth || !strings.Contains(err.Error(), "login needed: run `mooring login spender`") {
		t.Errorf("a call: %v", err)
	}
	if s := c.State(); s.Phase != Waiting || s.Restarts != 0 {
		t.Errorf("state: %+v", s)
	}
}
