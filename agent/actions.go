package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/api"
)

type actionFlags struct {
	args   []string
	reason string
	yes    bool
	output *format
}

func planCommand(o *options) *cobra.Command {
	f := &actionFlags{}
	c := &cobra.Command{
		Use:   "plan ACTION REF",
		Short: "Show what an action would do, and do nothing",
		Long: "The connector reads the target as it is now, with the credentials of the instance's actions block. Nothing can be changed by it.\n" +
			"docs/capabilities.md tells which actions there are; a wrong name is answered with those that fit.",
		Example: "  mooring plan make_private googleworkspace/main/file/1aB\n  mooring plan remove_collaborator box/main/file/42 --arg who=eve@globex.example",
		Args:    arguments(2, 2), //nolint:mnd // the action and its target
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			in, err := f.request(args)
			if err != nil {
				return err
			}
			var p api.Planned
			if err := cl.tell(c.Context(), "/v1/actions/plan", in, &p); err != nil {
				return err
			}
			if f.output.value == "json" {
				return json.NewEncoder(os.Stdout).Encode(p)
			}
			printPlan(&p)
			return nil
		},
	}
	f.flags(c)
	f.output = formatFlag(c, "table", "json")
	return c
}

func actCommand(o *options) *cobra.Command {
	f := &actionFlags{}
	c := &cobra.Command{
		Use:   "act ACTION REF",
		Short: "Carry an action out: shows the plan, asks, and does exactly that",
		Long: "What changes between the plan and the act ends it: nothing is done that you did not see. It is written to the audit log with\n" +
			"your name before anything is sent. `mooring undo ID` takes back what can be taken back.",
		Example: "  mooring act suspend okta/main/account/00u1 --reason 'left yesterday'",
		Args:    arguments(2, 2), //nolint:mnd // the action and its target
		RunE: func(c *cobra.Command, args []string) error {
			return o.act(c.Context(), f, args)
		},
	}
	f.flags(c)
	c.Flags().StringVar(&f.reason, "reason", "", "why, for the audit log")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	f.output = formatFlag(c, "table", "json")
	return c
}

func (f *actionFlags) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.args, "arg", nil, "argument of the action, NAME=VALUE (may be repeated); NAME=@FILE takes a file's content")
}

func (f *actionFlags) request(words []string) (*api.ActionRequest, error) {
	in := &api.ActionRequest{Action: words[0], Ref: words[1], Reason: f.reason, Args: map[string]string{}}
	for _, a := range f.args {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, &exit{exitUsage, fmt.Errorf("--arg %q is not NAME=VALUE", a)}
		}
		if file, is := strings.CutPrefix(value, "@"); is {
			b, err := os.ReadFile(file) //nolint:gosec // named by the caller
			if err != nil {
				return nil, &exit{exitUsage, fmt.Errorf("--arg %s: %w", name, err)}
			}
			value = string(b)
		}
		in.Args[name] = value
	}
	return in, nil
}

func printPlan(p *api.Planned) {
	fmt.Printf("%s of %s\n", p.Action, printable(p.Ref))
	if p.Doc != "" {
		fmt.Println("  " + printable(p.Doc))
	}
	if p.Plan.Already {
		fmt.Println("\nIt is so already: there is nothing to do.")
		return
	}
	fmt.Println()
	for _, e := range p.Plan.Effects {
		fmt.Println("  ~ " + printable(e))
	}
	fmt.Println()
	fmt.Println("undo: " + p.Plan.Undo)
	for _, l := range p.Plan.Loses {
		if l != "" {
			fmt.Println("  does not bring back: " + printable(l))
		}
	}
	fmt.Println("plan: " + p.Plan.Hash)
}

func (o *options) act(ctx context.Context, f *actionFlags, words []string) error {
	cl, err := o.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.close() }()
	in, err := f.request(words)
	if err != nil {
		return err
	}
	var p api.Planned
	if err := cl.tell(ctx, "/v1/actions/plan", in, &p); err != nil {
		return err
	}
	if f.output.value == "table" {
		printPlan(&p)
	}
	if p.Plan.Already {
		return nil
	}
	if !f.yes && !confirmed("Do it?") {
		return &exit{exitUsage, fmt.Errorf("nothing was done")}
	}
	in.Plan = p.Plan.Hash
	var i action.Intent
	if err := cl.tell(ctx, "/v1/actions", in, &i); err != nil {
		return err
	}
	return cl.follow(ctx, &i, f.output.value)
}

// confirmed asks a person at a terminal; whoever cannot answer has not agreed.
func confirmed(question string) bool {
	if !isTerminal(os.Stdin) {
		fmt.Fprintln(os.Stderr, question+" Nobody can answer here: add --yes to do it.")
		return false
	}
	fmt.Print(question + " [y/N] ")
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), "y")
}

const (
	followTime  = time.Minute // for an action to settle, while the command waits
	followEvery = 200 * time.Millisecond
)

