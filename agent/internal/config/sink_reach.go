package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// headerName is what may stand for a header's name, and secretHeader what sounds like a credential.
var (
	headerName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
	secretHeader = regexp.MustCompile(`(?i)authorization|cookie|token|secret|key|password`)
)

// ownHeaders are set by the sink itself.
var ownHeaders = []string{"content-length", "host", "idempotency-key", "transfer-encoding", "webhook-id", "webhook-signature", "webhook-timestamp"}

func readWebhook(f file, r *syntax.Reader, name string) *WebhookSink {
	s := &WebhookSink{Headers: map[string]Credential{}}
	if a := r.Attribute("url"); a == nil {
		r.Errorf(r.Header, fmt.Sprintf(`write url = secret("env:%s_URL")`, name), "%s has no url", r.What)
	} else {
		s.URL = webhookURL(f, r, a, name+"_URL")
	}
	s.Template = "json"
	if a := r.Attribute("template"); a != nil {
		s.Template = r.TextOf(a)
		ready := []string{"json", "slack", "teams"}
		switch {
		case s.Template == "" || slices.Contains(ready, s.Template):
		case strings.ContainsAny(s.Template, "./"):
			s.Template = f.path(s.Template)
		default:
			r.Errorf(a.Expr.Range(), syntax.Choices(s.Template, "ready", ready)+`, or a file, like "./chat.tmpl"`, "there is no template %q", syntax.Short(s.Template))
		}
	}
	if a := r.Attribute("signing_key"); a != nil {
		s.SigningKey = f.secret(r, a, name+"_SIGNING_KEY")
	}
	if b := r.Block("headers"); b != nil {
		s.headers(f, r.Sub("headers", b), name)
	}
	return s
}

// webhookURL: whoever has such a URL can post, so it is mostly a secret; one without path and query holds none.
func webhookURL(f file, r *syntax.Reader, a *hclsyntax.Attribute, variable string) Credential {
	if call, ok := syntax.Call(a.Expr); ok {
		return f.reference(r, a, call, variable)
	}
	at := a.Expr.Range()
	text, ok := syntax.Text(a.Expr)
	if !ok {
		r.Errorf(at, fmt.Sprintf(`write url = secret("env:%s")`, variable), "url must be text or secret(…); this is %s", syntax.Describe(a.Expr))
		return Credential{}
	}
	u, err := url.Parse(text) // its error would repeat the text
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		r.Errorf(at, `write url = "https://siem.acme.example/mooring"`, "url is not a URL that begins with https://")
	case u.User != nil || u.RawQuery != "":
		r.Errorf(at, fmt.Sprintf(`write url = secret("env:%s") and put the whole URL there`, variable), "url holds what may be a secret")
	case u.Scheme == "http" && !privateHost(u.Hostname()):
		r.Errorf(at, "begin it with https://", "url is not encrypted on its way")
	case knownSecretHost(u.Hostname()):
		r.Errorf(at, fmt.Sprintf(`write url = secret("env:%s") and put the whole URL there`, variable), "url is a secret: whoever has it can post")
	default:
		return Credential{Literal: text, Range: at}
	}
	hide(*r.Diags)
	return Credential{}
}

// knownSecretHost: the paths of these services are their credentials.
func knownSecretHost(host string) bool {
	host = strings.ToLower(host)
	for _, known := range []string{"hooks.slack.com", "webhook.office.com", "logic.azure.com", "powerplatform.com", "discord.com", "chat.googleapis.com"} {
		if host == known || strings.HasSuffix(host, "."+known) {
			return true
		}
	}
	return false
}

// privateHost: plain http stays on this machine or in one's own network; whether that may be dialled says network.private.
func privateHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return isLoopback(host) || err == nil && ip.Unmap().IsPrivate()
}

func (s *WebhookSink) headers(f file, r *syntax.Reader, name string) {
	for _, a := range r.Attributes() {
		text, isText := syntax.Text(a.Expr)
		at := a.Expr.Range()
		suggest := name + "_" + variable(a.Name)
		call, isCall := syntax.Call(a.Expr)
		switch {
		case !headerName.MatchString(a.Name):
			r.Errorf(a.NameRange, "use letters, digits and -", "%q is not the name of a header", syntax.Short(a.Name))
		case slices.Contains(ownHeaders, strings.ToLower(a.Name)):
			r.Errorf(a.NameRange, "remove the line", "the sink sets %s itself", a.Name)
		case isCall:
			s.Headers[a.Name] = f.reference(r, a, call, suggest)
		case !isText:
			r.Errorf(at, fmt.Sprintf(`put it in quotes: %s = "…"`, a.Name), "%s must be text; this is %s", a.Name, syntax.Describe(a.Expr))
		case secretHeader.MatchString(a.Name):
			f.secret(r, a, suggest)
		case strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }):
			r.Errorf(at, "remove it", "%s has a line break or control character", a.Name)
		default:
			s.Headers[a.Name] = Credential{Literal: text, Range: at}
		}
	}
	r.Done()
}

