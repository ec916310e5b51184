package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// guard is the policy of config.hcl whose action waits for approval; where is its condition within an instance.
const (
	guard     = "open-to-everybody"
	guarded   = "googleworkspace/office"
	guardedIn = "file.type == 'file' && file.access_level == 'public'"
)

// alert is what the checks read of `mooring alerts -o jsonl`.
type alert struct {
	ID       string   `json:"id"`
	Policy   string   `json:"policy"`
	State    string   `json:"state"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Ref      string   `json:"ref"`
	Reason   string   `json:"reason"`
	Findings int      `json:"findings"`
	Intents  []string `json:"intents"`
}

// intent is what the checks read of `mooring actions -o jsonl`.
type intent struct {
	ID            string `json:"id"`
	Action        string `json:"action"`
	Target        string `json:"target"`
	State         string `json:"state"`
	NeedsApproval string `json:"needs_approval"`
	Undoes        string `json:"undoes"`
}

// lines reads what a command prints with -o jsonl.
func lines[T any](ctx context.Context, d *demo, args ...string) (list []T, err error) {
	out, err := d.mooring(ctx, append(args, "-o", "jsonl")...)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(out) {
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("mooring %s: %w: %.200s", strings.Join(args, " "), err, line)
		}
		list = append(list, one)
	}
	return list, nil
}

// silent: what was wrong before anybody looked is counted, and wakes nobody.
func (d *demo) silent(ctx context.Context) error {
	found, open := 0, 0
	_, err := d.until(ctx, "that the first look of policy "+guard+" counts the files that are open to everybody", func(s *status) bool {
		var over bool
		found, over = s.instance("office").firstLook(guard)
		list, err := d.query(ctx, "files", "instance == 'office' && "+guardedIn)
		open = len(list)
		return over && err == nil && found > 0 && found == open
	})
	if err != nil {
		return fmt.Errorf("%w: it counted %d of %d", err, found, open)
	}
	alerts, err := lines[alert](ctx, d, "alerts", "--state", "open", "--policy", guard)
	if err != nil {
		return err
	}
	waiting, err := lines[intent](ctx, d, "actions")
	if err != nil {
		return err
	}
	if len(alerts)+len(waiting) > 0 {
		return fmt.Errorf("expected that a first look only counts: it raised %v, and wants %v", alerts, waiting)
	}
	d.passed("policy %s found %d files that have been open for long: counted, no alert, no action", guard, found)
	return nil
}

// governed: what is opened now raises an alert; its action waits for a person, closes the file at the provider, and is
// taken back.
func (d *demo) governed(ctx context.Context) error {
	drive, file, err := d.someFile(ctx)
	if err != nil {
		return err
	}
	before, err := drive.access(ctx, file)
	if err != nil {
		return err
	}
	if err := drive.open(ctx, file); err != nil {
		return err
	}
	opened := time.Now()
	public, err := drive.access(ctx, file)
	if err != nil {
		return err
	}
	if slices.Equal(public, before) {
		return fmt.Errorf("expected that %s is open: %v", file.Name, public)
	}
	d.passed("%s, a private file of %s, was opened to everybody at Google itself", file.Name, file.Owner.Email)
	a, i, err := d.alerted(ctx, file)
	if err != nil {
		return err
	}
	d.passed("%s later there is alert %s, %s: %s", time.Since(opened).Round(time.Second/10), a.ID, a.Severity, a.Title)
	if err := drive.expect(ctx, file, public, "untouched before anybody approves"); err != nil {
		return err
	}
	d.passed("action %s (%s) waits for a person: %s", i.ID, i.Action, i.NeedsApproval)
	if err := d.carriedOut(ctx, "approve", i.ID); err != nil {
		return err
	}
	if err := drive.expect(ctx, file, before, "private as before"); err != nil {
		return err
	}
	d.passed("approved with bin/mooring approve %s: at Google it is private again, %s after it was opened", i.ID, time.Since(opened).Round(time.Second/10))
	if err := d.closed(ctx, a); err != nil {
		return err
	}
	if err := d.carriedOut(ctx, "undo", i.ID); err != nil {
		return err
	}
	if err := drive.expect(ctx, file, public, "open again after the undo"); err != nil {
		return err
	}
	d.passed("bin/mooring undo %s brought the access back, as it was", i.ID)
	return nil
}

// alerted waits until a file has an alert, and an action that waits.
func (d *demo) alerted(ctx context.Context, f *driveFile) (a alert, i intent, err error) {
	if _, err := d.mooring(ctx, "scan", "office", "--kind", "file"); err != nil {
		return a, i, err
	}
	_, err = d.until(ctx, "an alert about "+f.Ref+", and an action that waits", func(*status) bool {
		alerts, err := lines[alert](ctx, d, "alerts", "--state", "open", "--policy", guard)
		if err != nil {
			return false
		}
		waiting, err := lines[intent](ctx, d, "actions", "--state", "waiting")
		if err != nil {
			return false
		}
		n := slices.IndexFunc(alerts, func(a alert) bool { return a.Ref == f.Ref })
		m := slices.IndexFunc(waiting, func(i intent) bool { return i.Target == f.Ref })
		if n < 0 || m < 0 {
			return false
		}
		a, i = alerts[n], waiting[m]
		return true
	})
	return a, i, err
}

// carriedOut has an action approved or undone, and waits for its end.
func (d *demo) carriedOut(ctx context.Context, verb, id string) error {
	out, err := d.mooring(ctx, verb, id)
	if err != nil {
		return err
	}
	if !bytes.Contains(out, []byte("done")) {
		return fmt.Errorf("expected that `mooring %s %s` ends done: %s", verb, id, out)
	}
	return nil
}

// closed: an alert ends by itself when what it is about is over.
func (d *demo) closed(ctx context.Context, a alert) error {
	var now alert
	_, err := d.until(ctx, "alert "+a.ID+" closed", func(*status) bool {
		list, err := lines[alert](ctx, d, "alerts", "--state", "closed", "--policy", guard)
		n := slices.IndexFunc(list, func(b alert) bool { return b.ID == a.ID })
		if err != nil || n < 0 {
			return false
		}
		now = list[n]
		return true
	})
	const why = "access_level: public, now private"
	if err == nil && !strings.Contains(now.Reason, why) {
		err = fmt.Errorf("expected that alert %s says %q: %s", now.ID, why, now.Reason)
	}
	if err != nil {
		return err
	}
	d.passed("alert %s closed by itself: %s", now.ID, why)
	return nil
}

// audited: who wanted, approved and did what stands in a log that proves itself.
func (d *demo) audited(ctx context.Context) error {
	out, err := d.mooring(ctx, "audit", "verify")
	if err != nil {
		return err
	}
	said, _, _ := strings.Cut(string(out), ";")
	d.passed("who wanted, approved and did all this stands in the audit log; bin/mooring audit verify: %s", said)
	return nil
}
