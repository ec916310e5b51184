// Package link is what both ends of the connection between agent and connector agree on: the handshake of go-plugin,
// the limits of messages, how they are encoded, and how the keys of one launch reach the connector.
//
// It promises that scanned parts pass through it without being decoded or copied more than the transport needs. It
// starts nothing and opens nothing but the descriptor that it is given.
package link

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// What both ends agree on.
const (
	// Plugin is the name under which go-plugin knows the service.
	Plugin = "connector"
	// Protocol is the version of the contract.
	Protocol = 1
	// EnvTLS names the variable that holds the number of the inherited descriptor with the keys.
	EnvTLS = "MOORING_TLS_FD"
	// MaxMessageBytes is the size of the largest message, in either direction.
	MaxMessageBytes = 4 << 20

	windowBytes = 1 << 20   // of one stream that may be under way
	bufferBytes = 128 << 10 // of one read or write on the socket
)

// Handshake is go-plugin's check that a program was meant to be started as a connector. It authenticates nobody.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion: Protocol, MagicCookieKey: "MOORING_CONNECTOR", MagicCookieValue: "a-connector-of-mooring",
	}
}

// ServerOptions are those of the connector's end.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(Codec{}),
		grpc.MaxRecvMsgSize(MaxMessageBytes), grpc.MaxSendMsgSize(MaxMessageBytes),
		grpc.InitialWindowSize(windowBytes), grpc.InitialConnWindowSize(windowBytes),
		grpc.WriteBufferSize(bufferBytes),
	}
}

// DialOptions are those of the agent's end.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(
			grpc.ForceCodecV2(Codec{}),
			grpc.MaxCallRecvMsgSize(MaxMessageBytes), grpc.MaxCallSendMsgSize(MaxMessageBytes),
		),
		grpc.WithInitialWindowSize(windowBytes), grpc.WithInitialConnWindowSize(windowBytes),
		grpc.WithReadBufferSize(bufferBytes),
	}
}

// Service is go-plugin's view of the connector: Register on one end, the bare connection on the other.
type Service struct {
	plugin.NetRPCUnsupportedPlugin
	Register func(*grpc.Server)
}

// GRPCServer adds the service to the connector's server.
func (s *Service) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	if s.Register == nil {
		return errors.New("this end does not serve")
	}
	s.Register(server)
	return nil
}

// GRPCClient gives the *grpc.ClientConn.
func (s *Service) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
