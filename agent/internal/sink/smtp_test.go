package sink_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
)

// post is a mail server: enough of RFC 5321 to be strict with its client.
type post struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config // nil: no STARTTLS
	root     []byte
	login    string // user and password, when it wants them
	// refuse gives an answer to a command in place of the usual; "" is the usual.
	refuse func(command string) string

	wg    sync.WaitGroup
	mu    sync.Mutex
	mails []received
	lines []string
}

type received struct {
	to      string
	message *mail.Message
	body    string
	secure  bool
	raw     string
}

func newPost(t *testing.T, secure bool) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{t: t, listener: l}
	if secure {
		s := httptest.NewUnstartedServer(nil) // for its certificate
		s.StartTLS()
		p.tls = &tls.Config{Certificates: s.TLS.Certificates}
		p.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		s.Close()
	}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *post) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() {
			defer func() { _ = c.Close() }()
			if err := p.serve(c); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				p.note("error: " + err.Error())
			}
		})
	}
}

func (p *post) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

func (p *post) serve(c net.Conn) error {
	p.mu.Lock()
	login, own := p.login, p.tls
	p.mu.Unlock()
	r := bufio.NewReader(c)
	say := func(format string, args ...any) error { _, err := fmt.Fprintf(c, format+"\r\n", args...); return err }
	if err := say("220 post.example"); err != nil {
		return err
	}
	from, to, secure, known := "", "", false, login == ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\r\n")
		p.note(line)
		verb, rest, _ := strings.Cut(line, " ")
		answer := ""
		p.mu.Lock()
		if p.refuse != nil {
			answer = p.refuse(line)
		}
		p.mu.Unlock()
		switch {
		case answer != "":
		case verb == "EHLO" && own != nil && !secure:
			answer = "250-post.example\r\n250 STARTTLS"
		case verb == "EHLO" && login != "":
			answer = "250-post.example\r\n250 AUTH PLAIN"
		case verb == "EHLO":
			answer = "250 post.example"
		case verb == "STARTTLS":
			if err := say("220 go on"); err != nil {
				return err
			}
			s := tls.Server(c, own)
			if err := s.Handshake(); err != nil {
				return err
			}
			c, r, secure = s, bufio.NewReader(s), true
			continue
		case verb == "AUTH":
			plain, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if answer = "535 wrong password " + canary; string(plain) == login {
				answer, known = "235 welcome", true
			}
		case verb == "MAIL" && !known:
			answer = "530 who are you"
		case verb == "MAIL":
			from, to, answer = rest, "", "250 ok"
		case verb == "RCPT" && from != "":
			to, answer = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>"), "250 ok"
		case verb == "DATA" && to != "":
			if err := say("354 go on"); err != nil {
				return err
			}
			answer, err = p.take(r, to, secure)
			if err != nil {
				return err
			}
			from, to = "", ""
		case verb == "RSET":
			from, to, answer = "", "", "250 ok"
		case verb == "QUIT":
			return say("221 bye")
		default:
			answer = "503 what is this"
		}
		if err := say("%s", answer); err != nil {
			return err
		}
	}
}

