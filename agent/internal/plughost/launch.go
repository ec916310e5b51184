package plughost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mooring-hq/mooring/agent/internal/plughost/shim"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	"github.com/mooring-hq/mooring/sdk/wire/v1/rpc"
)

// ShimMain makes this process the connector that the agent started it for. The agent's main calls it when os.Args[1] is
// "__shim". It never returns; package shim says why it seldom gets that far.
func ShimMain() { shim.Main() }

// launcher is what launching needs to know.
type launcher struct {
	dir, self    string
	images       *images
	start, grace time.Duration
}

// peer is a connector's process and the connection to it.
type peer struct {
	proc  *process
	conn  *grpc.ClientConn
	rpc   rpc.ConnectorClient
	dir   string
	grace time.Duration
	stdio chan struct{} // closed when its output is read to the end
}

// launch starts the connector and connects to it.
func (l *launcher) launch(ctx context.Context, path, digest, level string, out *lines) (*peer, error) {
	switch level {
	case "":
		level = LevelBasic
	case LevelBasic, LevelOff:
	case LevelStrict:
		return nil, sdk.Errorf(sdk.ErrUnsupported, "level %q cannot be reached: this version confines connectors at most at level %q", level, LevelBasic)
	default:
		return nil, sdk.Errorf(sdk.ErrInvalid, "level %q: one of strict, basic, off is expected", level)
	}
	program, err := l.images.open(path, digest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = program.Close() }()
	tls, keys, err := link.Keys(time.Now())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "c")
	if err != nil {
		return nil, fmt.Errorf("runtime folder: %w", err)
	}
	p := &peer{
		proc: newProcess(l.self, level, filepath.Base(path), program, keys), dir: dir, grace: l.grace, stdio: make(chan struct{}),
	}
	defer context.AfterFunc(ctx, func() { _ = p.proc.Kill(context.Background()) })() // go-plugin's Start does not listen to ctx
	address, err := l.handshake(p.proc, dir, out)
	if err != nil {
		p.abandon()
		return nil, startError(ctx, err, l.start, out)
	}
	p.conn, err = grpc.NewClient("passthrough:///connector", append(link.DialOptions(),
		grpc.WithTransportCredentials(credentials.NewTLS(tls)), grpc.WithIdleTimeout(0), grpc.WithDisableServiceConfig(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, address.Network(), address.String())
		}))...)
	if err != nil {
		p.abandon()
		return nil, fmt.Errorf("connecting: %w", err)
	}
	p.rpc = rpc.NewConnectorClient(p.conn)
	go p.readOutput(out) //nolint:gosec // it outlives the start: it ends with the connection
	return p, nil
}

// handshake has go-plugin start the process and read from it where to connect.
func (l *launcher) handshake(proc *process, dir string, out *lines) (net.Addr, error) {
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: link.Handshake(), Plugins: plugin.PluginSet{link.Plugin: &link.Service{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, SkipHostEnv: true, StartTimeout: l.start,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: dir}, Stderr: out, Logger: hclog.NewNullLogger(),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (runner.Runner, error) {
			proc.env, proc.dir = cmd.Env, sockets
			return proc, nil
		},
	}).Start()
}

func startError(ctx context.Context, err error, within time.Duration, out *lines) error {
	switch cause := ctx.Err(); {
	case errors.Is(cause, context.DeadlineExceeded):
		err = fmt.Errorf("nothing was heard of it within %s", within)
	case cause != nil:
		return fmt.Errorf("connector did not start: %w", cause)
	}
	said := out.tail()
	if said != "" {
		said = "; it wrote: " + said
	}
	return sdk.Errorf(sdk.ErrUnavailable, "connector did not start: %.500s%s", err.Error(), said)
}

// readOutput reads what the connector prints after the handshake. It must be read, else printing blocks the connector.
func (p *peer) readOutput(out *lines) {
	defer close(p.stdio)
	st, err := p.conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, "/plugin.GRPCStdio/StreamStdio") // ends with the connection
	if err != nil || st.SendMsg(&emptypb.Empty{}) != nil || st.CloseSend() != nil {
		return
	}
	for {
		var raw link.Raw
		if err := st.RecvMsg(&raw); err != nil {
			return
		}
		_, _ = out.Write(stdioData(raw.Bytes()))
		raw.Free()
	}
}

// ping fails when the connector does not answer.
func (p *peer) ping(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	return err
}

// close ends the process, gently at first unless it is known to be beyond that, and waits for it.
func (p *peer) close(gently bool) {
	if gently {
		ctx, cancel := context.WithTimeout(context.Background(), p.grace)
		_ = p.conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{})
		select {
		case <-p.proc.exited:
		case <-ctx.Done():
		}
		cancel()
	}
	_ = p.conn.Close()
	<-p.stdio
	p.abandon()
}

// abandon kills what may still run and removes its folder.
func (p *peer) abandon() {
	_ = p.proc.Kill(context.Background())
	p.proc.reap()
	_ = os.RemoveAll(p.dir)
}

var errGone = errors.New("connector ended")
