package ingest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Run receives until ctx ends. An address that cannot be had is tried again: somebody else may let go of it.
func (s *Server) Run(ctx context.Context) error {
	for {
		err := s.listen(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.listens(nil, err)
		s.Logger.Error("webhooks are not received", "listen", s.Listen, "again_in", listenAgain, "error", err)
		timer := time.NewTimer(listenAgain)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// listen serves until ctx ends or the listener breaks.
func (s *Server) listen(ctx context.Context) error {
	var config *tls.Config
	if s.CertFile != "" {
		cert := &certificate{cert: s.CertFile, key: s.KeyFile}
		if _, err := cert.get(nil); err != nil {
			return fmt.Errorf("ingest: %w", err)
		}
		config = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get, NextProtos: []string{"http/1.1"}}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	s.listens(l.Addr(), nil)
	return s.serve(ctx, l, config)
}

// serve answers what a listener lets in, over TLS if there is a configuration of it.
func (s *Server) serve(ctx context.Context, l net.Listener, config *tls.Config) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // providers speak it, and it has fewer ways to keep a server busy
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeaderBytes, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0), // strangers cause its lines
	}
	perAddress := maxPerAddress
	if s.Proxied {
		perAddress = maxConnections
	}
	l = newGate(l, maxConnections, perAddress)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("ingest: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTime) // what is being verified is answered
	defer cancel()
	if srv.Shutdown(late) != nil {
		_ = srv.Close()
	}
	<-served //nolint:errcheck // http.ErrServerClosed: we closed it
	return ctx.Err()
}

// gate bounds the connections of a listener. One too many is closed at once: waiting would let the others' wait too.
type gate struct {
	net.Listener
	most, perAddress int

	mu   sync.Mutex
	open int
	from map[string]int
}

func newGate(l net.Listener, most, perAddress int) *gate {
	return &gate{Listener: l, most: most, perAddress: perAddress, from: map[string]int{}}
}

// Accept is part of net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(c)
		if g.enter(address) {
			return &guest{Conn: c, leave: sync.OnceFunc(func() { g.leave(address) })}, nil
		}
		_ = c.Close()
	}
}

// addressOf is whom a connection comes from; of IPv6 the network, since one sender has all of it.
func addressOf(c net.Conn) string {
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	if tcp.IP.To4() == nil {
		return tcp.IP.Mask(net.CIDRMask(64, 128)).String()
	}
	return tcp.IP.String()
}

func (g *gate) enter(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.most || g.from[address] >= g.perAddress {
		return false
	}
	g.open++
	g.from[address]++
	return true
}

func (g *gate) leave(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.from[address]--; g.from[address] == 0 {
		delete(g.from, address)
	}
}

type guest struct {
	net.Conn
	leave func()
}

// Close is part of net.Conn.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
