package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// The limits of the server.
const (
	headerTimeout = 10 * time.Second
	closeTimeout  = 2 * time.Second // for answers that are on their way at the end
)

// world is the company and the fakes before it.
type world struct {
	live   *company.Live
	parts  []*githuborg.Part
	github *githubtest.Server
}

// newWorld starts nothing.
func newWorld(o *options, c *credentials) *world {
	w := &world{parts: []*githuborg.Part{githuborg.Platform(), githuborg.Sales()}}
	w.live = githuborg.Live(company.New(o.seed, o.accounts), time.Now(), w.parts...)
	cfg := githubtest.Config{
		Limits: o.limits, Latency: o.latency, Client: localClient(),
		Tokens: []githubtest.Token{githuborg.AgentToken(c.token, w.parts[1], time.Now())},
		Apps:   []githubtest.App{githuborg.AgentApp(&c.key.PublicKey, o.webhook, c.secret, w.parts...)},
	}
	for _, p := range w.parts {
		cfg.Orgs = append(cfg.Orgs, githuborg.Org(w.live, p))
	}
	w.github = githubtest.New(cfg)
	for _, f := range o.faults {
		w.github.Fault(f)
	}
	return w
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
	c, err := newCredentials()
	if err != nil {
		return err
	}
	w := newWorld(o, c)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for GitHub's fake: %w", err)
	}
	remove := func() error { return nil }
	if o.credentials != "" {
		if remove, err = c.write(o.credentials); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	defer func() { err = errors.Join(err, remove()) }()
	return w.serve(ctx, o, listener, out)
}

// serve answers and lets time pass. It returns after both have ended.
func (w *world) serve(ctx context.Context, o *options, listener net.Listener, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	srv := &http.Server{Handler: w.github, ReadHeaderTimeout: headerTimeout}
	served, lived := make(chan error, 1), make(chan struct{})
	go func() {
		defer stop()
		served <- srv.Serve(listener)
	}()
	go func() {
		defer close(lived)
		w.livesOn(ctx, o.every)
	}()
	_, err := fmt.Fprintf(out, "github http://%s organisations %s, %s; accounts %d; seed %d\n",
		listener.Addr(), w.parts[0].Login, w.parts[1].Login, o.accounts, o.seed)
	if err != nil {
		stop()
	}
	<-ctx.Done()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if srv.Shutdown(late) != nil { // somebody still waits for an answer
		err = errors.Join(err, srv.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	<-lived
	return err
}

// livesOn makes a change every so often and tells the webhooks.
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
			w.step(ctx, now)
		}
	}
}

// step makes one change. What a webhook's receiver does about it is shown by the fake's list of deliveries.
func (w *world) step(ctx context.Context, now time.Time) {
	ch := w.live.Step(now)
	for _, p := range w.parts {
		for _, d := range githuborg.Deliveries(w.live, p, ch) {
			payload, err := json.Marshal(d.Payload)
			if err == nil {
				_, _ = w.github.Deliver(ctx, d.Org, d.Event, payload)
			}
		}
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