const exampleServer = `write server = "smtp.acme.example:587"`

func readSMTP(f file, r *syntax.Reader, name string) *SMTPSink {
	s := &SMTPSink{
		ToOwner: r.Bool("to_owner", false), ToLastEditor: r.Bool("to_last_editor", false),
		Digest: r.Duration("digest", minDigest, 7*syntax.Day), TLS: r.OneOf("tls", "starttls", "starttls", "tls", "off"),
	}
	if a := r.Attribute("server"); a == nil {
		r.Errorf(r.Header, exampleServer, "%s has no server", r.What)
	} else if s.Server = r.TextOf(a); s.Server != "" {
		checkServer(r, a, s.Server)
	}
	if a := r.Attribute("from"); a == nil {
		r.Errorf(r.Header, `write from = "mooring@acme.example"`, "%s has no from", r.What)
	} else if s.From = r.TextOf(a); s.From != "" {
		checkAddress(r, syntax.Item{Text: s.From, Range: a.Expr.Range()})
	}
	s.recipients(r)
	s.login(f, r, name)
	return s
}

func (s *SMTPSink) recipients(r *syntax.Reader) {
	items := r.Texts("to")
	if len(items) > maxRecipients {
		r.Errorf(items[maxRecipients].Range, "mail a list's address instead", "to has more than %d addresses", maxRecipients)
		return
	}
	for _, item := range items {
		if checkAddress(r, item) {
			s.To = append(s.To, item.Text)
		}
	}
	if len(items) == 0 && !s.ToOwner && !s.ToLastEditor {
		r.Errorf(r.Header, `write to = ["security@acme.example"], or to_owner = true`, "%s has nobody to mail to", r.What)
	}
}

// login: no password travels in the open.
func (s *SMTPSink) login(f file, r *syntax.Reader, name string) {
	if a := r.Attribute("user"); a != nil {
		if call, ok := syntax.Call(a.Expr); ok {
			s.User = f.reference(r, a, call, name+"_USER")
		} else if text := r.TextOf(a); text != "" {
			s.User = Credential{Literal: text, Range: a.Expr.Range()}
		}
	}
	a := r.Attribute("password")
	if a != nil {
		s.Password = f.secret(r, a, name+"_PASSWORD")
	}
	user := r.Attribute("user")
	host, _, _ := net.SplitHostPort(s.Server)
	switch {
	case a == nil && user != nil:
		r.Errorf(user.NameRange, fmt.Sprintf(`write password = secret("env:%s_PASSWORD")`, name), "%s has a user and no password", r.What)
	case a != nil && user == nil:
		r.Errorf(a.NameRange, `write user = "mooring"`, "%s has a password and no user", r.What)
	case a != nil && s.TLS == "off" && !isLoopback(host):
		r.Errorf(r.Attribute("tls").Expr.Range(), `write tls = "starttls"`, "the password would be sent in the open")
	}
}

func checkServer(r *syntax.Reader, a *hclsyntax.Attribute, server string) {
	host, port, err := net.SplitHostPort(server)
	at := a.Expr.Range()
	switch n, perr := strconv.ParseUint(port, 10, 16); {
	case err != nil && !strings.Contains(server, ":"):
		r.Errorf(at, `write server = "`+syntax.Short(server)+`:587"`, "server has no port")
	case err != nil || host == "" || strings.ContainsAny(host, "/@ "):
		r.Errorf(at, exampleServer, "server must be a host and a port")
	case perr != nil || n == 0:
		r.Errorf(at, `write server = "`+net.JoinHostPort(host, "587")+`"`, "the port of server must be from 1 to 65535")
	}
}

func checkAddress(r *syntax.Reader, item syntax.Item) bool {
	a, err := mail.ParseAddress(item.Text)
	if err == nil && a.Address == item.Text && !strings.ContainsAny(item.Text, "\r\n\" ") {
		return true
	}
	r.Errorf(item.Range, `write it like "security@acme.example"`, "%q is not an e-mail address", syntax.Short(item.Text))
	return false
}
