package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/policy/trial"
	"github.com/mooring-hq/mooring/sdk"
)

func policyCommand(o *options) *cobra.Command {
	return group(&cobra.Command{Use: "policy", Short: "Test policies, and try them on what is stored"}, policyTestCommand(o), policyTryCommand(o))
}

func policyTestCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "test [NAME…]",
		Short: "Run the test blocks of policies; no secret, no network and no data is needed",
		Args:  arguments(0, -1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, policies, err := o.policies(args)
			if err != nil {
				return err
			}
			return runTests(c, policies)
		},
	}
}

// policies loads those that are named; none named: all.
func (o *options) policies(names []string) (*config.Config, []*policy.Policy, error) {
	c, _, err := o.load()
	if err != nil {
		return nil, nil, err
	}
	all, diags := policy.Load(c)
	if diags.HasErrors() {
		return nil, nil, &daemon.ConfigError{Diags: diags, Files: c.Files}
	}
	var known []string
	for _, p := range all {
		known = append(known, p.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, nil, &exit{exitUsage, fmt.Errorf("there is no policy %q: %s", name, syntax.Choices(name, "there are", known))}
		}
	}
	if len(names) > 0 {
		all = slices.DeleteFunc(all, func(p *policy.Policy) bool { return !slices.Contains(names, p.Name) })
	}
	if len(all) == 0 {
		return nil, nil, &exit{exitUsage, errors.New("the configuration has no policy: ready ones are in examples/policies")}
	}
	return c, all, nil
}

// runTests prints a line for each policy, and one for each test that fails.
func runTests(c *config.Config, policies []*policy.Policy) error {
	tests, diags := trial.Read(c, policies)
	if diags.HasErrors() {
		return &daemon.ConfigError{Diags: diags, Files: c.Files}
	}
	failed := 0
	for _, p := range policies {
		n, wrong := 0, 0
		for _, t := range tests {
			if t.Policy != p {
				continue
			}
			n++
			if got, why := t.Verdict(); got != t.Expect {
				wrong++
				fmt.Println(told(t, got, why))
			}
		}
		failed += wrong
		switch {
		case n == 0:
			fmt.Printf("%s: no tests\n", p.Name)
		case wrong == 0:
			fmt.Printf("%s: %s pass\n", p.Name, api.Count(n, "test", "tests"))
		default:
			fmt.Printf("%s: %d of %s failed\n", p.Name, wrong, api.Count(n, "test", "tests"))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed", failed, api.Count(len(tests), "test", "tests"))
	}
	return nil
}

func told(t *trial.Test, got, why string) string {
	line := fmt.Sprintf("%s:%d:%d: policy %s, test %q: expected %s, it is %s", t.Range.Filename, t.Range.Start.Line, t.Range.Start.Column,
		t.Policy.Name, t.Name, t.Expect, got)
	if why != "" {
		line += ": " + why
	}
	return printable(line)
}

func policyTryCommand(o *options) *cobra.Command {
	var (
		since     string
		instances []string
		limit     int
		output    *format
	)
	c := &cobra.Command{
		Use:   "try NAME",
		Short: "Show what a policy as it is written now would find in what is stored; nothing is written and nobody is told",
		Example: `  mooring policy try keys-shared
  mooring policy try mass-download --since 90d`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			_, policies, err := o.policies(args)
			if err != nil {
				return err
			}
			return o.try(c.Context(), policies[0], api.Trial{Since: since, Instances: instances, Limit: limit}, output.value)
		},
	}
	c.Flags().StringVar(&since, "since", "", "what happened or changed from then on: 2026-11-01, 36h or 90d (default: 30d of what happens, records of any age)")
	c.Flags().StringSliceVar(&instances, "instance", nil, "only this instance (may be repeated)")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many lines, the rest is counted; 0: all")
	output = formatFlag(c, "table", "json", "jsonl")
	return c
}

func (o *options) try(ctx context.Context, p *policy.Policy, ask api.Trial, output string) error {
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	ask.Kind, ask.When, ask.Repeat = sdk.KindName(p.Kind), p.Condition.Source, p.Repeat
	b, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	res, err := cl.send(ctx, "POST", "/v1/try", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if output != "table" {
		return show(res.Body, output, nil)
	}
	return showTried(res.Body, p)
}

// showTried prints the findings and what they amount to.
func showTried(body io.Reader, p *policy.Policy) error {
	shown := &triedPrinter{policy: p, table: newTable(triedHead(p)...)}
	return showWith(body, shown, bufio.NewWriter(os.Stdout))
}

func triedHead(p *policy.Policy) []string {
	switch {
	case p.Repeat != nil:
		return []string{"AT", "BY", "LAST"}
	case p.Condition.Reads().Change:
		return []string{"AT", "WHAT", "FIELDS", "RECORD"}
	}
	return []string{"SINCE", "RECORD"}
}

type triedPrinter struct {
	policy *policy.Policy
	table  *table
	lines  int
}

func (t *triedPrinter) line(line []byte) error {
	var f api.Tried
	if err := json.Unmarshal(line, &f); err != nil {
		return fmt.Errorf("a line of the answer: %w", err)
	}
	t.lines++
	at := f.At.UTC().Format("2006-01-02 15:04:05")
	switch {
	case t.policy.Repeat != nil:
		t.table.row(at, f.By, f.Ref)
	case f.What != "":
		t.table.row(at, f.What, strings.Join(f.Fields, ","), f.Ref)
	default:
		t.table.row(at, f.Ref)
	}
	return nil
}

func (t *triedPrinter) end(trailer api.Trailer) error {
	if t.lines > 0 {
		t.table.print(os.Stdout)
	}
	fmt.Printf("%s would find %d", t.policy.Name, trailer.Count)
	if more := trailer.Count - t.lines; more > 0 {
		fmt.Printf(", %d of them not shown", more)
	}
	if trailer.Undetermined > 0 {
		fmt.Printf("; of %d it cannot tell, since something is unknown", trailer.Undetermined)
	}
	fmt.Println()
	return nil
}
