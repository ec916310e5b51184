package plughost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
	"github.com/mooring-hq/mooring/sdk/wire/v1/rpc"
)

// streamRecords is how many records a walk of the stream benchmarks has, in pages of pageRecords.
const (
	streamRecords = 50_000
	pageRecords   = 1000
	stockBatch    = 100
)

// sample is a file record of the size that the measurements of the design were made with: 582 bytes with its framing.
func sample(i int) *sdk.File {
	at := sdk.At(time.Unix(1_700_000_000+int64(i), 0))
	f := &sdk.File{
		Id: fmt.Sprintf("file-%020d", i), Name: new(fmt.Sprintf("Quarterly report %d.xlsx", i)),
		Path: new(fmt.Sprintf("/Shared/Finance/2026/Reports/Quarterly/Quarterly report %d.xlsx", i)), Type: new("file"),
		Mime: new("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), SizeBytes: new(int64(i) * 100),
		Owner: sdk.To(sdk.KindAccount, fmt.Sprintf("user-%08d", i%1000)), CreatedAt: at, ModifiedAt: at,
		ModifiedBy: sdk.To(sdk.KindAccount, fmt.Sprintf("user-%08d", i%999)), ContentHash: new("sha256:9f86d081884c7d659a2feaa0c55ad015"),
		Version: new("17"), AccessLevel: new("link"), Url: new(fmt.Sprintf("https://files.example.com/d/file-%020d/view", i)),
		Access: &sdk.AccessList{Complete: true},
	}
	for j := range 3 {
		f.Access.Items = append(f.Access.Items, &sdk.Access{Principal: sdk.To(sdk.KindAccount, fmt.Sprintf("user-%08d", i+j)), Role: new("editor")})
	}
	return f
}

// samples are made once, because it is the way that is measured, not their making.
var samples = sync.OnceValue(func() []*sdk.File {
	list := make([]*sdk.File, pageRecords)
	for i := range list {
		list[i] = sample(i)
	}
	return list
})

func stream(w *sdk.Walk) error {
	for page := range streamRecords / pageRecords {
		for _, f := range samples() {
			w.Add(f)
		}
		w.EndPage(fmt.Sprint("page", page))
	}
	return w.Complete()
}

// plainConnector is what go-plugin's users start with: no TLS.
func plainConnector() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: link.Handshake(), GRPCServer: plugin.DefaultGRPCServer, Logger: hclog.NewNullLogger(),
		Plugins: plugin.PluginSet{link.Plugin: &link.Service{Register: func(g *grpc.Server) { rpc.RegisterConnectorServer(g, stockServer{}) }}},
	})
}

// stock serves the contract with the generated code alone.
func stock(server rpc.ConnectorServer) {
	keys, err := link.ServerTLS()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: link.Handshake(), GRPCServer: plugin.DefaultGRPCServer, Logger: hclog.NewNullLogger(), TLSProvider: link.Provide(keys),
		Plugins: plugin.PluginSet{link.Plugin: &link.Service{Register: func(g *grpc.Server) { rpc.RegisterConnectorServer(g, server) }}},
	})
}

type stockServer struct {
	rpc.UnimplementedConnectorServer
}

func (stockServer) Scan(_ *wire.ScanRequest, st grpc.ServerStreamingServer[wire.ScanResponse]) error {
	for range streamRecords / stockBatch {
		part := &wire.Part{}
		for _, f := range samples()[:stockBatch] {
			record, err := proto.Marshal(f)
			if err != nil {
				return err
			}
			part.Envelopes = append(part.Envelopes, &wire.Envelope{Kind: sdk.KindFile, Id: f.GetId(), Record: record})
		}
		if err := st.Send(&wire.ScanResponse{Msg: &wire.ScanResponse_Part{Part: part}}); err != nil {
			return err
		}
	}
	return nil
}

func benchPeer(b *testing.B, role string) *peer {
	b.Helper()
	path, digest := as(b, role)
	l, images := benchLauncher(b)
	b.Cleanup(images.close)
	p, err := l.launch(context.Background(), path, digest, LevelBasic, newLines(hclog.NewNullLogger()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.close(true) })
	return p
}