func (p *post) take(r *bufio.Reader, to string, secure bool) (string, error) {
	var raw strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if !strings.HasSuffix(line, "\r\n") || len(line) > 1000 {
			return "500 a bad line", nil
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		if answer := p.refuse("BODY " + raw.String()); answer != "" {
			return answer, nil
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(raw.String()))
	if err != nil {
		return "554 no message: " + err.Error(), nil
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return "554 no text: " + err.Error(), nil
	}
	p.mails = append(p.mails, received{to, m, string(body), secure, raw.String()})
	return "250 taken", nil
}

func (p *post) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

func (p *post) to() []string {
	var all []string
	for _, m := range p.got() {
		all = append(all, m.to)
	}
	return all
}

func (p *post) sink(to ...string) *config.Sink {
	mode := "off"
	if p.tls != nil {
		mode = "starttls"
	}
	return &config.Sink{
		Kind: "smtp", Name: "mail", Enabled: true, Send: []string{"alert.*", "action.*"},
		SMTP: &config.SMTPSink{Server: p.listener.Addr().String(), From: "mooring@acme.example", To: to, TLS: mode},
	}
}

func subjectOf(t *testing.T, m received) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(m.message.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMail(t *testing.T) {
	p, b := newPost(t, true), newBench(t)
	b.network.Roots = p.root
	p.mu.Lock()
	p.login = "\x00mooring\x00" + canary
	p.mu.Unlock()
	c := p.sink("security@acme.example")
	c.SMTP.User, c.SMTP.Password = config.Credential{Literal: "mooring"}, reference(t, canary)
	e := alert()
	e.Title = "Schlüssel\r\nBcc: everybody@evil.example\r\n\r\n.\r\nin „Verträge“ " + strings.Repeat("x", 2000)
	b.put(e)
	b.drain(c, 1)
	all := p.got()
	if len(all) != 1 {
		t.Fatalf("%d mails: %v", len(all), p.lines)
	}
	m := all[0]
	if !m.secure || m.to != "security@acme.example" || m.message.Header.Get("Bcc") != "" || len(m.message.Header["Message-Id"]) != 1 {
		t.Errorf("%+v", m)
	}
	if s := subjectOf(t, m); !strings.HasPrefix(s, "[high] Alert: Schlüssel Bcc: everybody@evil.example . in „Verträge“ x") || len(s) > 200 {
		t.Errorf("subject %q", s)
	}
	for _, want := range []string{"Severity:  high", "Record:    github/sales/file/f1", "mooring alerts a1", "Policy:    keys-in-public-files"} {
		if !strings.Contains(m.body, want) {
			t.Errorf("%q is missing in:\n%s", want, m.body)
		}
	}
	if strings.Contains(b.log.String(), canary) {
		t.Error("the password is in the log")
	}
}

func TestMailToThoseConcerned(t *testing.T) {
	p, b := newPost(t, false), newBench(t)
	c := p.sink("security@acme.example")
	c.SMTP.ToOwner, c.SMTP.ToLastEditor = true, true
	people := func(title string, people ...string) *event.Event {
		e := alert()
		e.Title, e.People = title, people
		return e
	}
	b.put(
		people("one", "Ann@acme.example", "bob@acme.example"), people("two", "bob@acme.example"), people("three", "eve@evil.example", "ann@acme.example"),
		people("four", "SECURITY@acme.example"), people("five", "", "x\r\nRCPT TO:<eve@evil.example>@acme.example"), people("six", "no address", "\"a b\"@acme.example"),
	)
	b.drain(c, 6)
	got := map[string]string{}
	for _, m := range p.got() {
		for _, title := range []string{"one", "two", "three", "four", "five", "six"} {
			if strings.Contains(m.body, "Alert: "+title+"\r\n") {
				got[m.to] += title + " "
			}
		}
	}
	same(t, "who learns what", map[string]string{
		"security@acme.example": "one two three four five six ", "ann@acme.example": "one three ", "bob@acme.example": "one two ",
	}, got)
}

func TestDigest(t *testing.T) {
	p, b := newPost(t, false), newBench(t)
	c := p.sink("security@acme.example")
	c.SMTP.Digest = time.Hour
	now := time.Now()
	old := func(age time.Duration) *event.Event {
		e := alert()
		e.Time = now.Add(-age)
		return e
	}
	b.put(old(2*time.Hour), old(time.Minute), old(time.Second))
	for range 70 {
		b.put(old(time.Second))
	}
	b.drain(c, 73)
	b.put(old(30 * time.Minute))
	s := b.sinks(c)
	stop := b.start(s)
	eventually(t, "it waits", func() bool { return s.Status()[0].Waiting == 1 })
	stop()
	all := p.got()
	if len(all) != 1 || !strings.Contains(subjectOf(t, all[0]), "73 events") || strings.Count(all[0].body, "Alert: ") != 50 || !strings.Contains(all[0].body, "and 23 more") {
		t.Fatalf("%d mails: %s", len(all), all[0].body)
	}
}

// What one recipient's server does not take, the others get once; what nobody gets is set aside.
func TestMailIsRefused(t *testing.T) {
	p, b := newPost(t, false), newBench(t)
	once := true
	p.mu.Lock()
	p.refuse = func(command string) string {
		switch {
		case strings.Contains(command, "RCPT TO:<gone@"):
			return "550 no such user " + canary
		case strings.Contains(command, "RCPT TO:<late@") && once:
			once = false
			return "451 try again"
		case strings.HasPrefix(command, "BODY") && strings.Contains(command, "poison"):
			return "554 spam"
		}
		return ""
	}
	p.mu.Unlock()
	b.put(alerts(2)...)
	c := p.sink("a@acme.example", "gone@acme.example", "late@acme.example", "z@acme.example")
	b.drain(c, 2)
	same(t, "taken, each once", []string{"a@acme.example", "late@acme.example", "z@acme.example"}, p.to())
	if !strings.Contains(b.log.String(), "550 no such user") {
		t.Error("the refusal is not said")
	}
	poison := alert()
	poison.Title = "poison"
	b.put(poison)
	s := b.sinks(c)
	stop := b.start(s)
	eventually(t, "it is set aside", func() bool { return s.Status()[0].Aside == 1 })
	b.put(alert())
	eventually(t, "the next one is sent", func() bool { return s.Status()[0].Sent == 3 })
	stop()
}

// What is wrong with the server is waited out.
func TestMailServerIsNotRight(t *testing.T) {
	for name, c := range map[string]struct {
		secure  bool
		login   string
		private []string
		change  func(p *post, s *config.SMTPSink)
		told    string
	}{
		"private":      {false, "", nil, func(*post, *config.SMTPSink) {}, "127.0.0.1 is a private address"},
		"no STARTTLS":  {false, "", []string{"localhost"}, func(_ *post, s *config.SMTPSink) { s.TLS = "starttls" }, "does not offer it"},
		"unknown root": {true, "", []string{"localhost"}, func(p *post, _ *config.SMTPSink) { p.root = nil }, "certificate"},
		"wrong password": {true, "\x00mooring\x00right", []string{"localhost"}, func(_ *post, s *config.SMTPSink) {
			s.User, s.Password = config.Credential{Literal: "mooring"}, reference(t, canary)
		}, "login: 535 wrong password"},
		"no TLS at all": {true, "", []string{"localhost"}, func(p *post, _ *config.SMTPSink) { p.tls = nil }, "does not offer it"},
		"sender":        {false, "", []string{"localhost"}, func(p *post, _ *config.SMTPSink) { p.refuse = verb("MAIL", "550 not you") }, "550 not you"},
		"hangs up":      {false, "", []string{"localhost"}, func(p *post, _ *config.SMTPSink) { p.refuse = verb("DATA", "421 shutting down") }, "421 shutting down"},
	} {
		t.Run(name, func(t *testing.T) {
			p, b := newPost(t, c.secure), newBench(t)
			s := p.sink("security@acme.example")
			p.mu.Lock()
			p.login = c.login
			c.change(p, s.SMTP)
			p.mu.Unlock()
			b.network.Private, b.network.Roots = c.private, p.root
			b.put(alert())
			all := b.sinks(s)
			stop := b.start(all)
			eventually(t, "it fails", func() bool { return all.Status()[0].State == "failing" })
			st := all.Status()[0]
			stop()
			if !strings.Contains(st.LastError, c.told) || st.Aside != 0 || st.Waiting != 1 || len(p.got()) != 0 {
				t.Errorf("%+v", st)
			}
			if strings.Contains(b.log.String()+st.LastError, canary) {
				t.Errorf("the password is shown: %s", st.LastError)
			}
		})
	}
}

func verb(name, answer string) func(string) string {
	return func(command string) string {
		if strings.HasPrefix(command, name) {
			return answer
		}
		return ""
	}
}
