// Package serve makes a program of an sdk.Connector: main calls Run.
//
// It promises: only the agent that started the process can talk to it; every call carries the caller's cancellation and
// its id for quota; a panic in a connector's method fails that call and is logged, and the process lives on; the process
// ends when the agent or its Session does.
//
// It does not make a connector usable by hand: without the agent it says so and ends.
package serve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
	"github.com/mooring-hq/mooring/sdk/wire/v1/rpc"
)

// Run serves the connector until the agent is done with it. With --describe it prints the description and returns.
// Anything wrong ends the process with code 1.
func Run(c sdk.Connector) {
	if err := run(c, os.Args, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(c sdk.Connector, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("a program is started with its name")
	}
	file := filepath.Base(args[0])
	spec := c.Describe()
	description, err := describe(c, spec, file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(args) == 2 && args[1] == "--describe" { //nolint:gosec // checked above
		text, err := protojson.MarshalOptions{Multiline: true}.Marshal(description)
		if err != nil {
			return fmt.Errorf("%s: printing the description: %w", file, err)
		}
		_, err = fmt.Fprintf(stdout, "%s\n", text)
		return err
	}
	if len(args) > 1 || os.Getenv(link.EnvTLS) == "" {
		return fmt.Errorf("%s connects the Mooring agent to %s; the agent starts it, it does not run by itself\n"+
			"put it into a folder of connector_dirs, run \"mooring connector lock\" and add an instance %q block; --describe shows what it can do",
			file, description.GetName(), description.GetName())
	}
	keys, err := link.ServerTLS()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s := newServer(c, spec, description)
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: link.Handshake(),
		TLSProvider:     link.Provide(keys),
		Plugins: plugin.PluginSet{link.Plugin: &link.Service{Register: func(g *grpc.Server) {
			s.stop = g.Stop
			rpc.RegisterConnectorServer(g, s)
		}}},
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server { return grpc.NewServer(append(o, link.ServerOptions()...)...) },
		Logger:     hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
	})
	return nil
}

// describe fills in what the program itself shows: its name, its version, and which abilities it lacks.
func describe(c sdk.Connector, spec *sdk.Description, file string) (*wire.Description, error) {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	d, err := spec.Wire(file, version)
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	_, has["fetch"] = c.(sdk.Fetcher)
	_, has["watch"] = c.(sdk.Watcher)
	_, has["webhook"] = c.(sdk.Hooker)
	_, has["subscribe"] = c.(sdk.Subscriber)
	_, has["actions"] = c.(sdk.Actor)
	if declared := len(spec.Actions) > 0; declared != has["actions"] {
		return nil, sdk.Errorf(sdk.ErrInvalid, "description: actions are declared: %v, and implemented (sdk.Actor): %v", declared, has["actions"])
	}
	for i := range spec.Auth {
		has["authorize"] = has["authorize"] || spec.Auth[i].Login != nil
	}
	for _, ability := range []string{"fetch", "watch", "webhook", "subscribe", "authorize", "content", "actions"} {
		if !has[ability] {
			sdk.Lacks(d, ability)
		}
	}
	return d, nil
}