func benchLauncher(b *testing.B) (*launcher, *images) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ph")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := newImages(filepath.Join(dir, "bin"))
	return &launcher{dir: dir, self: self, images: m, start: time.Minute, grace: 2 * time.Second}, m
}

// BenchmarkStream compares records per second from a connector's records to what the host works on: for us the bytes of
// each record, walked over; for the stock client the decoded message, and the envelopes alone.
func BenchmarkStream(b *testing.B) {
	perRecord := func(b *testing.B, n int) {
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("ours", func(b *testing.B) {
		p := benchPeer(b, "mooring-connector-rig")
		s, err := openSession(context.Background(), p, &Spec{Instance: "x"}, map[string]string{"token": "t"}, &ledger{}, newLines(hclog.NewNullLogger()), time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		defer s.close()
		b.ReportAllocs()
		for b.Loop() {
			st, err := p.rpc.Scan(context.Background(), &wire.ScanRequest{Listing: "stream"})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			if _, err := receiveScan(st, func(raw []byte) error { n += records(raw); return nil }); err != nil || n != streamRecords+1 {
				b.Fatalf("%d records: %v", n, err)
			}
		}
		perRecord(b, streamRecords)
	})
	for name, decode := range map[string]bool{"stock": true, "stock-envelopes-only": false} {
		b.Run(name, func(b *testing.B) {
			p := benchPeer(b, "stock")
			b.ReportAllocs()
			for b.Loop() {
				st, err := p.rpc.Scan(context.Background(), &wire.ScanRequest{}, grpc.ForceCodecV2(encoding.GetCodecV2("proto")))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				if err := receiveAll(st, func(m *wire.ScanResponse) error {
					for _, e := range m.GetPart().GetEnvelopes() {
						n++
						if decode {
							if err := proto.Unmarshal(e.GetRecord(), &wire.File{}); err != nil {
								return err
							}
						}
					}
					return nil
				}); err != nil || n != streamRecords {
					b.Fatalf("%d records: %v", n, err)
				}
			}
			perRecord(b, streamRecords)
		})
	}
}

// records walks over the envelopes of a part.
func records(part []byte) int {
	n := 0
	for len(part) > 0 {
		field, typ, m := protowire.ConsumeTag(part)
		size := protowire.ConsumeFieldValue(field, typ, part[m:])
		if m < 0 || size < 0 {
			return -1
		}
		if field == 1 {
			n++
		}
		part = part[m+size:]
	}
	return n
}

// BenchmarkLaunch compares verified, confined launches with keys of their own to go-plugin's plain ones: from nothing to
// the first answer.
func BenchmarkLaunch(b *testing.B) {
	for _, n := range []int{1, 13, 100} {
		b.Run(fmt.Sprintf("plain/%d", n), func(b *testing.B) {
			path, _ := as(b, "plain")
			for b.Loop() {
				var wg sync.WaitGroup
				clients := make([]*plugin.Client, n)
				for i := range clients {
					wg.Go(func() {
						clients[i] = plugin.NewClient(&plugin.ClientConfig{
							HandshakeConfig: link.Handshake(), AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: hclog.NewNullLogger(),
							Plugins: plugin.PluginSet{link.Plugin: &link.Service{}}, Cmd: exec.Command(path),
						})
						c, err := clients[i].Client()
						if err == nil {
							err = c.Ping()
						}
						if err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				for _, c := range clients {
					wg.Go(c.Kill)
				}
				wg.Wait()
				b.StartTimer()
			}
		})
		b.Run(fmt.Sprintf("ours/%d", n), func(b *testing.B) {
			path, digest := as(b, "stock")
			l, images := benchLauncher(b)
			defer images.close()
			for b.Loop() {
				var wg sync.WaitGroup
				peers := make([]*peer, n)
				for i := range peers {
					wg.Go(func() {
						p, err := l.launch(context.Background(), path, digest, LevelBasic, newLines(hclog.NewNullLogger()))
						if err == nil {
							peers[i] = p
							err = p.ping(context.Background(), time.Minute)
						}
						if err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				for _, p := range peers {
					wg.Go(func() { p.close(true) })
				}
				wg.Wait()
				b.StartTimer()
			}
		})
	}
}
