package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
)

func checkCommand(o *options) *cobra.Command {
	var output *format
	c := &cobra.Command{
		Use:   "check [INSTANCE…]",
		Short: "Ask every provider who we are there and what the credential may do",
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			var results []api.Checked
			if cl.running {
				err = cl.askJSON(c.Context(), "POST", "/v1/check", url.Values{"instance": args}, &results)
			} else {
				results, err = o.checkOnce(c, cl, args)
			}
			if err != nil {
				return err
			}
			if output.value == "json" {
				if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
					return err
				}
			}
			return printChecks(results, output.value)
		},
	}
	output = formatFlag(c, "table", "json")
	return c
}

func (o *options) checkOnce(c *cobra.Command, cl *client, args []string) ([]api.Checked, error) {
	if err := cl.close(); err != nil {
		return nil, err
	}
	chosen, err := chooser(cl.config, args)
	if err != nil {
		return nil, err
	}
	d, err := o.newDaemon(true)
	if err != nil {
		return nil, err
	}
	answers, err := d.CheckOnce(c.Context(), chosen)
	if err != nil {
		return nil, err
	}
	var results []api.Checked
	for _, a := range answers {
		one := api.NewChecked(a.Instance, a.Check, a.Err)
		one.Actions = api.NewCheckedActing(a.Instance, a.Acting, a.ActingErr)
		results = append(results, one)
	}
	return results, nil
}

func printChecks(results []api.Checked, output string) error {
	failed := 0
	for n, r := range results {
		if r.Error != "" || r.Actions != nil && r.Actions.Error != "" {
			failed++
		}
		if output == "json" {
			continue
		}
		if n > 0 {
			fmt.Println()
		}
		printChecked(r.Instance, &r)
		if r.Actions != nil {
			printChecked(r.Instance+", actions", r.Actions)
		}
	}
	if failed > 0 {
		return &exit{exitPartly, fmt.Errorf("%d of %d instances could not be checked", failed, len(results))}
	}
	return nil
}

func printChecked(name string, r *api.Checked) {
	if r.Error != "" {
		fmt.Printf("%s: %s\n", name, printable(without(r.Instance, r.Error)))
		return
	}
	line := fmt.Sprintf("%s: %s (%s), as %s", name, r.Tenant, r.TenantID, r.Subject)
	if r.CredentialExpires != nil {
		line += ", credential ends " + r.CredentialExpires.Local().Format(time.DateTime)
	}
	fmt.Println(printable(line))
	t := newTable("  CAPABILITY", "STATE", "WHAT IS MISSING, AND WHY")
	for _, p := range r.Capabilities {
		t.row("  "+p.Name, strings.ReplaceAll(p.State, "_", " "), missing(p))
	}
	t.print(os.Stdout)
}

// missing is what a capability lacks, and why.
func missing(p api.Capability) string {
	what := strings.Join(p.Missing, ", ")
	if what != "" && p.Reason != "" {
		return what + " (" + p.Reason + ")"
	}
	return what + p.Reason
}
