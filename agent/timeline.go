package main

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func timelineCommand(o *options) *cobra.Command {
	var (
		since, until string
		output       *format
		limit        int
	)
	c := &cobra.Command{
		Use:   "timeline WHAT",
		Short: "Show what happened around somebody or something, the newest last",
		Long: "WHAT is a ref, an e-mail address, or a whole name. A ref means that record; an address or name of a human means all accounts\n" +
			"of theirs. Shown are the activities that they did or that were done to them, and the changes of their records, memberships and\n" +
			"grants.",
		Example: "  mooring timeline zoe.zhang@acme.example --since 30d\n  mooring timeline box/main/file/4711",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			res, err := cl.ask(c.Context(), "GET", "/v1/timeline", url.Values{
				"x": args, "since": {since}, "until": {until}, "limit": {strconv.Itoa(limit)},
			})
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			var fields []string
			if output.value == "table" || output.value == "csv" {
				fields = []string{"time", "instance", "what", "kind", "action", "who", "targets", "fields", "ip", "outcome", "reason"}
			}
			return show(res.Body, output.value, fields)
		},
	}
	c.Flags().StringVar(&since, "since", "", "from then on: 2026-11-22, 36h or 30d (default 7d)")
	c.Flags().StringVar(&until, "until", "", "before then")
	c.Flags().IntVar(&limit, "limit", 0, "the newest so many; 0: all")
	output = formatFlag(c, "table", "json", "jsonl", "csv")
	return c
}
