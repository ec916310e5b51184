package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
	"github.com/mooring-hq/mooring/sdk/wire/v1/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// probed is a connector that is known by its requests.
type probed struct {
	scan func(context.Context, *sdk.Session, *sdk.Walk) error
}

func (probed) Describe() *sdk.Description {
	return &sdk.Description{
		Name: "probed", BaseURL: "https://probed.example", Auth: sdk.Bearer("token"),
		Settings: []sdk.Setting{{Name: "org", Required: true, Identity: true}},
		Listings: []sdk.Listing{
			{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}},
			{Name: "secrets", Defines: []sdk.Kind{sdk.KindSetting}, Permissions: []string{"secrets:read"}},
			{Name: "logs", Defines: []sdk.Kind{sdk.KindActivity}, Type: sdk.Feed, MaxWindow: 24 * time.Hour},
			{Name: "broken", Defines: []sdk.Kind{sdk.KindFile}},
			{Name: "paid", Defines: []sdk.Kind{sdk.KindFile}},
			{Name: "children", Defines: []sdk.Kind{sdk.KindFile}, Parent: "users"},
		},
	}
}

func (p probed) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	return p.scan(ctx, s, w)
}

// started is a served connector, and the agent's end of it.
type started struct {
	rpc     rpc.ConnectorClient
	session grpc.BidiStreamingClient[wire.SessionHost, wire.SessionConnector]
	ended   chan struct{} // the process would end
}

