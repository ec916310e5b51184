// Command mooring is the agent: it connects to the apps of a company, keeps what it sees there, and answers about it.
//
// The way from here to a stored record: run.go → internal/daemon (puts everything together) → internal/plughost (the
// connector's process) → internal/scan (pages into commits) → internal/store.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
	_ "github.com/mooring-hq/mooring/agent/internal/plughost/shim" // turns this program into the shim of a connector
)

// Exit codes, the same for every command.
const (
	exitError       = 1
	exitUsage       = 2 // bad configuration or usage
	exitPartly      = 3 // some instance failed
	exitUnreachable = 5 // the agent cannot be reached
)

// exit is an error with the code to end with.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	os.Exit(report(err))
}

func root() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "mooring",
		Short: "A self-hosted app-connector agent",
		Long: "Mooring connects to the SaaS and cloud apps of a company, scans who has access, what happened and which files exist,\n" +
			"keeps it with its history on this machine, and answers about it.",
		Version: version(), SilenceUsage: true, SilenceErrors: true,
	}
	c.PersistentFlags().StringVar(&o.config, "config", "", "configuration file or folder (default $MOORING_CONFIG, ./config.hcl, /etc/mooring)")
	c.PersistentFlags().StringVar(&o.logLevel, "log-level", "", "trace, debug, info, warn or error (default: that of the configuration)")
	c.PersistentFlags().BoolVar(&o.logJSON, "log-json", false, "write the log as JSON lines")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit{exitUsage, err} })
	return group(c,
		runCommand(o), scanCommand(o), checkCommand(o), loginCommand(o),
		validateCommand(o), fmtCommand(o), connectCommand(o),
		statusCommand(o), queryCommand(o), changesCommand(o),
		personCommand(o), timelineCommand(o), accessCommand(o),
		planCommand(o), actCommand(o), approveCommand(o), rejectCommand(o), undoCommand(o), actionsCommand(o), auditCommand(o),
		policyCommand(o), alertsCommand(o), exceptCommand(o), verdictCommand(o), decisionsCommand(o),
		connectorCommand(o), instanceCommand(o),
		storeCommand(o), backupCommand(o), restoreCommand(o),
	)
}

// report prints an error once, where people look, and gives the exit code.
func report(err error) int {
	if err == nil {
		return 0
	}
	code := exitError
	if e, ok := errors.AsType[*exit](err); ok {
		code = e.code
	}
	if c, ok := errors.AsType[*daemon.ConfigError](err); ok {
		_ = config.Print(os.Stderr, c.Diags, c.Files, isTerminal(os.Stderr))
		return exitUsage
	}
	if !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mooring:", err)
	}
	return code
}

// version is the module's, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}
