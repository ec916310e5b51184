package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
)

func personCommand(o *options) *cobra.Command {
	var output *format
	c := &cobra.Command{
		Use:   "person WHO",
		Short: "Show one human's accounts in all apps",
		Long: "WHO is an account's ref, an e-mail address, or a whole name or login. Accounts are one human's when an e-mail address of the\n" +
			"organisation, an external id, a SAML name id or the file organization.people says so. What only looks alike is a suggestion.",
		Example: "  mooring person zoe.zhang@acme.example\n  mooring person github/sales/account/1001 -o json",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			res, err := cl.ask(c.Context(), "GET", "/v1/person", url.Values{"x": args})
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			if output.value != "table" {
				return show(res.Body, output.value, nil)
			}
			out := bufio.NewWriter(os.Stdout)
			return showWith(res.Body, &personPrinter{out: out}, out)
		},
	}
	output = formatFlag(c, "table", "json", "jsonl")
	return c
}

// personPrinter prints a table of accounts for each person, and the suggestions apart.
type personPrinter struct {
	out *bufio.Writer
	n   int
}

func (p *personPrinter) line(record []byte) error {
	var who api.Person
	if err := json.Unmarshal(record, &who); err != nil {
		return err
	}
	if p.n++; p.n > 1 {
		_, _ = fmt.Fprintln(p.out)
	}
	title := strings.TrimSpace(who.Name + " · " + who.ID)
	if who.Nobody != "" {
		title = "nobody's: " + who.Nobody
	}
	_, _ = fmt.Fprintln(p.out, printable(strings.Trim(title, " ·")))
	t := newTable("  APP", "NAME", "EMAIL", "STATUS", "TYPE", "ADMIN", "MFA", "LAST ACTIVE", "JOINED BY", "REF")
	for _, a := range who.Accounts {
		name := a.DisplayName
		if name == "" {
			name = a.Name
		}
		active := ""
		if a.LastActiveAt != nil {
			active = a.LastActiveAt.Local().Format(time.DateTime)
		}
		t.row("  "+a.Instance, name, a.Email, a.Status, a.Type, yes(a.Admin), a.MFA, active, a.JoinedBy, a.Ref)
	}
	t.print(p.out)
	if len(who.Suggestions) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(p.out, "  perhaps also, but nothing proves it:")
	s := newTable("  ACCOUNT", "NAME", "EMAIL", "WHY")
	for _, g := range who.Suggestions {
		s.row("  "+g.Account, g.Name, g.Email, g.Reason)
	}
	s.print(p.out)
	return nil
}

func (p *personPrinter) end(t api.Trailer) error {
	printCoverage(p.out, t)
	return nil
}

// yes prints what may be unknown.
func yes(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}
