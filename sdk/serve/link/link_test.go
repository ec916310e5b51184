package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestCodecSaysTheSameAsTheStockOne(t *testing.T) {
	part := &wire.Part{Envelopes: []*wire.Envelope{{Kind: wire.Kind_KIND_ACCOUNT, Id: "1", Record: bytes.Repeat([]byte("r"), 300)}}}
	raw, err := part.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	whole := &wire.ScanResponse{Msg: &wire.ScanResponse_Part{Part: part}}
	want, err := proto.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"raw part": &Part{Bytes: raw}, "our message": whole} {
		data, err := Codec{}.Marshal(v)
		if err != nil || !bytes.Equal(data.Materialize(), want) {
			t.Errorf("%s: %v, or other bytes than the stock codec's", name, err)
		}
		back := &wire.ScanResponse{}
		if err := (Codec{}).Unmarshal(data, back); err != nil || !proto.Equal(back, whole) {
			t.Errorf("%s: %v: %v", name, err, back)
		}
		var kept Raw
		if err := (Codec{}).Unmarshal(data, &kept); err != nil || !bytes.Equal(kept.Bytes(), want) {
			t.Errorf("%s: kept raw: %v", name, err)
		}
		kept.Free()
		data.Free()
	}
	health := &grpc_health_v1.HealthCheckRequest{Service: "plugin"}
	data, err := Codec{}.Marshal(health)
	if err != nil {
		t.Fatal(err)
	}
	back := &grpc_health_v1.HealthCheckRequest{}
	if err := (Codec{}).Unmarshal(data, back); err != nil || back.GetService() != "plugin" {
		t.Errorf("what is not ours: %v %v", back, err)
	}
}

func TestPartGivesItsBytesBack(t *testing.T) {
	part := bytes.Repeat([]byte("p"), 4096)
	var back []byte
	data, err := Codec{}.Marshal(&Part{Bytes: part, Sent: func(b []byte) { back = b }})
	if err != nil {
		t.Fatal(err)
	}
	if back != nil {
		t.Error("the bytes came back before they were sent")
	}
	if !bytes.HasSuffix(data.Materialize(), part) {
		t.Error("other bytes are sent")
	}
	data.Free()
	if len(back) != len(part) || &back[0] != &part[0] {
		t.Error("the bytes did not come back when they were sent")
	}
}

func TestErrorsCrossWhole(t *testing.T) {
	in := &sdk.Error{Type: sdk.ErrThrottled, Message: "slow down", Sent: true, RetryAfter: 3 * time.Second, RequestID: "r1", Status: 429}
	out, ok := errors.AsType[*sdk.Error](Error(context.Background(), Status(in)))
	if !ok || out.Type != in.Type || out.Message != in.Message || out.RetryAfter != in.RetryAfter || out.RequestID != "r1" || out.Status != 429 || !out.Sent {
		t.Errorf("%+v", out)
	}
	if Status(nil) != nil || Error(context.Background(), nil) != nil {
		t.Error("no error becomes one")
	}
	if st, _ := status.FromError(Status(errors.New("plain"))); st.Message() != "plain" {
		t.Errorf("plain: %v", st)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Error(ctx, Status(in)); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller's cancellation: %v", err)
	}
	if Lost(Status(sdk.Errorf(sdk.ErrUnavailable, "the provider is down"))) || Lost(nil) {
		t.Error("a connector's own error counts as a lost connection")
	}
}

// shake does a TLS handshake and one byte of traffic between two ends.
func shake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	l, err := tls.Listen("unix", filepath.Join(t.TempDir(), "s"), server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = conn.Write([]byte("x")) // handshakes first
			_ = conn.Close()
		}
		done <- err
	}()
	conn, err := tls.Dial("unix", l.Addr().String(), client)
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	return errors.Join(err, <-done)
}

func TestOnlyThisLaunchConnects(t *testing.T) {
	client, text, err := Keys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := parseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	other, otherText, err := Keys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	otherServer, err := parseKeys(otherText)
	if err != nil {
		t.Fatal(err)
	}
	nobody := client.Clone()
	nobody.Certificates = nil
	asServer := client.Clone()
	asServer.Certificates = server.Certificates
	for name, c := range map[string]struct {
		server, client *tls.Config
		ok             bool
	}{
		"the agent":                     {server, client, true},
		"another launch":                {server, other, false},
		"another connector":             {otherServer, client, false},
		"no certificate":                {server, nobody, false},
		"the connector's own, reversed": {server, asServer, false},
	} {
		if err := shake(t, c.server, c.client); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	_, text, err := Keys(time.Now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseKeys(b); (c == nil) == (err == nil) {
			t.Errorf("%v %v", c, err)
		}
	})
}
