package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	checkTime = 45 * time.Second // for one check
	pollEvery = 250 * time.Millisecond
)

// until polls the agent until a condition holds. It prints what is going on, about once a second.
func (d *demo) until(ctx context.Context, what string, holds func(*status) bool) (*status, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last error
	for n := 0; ; n++ {
		s, err := d.status(ctx)
		if err == nil {
			d.remember(s)
			if holds(s) {
				return s, nil
			}
			if n%4 == 3 {
				progress(s)
			}
		}
		last = err
		if err := d.ended(); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("expected %s within %s", what, checkTime), last, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (d *demo) remember(s *status) {
	if d.pids == nil {
		d.pids = map[int]bool{}
	}
	for _, i := range s.Instances {
		if i.PID > 0 {
			d.pids[i.PID] = true
		}
	}
}

func progress(s *status) {
	for _, i := range s.Instances {
		if b := i.busy(); b != "" {
			fmt.Printf("    %s: %s\n", i.Instance, b)
		}
	}
}

func (d *demo) passed(format string, args ...any) {
	fmt.Printf("✓ %3ds  %s\n", int(time.Since(d.began).Seconds()), fmt.Sprintf(format, args...))
}

// connected: every instance knows who and where it is.
func (d *demo) connected(ctx context.Context) error {
	s, err := d.until(ctx, "five connected instances of four providers", func(s *status) bool {
		return len(s.Instances) == instances && !slices.ContainsFunc(s.Instances, func(i instance) bool { return i.Tenant == "" })
	})
	if err != nil {
		return err
	}
	for _, i := range s.Instances {
		d.passed("%s is connected: tenant %s, as %s, its own process %d", i.Instance, i.Tenant, i.Subject, i.PID)
	}
	return nil
}

// scanning: every provider gives accounts, within its quota.
func (d *demo) scanning(ctx context.Context) error {
	s, err := d.until(ctx, "accounts of all five instances, and what is left of their quotas", func(s *status) bool {
		return !slices.ContainsFunc(s.Instances, func(i instance) bool { return i.Records["account"] == 0 || s.left(i.Instance) == "" })
	})
	if err != nil {
		return err
	}
	for _, i := range s.Instances {
		d.passed("%s is being scanned: %s; %s", i.Instance, cmp.Or(i.busy(), "all that is due is done"), s.left(i.Instance))
	}
	return nil
}

// scanned: every listing of GitHub that can be asked is complete. The others go on meanwhile.
func (d *demo) scanned(ctx context.Context) error {
	s, err := d.until(ctx, "both organisations of GitHub scanned completely", func(s *status) bool {
		return whole(s.instance("sales")) && whole(s.instance("platform"))
	})
	if err != nil {
		return err
	}
	d.tell(s, "sales", "platform")
	return nil
}

// rest: so are the others, but for Box: a thousand calls a minute are not enough for all folders at once.
func (d *demo) rest(ctx context.Context) error {
	s, err := d.until(ctx, "Okta and Google Workspace scanned completely, Box under way", func(s *status) bool {
		box := s.instance("content")
		return s.instance("workforce").has("users", "groups", "memberships", "system_log") &&
			s.instance("office").has("users", "groups", "files", "shared_files", "log_drive") &&
			(box.moving("files") || box.has("files"))
	})
	if err != nil {
		return err
	}
	d.tell(s, "workforce", "office")
	box := s.instance("content")
	d.passed("%s goes on within its quota: %d files so far; %s; %s", box.Instance, box.Records["file"],
		cmp.Or(box.busy(), "all is scanned"), s.left(box.Instance))
	return nil
}

func (d *demo) tell(s *status, names ...string) {
	for _, name := range names {
		i := s.instance(name)
		d.passed("%s is scanned: %d accounts, %d groups, %d memberships, %d files, %d grants, %d activities; %s", i.Instance,
			i.Records["account"], i.Records["group"], i.Records["membership"], i.Records["file"], i.Records["grant"],
			i.Records["activity"], s.left(i.Instance))
	}
}

// killed: a connector killed in the middle of a scan comes back, and the scan goes on to its end.
func (d *demo) killed(ctx context.Context) error {
	before, err := d.status(ctx)
	if err != nil {
		return err
	}
	files := before.instance("platform").Records["file"]
	if _, err := d.mooring(ctx, "scan", "platform", "--kind", "file", "--full"); err != nil {
		return err
	}
	s, err := d.until(ctx, "a scan of platform's files under way", func(s *status) bool {
		return strings.Contains(s.instance("platform").busy(), "files")
	})
	if err != nil {
		return err
	}
	pid, at := s.instance("platform").PID, time.Now()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill -9 of connector %d: %w", pid, err)
	}
	s, err = d.until(ctx, "a new process that ends the scan", func(s *status) bool {
		p := s.instance("platform")
		return p.PID != pid && p.Restarts > 0 && p.State == "running" && whole(p) && p.listing("files").LastScan.After(at)
	})
	if err != nil {
		return err
	}
	p := s.instance("platform")
	if p.Records["file"] < files*9/10 {
		return fmt.Errorf("%d files after the kill, %d before", p.Records["file"], files)
	}
	d.passed("connector process %d was killed with -9 in the middle of a scan; process %d took over and ended it: %d files", pid, p.PID, p.Records["file"])
	return nil
}

// fakeURL is the simulated provider, as config.hcl names it.
const fakeURL = "http://127.0.0.1:9001"

// halved: a provider that gives half a list, and says that it is whole, deletes nothing.
func (d *demo) halved(ctx context.Context) error {
	began := time.Now()
	if err := d.fault(ctx, `{"match":"/orgs/acme-sales/members","do":"short"}`); err != nil {
		return err
	}
	deleted, err := d.deleted(ctx)
	if err != nil {
		return err
	}
	s, err := d.status(ctx)
	if err != nil {
		return err
	}
	accounts, at := s.instance("sales").Records["account"], time.Now()
	if _, err := d.mooring(ctx, "scan", "sales", "--kind", "account", "--full"); err != nil {
		return err
	}
	s, err = d.until(ctx, "a scan of sales' members that misses many", func(s *status) bool {
		l := s.instance("sales").listing("members")
		return l.LastScan.After(at) && l.Held
	})
	if err != nil {
		return err
	}
	i := s.instance("sales")
	after, err := d.deleted(ctx)
	if err != nil {
		return err
	}
	left := int(time.Since(began)/changeEvery) + 1 // at most: the company goes on living
	if after > deleted+left || i.Records["account"] < accounts-int64(left) {
		return fmt.Errorf("%d accounts, %d before; %d deletions, %d before", i.Records["account"], accounts, after, deleted)
	}
	d.passed("the list of acme-sales' members lost half its entries (%d came, %d were missing): held for the next walk; %d accounts before, %d now, none of the missing deleted",
		i.listing("members").Records, i.listing("members").Missing, accounts, i.Records["account"])
	return d.fault(ctx, "")
}

// fault switches a fault of the simulated provider on; "" switches all off.
func (d *demo) fault(ctx context.Context, body string) error {
	method := http.MethodPost
	if body == "" {
		method = http.MethodDelete
	}
	req, err := http.NewRequestWithContext(ctx, method, fakeURL+"/_fake/faults", strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode > 299 {
		err = fmt.Errorf("the simulated provider refused the fault: %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// deleted counts the deletions of accounts in sales' change log.
func (d *demo) deleted(ctx context.Context) (int, error) {
	out, err := d.mooring(ctx, "changes", "--instance", "sales", "--kind", "account", "--limit", "0", "-o", "jsonl")
	return bytes.Count(out, []byte(`"what":"deleted"`)), err
}

// alive: the company lives, and what changes there shows here.
func (d *demo) alive(ctx context.Context) error {
	if _, err := d.mooring(ctx, "scan"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		out, err := d.mooring(ctx, "changes", "--limit", "200", "-o", "jsonl")
		if err != nil {
			return err
		}
		n := bytes.Count(out, []byte(`"what":"created"`)) + bytes.Count(out, []byte(`"what":"updated"`)) + bytes.Count(out, []byte(`"what":"deleted"`))
		if n > 0 {
			d.passed("the company lives: %d changes were seen since the first scan (bin/mooring changes)", n)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("expected a change of the company to be seen within %s: %w", checkTime, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
