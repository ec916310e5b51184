package main

import (
	"fmt"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// perTable is how many connectors stand side by side in the overview.
const perTable = 4

// matrix is what is written.
type matrix struct {
	connectors []*wire.Description
	other      *incumbent
}

func newMatrix(connectors []*wire.Description) (*matrix, error) {
	other, err := readIncumbent()
	return &matrix{connectors: connectors, other: other}, err
}

// overview is a table of a word or two for each capability and connector, with the other product's word beside it.
func (m *matrix) overview() string {
	var b strings.Builder
	for from := 0; from < len(m.connectors); from += perTable {
		if from > 0 {
			b.WriteString("\n")
		}
		some := m.connectors[from:min(from+perTable, len(m.connectors))]
		head := []string{""}
		for _, d := range some {
			head = append(head, "**"+m.other.title(d.GetName())+"**", m.other.Short)
		}
		var body [][]string
		for _, r := range rows() {
			line := []string{r.name}
			for _, d := range some {
				line = append(line, r.short(d), brief(m.other.says(d.GetName(), r.key)))
			}
			body = append(body, line)
		}
		table(&b, head, body)
	}
	return b.String()
}

// brief is what stands before the first explanation.
func brief(text string) string {
	if i := strings.IndexAny(text, ":;"); i >= 0 {
		return text[:i]
	}
	return text
}

func (m *matrix) page() []byte {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# What each connector can do\n\n"+
		"<!-- Written by `go run ./examples/matrix` from what the connectors say of themselves. Do not edit. -->\n\n"+
		"The columns of our connectors are what they themselves declare (`mooring-connector-… --describe`): \"not offered\" is the\n"+
		"provider's limit, \"no\" is ours. The columns beside them are what %s\n"+
		"documents of its connector for the same app, as kept in `%s`; § is the section\n"+
		"there. An empty cell means that the sheet says nothing about it.\n\n%s", m.other.Product, m.other.Source, m.overview())
	for _, d := range m.connectors {
		m.connector(b, d)
	}
	return []byte(b.String())
}

func (m *matrix) connector(b *strings.Builder, d *wire.Description) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n", m.other.title(d.GetName()), escape(strings.TrimSuffix(d.GetDoc(), ".")))
	var body [][]string
	for _, r := range rows() {
		says, section := m.other.says(d.GetName(), r.key), ""
		if says != "" {
			section = m.other.Sections[r.key]
		}
		body = append(body, []string{r.name, r.full(d), says, section})
	}
	table(b, []string{"", "Mooring", m.other.Short, "§"}, body)

	b.WriteString("\nWhat it reads:\n\n")
	body = nil
	for _, l := range d.GetListings() {
		body = append(body, []string{code(l.GetName()), records(l), how(l), permission(d, l), l.GetDoc()})
	}
	table(b, []string{"list", "gives", "how", "permission", ""}, body)

	if len(d.GetUnsupported()) == 0 {
		return
	}
	b.WriteString("\nWhat there is not:\n\n")
	body = nil
	var ours []string
	for _, u := range d.GetUnsupported() {
		if u.GetReason() == notImplemented {
			ours = append(ours, u.GetCapability())
			continue
		}
		body = append(body, []string{u.GetCapability(), u.GetReason()})
	}
	if len(ours) > 0 {
		body = append(body, []string{strings.Join(ours, ", "), "this connector does not do it"})
	}
	table(b, []string{"capability", "reason"}, body)
}

// records names the kinds that a listing gives.
func records(l *wire.ListingSpec) string {
	var names []string
	for _, k := range l.GetDefines() {
		names = append(names, sdk.KindName(k))
	}
	for _, k := range l.GetEnriches() {
		names = append(names, "more of "+sdk.KindName(k))
	}
	return strings.Join(names, ", ")
}

// how a listing is read.
func how(l *wire.ListingSpec) string {
	var parts []string
	switch l.GetType() {
	case wire.ListingSpec_DELTA:
		parts = append(parts, "changes only")
	case wire.ListingSpec_FEED:
		parts = append(parts, "log")
	default:
		parts = append(parts, "whole")
	}
	if p := l.GetParent(); p != "" {
		parts = append(parts, "for each of "+code(p))
	}
	if b := l.GetLookback(); b != nil {
		parts = append(parts, span(b.AsDuration())+" back")
	}
	if e := l.GetEvery(); e != nil {
		parts = append(parts, "every "+span(e.AsDuration()))
	}
	if l.GetOffByDefault() {
		parts = append(parts, "off by default")
	}
	return strings.Join(parts, ", ")
}

func table(b *strings.Builder, head []string, body [][]string) {
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + escape(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, cells := range body {
		line(cells)
	}
}

// escape keeps text inside its cell.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(strings.Join(strings.Fields(s), " "))
}
