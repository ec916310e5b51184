package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// Sink is a way on which events leave the agent:
//
//	sink "webhook" "chat" {
//	  url      = secret("env:CHAT_WEBHOOK")
//	  template = "slack"
//	  send     = ["alert.opened", "alert.closed", "action.*"]
//	  when {
//	    severity  = "high"          # and above; what has no severity passes
//	    policies  = ["keys-*"]
//	    instances = ["github/*"]
//	  }
//	}
//
// One of OCSF, Webhook and SMTP is set.
type Sink struct {
	Kind, Name string
	// Send are names of events, or beginnings of them that end with ".*".
	Send    []string
	When    SinkWhen
	Enabled bool
	OCSF    *OCSFSink    `json:",omitempty"`
	Webhook *WebhookSink `json:",omitempty"`
	SMTP    *SMTPSink    `json:",omitempty"`
	Range   hcl.Range
}

// ID names the sink everywhere.
func (s *Sink) ID() string { return s.Kind + "/" + s.Name }

// SinkWhen chooses among the events that a sink sends. Empty fields choose all. An event passes that has nothing to
// compare: no severity, no policy, no instance.
type SinkWhen struct {
	Severity            string // the lowest
	Policies, Instances []string
}

// OCSFSink writes lines to a file.
type OCSFSink struct {
	Path     string
	MaxBytes int64 // of one file
	MaxFiles int   // with the one that is written
}

// WebhookSink posts each event.
type WebhookSink struct {
	URL Credential
	// Template is json, slack, teams, or the path of a file.
	Template string
	Headers  map[string]Credential
	// SigningKey signs requests, as webhooks of others are signed.
	SigningKey Credential `json:",omitzero"`
}

// SMTPSink mails.
type SMTPSink struct {
	Server string // host:port
	From   string
	To     []string
	// ToOwner and ToLastEditor also mail the people whom an event concerns, if they are ours.
	ToOwner, ToLastEditor bool
	// Digest is how long events are gathered into one mail.
	Digest   time.Duration
	User     Credential `json:",omitzero"`
	Password Credential `json:",omitzero"`
	TLS      string     // starttls | tls | off
}

// The limits of sinks.
const (
	maxSinkMB     = 10_000
	maxSinkFiles  = 1_000
	maxRecipients = 100
	minDigest     = time.Minute
)

var severities = []string{"info", "low", "medium", "high", "critical"}

// eventNames are what send may name. Package sink tests that they are those of package event.
var eventNames = []string{
	"finding.opened", "finding.changed", "finding.closed", "baseline", "action.proposed", "action.settled", "action.unsure",
	"policy.failed", "alert.opened", "alert.updated", "alert.closed", "decision.made", "health.changed",
}

// EventNames are what the send of a sink may name.
func EventNames() []string { return slices.Clone(eventNames) }

// What is sent where nothing is said: files get all but single findings, which alerts tell together; people get what they
// may have to do something about.
var (
	sentToFiles  = []string{"alert.*", "action.*", "baseline", "decision.made", "health.changed", "policy.failed"}
	sentToPeople = []string{"alert.opened", "alert.closed", "action.proposed", "action.unsure", "health.changed"}
)

const (
	sinkOCSF    = "ocsf"
	sinkWebhook = "webhook"
	sinkSMTP    = "smtp"
)

func (l *loader) sink(f file, b *hclsyntax.Block) {
	r := f.Sub("sink", b)
	labels := f.Labels(b, `write sink "ocsf" "siem" {`, "kind", "name")
	if labels == nil {
		return
	}
	s := &Sink{Kind: labels[0], Name: labels[1], Range: b.DefRange()}
	r.What = "sink " + syntax.Short(s.ID())
	checkName(r, b, 1)
	if first, again := l.first["sink "+s.ID()]; again {
		r.Errorf(b.LabelRanges[1], "give it another name: names are identities", "a second sink %s; the first is at %s", syntax.Short(s.ID()), place(first))
	} else {
		l.first["sink "+s.ID()] = b.LabelRanges[1]
	}
	s.Send = sentToPeople
	switch s.Kind {
	case sinkOCSF:
		s.Send = sentToFiles
		s.OCSF = readOCSF(f, r)
		l.onePath(r, s.OCSF.Path)
	case sinkWebhook:
		s.Webhook = readWebhook(f, r, variable(s.Name))
		if u, err := url.Parse(s.Webhook.URL.Literal); err == nil {
			l.dialled(s.Webhook.URL.Range, u.Hostname())
		}
	case sinkSMTP:
		s.SMTP = readSMTP(f, r, variable(s.Name))
		if host, _, err := net.SplitHostPort(s.SMTP.Server); err == nil {
			l.dialled(r.Attribute("server").Expr.Range(), host)
		}
	default:
		r.Errorf(b.LabelRanges[0], syntax.Choices(s.Kind, "allowed", []string{sinkOCSF, sinkWebhook, sinkSMTP}), "there is no kind of sink %q", syntax.Short(s.Kind))
		return
	}
	if a := r.Attribute("send"); a != nil {
		s.Send = readSend(r, a)
	}
	if w := r.Block("when"); w != nil {
		s.When = readWhen(r.Sub("when", w))
	}
	s.Enabled = r.Bool("enabled", true)
	r.Done()
	l.config.Sinks = append(l.config.Sinks, s)
}

