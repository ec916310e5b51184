package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/scan"
)

func statusCommand(o *options) *cobra.Command {
	var output *format
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the state of every instance: scans, quota, credentials",
		Args:  arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := o.connect()
			if err != nil {
				return err
			}
			defer func() { _ = cl.close() }()
			var s api.Status
			if err := cl.askJSON(c.Context(), "GET", "/v1/status", nil, &s); err != nil {
				return err
			}
			if output.value == "json" {
				return json.NewEncoder(os.Stdout).Encode(s)
			}
			printStatus(s)
			return nil
		},
	}
	output = formatFlag(c, "table", "json")
	return c
}

func printStatus(s api.Status) {
	if s.Agent == nil {
		fmt.Println("no agent runs; this is what was last known")
	} else {
		fmt.Printf("agent %s, pid %d, up %s\n", s.Agent.Version, s.Agent.PID, api.Age(time.Since(s.Agent.Started)))
	}
	t := newTable("INSTANCE", "STATE", "TENANT", "RECORDS", "SCANNING", "NOTES")
	for _, i := range s.Instances {
		t.row(i.Instance, strings.ReplaceAll(i.State, "_", " "), i.Tenant, counts(i.Records), scanning(i.Scanning), notes(i))
	}
	fmt.Println()
	t.print(os.Stdout)
	printRealtime(s)
	printListings(s)
	printQuota(s)
	printSinks(s)
}

func printListings(s api.Status) {
	t := newTable("INSTANCE", "LISTING", "STATE", "AGE", "RECORDS", "PAGES", "NOTES")
	for _, i := range s.Instances {
		if !slices.ContainsFunc(i.Listings, func(l api.ListingStatus) bool { return l.State != "never" && l.State != "off" }) {
			continue
		}
		for _, l := range i.Listings {
			age := ""
			if l.AsOf != nil {
				age = api.Age(time.Since(*l.AsOf))
			}
			note := l.Reason
			if l.State == "missing" {
				note = "needs " + note
			}
			if l.Unavailable > 0 {
				note = strings.TrimSpace(fmt.Sprintf("%d of %d shards unavailable %s", l.Unavailable, l.Shards, note))
			}
			if l.Held {
				note = strings.TrimSpace(fmt.Sprintf("%d missing at once: held, nothing deleted %s", l.Missing, note))
			}
			t.row(i.Instance, l.Listing, strings.ReplaceAll(l.State, "_", " "), age, number(l.Records), number(l.Pages), note)
		}
	}
	if len(t.rows) > 0 {
		fmt.Println()
		t.print(os.Stdout)
	}
}

// quotaRows is how many keys of one bucket are shown: some providers count for each user.
const quotaRows = 4

func printQuota(s api.Status) {
	t := newTable("QUOTA", "OF", "LEFT", "RESET", "WAITING", "NOTES")
	for rows := s.Quota; len(rows) > 0; {
		n := 1
		for n < len(rows) && rows[n].Bucket == rows[0].Bucket && slices.Equal(rows[n].Instances, rows[0].Instances) {
			n++
		}
		same := slices.Clone(rows[:n])
		rows = rows[n:]
		if n > quotaRows {
			slices.SortStableFunc(same, scarcer)
			same = same[:quotaRows]
		}
		for _, q := range same {
			t.row(quotaRow(q)...)
		}
		if n > quotaRows {
			t.row("", "", fmt.Sprintf("%d more", n-quotaRows), "", "", "")
		}
	}
	if len(t.rows) > 0 {
		fmt.Println()
		t.print(os.Stdout)
	}
}

// scarcer puts first what is stopped or waited for, then what has the least left.
func scarcer(a, b api.QuotaStatus) int {
	urgent := func(q api.QuotaStatus) int {
		if q.Stopped != nil {
			return 0
		}
		return 1
	}
	return cmp.Or(urgent(a)-urgent(b), cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.Remaining, b.Remaining))
}

func quotaRow(q api.QuotaStatus) []string {
	left, reset, note := strconv.FormatInt(q.Remaining, 10), "", ""
	if q.Limit > 0 {
		left += " of " + strconv.FormatInt(q.Limit, 10)
	}
	if q.Reset != nil {
		reset = "in " + api.Age(max(0, time.Until(*q.Reset)))
	}
	if q.Stopped != nil {
		note = "stopped by the provider for " + api.Age(max(0, time.Until(*q.Stopped)))
	}
	return []string{strings.TrimSpace(q.Bucket + " " + q.Key), strings.Join(q.Instances, ", "), left, reset, number(int64(q.Waiting)), note}
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// counts prints how many records there are, as people say it.
func counts(m map[string]int64) string {
	var total int64
	for _, n := range m {
		total += n
	}
	switch {
	case total >= 1_000_000:
		return fmt.Sprintf("%.1fM", float64(total)/1e6)
	case total >= 10_000:
		return fmt.Sprintf("%dk", total/1000)
	}
	return strconv.FormatInt(total, 10)
}

func scanning(all []scan.Progress) string {
	var parts []string
	for _, p := range all {
		if p.Phase == "" {
			continue
		}
		s := p.Listing
		if p.Shards > 1 {
			s += fmt.Sprintf(" %d/%d", p.ShardsDone, p.Shards)
		} else if p.Records > 0 {
			s += " " + strconv.FormatInt(p.Records, 10)
		}
		if p.Left >= time.Second {
			s += " (" + p.Left.Round(time.Second).String() + " left)"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// notes are what somebody should know: problems first.
func notes(i api.InstanceStatus) string {
	var parts []string
	if i.Problem != "" {
		parts = append(parts, without(i.Instance, i.Problem))
	}
	if i.State != "running" && i.LastError != "" && i.Problem == "" {
		parts = append(parts, i.LastError)
	}
	if i.Restarts > 0 {
		parts = append(parts, fmt.Sprintf("restarts: %d", i.Restarts))
	}
	if i.CredentialExpires != nil {
		parts = append(parts, "credential ends "+i.CredentialExpires.Local().Format(time.DateOnly))
	}
	if s := i.Spent; s != nil && s.Requests > 0 {
		parts = append(parts, fmt.Sprintf("%d requests, %s provider, %s quota", s.Requests,
			s.Provider.Round(100*time.Millisecond), s.Quota.Round(100*time.Millisecond)))
	}
	return strings.Join(parts, "; ")
}
