package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/catalog"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
)

func connectorCommand(o *options) *cobra.Command {
	return group(&cobra.Command{Use: "connector", Short: "The programs that speak to the providers"}, lockCommand(o), listCommand(o))
}

func lockCommand(o *options) *cobra.Command {
	var (
		dir, output string
	)
	c := &cobra.Command{
		Use:   "lock [NAME…]",
		Short: "Write down which connectors may run: their digests and what they say of themselves",
		Long: "Reads the connectors in the configured folders (or --dir), asks each what it is, and writes mooring.lock.hcl. No other\n" +
			"bytes run afterwards. Read the difference before you trust it.",
		RunE: func(c *cobra.Command, args []string) error {
			dirs := []string{dir}
			if dir == "" {
				first, _ := config.Load(o.path(), nil)
				dirs = first.Agent.ConnectorDirs
				if output == "" {
					output = filepath.Join(config.Dir(o.path()), catalog.FileName)
				}
			}
			if output == "" {
				output = filepath.Join(dir, catalog.FileName)
			}
			return lock(c, dirs, output, args)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "a folder of connectors (default: those of the configuration)")
	c.Flags().StringVar(&output, "output", "", "the lock file (default: beside the configuration, or in --dir)")
	return c
}

func lock(c *cobra.Command, dirs []string, output string, names []string) error {
	l, diags := catalog.Load(output)
	if diags.HasErrors() {
		return fmt.Errorf("%w: repair or remove the lock file", diags)
	}
	files, err := connectorFiles(dirs, names)
	if err != nil {
		return err
	}
	for _, name := range files {
		path, err := catalog.Find(dirs, name)
		if err != nil {
			return err
		}
		digest, size, err := catalog.Digest(path)
		if err != nil {
			return err
		}
		d, err := plughost.Describe(c.Context(), path, digest)
		if err != nil {
			return fmt.Errorf("asking %s what it is: %w", name, err)
		}
		e, err := catalog.NewEntry(d.GetName(), d, runtime.GOOS+"_"+runtime.GOARCH, name, digest, size)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		l.Put(e)
		fmt.Printf("%s %s sha256:%.12s…\n", d.GetName(), d.GetVersion(), digest)
	}
	return catalog.Write(output, l)
}

// connectorFiles lists the connectors in the folders, or those named.
func connectorFiles(dirs, names []string) ([]string, error) {
	var files []string
	for _, n := range names {
		files = append(files, catalog.Prefix+strings.TrimPrefix(n, catalog.Prefix))
	}
	if len(files) > 0 {
		return files, nil
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), catalog.Prefix) {
				files = append(files, e.Name())
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file named %s… in %s", catalog.Prefix, strings.Join(dirs, ", "))
	}
	return files, nil
}

func listCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the connectors that may run",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			first, _ := config.Load(o.path(), nil)
			locks, diags := daemon.LoadLocks(config.Dir(o.path()), first.Agent.ConnectorDirs)
			if diags.HasErrors() {
				return &daemon.ConfigError{Diags: diags}
			}
			t := newTable("CONNECTOR", "VERSION", "PLATFORMS", "LISTINGS", "WHAT IT CONNECTS")
			for _, name := range locks.Names() {
				e, err := locks.Entry(name)
				if err != nil {
					return err
				}
				var platforms, listings []string
				for _, p := range e.Platforms {
					platforms = append(platforms, p.Name)
				}
				for _, l := range e.Description().GetListings() {
					listings = append(listings, l.GetName())
				}
				t.row(name, e.Version, strings.Join(platforms, " "), fmt.Sprint(len(listings)), e.Description().GetDoc())
			}
			t.print(os.Stdout)
			return nil
		},
	}
}
