package plughost

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mooring-hq/mooring/agent/internal/secret"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of what a connector may write into the log.
const (
	maxLinesPerSecond = 100
	maxLineBytes      = 8 << 10
	maxFields         = 16
	maxTailBytes      = 500
	maxRenewed        = 16 // secrets
)

// lines is one connector's way into the log: bounded in rate and size, without control characters, secrets masked.
type lines struct {
	log hclog.Logger
	now func() time.Time

	mu      sync.Mutex
	mask    func(string) string
	hidden  []secret.Value // since the start
	renewed []secret.Value // that came since then
	second  int64
	written int
	dropped int
	partial []byte
	cut     bool // the rest of this line is dropped
	last    string
}

func newLines(log hclog.Logger) *lines {
	return &lines{log: log, now: time.Now, mask: func(s string) string { return s }}
}

// hide masks these secrets from now on, and no others.
func (l *lines) hide(secrets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden, l.renewed = nil, nil
	for _, s := range secrets {
		l.hidden = append(l.hidden, secret.New(s))
	}
	l.mask = secret.Mask(l.hidden...)
}

// conceal masks these too. Of those that came since the start the newest are remembered: older ones are of no use.
func (l *lines) conceal(secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.renewed)
	for _, s := range secrets {
		v := secret.New(s)
		if s != "" && !slices.ContainsFunc(l.renewed, v.Equal) && !slices.ContainsFunc(l.hidden, v.Equal) {
			l.renewed = append(l.renewed, v)
		}
	}
	if len(l.renewed) == before {
		return
	}
	l.renewed = l.renewed[max(0, len(l.renewed)-maxRenewed):]
	l.mask = secret.Mask(slices.Concat(l.hidden, l.renewed)...)
}

// clean gives text that may stand in a log or an error.
func (l *lines) clean(s string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cleanLocked(s)
}

func (l *lines) cleanLocked(s string) string {
	return plain(l.mask(s)) // a secret may have several lines
}

// plain removes terminal sequences, control and formatting characters, and what is too long.
func plain(s string) string {
	if len(s) > maxLineBytes {
		s = s[:maxLineBytes] + "…"
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := escape(s[i:]); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// escape gives the length of the terminal sequence at the start of s, 0 when there is none.
func escape(s string) int {
	if len(s) < 2 || s[0] != 0x1b {
		return 0
	}
	if s[1] != '[' {
		return 2
	}
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	}
	return len(s)
}

// Write takes raw output; every line of it is logged.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		room := min(max(maxLineBytes-len(l.partial), 0), len(line))
		l.cut = l.cut || room < len(line)
		l.partial = append(l.partial, line[:room]...)
		rest = after
		if !ended {
			break
		}
		l.flush()
	}
	return len(b), nil
}

func (l *lines) flush() {
	text := string(l.partial)
	if l.cut {
		text += "…"
	}
	l.partial, l.cut = l.partial[:0], false
	if text != "" {
		l.last = l.cleanLocked(text)
		l.write(hclog.Info, l.last)
	}
}

// tail is the end of the raw output.
func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.last[max(0, len(l.last)-maxTailBytes):]
}

// record logs a line that came over the session.
func (l *lines) record(m *wire.Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	level := hclog.LevelFromString(m.GetLevel())
	if level == hclog.NoLevel || level > hclog.Error {
		level = hclog.Info
	}
	var args []any
	room := maxLineBytes
	for _, f := range m.GetFields()[:min(len(m.GetFields()), maxFields)] {
		name, value := l.cleanLocked(f.GetName()), l.cleanLocked(f.GetValue())
		if room -= len(name) + len(value); room < 0 {
			break
		}
		args = append(args, name, value)
	}
	l.write(level, l.cleanLocked(m.GetMessage()), args...)
}

func (l *lines) write(level hclog.Level, text string, args ...any) {
	if s := l.now().Unix(); s != l.second {
		if l.dropped > 0 {
			l.log.Warn(fmt.Sprintf("%d lines of the connector were dropped: more than %d in a second", l.dropped, maxLinesPerSecond))
		}
		l.second, l.written, l.dropped = s, 0, 0
	}
	if l.written >= maxLinesPerSecond {
		l.dropped++
		return
	}
	l.written++
	l.log.Log(level, text, args...)
}

// stdioData gives the bytes of a message of go-plugin's stdio service: field 1 the channel, field 2 the data.
func stdioData(b []byte) []byte {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil
		}
		if num == 2 && typ == protowire.BytesType {
			data, _ := protowire.ConsumeBytes(b[n:])
			return data
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return nil
		}
		b = b[n+m:]
	}
	return nil
}