// follow shows what becomes of an intent, until it is settled or takes long.
func (cl *client) follow(ctx context.Context, i *action.Intent, output string) error {
	end := time.Now().Add(followTime)
	for i.State.Open() && i.State != action.Stuck && i.State != action.Waiting && time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followEvery):
		}
		all, err := cl.intents(ctx, url.Values{"id": {i.ID}})
		if err != nil {
			return err
		}
		i = all[0]
	}
	if output == "json" {
		return json.NewEncoder(os.Stdout).Encode(i)
	}
	fmt.Printf("%s  %s", i.ID, i.State)
	if i.Problem != "" {
		fmt.Print(": " + printable(i.Problem))
	}
	fmt.Println()
	switch i.State {
	case action.Done, action.Already, action.Waiting, action.Approved, action.Pending:
		return nil
	}
	return &exit{exitError, fmt.Errorf("%s of %s is %s", i.Action, i.Target, i.State)}
}

func (cl *client) intents(ctx context.Context, q url.Values) ([]*action.Intent, error) {
	res, err := cl.ask(ctx, "GET", "/v1/actions", q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var all []*action.Intent
	dec := json.NewDecoder(res.Body)
	for dec.More() {
		i := &action.Intent{}
		if err := dec.Decode(i); err != nil {
			return nil, err
		}
		if i.ID != "" { // the trailer has none
			all = append(all, i)
		}
	}
	return all, nil
}

func actionsCommand(o *options) *cobra.Command {
	var states, instances []string
	var limit int
	var output *format
	c := &cobra.Command{
		Use:   "actions [ID]",
		Short: "Show what was, is and waits to be done; with an ID, one of them with its plan",
		Long: "The states: waiting (for approval), approved, started, unsure (there was no answer; it is found out), pending (the provider works on\n" +
			"it), stuck (a person has to look), done, already, refused, rejected, expired.",
		Example: "  mooring actions --state waiting\n  mooring actions k3pq\n  mooring actions stop --reason 'incident 12'",
		Args:    arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			q := url.Values{"state": states, "instance": instances, "limit": {strconv.Itoa(limit)}}
			if len(args) == 1 {
				q.Set("id", args[0])
			}
			if output.value != "table" {
				res, err := cl.ask(c.Context(), "GET", "/v1/actions", q)
				if err != nil {
					return err
				}
				defer func() { _ = res.Body.Close() }()
				return show(res.Body, output.value, nil)
			}
			all, err := cl.intents(c.Context(), q)
			if err != nil {
				return err
			}
			if len(args) == 1 && len(all) == 1 {
				printIntent(all[0])
				return nil
			}
			printIntents(all)
			return nil
		},
	}
	c.Flags().StringSliceVar(&states, "state", nil, "only in this state (may be repeated)")
	c.Flags().StringSliceVar(&instances, "instance", nil, "only of this instance (may be repeated)")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many, the newest")
	output = formatFlag(c, "table", "json", "jsonl")
	c.AddCommand(stopActionsCommand(o), resumeActionsCommand(o), settleCommand(o))
	return c
}

func printIntents(all []*action.Intent) {
	if len(all) == 0 {
		fmt.Println("no actions")
		return
	}
	t := newTable("ID", "STATE", "ACTION", "TARGET", "BY", "WHEN", "NOTES")
	for _, i := range all {
		t.row(i.ID, string(i.State), named(i), i.Target, i.Author, i.Created.Local().Format(time.DateTime), note(i))
	}
	t.print(os.Stdout)
}

func named(i *action.Intent) string {
	if i.Undoes != "" {
		return "undo of " + i.Action
	}
	return i.Action
}

func note(i *action.Intent) string {
	switch {
	case i.Problem != "":
		return i.Problem
	case i.Undone != "":
		return "undone by " + i.Undone
	case i.Undoes != "":
		return "undoes " + i.Undoes
	case i.ApprovedBy != "" && i.ApprovedBy != i.Author:
		return "approved by " + i.ApprovedBy
	}
	return i.Reason
}

func printIntent(i *action.Intent) {
	line := func(name, value string) {
		if value != "" {
			fmt.Printf("%-10s %s\n", name, printable(value))
		}
	}
	line("id", i.ID)
	line("action", named(i))
	line("target", i.Target)
	for name, v := range i.Args {
		line("argument", name+" = "+shortened(v))
	}
	line("state", string(i.State))
	line("by", i.Author)
	line("reason", i.Reason)
	line("approved", i.ApprovedBy)
	line("notes", cmp.Or(i.Problem, note(i)))
	line("created", i.Created.Local().Format(time.DateTime))
	if !i.Settled.IsZero() {
		line("settled", i.Settled.Local().Format(time.DateTime))
	}
	line("request", i.RequestID)
	if i.Plan != nil {
		fmt.Println()
		printPlan(&api.Planned{Action: i.Action, Ref: i.Target, Plan: i.Plan})
	}
}

// shortened is an argument as far as it fits a line.
func shortened(s string) string {
	const most = 80
	s, _, more := strings.Cut(s, "\n")
	if len(s) > most {
		s, more = s[:most], true
	}
	if more {
		s += " …"
	}
	return s
}
