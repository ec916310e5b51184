// Command acme serves one simulated company to an agent that wants to watch it: as GitHub, Okta, Google Workspace and Box.
//
// It promises to be ready at once whatever the size, to change while one watches, and to write nothing but the
// credentials that the agent needs, which it takes away again at its end. It listens, and calls webhooks, on this machine
// only.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	opts, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2) // the flag package has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, opts, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "acme:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
