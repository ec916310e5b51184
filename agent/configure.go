package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/policy/trial"
)

func validateCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration; no secret and no network is needed",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			c, _, err := o.load()
			if err != nil {
				return err
			}
			diags := c.All(nil)
			if diags.HasErrors() {
				return &daemon.ConfigError{Diags: diags, Files: c.Files}
			}
			policies, found := policy.Load(c)
			_, tests := trial.Read(c, policies)
			if diags = slices.Concat(diags, found, tests); diags.HasErrors() {
				return &daemon.ConfigError{Diags: diags, Files: c.Files}
			}
			if _, err := daemon.PeopleMap(c); err != nil {
				return &exit{exitUsage, err}
			}
			if err := config.Print(os.Stderr, diags, c.Files, isTerminal(os.Stderr)); err != nil {
				return err
			}
			fmt.Printf("%s is valid: %s, %s\n", o.path(), api.Count(len(c.Instances), "instance", "instances"), api.Count(len(c.Policies), "policy", "policies"))
			return nil
		},
	}
}

func fmtCommand(o *options) *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt [PATH]",
		Short: "Rewrite configuration files in the usual form",
		Args:  arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := o.path()
			if len(args) == 1 {
				path = args[0]
			}
			changed, diags := config.FormatFiles(path, !check)
			if diags.HasErrors() {
				return &daemon.ConfigError{Diags: diags}
			}
			for _, f := range changed {
				fmt.Println(f)
			}
			if check && len(changed) > 0 {
				return &exit{exitError, errors.New("the files above are not in the usual form: run `mooring fmt`")}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "only list the files that would change")
	return c
}
