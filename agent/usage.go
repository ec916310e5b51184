package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

// group makes a command of others. By itself it shows them; an unknown one is an error, not a page of help.
func group(c *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c.AddCommand(commands...)
	c.DisableFlagsInUseLine = true
	c.Args, c.ValidArgsFunction = cobra.ArbitraryArgs, cobra.NoFileCompletions
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := "`" + c.CommandPath() + " --help` lists the commands"
		if close := c.SuggestionsFor(args[0]); len(close) > 0 {
			hint = "did you mean " + strings.Join(close, ", ") + "?"
		}
		return &exit{exitUsage, fmt.Errorf("there is no command %q; %s", c.CommandPath()+" "+args[0], hint)}
	}
	return c
}

// arguments refuses too few and too many, with the line to write instead. most < 0: as many as one likes.
func arguments(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		use := strings.TrimSuffix(c.UseLine(), " [flags]")
		if len(args) > most && most >= 0 {
			return &exit{exitUsage, fmt.Errorf("%q is one argument too many: write `%s`", args[most], use)}
		}
		return &exit{exitUsage, fmt.Errorf("an argument is missing: write `%s`", use)}
	}
}

// format is the flag -o of a command.
type format struct {
	value string
	of    []string
}

// formatFlag adds -o; the first form is the one that nobody chose.
func formatFlag(c *cobra.Command, forms ...string) *format {
	f := &format{value: forms[0], of: forms}
	last := len(forms) - 1
	c.Flags().VarP(f, "output", "o", strings.Join(forms[:last], ", ")+" or "+forms[last])
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return f
}

// String is part of pflag.Value.
func (f *format) String() string { return f.value }

// Type is part of pflag.Value.
func (f *format) Type() string { return "form" }

// Set is part of pflag.Value.
func (f *format) Set(s string) error {
	if !slices.Contains(f.of, s) {
		return fmt.Errorf("it is one of %s", strings.Join(f.of, ", "))
	}
	f.value = s
	return nil
}

// chooser says which instances the arguments name, by id or name; none: all. A name that no block has is an error.
func chooser(c *config.Config, args []string) (func(id string) bool, error) {
	var known []string
	for _, i := range c.Instances {
		known = append(known, i.ID())
	}
	var chosen []string
	for _, arg := range args {
		before := len(chosen)
		for _, id := range known {
			if _, name, _ := strings.Cut(id, "/"); id == arg || name == arg {
				chosen = append(chosen, id)
			}
		}
		if len(chosen) == before {
			return nil, &exit{exitUsage, fmt.Errorf("there is no instance %q; there are: %s", arg, strings.Join(known, ", "))}
		}
	}
	return func(id string) bool { return len(args) == 0 || slices.Contains(chosen, id) }, nil
}

// without takes the instance's name off an error that stands behind that name anyway.
func without(instance, text string) string {
	for _, prefix := range []string{"check: ", "instance " + instance + ": "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
