package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
)

// The limits of the servers.
const (
	headerTimeout = 10 * time.Second
	closeTimeout  = 2 * time.Second // for answers that are on their way at the end
)

// world is the company and the apps before it.
type world struct {
	live      *company.Live
	apps      []*app
	listeners []net.Listener // of the apps
}

// newWorld listens, so that the apps know their addresses, and starts nothing else.
func newWorld(ctx context.Context, o *options) (*world, error) {
	now := time.Now()
	orgs := []*githuborg.Part{githuborg.Platform(), githuborg.Sales()}
	w := &world{live: githuborg.Live(company.New(o.seed, o.accounts), now, orgs...)}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	acting, err := newKey()
	if err != nil {
		return nil, err
	}
	for i, p := range providers() {
		if o.apps[i].listen == switchedOff {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.apps[i].listen)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for %s's fake: %w", p.name, err), w.close())
		}
		w.listeners = append(w.listeners, listener)
		a, err := p.make(&stage{
			live: w.live, orgs: orgs, key: key, acting: acting, url: "http://" + listener.Addr().String(), now: now, hook: o.webhook, appOptions: o.apps[i],
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s's fake: %w", p.name, err), w.close())
		}
		a.name = p.name
		w.apps = append(w.apps, a)
	}
	return w, nil
}

// close is for a world that is not served.
func (w *world) close() error {
	var errs []error
	for _, l := range w.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// localClient calls webhooks on this machine and refuses all others, by their name, before anything is looked up.
func localClient() *http.Client {
	dialer := &net.Dialer{Timeout: headerTimeout}
	return &http.Client{
		Timeout:       headerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, _, err := net.SplitHostPort(addr); err != nil || !local(host) {
				return nil, fmt.Errorf("webhook to %s: only this machine is called", addr)
			}
			return dialer.DialContext(ctx, network, addr)
		}},
	}
}

// run serves until ctx ends.
func run(ctx context.Context, o *options, out io.Writer) (err error) {
	if o.incidents {
		return printIncidents(out, company.New(o.seed, o.accounts))
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	remove := func() error { return nil }
	if o.credentials != "" {
		if remove, err = write(o.credentials, w.apps); err != nil {
			return errors.Join(err, w.close())
		}
	}
	defer func() { err = errors.Join(err, remove()) }()
	return w.serve(ctx, o, out)
}

// serve answers and lets time pass. It returns after all has ended.
func (w *world) serve(ctx context.Context, o *options, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	servers, ended := make([]*http.Server, len(w.apps)), make([]error, len(w.apps))
	for i, a := range w.apps {
		servers[i] = &http.Server{
			Handler: a.handler, ReadHeaderTimeout: headerTimeout,
			BaseContext: func(net.Listener) context.Context { return ctx }, // so that no long-poll waits beyond the end
		}
		wg.Go(func() {
			defer stop()
			ended[i] = servers[i].Serve(w.listeners[i])
		})
	}
	wg.Go(func() { w.livesOn(ctx, o.every) })
	_, err := io.WriteString(out, w.lines(o)) // at once: a reader may want the first line only
	if err != nil {
		stop()
	}
	<-ctx.Done()
	for _, srv := range servers {
		err = errors.Join(err, end(context.WithoutCancel(ctx), srv))
	}
	wg.Wait()
	for _, e := range ended {
		if !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// end lets those finish who wait for an answer, but not for long.
func end(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		return srv.Close()
	}
	return nil
}

// lines tell where each app is.
func (w *world) lines(o *options) string {
	var b strings.Builder
	for i, a := range w.apps {
		fmt.Fprintf(&b, "%s http://%s %s; accounts %d; seed %d\n", a.name, w.listeners[i].Addr(), a.says, o.accounts, o.seed)
	}
	return b.String()
}

// livesOn makes a change every so often and tells those who want to know.
func (w *world) livesOn(ctx context.Context, every time.Duration) {
	if every <= 0 {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.step(ctx, w.live.Step(now))
			w.step(ctx, w.live.StepDocument(now))
		}
	}
}

func (w *world) step(ctx context.Context, ch company.Change) {
	for _, a := range w.apps {
		a.step(ctx, ch)
	}
}

func printIncidents(out io.Writer, c *company.Company) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, in := range c.Incidents() {
		if _, err := fmt.Fprintf(t, "%s\t%s\t%s\n", in.Name, in.Where, in.What); err != nil {
			return err
		}
	}
	return t.Flush()
}