func start(t *testing.T, c sdk.Connector, open *wire.Start) *started {
	t.Helper()
	d, err := describe(c, c.Describe(), "mooring-connector-x")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(c, c.Describe(), d)
	g := grpc.NewServer(link.ServerOptions()...)
	rpc.RegisterConnectorServer(g, s)
	out := &started{ended: make(chan struct{})}
	s.stop = func() { close(out.ended) }
	l := bufconn.Listen(1 << 20)
	served := make(chan struct{})
	go func() { defer close(served); _ = g.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///x", append(link.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	out.rpc = rpc.NewConnectorClient(conn)
	t.Cleanup(func() {
		cancel()
		if out.session != nil {
			<-out.ended
		}
		_ = conn.Close()
		g.Stop()
		<-served
	})
	if open == nil {
		return out
	}
	if out.session, err = out.rpc.Session(ctx); err != nil {
		t.Fatal(err)
	}
	if err := out.session.Send(&wire.SessionHost{Msg: &wire.SessionHost_Start{Start: open}}); err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *started) receive(t *testing.T) *wire.SessionConnector {
	t.Helper()
	m, err := s.session.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var settings = &wire.Start{
	Instance: "i", Settings: []*wire.Value{{Name: "org", Value: "acme"}}, Secrets: []*wire.Value{{Name: "token", Value: "t0ken"}},
}

func TestProbeSaysWhatIsHeld(t *testing.T) {
	scan := func(_ context.Context, _ *sdk.Session, w *sdk.Walk) error {
		switch w.Listing {
		case "secrets":
			return &sdk.Error{Type: sdk.ErrPermission, Message: "403"}
		case "paid":
			return &sdk.Error{Type: sdk.ErrNotInPlan, Message: "enterprise only"}
		case "broken":
			return &sdk.Error{Type: sdk.ErrUnavailable, Message: "503"}
		case "logs":
			if w.Mode != sdk.ModeWindow || w.Until.Sub(w.From) != time.Hour {
				return errors.New("wrong window")
			}
			return w.Complete()
		}
		w.Add(&sdk.Account{Id: "1"})
		if w.EndPage("2") != "" {
			return errors.New("the probe reads on after the first page")
		}
		return w.Complete()
	}
	s := start(t, probed{scan}, settings)
	if r := s.receive(t).GetReady(); r == nil || r.GetError() != nil {
		t.Fatalf("ready: %v", r)
	}
	ctx := context.Background()
	m, err := s.rpc.Check(ctx, &wire.CheckRequest{CallId: "1"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]wire.Capability_State{
		"list:users": sdk.Held, "list:secrets": sdk.Missing, "list:logs": sdk.Held, "list:broken": sdk.Unknown, "list:paid": sdk.NotInPlan,
		"list:children": sdk.Unknown,
	}
	for _, c := range m.GetCapabilities() {
		if c.GetState() != want[c.GetName()] {
			t.Errorf("%s is %s (%s), want %s", c.GetName(), c.GetState(), c.GetReason(), want[c.GetName()])
		}
		if c.GetName() == "list:secrets" && strings.Join(c.GetMissing(), "") != "secrets:read" {
			t.Errorf("missing: %v", c.GetMissing())
		}
	}
	if len(m.GetCapabilities()) != len(want) || m.GetTenantId() != "probed.example/acme" {
		t.Errorf("%d capabilities of tenant %q", len(m.GetCapabilities()), m.GetTenantId())
	}
	again, err := s.rpc.Check(ctx, &wire.CheckRequest{CallId: "2"})
	if err != nil || again.GetCapabilities()[0].GetFingerprint() != m.GetCapabilities()[0].GetFingerprint() {
		t.Errorf("the fingerprint is not stable: %v", err)
	}
}

func TestProbeFailsOnAWrongCredential(t *testing.T) {
	s := start(t, probed{func(context.Context, *sdk.Session, *sdk.Walk) error { return sdk.Errorf(sdk.ErrAuth, "401") }}, settings)
	s.receive(t)
	_, err := s.rpc.Check(context.Background(), &wire.CheckRequest{})
	if sdk.TypeOf(link.Error(context.Background(), err)) != sdk.ErrAuth {
		t.Errorf("error: %v", err)
	}
}

func TestSettingsAreRefusedByName(t *testing.T) {
	s := start(t, probed{}, &wire.Start{Instance: "i"})
	if e := s.receive(t).GetReady().GetError(); e.GetType() != "invalid" || e.GetField() != "org" {
		t.Errorf("ready: %v", e)
	}
}

func TestWithoutSession(t *testing.T) {
	s := start(t, probed{}, nil)
	ctx := context.Background()
	if _, err := s.rpc.Describe(ctx, &wire.DescribeRequest{}); err != nil {
		t.Errorf("Describe: %v", err)
	}
	if _, err := s.rpc.Check(ctx, &wire.CheckRequest{}); sdk.TypeOf(link.Error(ctx, err)) != sdk.ErrNotReady {
		t.Errorf("Check: %v", err)
	}
	if _, err := s.rpc.Prepare(ctx, &wire.PrepareRequest{}); sdk.TypeOf(link.Error(ctx, err)) != sdk.ErrUnsupported {
		t.Errorf("Prepare: %v", err)
	}
	if _, err := s.rpc.Webhook(ctx, &wire.WebhookRequest{}); sdk.TypeOf(link.Error(ctx, err)) != sdk.ErrUnsupported {
		t.Errorf("Webhook: %v", err)
	}
}

// TestRequestsAreLeasedUnderTheirCall plays the agent: it grants, and hears of the answer.
func TestRequestsAreLeasedUnderTheirCall(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer api.Close()
	open := &wire.Start{
		Instance: "i", Secrets: settings.GetSecrets(), Network: &wire.Network{Private: []string{"127.0.0.1"}},
		Settings: []*wire.Value{{Name: "org", Value: "acme"}, {Name: "base_url", Value: api.URL}},
	}
	s := start(t, probed{func(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
		if err := s.GetJSON(ctx, "/x", new(any)); err != nil {
			return err
		}
		return w.Complete()
	}}, open)
	s.receive(t)
	st, err := s.rpc.Scan(context.Background(), &wire.ScanRequest{CallId: "call-7", Listing: "users"})
	if err != nil {
		t.Fatal(err)
	}
	lease := s.receive(t).GetLease()
	if lease.GetCallId() != "call-7" || len(lease.GetWants()) != 1 {
		t.Fatalf("lease: %v", lease)
	}
	if err := s.session.Send(&wire.SessionHost{Msg: &wire.SessionHost_Granted{Granted: &wire.Granted{
		Id: lease.GetId(), Count: 1, Expires: timestamppb.New(time.Now().Add(time.Minute)),
	}}}); err != nil {
		t.Fatal(err)
	}
	if o := s.receive(t).GetObserve(); o.GetId() != lease.GetId() || o.GetStatus() != 200 || !o.GetSent() {
		t.Errorf("observation: %v", o)
	}
	m, err := st.Recv()
	if err != nil || m.GetCertificate() == nil {
		t.Errorf("%v %v", m, err)
	}
}

func TestCancelledCallStops(t *testing.T) {
	reached := make(chan struct{})
	s := start(t, probed{func(ctx context.Context, _ *sdk.Session, _ *sdk.Walk) error {
		close(reached)
		<-ctx.Done()
		return ctx.Err()
	}}, settings)
	s.receive(t)
	st, err := s.rpc.Scan(context.Background(), &wire.ScanRequest{CallId: "c", Listing: "users"})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := s.session.Send(&wire.SessionHost{Msg: &wire.SessionHost_CallCancelled{CallCancelled: &wire.CallCancelled{CallId: "c"}}}); err != nil {
		t.Fatal(err)
	}
	if m, err := st.Recv(); err != nil || m.GetError() == nil {
		t.Errorf("%v %v", m, err)
	}
}

func TestByHand(t *testing.T) {
	t.Setenv(link.EnvTLS, "")
	var out bytes.Buffer
	if err := run(probed{}, []string{"/opt/mooring-connector-probed", "--describe"}, &out); err != nil {
		t.Fatal(err)
	}
	d := &wire.Description{}
	if err := protojson.Unmarshal(out.Bytes(), d); err != nil || d.GetName() != "probed" || len(d.GetUnsupported()) == 0 {
		t.Errorf("%v: %v", err, d)
	}
	err := run(probed{}, []string{"mooring-connector-probed"}, io.Discard)
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "connector lock") {
		t.Errorf("by hand: %v", err)
	}
}
