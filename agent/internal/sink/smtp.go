package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/secret"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	smtpDialTimeout = 10 * time.Second
	// smtpTimeout is for one mail, from its sender to the server's word that it is taken.
	smtpTimeout = time.Minute
)

// session is one conversation with a mail server.
type session struct {
	conn   net.Conn
	client *smtp.Client
	server string
	mask   func(string) string
	stop   func() bool
}

func (t *mailer) dial(ctx context.Context) (*session, error) {
	network, err := t.Network(ctx)
	if err != nil {
		return nil, err
	}
	control, err := httpapi.Guard(network.GetPrivate())
	if err != nil {
		return nil, err
	}
	user, err := reveal(ctx, t.c.User)
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	password, err := reveal(ctx, t.c.Password)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	dialer := &net.Dialer{Timeout: smtpDialTimeout, ControlContext: control}
	conn, err := dialer.DialContext(ctx, "tcp", t.c.Server)
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			err = errors.New(e.Message)
		}
		return nil, fmt.Errorf("mail server %s: %w", t.c.Server, err)
	}
	s := &session{conn: conn, server: t.c.Server, mask: secret.Mask(password)}
	s.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if err := s.greet(t.c.TLS, network, user, password); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// greet encrypts and logs in.
func (s *session) greet(mode string, network *wire.Network, user, password secret.Value) error {
	host, _, _ := net.SplitHostPort(s.server) // checked by package config
	roots, err := rootsOf(network.GetRoots())
	if err != nil {
		return err
	}
	safe := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: roots}
	s.inTime()
	if mode == "tls" {
		s.conn = tls.Client(s.conn, safe)
	}
	if s.client, err = smtp.NewClient(s.conn, host); err != nil {
		return s.failure("greeting", err)
	}
	if err := s.client.Hello(literal(s.conn.LocalAddr())); err != nil {
		return s.failure("greeting", err)
	}
	if mode == "starttls" {
		if ok, _ := s.client.Extension("STARTTLS"); !ok {
			return s.failure("STARTTLS", errors.New(`the server does not offer it; write tls = "tls" for its port 465`))
		}
		if err := s.client.StartTLS(safe); err != nil {
			return s.failure("STARTTLS", err)
		}
	}
	if user.IsZero() {
		return nil
	}
	// It refuses to send a password without TLS but to this machine.
	if err := s.client.Auth(smtp.PlainAuth("", user.Reveal(), password.Reveal(), host)); err != nil {
		return s.failure("login", err)
	}
	return nil
}

func rootsOf(pem []byte) (*x509.CertPool, error) {
	if len(pem) == 0 {
		return nil, nil //nolint:nilnil // crypto/tls reads it as the system's
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("network.ca_files has no certificate in PEM form")
	}
	return pool, nil
}

func (s *session) inTime() { _ = s.conn.SetDeadline(time.Now().Add(smtpTimeout)) }

// send gives one message to the server; when it returns, the server has taken it.
func (s *session) send(from, to string, message []byte) error {
	s.inTime()
	if err := s.client.Mail(from); err != nil {
		return s.failure("sender", err) // no mail would be taken
	}
	if err := s.client.Rcpt(to); err != nil {
		return s.refusal("recipient", err)
	}
	w, err := s.client.Data()
	if err != nil {
		return s.refusal("message", err)
	}
	if _, err := w.Write(message); err != nil {
		return s.refusal("message", err)
	}
	if err := w.Close(); err != nil {
		return s.refusal("message", err)
	}
	return nil
}

func (s *session) reset() error {
	s.inTime()
	if err := s.client.Reset(); err != nil {
		return s.failure("reset", err)
	}
	return nil
}

func (s *session) quit() { _ = s.client.Quit() } // all mail is taken by now

func (s *session) close() {
	s.stop()
	_ = s.conn.Close()
}

// failure of a step that has nothing to do with the one mail.
func (s *session) failure(step string, err error) *failure {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		err = fmt.Errorf("%d %s", e.Code, shown([]byte(e.Msg)))
	}
	return &failure{err: fmt.Errorf("mail server %s: %s: %s", s.server, step, s.mask(err.Error()))}
}

// refusal of a mail: an answer of 5xx is for good.
func (s *session) refusal(step string, err error) *failure {
	f := s.failure(step, err)
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		f.refused = e.Code >= 500
	}
	return f
}

// literal is how a host without a name says who it is (RFC 5321, 4.1.3).
func literal(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	switch ip := net.ParseIP(host); {
	case err != nil || ip == nil:
		return "localhost"
	case ip.To4() == nil:
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + host + "]"
}
