package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// options are the program's flags.
type options struct {
	listen      string
	accounts    int
	seed        uint64
	latency     time.Duration
	limits      githubtest.Limits
	every       time.Duration // a change
	faults      []githubtest.Fault
	credentials string // folder
	webhook     string
	incidents   bool
}

// parse reads the flags. It writes what is wrong to out.
func parse(args []string, out io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("acme", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&o.listen, "listen", "127.0.0.1:9001", "`address` of GitHub's fake; on this machine only")
	set.IntVar(&o.accounts, "accounts", 500, fmt.Sprintf("people in the company, %d to %d", company.MinSize, company.MaxSize))
	big := set.Bool("big", false, "the same as -accounts 1000000")
	set.Uint64Var(&o.seed, "seed", 1, "which company; the same seed gives the same one")
	set.DurationVar(&o.latency, "latency", 5*time.Millisecond, "how long every answer takes at least")
	set.Func("limit", "`CALLS/WINDOW` of every credential, like 5000/3600s; off; default: the vendor's", o.setLimit)
	set.DurationVar(&o.every, "change-every", 2*time.Second, "how often something changes; 0: never")
	set.Func("fault", "`JSON` of a fault to start with, as for /_fake/faults; may be repeated", o.addFault)
	set.StringVar(&o.credentials, "credentials", "run", "`folder` to write credentials to; empty: none")
	set.StringVar(&o.webhook, "webhook", "", "`URL` on this machine that gets the events of the agent's app")
	set.BoolVar(&o.incidents, "incidents", false, "print what is wrong in the company, and exit")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if *big {
		o.accounts = company.MaxSize
	}
	if err := o.check(set.Args()); err != nil {
		_, _ = fmt.Fprintln(out, "acme:", err) // there is nowhere else to say it
		return nil, err
	}
	return o, nil
}

func (o *options) check(rest []string) error {
	host, _, err := net.SplitHostPort(o.listen)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: everything is a flag", rest[0])
	case o.accounts < company.MinSize || o.accounts > company.MaxSize:
		return fmt.Errorf("-accounts %d: want %d to %d", o.accounts, company.MinSize, company.MaxSize)
	case err != nil || !local(host):
		return fmt.Errorf("-listen %s: want an address of this machine, like 127.0.0.1:9001", o.listen)
	case o.latency < 0 || o.every < 0:
		return fmt.Errorf("-latency and -change-every cannot be negative")
	}
	return nil
}

// local says whether a host is this machine, without asking a name server.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func (o *options) setLimit(s string) error {
	if s == "off" {
		o.limits = githubtest.Limits{Core: -1, AuditLog: -1, Points: -1, Concurrent: -1}
		return nil
	}
	calls, window, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(calls)
	d, errWindow := time.ParseDuration(window)
	if !ok || err != nil || errWindow != nil || n < 1 || d < time.Second {
		return fmt.Errorf("want CALLS/WINDOW like 5000/3600s with a window of a second or more, or off")
	}
	o.limits.Core, o.limits.Window = n, d
	return nil
}

func (o *options) addFault(s string) error {
	var f githubtest.Fault
	if err := json.Unmarshal([]byte(s), &f); err != nil || f.Match == "" || f.Do == "" {
		return fmt.Errorf(`want JSON like {"match":"/orgs/*/members","do":"status","status":502,"times":3}`)
	}
	o.faults = append(o.faults, f)
	return nil
}
