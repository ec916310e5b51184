package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// defaultFields are the columns of a table that nobody chose.
var defaultFields = map[wire.Kind][]string{
	wire.Kind_KIND_ACCOUNT:    {"name", "email", "status", "type", "admin", "mfa", "ref"},
	wire.Kind_KIND_GROUP:      {"name", "type", "ref"},
	wire.Kind_KIND_ROLE:       {"name", "privileged", "ref"},
	wire.Kind_KIND_MEMBERSHIP: {"container", "member", "role", "state", "ref"},
	wire.Kind_KIND_ACTIVITY:   {"time", "type", "action", "actor", "targets", "ip"},
	wire.Kind_KIND_FILE:       {"path", "name", "type", "size_bytes", "access_level", "ref"},
	wire.Kind_KIND_APP:        {"name", "publisher", "permission_level", "scopes", "ref"},
	wire.Kind_KIND_GRANT:      {"name", "type", "account", "app", "state", "expires_at", "ref"},
	wire.Kind_KIND_SETTING:    {"name", "value", "default", "ref"},
	wire.Kind_KIND_OTHER:      {"type", "name", "ref"},
}

type queryFlags struct {
	where, at, since, until, sort string
	output                        *format
	instances, fields             []string
	limit                         int
}

func queryCommand(o *options) *cobra.Command {
	f := &queryFlags{}
	c := &cobra.Command{
		Use:   "query KIND",
		Short: "Show records: accounts, groups, roles, memberships, activities, files, apps, grants, settings, others",
		Example: `  mooring query accounts --where "account.mfa == 'off'"
  mooring query files --where "file.access_level == 'public'" -o jsonl
  mooring query memberships --instance sales --at 2026-11-01
  mooring query activities --since 24h --where "activity.type == 'login_failed'"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &exit{exitUsage, errors.New("write a kind: mooring query accounts")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			kind, ok := sdk.ParseKind(args[0])
			if !ok {
				return &exit{exitUsage, fmt.Errorf("%q is not a kind: accounts, groups, roles, memberships, activities, files, apps, grants, settings, others", args[0])}
			}
			return o.query(c.Context(), kind, f)
		},
	}
	c.Flags().StringVar(&f.where, "where", "", "a condition in CEL, such as file.size_bytes > 1000")
	c.Flags().StringSliceVar(&f.instances, "instance", nil, "only this instance (may be repeated)")
	c.Flags().StringVar(&f.at, "at", "", "as it was then: 2026-11-01, 2026-11-01T10:00:00Z or 7d (ago)")
	c.Flags().StringVar(&f.since, "since", "", "activities from then on")
	c.Flags().StringVar(&f.until, "until", "", "activities before then")
	c.Flags().StringVar(&f.sort, "sort", "", "a field to order by; with - before it, descending")
	c.Flags().IntVar(&f.limit, "limit", 0, "at most so many records")
	c.Flags().StringSliceVar(&f.fields, "fields", nil, "only these fields, in this order")
	f.output = formatFlag(c, "table", "json", "jsonl", "csv")
	return c
}

func (o *options) query(ctx context.Context, kind wire.Kind, f *queryFlags) error {
	for _, name := range f.fields {
		if !slices.Contains(api.Fields(kind), name) {
			return &exit{exitUsage, fmt.Errorf("%s has no field %q; it has: %s", sdk.KindName(kind), name, strings.Join(api.Fields(kind), ", "))}
		}
	}
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	res, err := cl.ask(ctx, "GET", "/v1/records", url.Values{
		"kind": {sdk.KindName(kind)}, "where": {f.where}, "instance": f.instances, "at": {f.at}, "since": {f.since},
		"until": {f.until}, "sort": {f.sort}, "limit": {strconv.Itoa(f.limit)},
	})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	fields := f.fields
	if len(fields) == 0 && (f.output.value == "table" || f.output.value == "csv") {
		fields = defaultFields[kind]
	}
	return show(res.Body, f.output.value, fields)
}

// show prints an answer of lines, the last of which is its trailer.
func show(body io.Reader, output string, fields []string) error {
	out := bufio.NewWriter(os.Stdout)
	return showWith(body, printerFor(output, fields, out), out)
}

// showWith prints an answer of lines by a printer that writes to out.
func showWith(body io.Reader, p printer, out *bufio.Writer) error {
	lines := bufio.NewReaderSize(body, 1<<20)
	var trailer api.Trailer
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if bytes.HasPrefix(line, []byte(`{"_coverage"`)) {
				if err := json.Unmarshal(line, &trailer); err != nil {
					return fmt.Errorf("the answer's last line: %w", err)
				}
				continue
			}
			if err := p.line(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
	}
	if trailer.Coverage == nil {
		return errors.New("the answer was cut short")
	}
	if err := p.end(trailer); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if trailer.Error != "" {
		return errors.New(trailer.Error)
	}
	return lacking(trailer)
}

// lacking is an error when an instance could not give its records: whoever counts lines must not take them for all.
func lacking(t api.Trailer) error {
	var parts []string
	for _, c := range t.Coverage {
		if c.Lacking {
			parts = append(parts, c.Instance+": "+printable(without(c.Instance, c.Problem)))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return &exit{exitPartly, errors.New("the answer is not whole: " + strings.Join(parts, "; "))}
}

type printer interface {
	line(record []byte) error
	end(t api.Trailer) error
}

func printerFor(output string, fields []string, out *bufio.Writer) printer {
	switch output {
	case "json":
		return &jsonPrinter{out: out, fields: fields}
	case "jsonl":
		return &linesPrinter{out: out, fields: fields}
	case "csv":
		return &csvPrinter{w: csv.NewWriter(out), fields: fields}
	}
	return &tablePrinter{t: newTable(upper(fields)...), fields: fields, out: out}
}

// object keeps the values of a record as they came.
type object map[string]json.RawMessage

// cell is a value as people read it: who, for a ref; items with commas.
func (o object) cell(field string) string {
	raw, ok := o[field]
	if !ok {
		return ""
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return string(raw)
	}
	return words(v)
}

func words(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = words(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		for _, key := range []string{"name", "email", "id", "items"} {
			if s := words(v[key]); s != "" {
				return s
			}
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func selected(record []byte, fields []string) ([]byte, error) {
	if len(fields) == 0 {
		return bytes.TrimRight(record, "\n"), nil
	}
	var o object
	if err := json.Unmarshal(record, &o); err != nil {
		return nil, err
	}
	b := []byte{'{'}
	for _, f := range fields {
		raw, ok := o[f]
		if !ok {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, f)
		b = append(append(b, ':'), raw...)
	}
	return append(b, '}'), nil
}

type jsonPrinter struct {
	out    *bufio.Writer
	fields []string
	n      int
}

func (p *jsonPrinter) line(record []byte) error {
	b, err := selected(record, p.fields)
	if err != nil {
		return err
	}
	open := ",\n"
	if p.n == 0 {
		open = "{\"records\": [\n"
	}
	p.n++
	_, err = p.out.WriteString(open + string(b))
	return err
}

func (p *jsonPrinter) end(t api.Trailer) error {
	c, err := json.Marshal(t.Coverage)
	if err != nil {
		return err
	}
	open := ""
	if p.n == 0 {
		open = "{\"records\": ["
	}
	_, err = fmt.Fprintf(p.out, "%s],\n\"_count\": %d, \"_undetermined\": %d, \"_coverage\": %s}\n", open, t.Count, t.Undetermined, c)
	return err
}

type linesPrinter struct {
	out    *bufio.Writer
	fields []string
}

func (p *linesPrinter) line(record []byte) error {
	b, err := selected(record, p.fields)
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(b, '\n'))
	return err
}

func (p *linesPrinter) end(t api.Trailer) error {
	if isTerminal(os.Stderr) {
		printCoverage(os.Stderr, t)
	}
	return nil
}

type csvPrinter struct {
	w      *csv.Writer
	fields []string
	begun  bool
}

func (p *csvPrinter) head() error {
	if p.begun {
		return nil
	}
	p.begun = true
	return p.w.Write(p.fields)
}

func (p *csvPrinter) line(record []byte) error {
	var o object
	if err := errors.Join(p.head(), json.Unmarshal(record, &o)); err != nil {
		return err
	}
	cells := make([]string, len(p.fields))
	for i, f := range p.fields {
		cells[i] = o.cell(f)
	}
	return p.w.Write(cells)
}

func (p *csvPrinter) end(api.Trailer) error {
	err := p.head()
	p.w.Flush()
	return errors.Join(err, p.w.Error())
}

// maxTableRows is what a person may still read; the rest is counted.
const maxTableRows = 1000

type tablePrinter struct {
	t      *table
	fields []string
	out    *bufio.Writer
	more   int
}

func (p *tablePrinter) line(record []byte) error {
	if len(p.t.rows) >= maxTableRows {
		p.more++
		return nil
	}
	var o object
	if err := json.Unmarshal(record, &o); err != nil {
		return err
	}
	cells := make([]string, len(p.fields))
	for i, f := range p.fields {
		cells[i] = moment(o.cell(f))
	}
	p.t.row(cells...)
	return nil
}

func (p *tablePrinter) end(t api.Trailer) error {
	p.t.print(os.Stdout)
	if p.more > 0 {
		fmt.Printf("… and %d more: use --limit, --where or -o jsonl\n", p.more)
	}
	printCoverage(os.Stdout, t)
	return nil
}

// moment shows a time as people read it, in their zone; other text stays.
func moment(s string) string {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at.Local().Format(time.DateTime)
	}
	return s
}

// printCoverage is the line under every answer: how old and how complete it is.
func printCoverage(w io.Writer, t api.Trailer) {
	now := time.Now()
	_, _ = fmt.Fprintf(w, "%d found", t.Count)
	if t.Undetermined > 0 {
		_, _ = fmt.Fprintf(w, ", %d undetermined (a field of the condition is unknown)", t.Undetermined)
	}
	for _, c := range t.Coverage {
		if !c.Lacking { // that is said as an error
			_, _ = fmt.Fprint(w, " · ", printable(c.Line(now)))
		}
	}
	_, _ = fmt.Fprintln(w)
}

func upper(fields []string) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = strings.ToUpper(f)
	}
	return out
}
