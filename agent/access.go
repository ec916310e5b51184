package main

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func accessCommand(o *options) *cobra.Command {
	var (
		at     string
		output *format
		limit  int
		reach  bool
	)
	c := &cobra.Command{
		Use:   "access WHAT",
		Short: "Show who can reach a file, group, role or app, or what somebody can reach, and how",
		Long: "WHAT is a ref, an e-mail address, or a whole name or path. Of a file, group, role or app it shows who can reach it; of an account\n" +
			"or a human (an address or name: all accounts) what they can reach. Each with the way that leads there:\n\n" +
			"  certain   every step was listed completely in the last 48 hours\n" +
			"  possible  some step is old, unconfirmed, conditional, or depends on what somebody may do\n" +
			"  unknown   a place on the way that could not be listed, and may hide more\n\n" +
			"What anyone with a link can open is not listed for each: mooring query files --where \"file.access_level in ['link', 'public']\"",
		Example: "  mooring access github/sales/file/300\n  mooring access zoe.zhang@acme.example -o jsonl\n  mooring access google/main/app/42 --reach",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			res, err := cl.ask(c.Context(), "GET", "/v1/access", url.Values{
				"x": args, "at": {at}, "limit": {strconv.Itoa(limit)}, "reach": {strconv.FormatBool(reach)},
			})
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			var fields []string
			if output.value == "table" || output.value == "csv" {
				fields = []string{"certainty", "instance", "kind", "name", "email", "role", "how"}
			}
			return show(res.Body, output.value, fields)
		},
	}
	c.Flags().StringVar(&at, "at", "", "not yet: as it was then")
	c.Flags().BoolVar(&reach, "reach", false, "of a group, role or app: what it can reach, instead of who can reach it")
	c.Flags().IntVar(&limit, "limit", 0, "at most so many lines; 0: all")
	output = formatFlag(c, "table", "json", "jsonl", "csv")
	return c
}
