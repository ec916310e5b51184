package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/api"
)

type alertFlags struct {
	states, severities []string
	policy, instance   string
	limit              int
	output             *format
}

func alertsCommand(o *options) *cobra.Command {
	f := &alertFlags{}
	c := &cobra.Command{
		Use:   "alerts [ID]",
		Short: "Show what policies found and a person should look at; with an ID, one of them with its findings",
		Long: "An alert gathers the findings of one policy, by owner, folder or actor. It closes by itself when the last of them is gone.\n" +
			"The ID may be cut short as long as it means one alert. Without --state those are shown that are open, and the counts of first looks.",
		Example: "  mooring alerts\n  mooring alerts --severity high --severity critical\n  mooring alerts 3f9c\n" +
			"  mooring alerts resolve 3f9c false_positive --note 'our own scanner'",
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return o.oneAlert(c.Context(), args[0], f)
			}
			return o.alerts(c.Context(), f)
		},
	}
	c.Flags().StringSliceVar(&f.states, "state", nil, "open, resolved, closed, baseline or all (may be repeated)")
	c.Flags().StringSliceVar(&f.severities, "severity", nil, "info, low, medium, high or critical (may be repeated)")
	c.Flags().StringVar(&f.policy, "policy", "", "only of this policy")
	c.Flags().StringVar(&f.instance, "instance", "", "only those with findings in this instance")
	c.Flags().IntVar(&f.limit, "limit", 0, "at most so many alerts, or findings of the one")
	f.output = formatFlag(c, "table", "json", "jsonl", "csv")
	c.AddCommand(assignCommand(o), resolveCommand(o), reopenCommand(o))
	return c
}

func (o *options) alerts(ctx context.Context, f *alertFlags) error {
	states := f.states
	switch {
	case len(states) == 0:
		states = []string{alert.Open, alert.Baseline}
	case len(states) == 1 && states[0] == "all":
		states = nil
	}
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	res, err := cl.ask(ctx, "GET", "/v1/alerts", url.Values{
		"state": states, "severity": f.severities, "policy": {f.policy}, "instance": {f.instance}, "limit": {strconv.Itoa(f.limit)},
	})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var fields []string
	if f.output.value == "table" || f.output.value == "csv" {
		fields = []string{"id", "severity", "state", "policy", "findings", "updated", "group", "assignee", "title"}
	}
	return show(res.Body, f.output.value, fields)
}

func (o *options) oneAlert(ctx context.Context, id string, f *alertFlags) error {
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	query := url.Values{}
	if f.limit > 0 {
		query.Set("limit", strconv.Itoa(f.limit))
	}
	var a api.AlertDetail
	if err := cl.askJSON(ctx, "GET", "/v1/alerts/"+url.PathEscape(id), query, &a); err != nil {
		return err
	}
	switch f.output.value {
	case "table":
		printAlert(&a)
		return nil
	case "csv":
		return &exit{exitUsage, errors.New("one alert is no table: write -o json")}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

func printAlert(a *api.AlertDetail) {
	line := func(name, value string) {
		if value != "" {
			fmt.Printf("%-10s %s\n", name, printable(value))
		}
	}
	line("alert", a.ID+"  "+a.Severity+"  "+a.State)
	line("title", a.Title)
	line("policy", a.Policy)
	line("group", a.Group)
	line("instances", strings.Join(a.Instances, ", "))
	line("people", strings.Join(a.People, ", "))
	line("opened", a.Opened.Local().Format(time.DateTime))
	line("updated", a.Updated.Local().Format(time.DateTime))
	if a.Closed != nil {
		line("closed", a.Closed.Local().Format(time.DateTime))
	}
	line("because", a.Reason)
	line("assignee", a.Assignee)
	if r := a.Resolution; r != nil {
		line("resolved", strings.TrimSuffix(fmt.Sprintf("%s by %s, %s: %s", r.Verdict, r.By, r.At.Local().Format(time.DateTime), r.Note), ": "))
	}
	line("findings", fmt.Sprintf("%d now, %d in all", a.Findings, a.Total))
	line("actions", strings.Join(a.Intents, ", "))
	if len(a.Shown) == 0 {
		return
	}
	fmt.Println()
	t := newTable("FOUND", "CLOSED", "REF", "TITLE", "EVIDENCE")
	for _, f := range a.Shown {
		closed := ""
		if f.Closed != nil {
			closed = strings.TrimSpace(f.Closed.Local().Format(time.DateTime) + " " + f.Reason)
		}
		evidence := f.Evidence
		if f.Now != nil {
			evidence = f.Now
		}
		t.row(f.Found.Local().Format(time.DateTime), closed, f.Ref, f.Title, string(evidence))
	}
	t.print(os.Stdout)
	if more := a.Findings - len(a.Shown); more > 0 {
		fmt.Printf("… and %d more: use --limit\n", more)
	}
}

func assignCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "assign ID [WHO]",
		Short:   "Say who handles an alert; without WHO, nobody does",
		Example: "  mooring alerts assign 3f9c zoe.zhang@acme.example",
		Args:    arguments(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			in := api.AlertChange{}
			if len(args) == 2 {
				in.To = args[1]
			}
			return o.changeAlert(c.Context(), args[0], "assign", in)
		},
	}
}

func resolveCommand(o *options) *cobra.Command {
	var note string
	verdicts := []string{alert.TruePositive, alert.Benign, alert.FalsePositive}
	c := &cobra.Command{
		Use:   "resolve ID VERDICT",
		Short: "Say what an alert came to: true_positive, benign or false_positive",
		Long: "A new finding opens the alert again. What shall not be found again needs an exception, or another policy:\n" +
			"see `mooring except --help`.",
		Args: arguments(2, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return verdicts, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			return o.changeAlert(c.Context(), args[0], "resolve", api.AlertChange{Verdict: args[1], Note: note})
		},
	}
	c.Flags().StringVar(&note, "note", "", "what others should know")
	return c
}

func reopenCommand(o *options) *cobra.Command {
	var note string
	c := &cobra.Command{
		Use:   "reopen ID",
		Short: "Take the resolution of an alert back",
		Args:  arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.changeAlert(c.Context(), args[0], "reopen", api.AlertChange{Note: note})
		},
	}
	c.Flags().StringVar(&note, "note", "", "what others should know")
	return c
}

// changeAlert asks the running agent.
func (o *options) changeAlert(ctx context.Context, id, how string, in api.AlertChange) error {
	cl, err := o.connectRunning()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	var a alert.Alert
	if err := cl.tell(ctx, "/v1/alerts/"+url.PathEscape(id)+"/"+how, in, &a); err != nil {
		return err
	}
	text := a.State
	switch {
	case how == "assign" && a.Assignee == "":
		text = "assigned to nobody"
	case how == "assign":
		text = "assigned to " + a.Assignee
	case how == "resolve" && a.Resolution != nil:
		text = "resolved as " + a.Resolution.Verdict + " by " + a.Resolution.By
	}
	fmt.Printf("alert %s is %s\n", a.ID, printable(text))
	return nil
}

// connectRunning finds the agent for what only a running one can do.
func (o *options) connectRunning() (*client, error) {
	cl, err := o.connect()
	if err != nil {
		return nil, err
	}
	if !cl.running {
		return nil, errors.Join(&exit{exitUnreachable, errors.New("no agent runs, and only a running one can do this: start it with `mooring run`")}, cl.close())
	}
	return cl, nil
}
