package sink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	texttemplate "text/template"

	"github.com/mooring-hq/mooring/agent/internal/event"
)

const (
	maxTemplateBytes = 64 << 10 // of a file
	maxBodyBytes     = 4 << 20  // of what it gives
)

// template writes the body of a request.
type template func(*event.Event) ([]byte, error)

func templateOf(name string) (template, error) {
	switch name {
	case "json":
		return func(e *event.Event) ([]byte, error) { return json.Marshal(e) }, nil
	case "slack":
		return func(e *event.Event) ([]byte, error) { return json.Marshal(slack(e)) }, nil
	case "teams":
		return func(e *event.Event) ([]byte, error) { return json.Marshal(teams(e)) }, nil
	}
	return fileTemplate(name)
}

// fileTemplate is a text/template over an event.Event that writes JSON; {{json .Title}} writes a value as JSON.
func fileTemplate(path string) (template, error) {
	f, err := os.Open(path) //nolint:gosec // named in the configuration
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxTemplateBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("template: %w", err)
	case len(text) > maxTemplateBytes:
		return nil, fmt.Errorf("template %s has more than %d KiB", path, maxTemplateBytes>>10)
	}
	t, err := texttemplate.New("template").Option("missingkey=error").Funcs(texttemplate.FuncMap{
		"json": func(v any) (string, error) {
			b, err := json.Marshal(v)
			return string(b), err
		},
		"headline": headline, "facts": facts, "hint": hint, "upper": strings.ToUpper,
	}).Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", path, err)
	}
	return func(e *event.Event) ([]byte, error) {
		out := limited{most: maxBodyBytes}
		if err := t.Execute(&out, e); err != nil {
			return nil, fmt.Errorf("template %s: %w", path, err)
		}
		if !json.Valid(out.Bytes()) {
			return nil, fmt.Errorf("template %s gives no valid JSON: write values as {{json .Title}}", path)
		}
		return out.Bytes(), nil
	}, nil
}

// limited is a buffer with an end.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, errors.New("it writes more than 4 MiB")
	}
	return l.Buffer.Write(p)
}

// object is JSON that somebody else defined.
type object = map[string]any

// slack is a message of Block Kit: https://docs.slack.dev/reference/block-kit/blocks/. Verbatim: names are not made links.
func slack(e *event.Event) object {
	var lines strings.Builder
	for _, f := range facts(e) {
		fmt.Fprintf(&lines, "*%s:* %s\n", f.Name, slackText(f.Value))
	}
	section := func(text string) object {
		return object{"type": "section", "text": object{"type": "mrkdwn", "text": clip(text, 3000), "verbatim": true}}
	}
	blocks := []object{section("*" + slackText(headline(e)) + "*"), section(strings.TrimSpace(lines.String()))}
	if h := hint(e); h != "" {
		blocks = append(blocks, object{"type": "context", "elements": []object{{"type": "mrkdwn", "text": clip("`"+slackText(h)+"`", 2000), "verbatim": true}}})
	}
	return object{"text": slackText(headline(e)), "blocks": blocks, "unfurl_links": false, "unfurl_media": false}
}

// slackText: the three characters that Slack gives a meaning in links and mentions, and those that format.
func slackText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "`", "'", "~", "∼").Replace(s)
}

// clip keeps a text within a limit of the receiver, in characters.
func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// teams is an adaptive card as workflows and connectors of Teams take it.
func teams(e *event.Event) object {
	colour := map[string]string{"critical": "attention", "high": "attention", "medium": "warning", "info": "good"}[e.Severity]
	if colour == "" {
		colour = "default"
	}
	var rows []object
	for _, f := range facts(e) {
		rows = append(rows, object{"title": f.Name, "value": teamsText(f.Value)})
	}
	body := []object{
		{"type": "TextBlock", "text": teamsText(headline(e)), "weight": "bolder", "size": "medium", "color": colour, "wrap": true},
		{"type": "FactSet", "facts": rows},
	}
	if h := hint(e); h != "" {
		body = append(body, object{"type": "TextBlock", "text": teamsText(h), "fontType": "monospace", "isSubtle": true, "wrap": true})
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body}
	return object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
	}}}
}

// teamsText takes the meaning from what Markdown would read.
func teamsText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "*", `\*`, "_", `\_`, "`", "'", "<", "&lt;").Replace(s)
}