// onePath: two that write to one file would cut each other's lines.
func (l *loader) onePath(r *syntax.Reader, path string) {
	if path == "" {
		return
	}
	at := r.Attribute("path").Expr.Range()
	if first, again := l.first["sink path "+path]; again {
		r.Errorf(at, "give each sink its own file", "another sink writes to this file; it is at %s", place(first))
		return
	}
	l.first["sink path "+path] = at
}

// dialled warns of an address that the agent will not dial.
func (l *loader) dialled(at hcl.Range, host string) {
	if ip, ok := inside(host); ok && !l.listed(host) {
		l.warn(at, fmt.Sprintf(`add network { private = [%q] }`, ip), "this is a private address, which sinks may not dial")
	}
}

func readSend(r *syntax.Reader, a *hclsyntax.Attribute) []string {
	allowed := slices.Clone(eventNames)
	for _, n := range eventNames {
		if group, _, ok := strings.Cut(n, "."); ok && !slices.Contains(allowed, group+".*") {
			allowed = append(allowed, group+".*")
		}
	}
	slices.Sort(allowed)
	items := r.TextsOf(a)
	var send []string
	for _, item := range items {
		if !slices.Contains(allowed, item.Text) {
			r.Errorf(item.Range, syntax.Choices(item.Text, "events", allowed), "there is no event %q", syntax.Short(item.Text))
			continue
		}
		send = append(send, item.Text)
	}
	if exprs, ok := syntax.List(a.Expr); ok && len(exprs) == 0 {
		r.Errorf(a.Expr.Range(), "name events, remove the line, or write enabled = false", "send is empty, so nothing would be sent")
	}
	return send
}

func readWhen(r *syntax.Reader) SinkWhen {
	w := SinkWhen{Severity: r.OneOf("severity", "", severities...)}
	for _, item := range r.Texts("policies") {
		if pattern(r, item, `write a policy's name, with * for any characters, like "keys-*"`) {
			w.Policies = append(w.Policies, item.Text)
		}
	}
	for _, item := range r.Texts("instances") {
		switch {
		case strings.Count(item.Text, "/") != 1:
			r.Errorf(item.Range, `write it like "github/sales" or "github/*"`, "%q is not an instance", syntax.Short(item.Text))
		case pattern(r, item, `write it like "github/sales" or "github/*"`):
			w.Instances = append(w.Instances, item.Text)
		}
	}
	r.Done()
	return w
}

// pattern: names, with * for any characters.
func pattern(r *syntax.Reader, item syntax.Item, hint string) bool {
	if strings.Trim(item.Text, "abcdefghijklmnopqrstuvwxyz0123456789-/*") == "" {
		return true
	}
	r.Errorf(item.Range, hint, "%q cannot match any name", syntax.Short(item.Text))
	return false
}

const megabyte = 1 << 20

func readOCSF(f file, r *syntax.Reader) *OCSFSink {
	s := &OCSFSink{}
	if r.Attribute("path") == nil {
		r.Errorf(r.Header, `write path = "/var/log/mooring/events.jsonl"`, "%s has no path", r.What)
	} else if path := r.Text("path"); path != "" {
		s.Path = f.path(path)
	}
	s.MaxBytes = r.Int("max_size_mb", 100, 1, maxSinkMB) * megabyte
	s.MaxFiles = int(r.Int("max_files", 10, 1, maxSinkFiles))
	return s
}
