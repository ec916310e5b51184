package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

func instanceCommand(o *options) *cobra.Command {
	return group(&cobra.Command{Use: "instance", Short: "The data of instances"}, &cobra.Command{
		Use:   "rm PROVIDER/NAME",
		Short: "Delete the data of an instance that the configuration no longer names",
		Args:  arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			provider, name, err := splitInstance(args[0])
			if err != nil {
				return err
			}
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			if err := cl.lets(c.Context(), args[0]); err != nil {
				return err
			}
			if cl.running && cl.config.Instance(args[0]) == nil {
				res, err := cl.ask(c.Context(), "POST", "/v1/login/forget", url.Values{"instance": args})
				if err != nil {
					return err
				}
				_ = res.Body.Close() // it has none
			}
			return daemon.RemoveInstance(cl.config, provider, name, cl.running)
		},
	})
}

// lets refuses to take the data away from under a running agent that has not read the configuration since.
func (cl *client) lets(ctx context.Context, id string) error {
	if !cl.running || cl.config.Instance(id) != nil { // what has its block is refused anyway
		return nil
	}
	var s api.Status
	if err := cl.askJSON(ctx, "GET", "/v1/status", nil, &s); err != nil {
		return err
	}
	for _, i := range s.Instances {
		if i.Instance == id && i.State != "orphaned" {
			return fmt.Errorf("the running agent still has instance %s: send it SIGHUP (kill -HUP %d), so that it reads the configuration again", id, s.Agent.PID)
		}
	}
	return nil
}

// splitInstance refuses names that would lead out of the data directory.
func splitInstance(arg string) (provider, name string, err error) {
	provider, name, ok := strings.Cut(arg, "/")
	if !ok || provider == "" || name == "" || strings.ContainsAny(arg, `\.`) || strings.Contains(name, "/") {
		return "", "", &exit{exitUsage, fmt.Errorf("%q is not an instance: write github/sales", arg)}
	}
	return provider, name, nil
}

func storeCommand(o *options) *cobra.Command {
	return group(&cobra.Command{Use: "store", Short: "The files that hold what was seen"}, &cobra.Command{
		Use:   "check [INSTANCE…]",
		Short: "Read every page and every record, and say what is damaged",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, _, err := o.load()
			if err != nil {
				return err
			}
			chosen, err := chooser(cfg, args)
			if err != nil {
				return err
			}
			failed := 0
			for _, i := range cfg.Instances {
				if !chosen(i.ID()) {
					continue
				}
				err := checkStore(c, daemon.InstanceDir(cfg.Agent.DataDir, i.Provider, i.Name))
				switch {
				case errors.Is(err, os.ErrNotExist):
					fmt.Printf("%s: no data yet\n", i.ID())
				case err != nil:
					failed++
					fmt.Printf("%s: %v\n", i.ID(), err)
				default:
					fmt.Printf("%s: clean\n", i.ID())
				}
			}
			if failed > 0 {
				return &exit{exitPartly, fmt.Errorf("%d stores are damaged or in use", failed)}
			}
			return nil
		},
	})
}

func checkStore(c *cobra.Command, dir string) error {
	s, err := bolt.Open(bolt.Options{Dir: dir, ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(s.Check(c.Context()), s.Close())
}

func backupCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy the data of every instance into a folder, one file each; the agent may run",
		Args:  arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			if err := os.MkdirAll(args[0], 0o700); err != nil {
				return err
			}
			failed := 0
			for _, i := range cl.config.Instances {
				dir := daemon.InstanceDir(cl.config.Agent.DataDir, i.Provider, i.Name)
				if _, err := os.Stat(dir); err != nil {
					continue
				}
				path := filepath.Join(args[0], i.Provider+"."+i.Name+".mooring")
				if err := writeBackup(path, func(w io.Writer) error { return cl.backup(c, i.ID(), dir, w) }); err != nil {
					failed++
					fmt.Fprintf(os.Stderr, "%s: %v\n", i.ID(), err)
					continue
				}
				fmt.Println(path)
			}
			if failed > 0 {
				return &exit{exitPartly, fmt.Errorf("%d instances are not in the backup", failed)}
			}
			return nil
		},
	}
}

// backup streams an instance's backup: from the running agent, or from its files.
func (cl *client) backup(c *cobra.Command, id, dir string, w io.Writer) error {
	if !cl.running {
		s, err := bolt.Open(bolt.Options{Dir: dir, ReadOnly: true})
		if err != nil {
			return err
		}
		return errors.Join(s.Backup(c.Context(), w), s.Close())
	}
	res, err := cl.ask(c.Context(), "POST", "/v1/backup", url.Values{"instance": {id}})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(w, res.Body); err != nil {
		return err
	}
	if text := res.Trailer.Get("Mooring-Error"); text != "" {
		return errors.New(text)
	}
	return nil
}

// writeBackup leaves the whole file, or none.
func writeBackup(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".backup-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func restoreCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE…",
		Short: "Bring instances back from a backup, into a data directory that has none of them",
		Args:  arguments(1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, _, err := o.load()
			if err != nil {
				return err
			}
			for _, path := range args {
				provider, name, ok := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".mooring"), ".")
				if !ok || provider == "" || name == "" {
					return &exit{exitUsage, fmt.Errorf("%s is not named as a backup is: PROVIDER.NAME.mooring", path)}
				}
				if err := restoreOne(c, path, daemon.InstanceDir(cfg.Agent.DataDir, provider, name)); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				fmt.Printf("%s/%s is restored; its first scan is a full one\n", provider, name)
			}
			return nil
		},
	}
}

func restoreOne(c *cobra.Command, path, dir string) error {
	f, err := os.Open(path) //nolint:gosec // named by the operator
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	return bolt.Restore(c.Context(), dir, f)
}
