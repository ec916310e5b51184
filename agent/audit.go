package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

func auditCommand(o *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "The log of who wanted, approved and did what",
		Long:  "It stands in the folder audit of the data directory, one entry a line, and nothing is done that cannot be written there first.",
	}
	c.AddCommand(auditVerifyCommand(o))
	return c
}

func auditVerifyCommand(o *options) *cobra.Command {
	var checkpoints []string
	var dir string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove that no entry was changed, removed, added or swapped",
		Long: "The log is held against its own hashes, and against checkpoints. Those that stand beside it prove nothing about somebody who may\n" +
			"write the whole folder: keep them in a second place (agent.audit_checkpoints), and name that with --checkpoint.",
		Example: "  mooring audit verify\n  mooring audit verify --checkpoint /mnt/safe/mooring-checkpoints.jsonl",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if dir == "" {
				cfg, _, err := o.load()
				if err != nil {
					return err
				}
				dir = daemon.AuditDir(cfg.Agent.DataDir)
				if path := cfg.Agent.AuditCheckpoints; path != "" && len(checkpoints) == 0 {
					if _, err := os.Stat(path); err == nil { // else there was none to write yet
						checkpoints = append(checkpoints, path)
					}
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "entries.jsonl")); errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("there is no audit log in %s yet", dir)
			}
			r, err := audit.Verify(dir, checkpoints...)
			if _, tampered := errors.AsType[*audit.TamperedError](err); tampered {
				r, err = audit.Verify(dir, checkpoints...) // an agent that runs may have been in the middle of an entry
			}
			if err != nil {
				return err
			}
			fmt.Printf("%d entries, unchanged; %d of them proven by %d checkpoints", r.Entries, r.Proven, r.Checkpoints)
			fmt.Println()
			return nil
		},
	}
	c.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with checkpoints in a second place (may be repeated)")
	c.Flags().StringVar(&dir, "dir", "", "folder of the log (default: that of the configuration)")
	return c
}

// encoded is a value as the body of a request.
func encoded(v any) (io.Reader, error) {
	b, err := json.Marshal(v)
	return bytes.NewReader(b), err
}
