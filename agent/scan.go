package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/sdk"
)

func scanCommand(o *options) *cobra.Command {
	var (
		kinds []string
		full  bool
	)
	c := &cobra.Command{
		Use:   "scan [INSTANCE…]",
		Short: "Scan now and exit; with a running agent, ask it to",
		RunE: func(c *cobra.Command, args []string) error {
			request := scan.Request{Full: full}
			for _, name := range kinds {
				k, ok := sdk.ParseKind(name)
				if !ok {
					return &exit{exitUsage, fmt.Errorf("kind %q is not known: account, group, role, membership, activity, file, app, grant, setting, other", name)}
				}
				request.Kinds = append(request.Kinds, k)
			}
			cl, err := o.connect()
			if err != nil {
				return err
			}
			if cl.running {
				return requestScan(c.Context(), cl, args, kinds, full)
			}
			if err := cl.close(); err != nil {
				return err
			}
			chosen, err := chooser(cl.config, args)
			if err != nil {
				return err
			}
			return o.scanOnce(c.Context(), chosen, request)
		},
	}
	c.Flags().StringSliceVar(&kinds, "kind", nil, "only this kind of records (may be repeated)")
	c.Flags().BoolVar(&full, "full", false, "ignore stamps and bookmarks: list everything again")
	return c
}

func requestScan(ctx context.Context, cl *client, instances, kinds []string, full bool) error {
	res, err := cl.ask(ctx, "POST", "/v1/scan", url.Values{"instance": instances, "kind": kinds, "full": {strconv.FormatBool(full)}})
	if err != nil {
		return err
	}
	fmt.Println("the running agent scans now: follow it with `mooring status`")
	return res.Body.Close()
}

func (o *options) scanOnce(ctx context.Context, chosen func(id string) bool, r scan.Request) error {
	d, err := o.newDaemon(true)
	if err != nil {
		return err
	}
	show, cancel := context.WithCancel(ctx)
	shown := make(chan struct{})
	started := func() {
		go func() {
			defer close(shown)
			follow(show, os.Stderr, d)
		}()
	}
	results, err := d.ScanOnce(ctx, chosen, r, started)
	cancel()
	if results != nil {
		<-shown
	}
	if err != nil {
		return err
	}
	if len(results) == 0 {
		return &exit{exitUsage, errors.New("no instance is enabled")}
	}
	return summarize(results)
}

// summarize prints what came of a scan, and fails when some instance did.
func summarize(results []daemon.Scanned) error {
	t := newTable("INSTANCE", "LISTING", "RECORDS", "PAGES", "TOOK", "RESULT")
	failed := 0
	for _, s := range results {
		bad := s.Err != nil
		if s.Err != nil {
			t.row(s.Instance, "", "", "", "", without(s.Instance, s.Err.Error()))
		}
		for _, o := range s.Outcomes {
			r := o.Round
			result, took := "complete", r.Finished.Sub(r.Started).Round(time.Millisecond)
			switch {
			case o.Err != nil:
				result, bad = without(s.Instance, o.Err.Error()), true
			case o.Skipped != "":
				t.row(s.Instance, o.Listing, "", "", "", "not asked: "+o.Skipped)
				continue
			case r.Held:
				result = fmt.Sprintf("complete; %d missing at once, held", r.Missing)
			case r.Missing > 0:
				result = fmt.Sprintf("complete; %d missing", r.Missing)
			}
			if r.Unavailable > 0 {
				result += fmt.Sprintf("; %d shards unavailable", r.Unavailable)
			}
			t.row(s.Instance, o.Listing, strconv.FormatInt(r.Records, 10), strconv.FormatInt(r.Pages, 10), took.String(), result)
		}
		if bad {
			failed++
		}
	}
	t.print(os.Stdout)
	if failed > 0 {
		return &exit{exitPartly, fmt.Errorf("%d of %d instances did not scan completely", failed, len(results))}
	}
	return nil
}

// follow prints progress until ctx ends: in place on a terminal, else a line now and then.
func follow(ctx context.Context, w *os.File, d *daemon.Daemon) {
	every := 10 * time.Second
	tty := isTerminal(w)
	if tty {
		every = 500 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if tty {
				_, _ = fmt.Fprint(w, "\r\x1b[K")
			}
			return
		case <-tick.C:
			line := progressLine(d)
			if tty {
				_, _ = fmt.Fprint(w, "\r\x1b[K"+cut(line, terminalWidth(w)-1))
			} else {
				_, _ = fmt.Fprintln(w, line)
			}
		}
	}
}

func progressLine(d *daemon.Daemon) string {
	var parts []string
	for _, i := range d.Instances() {
		if i.Live == nil {
			continue
		}
		live := i.Live()
		for _, p := range live.Progress {
			if p.Phase == "" {
				continue
			}
			s := fmt.Sprintf("%s %s %d", i.Name, p.Listing, p.Records)
			if p.Shards > 1 {
				s += fmt.Sprintf(" (%d/%d)", p.ShardsDone, p.Shards)
			}
			if p.Left > time.Second {
				s += ", " + p.Left.Round(time.Second).String() + " left"
			}
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return "checking …"
	}
	return strings.Join(parts, " · ")
}
