package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

func runCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the agent in the foreground until it is told to stop",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := o.newDaemon(false)
			if err != nil {
				return err
			}
			stop := reloadOnHangup(c.Context(), d)
			defer stop()
			d.Logger.Info("the agent runs", "version", version(), "config", o.path())
			err = d.Run(c.Context())
			if errors.Is(err, context.Canceled) || err == nil {
				d.Logger.Info("the agent has ended")
				return nil
			}
			return err
		},
	}
}

// reloadOnHangup reads the configuration anew at SIGHUP.
func reloadOnHangup(ctx context.Context, d *daemon.Daemon) (stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hup {
			if err := d.Reload(ctx); err != nil {
				d.Logger.Error("the configuration stays as it was", "error", err)
			}
		}
	}()
	return func() {
		signal.Stop(hup)
		close(hup)
		<-done
	}
}
