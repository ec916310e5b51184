package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

// connectFlags are what one wants. What is missing is asked for on a terminal.
type connectFlags struct {
	want, set                 []string
	method, name, output, dir string
	add                       bool
}

func connectCommand(o *options) *cobra.Command {
	f := &connectFlags{}
	c := &cobra.Command{
		Use:   "connect PROVIDER",
		Short: "Write the block of a new instance, and what to do at the provider for what you choose",
		Long: "Writes the instance block to standard output, or to --output, and to standard error what to do at the provider: where to\n" +
			"click, and the scopes for exactly what was chosen. Everything comes from the connector's own description: nothing is\n" +
			"started and no network is used. No secret is asked for.",
		Example: `  mooring connect github
  mooring connect github --for accounts,groups,activities --name sales --set organization=acme-sales
  mooring connect box --for all --output /etc/mooring/box.hcl`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &exit{exitUsage, fmt.Errorf("write a provider: `mooring connect github`; %s", o.providers(f.dir))}
			}
			return arguments(1, 1)(c, args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			_, locks, _ := o.locked(f.dir)
			return locks.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var in io.Reader
			if isTerminal(os.Stdin) {
				in = os.Stdin
			}
			return connectProvider(o, f, args[0], in, os.Stdout, os.Stderr)
		},
	}
	c.Flags().StringSliceVar(&f.want, "for", nil, "what to read: kinds of records (accounts, files, …) or listings; all; and actions, to change things")
	c.Flags().StringVar(&f.method, "method", "", "how to authenticate (default: the first that the connector offers)")
	c.Flags().StringVar(&f.name, "name", "", "the instance's name (default main)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "NAME=VALUE: a setting, or a credential field that is no secret")
	c.Flags().StringVar(&f.output, "output", "", "the file to write, which must not be there")
	c.Flags().BoolVar(&f.add, "append", false, "add the block to the end of --output")
	c.Flags().StringVar(&f.dir, "dir", "", "a folder of connectors with their lock file (default: those of the configuration)")
	return c
}

// connectProvider is the command. in is nil where nobody can be asked.
func connectProvider(o *options, f *connectFlags, provider string, in io.Reader, out, notes io.Writer) error {
	if f.add && f.output == "" {
		return &exit{exitUsage, errors.New("--append needs --output FILE")}
	}
	now, locks, err := o.locked(f.dir)
	if err != nil {
		return err
	}
	d, err := locks.Description(provider)
	if err != nil {
		return &exit{exitUsage, fmt.Errorf("there is no connector for %q: %s", syntax.Short(provider), known(provider, locks.Names()))}
	}
	c := &choice{of: d}
	q := &questions{to: notes}
	if in != nil {
		q.from = newLines(in)
	}
	if err := c.fill(f, q); err != nil {
		return err
	}
	id := provider + "/" + c.name
	if now.Instance(id) != nil && f.output != "" {
		return &exit{exitUsage, fmt.Errorf("%s is in %s already: choose another with --name", id, o.path())}
	}
	t := &target{path: f.output, add: f.add}
	if err := t.read(id); err != nil {
		return err
	}
	text, err := c.block()
	if err != nil {
		return err
	}
	if _, diags := loadText(starter(f.dir)+receiver+private(now)+string(text), locks); diags.HasErrors() {
		return refusal(diags)
	}
	if c.push && now.Ingest == nil {
		text = append([]byte(receiver+"\n"), text...)
	}
	if now.Agent.DataDir == "" && !t.hasAgent {
		text = append([]byte(starter(f.dir)+"\n"), text...)
	}
	text = config.Format(text)
	if err := t.write(text, out); err != nil {
		return err
	}
	c.explain(notes, t.place(o.path()))
	return nil
}

// locked gives the configuration as far as it can be read, and the connectors that may run. Without a configuration it
// looks where the agent would.
func (o *options) locked(dir string) (*config.Config, *daemon.Locks, error) {
	now, _ := config.Load(o.path(), nil)
	dirs := now.Agent.ConnectorDirs
	if dir != "" {
		dirs = []string{dir}
	} else if len(dirs) == 0 {
		fresh, _ := loadText(starter(""), nil)
		dirs = fresh.Agent.ConnectorDirs
	}
	locks, diags := daemon.LoadLocks(config.Dir(o.path()), dirs)
	if diags.HasErrors() {
		return now, locks, &daemon.ConfigError{Diags: diags}
	}
	return now, locks, nil
}

// providers says what can be connected.
func (o *options) providers(dir string) string {
	_, locks, err := o.locked(dir)
	if err != nil {
		return err.Error()
	}
	return known("", locks.Names())
}

func known(provider string, names []string) string {
	if len(names) == 0 {
		return "no connector is locked yet; put the connectors into agent.connector_dirs and run `mooring connector lock`"
	}
	if provider == "" {
		return "there are: " + strings.Join(names, ", ")
	}
	return syntax.Choices(provider, "there are", names)
}

// starter is the rest of a configuration that has nothing else yet.
func starter(dir string) string {
	text := "agent {\n  data_dir = \"/var/lib/mooring\"\n"
	if dir != "" {
		if full, err := filepath.Abs(dir); err == nil {
			dir = full
		}
		text += "  connector_dirs = [" + quote(dir) + "]\n"
	}
	return text + "}\n"
}

// receiver is the block that webhooks need.
const receiver = "ingest {\n  listen     = \"127.0.0.1:8443\" # a reverse proxy with a certificate stands before it\n" +
	"  public_url = \"https://hooks.change-me.example\"\n}\n"

// private repeats which private addresses may be dialled.
func private(now *config.Config) string {
	var list []string
	for _, p := range now.Network.Private {
		list = append(list, quote(p.String()))
	}
	return "network {\n  private = [" + strings.Join(list, ", ") + "]\n}\n"
}

// loadText reads a configuration that stands in no file yet, as `mooring validate` would.
func loadText(text string, providers config.Providers) (*config.Config, hcl.Diagnostics) {
	dir, err := os.MkdirTemp("", "mooring")
	if err != nil {
		return &config.Config{}, hcl.Diagnostics{syntax.Errorf(syntax.At("new block"), "", "checking it: %v", err)}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "config.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return &config.Config{}, hcl.Diagnostics{syntax.Errorf(syntax.At("new block"), "", "checking it: %v", err)}
	}
	c, diags := config.Load(path, providers)
	return c, c.All(diags)
}

// refusal says what is wrong with the values that were given. Places in a block that is not written help nobody.
func refusal(diags hcl.Diagnostics) error {
	var parts []string
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			parts = append(parts, strings.TrimSuffix(d.Summary+": "+d.Detail, ": "))
		}
	}
	return &exit{exitUsage, fmt.Errorf("the block would not be valid: %s", printable(strings.Join(parts, "; ")))}
}
