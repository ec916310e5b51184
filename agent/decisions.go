package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/decision"
)

func exceptCommand(o *options) *cobra.Command {
	var in api.DecisionRequest
	var span string
	c := &cobra.Command{
		Use:   "except [ALERT | REF]",
		Short: "Let a policy not mind something for a while: what an alert is about, or one record",
		Long: "Of an alert, what it gathers is excepted: all that the policy finds of its owner, folder or actor. Of a ref, that one record.\n" +
			"With --scope policy and no argument, everything. An exception ends by itself: then what still matches is found again.",
		Example: "  mooring except 3f9c --reason 'published on purpose, ticket 4711' --for 30d\n" +
			"  mooring except github/sales/file/300 --policy keys-in-public-files --reason 'test keys' --for 90d\n" +
			"  mooring except --policy admin-without-mfa --scope policy --reason 'migration' --for 2d",
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			in.What = string(decision.Exception)
			switch {
			case len(args) == 0 && in.Scope != decision.ScopePolicy:
				return &exit{exitUsage, errors.New("write what is excepted: an alert or a ref; or --scope policy for everything")}
			case len(args) == 1 && strings.Contains(args[0], "/"):
				if in.Ref = args[0]; in.Scope == "" {
					in.Scope = decision.ScopeRef
				}
			case len(args) == 1:
				in.Alert = args[0]
			}
			return o.decide(c.Context(), in, span, true)
		},
	}
	c.Flags().StringVar(&in.Policy, "policy", "", "the policy, if no alert names it")
	c.Flags().StringVar(&in.Scope, "scope", "", "ref, group or policy (default: the alert's group, or the ref)")
	reasonFlag(c, &in.Reason)
	c.Flags().StringVar(&span, "for", "", "how long: 30d, 12h")
	return c
}

func verdictCommand(o *options) *cobra.Command {
	var in api.DecisionRequest
	var span string
	verdicts := []string{decision.Approved, decision.Banned}
	c := &cobra.Command{
		Use:     "verdict APP-REF approved|banned",
		Short:   "Say what the organisation thinks of an app; policies can read it",
		Example: "  mooring verdict google/main/app/1234.apps banned --reason 'reads all mail'",
		Args:    arguments(2, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return verdicts, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			in.What, in.Ref, in.Verdict = string(decision.AppVerdict), args[0], args[1]
			return o.decide(c.Context(), in, span, false)
		},
	}
	reasonFlag(c, &in.Reason)
	c.Flags().StringVar(&span, "for", "", "how long: 30d, 12h (default: until it is withdrawn)")
	return c
}

func decisionsCommand(o *options) *cobra.Command {
	var all bool
	var output *format
	c := &cobra.Command{
		Use:   "decisions",
		Short: "Show what people decided: exceptions, verdicts on apps, owners, links",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			res, err := cl.ask(c.Context(), "GET", "/v1/decisions", url.Values{"all": {strconv.FormatBool(all)}})
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			var fields []string
			if output.value == "table" || output.value == "csv" {
				fields = []string{"id", "what", "made", "author", "expires", "in_force", "title", "reason"}
			}
			return show(res.Body, output.value, fields)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those that ended")
	output = formatFlag(c, "table", "json", "jsonl", "csv")
	c.AddCommand(
		withdrawCommand(o),
		personDecision(o, decision.Owner, "owner REF E-MAIL", "Say who answers for a record"),
		personDecision(o, decision.Link, "link ACCOUNT-REF PERSON", "Say whose an account is; - is nobody's"),
	)
	return c
}

func withdrawCommand(o *options) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "withdraw ID",
		Short: "End a decision before its time",
		Args:  arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := reasoned(reason); err != nil {
				return err
			}
			cl, err := o.connectRunning()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			var d api.Decided
			if err := cl.tell(c.Context(), "/v1/decisions/"+url.PathEscape(args[0])+"/withdraw", api.Withdrawal{Reason: reason}, &d); err != nil {
				return err
			}
			fmt.Printf("decision %s is withdrawn: %s\n", d.ID, printable(d.Title))
			return nil
		},
	}
	reasonFlag(c, &reason)
	return c
}

func personDecision(o *options, what decision.What, use, short string) *cobra.Command {
	var in api.DecisionRequest
	var span string
	c := &cobra.Command{
		Use: use, Short: short, Args: arguments(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			in.What, in.Ref, in.Person = string(what), args[0], args[1]
			return o.decide(c.Context(), in, span, false)
		},
	}
	reasonFlag(c, &in.Reason)
	c.Flags().StringVar(&span, "for", "", "how long: 30d, 12h (default: until it is withdrawn)")
	return c
}

func reasonFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "reason", "", "why, for those who read it later")
}

// reasoned refuses what nobody could understand later.
func reasoned(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return &exit{exitUsage, errors.New("say why, for those who read it later: write --reason")}
	}
	return nil
}

// decide asks the running agent.
func (o *options) decide(ctx context.Context, in api.DecisionRequest, span string, ends bool) error {
	if err := reasoned(in.Reason); err != nil {
		return err
	}
	if span != "" {
		d, err := syntax.ParseDuration(span)
		if err != nil || d < time.Second {
			return &exit{exitUsage, fmt.Errorf("--for %q is not a time: write 30d or 12h", span)}
		}
		in.Seconds = int64(d / time.Second)
	} else if ends {
		return &exit{exitUsage, errors.New("an exception ends: write --for 30d")}
	}
	cl, err := o.connectRunning()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	var d api.Decided
	if err := cl.tell(ctx, "/v1/decisions", in, &d); err != nil {
		return err
	}
	until := ""
	if d.Expires != nil {
		until = ", until " + d.Expires.Local().Format(time.DateTime)
	}
	fmt.Printf("decision %s by %s%s: %s\n", d.ID, printable(d.Author), until, printable(d.Title))
	return nil
}
