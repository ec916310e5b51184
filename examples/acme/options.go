package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// options are the program's flags.
type options struct {
	apps        []appOptions // as in the table
	accounts    int
	seed        uint64
	every       time.Duration // a change
	credentials string        // folder
	webhook     string
	incidents   bool
}

// switchedOff is what stands for an address, or a limit, that is not there.
const switchedOff = "off"

// parse reads the flags. It writes what is wrong to out.
func parse(args []string, out io.Writer) (*options, error) {
	o := &options{apps: make([]appOptions, len(providers()))}
	set := flag.NewFlagSet("acme", flag.ContinueOnError)
	set.SetOutput(out)
	set.IntVar(&o.accounts, "accounts", 500, fmt.Sprintf("people in the company, %d to %d", company.MinSize, company.MaxSize))
	big := set.Bool("big", false, "the same as -accounts 1000000")
	set.Uint64Var(&o.seed, "seed", 1, "which company; the same seed gives the same one")
	set.DurationVar(&o.every, "change-every", 2*time.Second, "how often something changes; 0: never")
	set.StringVar(&o.credentials, "credentials", "run", "`folder` to write credentials to; empty: none")
	set.StringVar(&o.webhook, "webhook", "", "`URL` on this machine that gets the events of the agent's GitHub App")
	set.BoolVar(&o.incidents, "incidents", false, "print what is wrong in the company, and exit")
	o.appFlags(set)
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

// defaultLatency is about what a provider nearby takes.
const defaultLatency = 5 * time.Millisecond

// firstAddress is GitHub's, where nothing else is said.
const firstAddress = "127.0.0.1:9001"

// appFlags are those that each app has: an address of its own, and what can be said of one app or of all.
func (o *options) appFlags(set *flag.FlagSet) {
	for i, p := range providers() {
		o.apps[i].latency = defaultLatency
		usage := "`address` of " + p.name + "'s fake, on this machine only; off: it is not served; default: "
		if i == 0 {
			usage += firstAddress
		} else {
			usage += "the port after " + providers()[i-1].name + "'s"
		}
		set.StringVar(&o.apps[i].listen, flagOf(i, p.name), "", usage)
	}
	set.Func("latency", "[APP=]`TIME` that every answer takes at least; default 5ms", o.each(setLatency))
	set.Func("limit", "[APP=]`CALLS/WINDOW` of every credential, like 5000/3600s; off; default: the vendor's", o.each(setLimit))
	set.Func("fault", "[APP=]`JSON` of a fault to start with, as for /_fake/faults; may be repeated", o.each(addFault))
}

// each reads a flag that starts with the name of an app, or is for all.
func (o *options) each(read func(*appOptions, string) error) func(string) error {
	return func(s string) error {
		for i, p := range providers() {
			if value, ok := strings.CutPrefix(s, p.name+"="); ok {
				return read(&o.apps[i], value)
			}
		}
		for i := range o.apps {
			if err := read(&o.apps[i], s); err != nil {
				return err
			}
		}
		return nil
	}
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: everything is a flag", rest[0])
	case o.accounts < company.MinSize || o.accounts > company.MaxSize:
		return fmt.Errorf("-accounts %d: want %d to %d", o.accounts, company.MinSize, company.MaxSize)
	case o.every < 0:
		return fmt.Errorf("-change-every cannot be negative")
	case !slices.ContainsFunc(o.apps, func(a appOptions) bool { return a.listen != switchedOff }):
		return fmt.Errorf("every app is off")
	}
	return o.places()
}

// places fills in the addresses that follow from the one before, and checks all.
func (o *options) places() error {
	at := firstAddress
	for i, p := range providers() {
		a := &o.apps[i]
		if a.listen == "" {
			a.listen = at
		}
		if a.listen != switchedOff {
			host, _, err := net.SplitHostPort(a.listen)
			if err != nil || !local(host) {
				return fmt.Errorf("-%s %s: want an address of this machine, like %s, or off", flagOf(i, p.name), a.listen, firstAddress)
			}
			at = a.listen
		}
		at = portAfter(at)
	}
	return nil
}

// flagOf names the flag with the address of an app.
func flagOf(i int, name string) string {
	if i == 0 {
		return "listen"
	}
	return name
}

// portAfter gives the next port; 0, any free one, stays.
func portAfter(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if n, err := strconv.Atoi(port); err == nil && n != 0 {
		port = strconv.Itoa(n + 1)
	}
	return net.JoinHostPort(host, port)
}

// local says whether a host is this machine, without asking a name server.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func setLatency(a *appOptions, s string) (err error) {
	if a.latency, err = time.ParseDuration(s); err != nil {
		return fmt.Errorf("want a time like 5ms")
	}
	if a.latency < 0 {
		return fmt.Errorf("cannot be negative")
	}
	return nil
}

func setLimit(a *appOptions, s string) error {
	if s == switchedOff {
		a.limit = limit{off: true}
		return nil
	}
	calls, window, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(calls)
	d, errWindow := time.ParseDuration(window)
	if !ok || err != nil || errWindow != nil || n < 1 || d < time.Second {
		return fmt.Errorf("want CALLS/WINDOW like 5000/3600s with a window of a second or more, or off")
	}
	a.limit = limit{calls: n, window: d}
	return nil
}

func addFault(a *appOptions, s string) error {
	var f fake.Fault
	if err := json.Unmarshal([]byte(s), &f); err != nil || f.Match == "" || f.Do == "" {
		return fmt.Errorf(`want JSON like {"match":"/orgs/*/members","do":"status","status":502,"times":3}`)
	}
	a.faults = append(a.faults, f)
	return nil
}
