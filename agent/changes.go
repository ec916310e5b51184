package main

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func changesCommand(o *options) *cobra.Command {
	var (
		kind, since string
		output      *format
		instances   []string
		limit       int
		filled      bool
	)
	c := &cobra.Command{
		Use:   "changes",
		Short: "Show what changed, the newest last",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			res, err := cl.ask(c.Context(), "GET", "/v1/changes", url.Values{
				"kind": {kind}, "since": {since}, "instance": instances, "limit": {strconv.Itoa(limit)},
				"filled": {strconv.FormatBool(filled)},
			})
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			fields := []string{"at", "instance", "what", "kind", "ref", "fields", "count", "day", "reason"}
			if output.value == "json" || output.value == "jsonl" {
				fields = nil
			}
			return show(res.Body, output.value, fields)
		},
	}
	c.Flags().StringVar(&kind, "kind", "", "only this kind")
	c.Flags().StringVar(&since, "since", "", "from then on: 2026-11-22, 36h or 7d")
	c.Flags().StringSliceVar(&instances, "instance", nil, "only this instance (may be repeated)")
	c.Flags().IntVar(&limit, "limit", 50, "the newest so many; 0: all")
	c.Flags().BoolVar(&filled, "filled", false, "also fields that became known or unknown")
	output = formatFlag(c, "table", "json", "jsonl", "csv")
	return c
}
