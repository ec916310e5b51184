package plughost

import (
	"errors"
	"os"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func helloSpec(t testing.TB, url string) Spec {
	path, digest := hello(t)
	return Spec{
		Instance: "demo", Provider: "hello", Path: path, SHA256: digest,
		Settings: map[string]string{"base_url": url}, Secrets: secrets("token", "s3cret-token"),
		Network: &wire.Network{Private: []string{"127.0.0.1"}},
	}
}

func TestHelloScans(t *testing.T) {
	h := newHost(t)
	ctx := testContext(t)
	c := h.Start(helloSpec(t, helloAPI(t, 3).URL))
	var ids []string
	var checkpoints int
	cert, err := c.Scan(ctx, quota.Full, &wire.ScanRequest{Listing: "users", Mode: wire.ScanMode_SCAN_MODE_FULL}, func(raw []byte) error {
		p := &wire.Part{}
		if err := p.UnmarshalVT(raw); err != nil {
			return err
		}
		for _, e := range p.GetEnvelopes() {
			ids = append(ids, e.GetId())
		}
		if p.Checkpoint != nil {
			checkpoints++
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Scan: %v\n%s", err, h.log)
	}
	if cert.GetRecords() != 3 || cert.GetPages() != 3 || checkpoints != 3 || len(ids) != 3 || ids[2] != "u2" {
		t.Errorf("cert %v, ids %v, checkpoints %d", cert, ids, checkpoints)
	}
	check, err := c.Check(ctx)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	if cap0 := check.GetCapabilities()[0]; cap0.GetName() != "list:users" || cap0.GetState() != wire.Capability_HELD || cap0.GetFingerprint() == "" {
		t.Errorf("capability: %v", cap0)
	}
	h.ledger.mu.Lock()
	defer h.ledger.mu.Unlock()
	if len(h.ledger.leases) < 2 || h.ledger.leases[0] != "demo true full" {
		t.Errorf("leases: %q", h.ledger.leases)
	}
	if s := c.State(); s.Phase != Running || s.PID == 0 || s.Level != LevelBasic {
		t.Errorf("state: %+v", s)
	}
}

func TestPartErrorEndsTheWalk(t *testing.T) {
	h := newHost(t)
	c := h.Start(helloSpec(t, helloAPI(t, 3).URL))
	_, err := c.Scan(testContext(t), quota.Full, &wire.ScanRequest{Listing: "users"}, func([]byte) error { return errTest })
	if !errors.Is(err, errTest) {
		t.Errorf("error: %v", err)
	}
}

func TestDescribeAsksHello(t *testing.T) {
	path, digest := hello(t)
	self, _ := os.Executable()
	d, err := describe(testContext(t), self, path, digest)
	if err != nil {
		t.Fatal(err)
	}
	if d.GetName() != "hello" || len(d.GetListings()) != 1 {
		t.Errorf("description: %v", d)
	}
}
