package sink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

const (
	// maxMailed is how many events are written out in one mail; the rest are counted.
	maxMailed = 50
	// maxMails is how many people get a mail because of one batch.
	maxMails = 200
	// maxSubject of a mail, in bytes.
	maxSubject = 150
)

// mailer sends one mail to each recipient for a batch, or for what was gathered in Digest.
type mailer struct {
	*Config
	c *config.SMTPSink
	// done are the mails of the batch that are tried to the end, so that trouble with one does not repeat the others: true
	// when the server has taken it, false when it is refused.
	done map[string]bool
}

func newMail(c *Config, s *config.Sink) *mailer {
	return &mailer{Config: c, c: s.SMTP, done: map[string]bool{}}
}

func (*mailer) close() {} // a session does not outlive its batch

// ready holds events until the first of them is as old as a digest.
func (t *mailer) ready(batch []item, now time.Time) (int, time.Time) {
	if until := batch[0].Time.Add(t.c.Digest); now.Before(until) && t.c.Digest > 0 {
		return 0, minTime(until, now.Add(t.c.Digest)) // a clock that was wrong holds nothing for longer
	}
	return len(batch), time.Time{}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// letter is what one recipient gets.
type letter struct {
	to    string
	batch []item
	id    string
}

// send mails. Until every mail is taken or refused nobody's events are passed; who has his already gets no second one.
// What nobody took is refused as a whole.
func (t *mailer) send(ctx context.Context, batch []item) (int, error) {
	letters := t.letters(batch)
	var todo []letter
	for _, l := range letters {
		if _, done := t.done[l.id]; !done {
			todo = append(todo, l)
		}
	}
	var refused error
	if len(todo) > 0 {
		var err error
		if refused, err = t.mail(ctx, todo); err != nil {
			return 0, err
		}
	}
	taken := len(letters) == 0
	for _, l := range letters {
		taken = taken || t.done[l.id]
	}
	clear(t.done)
	if !taken {
		return 0, &failure{err: refused, refused: true, count: len(batch)}
	}
	return len(batch), nil
}

// mail sends letters in one session. One that is refused is lost to its recipient, and the rest go on.
func (t *mailer) mail(ctx context.Context, letters []letter) (refused, err error) {
	s, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for _, l := range letters {
		message, err := t.compose(l)
		if err != nil {
			return nil, err
		}
		err = s.send(t.c.From, l.to, message)
		if !isRefused(err) {
			if err != nil {
				return nil, err
			}
			t.done[l.id] = true
			continue
		}
		t.Logger.Warn("a mail is refused", "to", l.to, "events", len(l.batch), "error", err)
		refused, t.done[l.id] = err, false
		if err := s.reset(); err != nil {
			return nil, err
		}
	}
	s.quit()
	return refused, nil
}

// letters gives each recipient the events that are his: those in To all of them, owners and editors those of their own.
func (t *mailer) letters(batch []item) []letter {
	var all []letter
	for _, to := range t.c.To {
		all = append(all, newLetter(to, batch))
	}
	for _, to := range t.concerned(batch) {
		var own []item
		for _, i := range batch {
			if slices.Contains(t.people(i), to) {
				own = append(own, i)
			}
		}
		all = append(all, newLetter(to, own))
	}
	return all
}

// concerned are the people of a batch who are not in To.
func (t *mailer) concerned(batch []item) []string {
	var all []string
	known := map[string]bool{}
	for _, to := range t.c.To {
		known[strings.ToLower(to)] = true
	}
	for _, i := range batch {
		for _, p := range t.people(i) {
			if known[p] {
				continue
			}
			if known[p] = true; len(all) == maxMails {
				t.Logger.Warn("more people are concerned than are mailed at once", "most", maxMails)
				return all
			}
			all = append(all, p)
		}
	}
	return all
}

// people of an event who are mailed: only ours, for who owns a file in another tenant must not learn what is found.
func (t *mailer) people(i item) []string {
	var found []string
	add := func(wanted bool, k int) {
		if !wanted || k >= len(i.People) {
			return
		}
		address := strings.ToLower(strings.TrimSpace(i.People[k]))
		parsed, err := mail.ParseAddress(address)
		if err != nil || parsed.Address != address || strings.ContainsAny(address, "\r\n\" ") {
			return
		}
		if external := t.Organisation().External(address); external != nil && !*external && !slices.Contains(found, address) {
			found = append(found, address)
		}
	}
	add(t.c.ToOwner, 0)
	add(t.c.ToLastEditor, 1)
	return found
}

// newLetter: its id is the same for the same events to the same recipient, so that mailboxes may know a repetition.
func newLetter(to string, batch []item) letter {
	h := sha256.New()
	_, _ = io.WriteString(h, strings.ToLower(to))
	for _, i := range batch {
		_, _ = io.WriteString(h, "\x00"+i.ID)
	}
	return letter{to: to, batch: batch, id: hex.EncodeToString(h.Sum(nil)[:16])}
}

// compose writes a message of RFC 5322.
func (t *mailer) compose(l letter) ([]byte, error) {
	_, domain, ok := strings.Cut(t.c.From, "@")
	if !ok {
		return nil, &failure{err: errors.New("from is not an e-mail address")}
	}
	var m bytes.Buffer
	header := func(name, value string) { m.WriteString(name + ": " + value + "\r\n") }
	header("From", (&mail.Address{Name: "Mooring", Address: t.c.From}).String())
	header("To", "<"+l.to+">")
	header("Subject", mime.QEncoding.Encode("utf-8", plain(subject(l.batch), maxSubject)))
	header("Date", l.batch[len(l.batch)-1].Time.Format(time.RFC1123Z))
	header("Message-ID", "<"+l.id+"@"+domain+">")
	header("Auto-Submitted", "auto-generated")
	header("X-Mooring-Events", fmt.Sprint(len(l.batch)))
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	m.WriteString("\r\n")
	body := quotedprintable.NewWriter(&m)
	if _, err := io.WriteString(body, text(l.batch)); err != nil {
		return nil, err
	}
	if err := body.Close(); err != nil {
		return nil, err
	}
	return m.Bytes(), nil
}

// subject begins with the highest severity, which is what mailboxes sort by.
func subject(batch []item) string {
	worst := -1
	for _, i := range batch {
		worst = max(worst, slices.Index(severities, i.Severity))
	}
	if worst < 0 {
		return summary(batch)
	}
	return "[" + severities[worst] + "] " + summary(batch)
}

// text is what a person reads.
func text(batch []item) string {
	var b strings.Builder
	for _, i := range batch[:min(len(batch), maxMailed)] {
		b.WriteString(headline(i.Event) + "\r\n")
		for _, f := range facts(i.Event) {
			fmt.Fprintf(&b, "  %-10s %s\r\n", f.Name+":", f.Value)
		}
		if h := hint(i.Event); h != "" {
			fmt.Fprintf(&b, "  %-10s %s\r\n", "More:", h)
		}
		b.WriteString("\r\n")
	}
	if n := len(batch) - maxMailed; n > 0 {
		fmt.Fprintf(&b, "… and %d more: mooring alerts\r\n", n)
	}
	return b.String()
}
