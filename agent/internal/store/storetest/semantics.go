package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// day is the time to which the tables' seconds are added.
var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func second(n int) time.Time { return day.Add(time.Duration(n) * time.Second) }

// account makes a record of "id name=… status=… last=…"; last is volatile.
func account(line string) store.Record {
	parts := strings.Fields(line)
	body, volatile := &wire.Account{}, &wire.Account{}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "name":
			body.Name = &value
		case "status":
			body.Status = &value
		case "last":
			volatile.LastActiveAt = timestamppb.New(second(len(value)))
		}
	}
	r := store.Record{Kind: wire.Kind_KIND_ACCOUNT, ID: []byte(parts[0])}
	r.Body, _ = body.MarshalVT()
	r.Volatile, _ = volatile.MarshalVT()
	return r
}

func event1(id string, at time.Time, action string) store.Record {
	body, _ := (&wire.Activity{Time: timestamppb.New(at), Action: &action}).MarshalVT()
	return store.Record{Kind: wire.Kind_KIND_ACTIVITY, ID: []byte(id), Body: body, Time: at.UnixNano()}
}

func with(op store.Op, r store.Record) store.Record {
	r.Op = op
	return r
}

// batch is of the listing "users", which defines accounts.
func batch(at int, records ...store.Record) *store.Batch {
	return &store.Batch{
		At: second(at), Home: store.Home{Listing: "users"}, Defines: []wire.Kind{wire.Kind_KIND_ACCOUNT},
		Records: records, Reason: "because",
	}
}

// enrich is of a listing that defines nothing.
func enrich(at int, records ...store.Record) *store.Batch {
	b := batch(at, records...)
	b.Home.Listing, b.Defines = "mfa", nil
	return b
}

func change(b *store.Batch, f func(b *store.Batch)) *store.Batch {
	f(b)
	return b
}

type semantic struct {
	name    string
	commits [][]*store.Batch
	results string // of the last commit
	rows    []string
	history []string
	log     []string // of the last commit
}

func semantics(t *testing.T, open Open) {
	for _, c := range append(recordCases(), activityCases()...) {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, open, t.TempDir())
			var results []store.Result
			logged := 0
			for _, batches := range c.commits {
				logged = len(all(t, s.Log(t.Context(), 0)))
				results = commit(t, s, batches...)
			}
			var text []string
			for _, r := range results {
				text = append(text, resultText(r))
			}
			check(t, "results", strings.Join(text, "; "), c.results)
			check(t, "rows", texts(all(t, s.Rows(t.Context(), store.Range{})), rowText), c.rows)
			check(t, "history", texts(all(t, s.History(t.Context(), store.Range{})), versionText), c.history)
			check(t, "log", texts(all(t, s.Log(t.Context(), uint64(logged))), entryText), c.log)
			mustCheck(t, s)
		})
	}
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

func texts[T any](items []T, f func(T) string) []string {
	var out []string
	for _, v := range items {
		out = append(out, f(v))
	}
	return out
}

func resultText(r store.Result) string {
	var b strings.Builder
	for _, c := range []struct {
		name string
		n    int
	}{
		{"created", r.Created},
		{"updated", r.Updated},
		{"deleted", r.Deleted},
		{"filled", r.Filled},
		{"unchanged", r.Unchanged},
		{"volatile", r.Volatile},
		{"moved", r.Moved},
	} {
		if c.n > 0 {
			fmt.Fprintf(&b, " %d %s", c.n, c.name)
		}
	}
	if wrote := r.Created+r.Updated+r.Deleted+r.Filled+r.Volatile+r.Moved > 0; wrote != (r.Bytes > 0) {
		fmt.Fprintf(&b, " and %d bytes", r.Bytes)
	}
	return strings.TrimSpace(b.String())
}

func rowText(r store.Row) string {
	var a wire.Account
	if err := a.UnmarshalVT(append(append([]byte{}, r.Body...), r.Volatile...)); err != nil {
		return err.Error()
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", r.ID, r.Facet)
	for _, f := range []struct{ name, value string }{{"name", a.GetName()}, {"status", a.GetStatus()}, {"shard", r.Home.Shard}} {
		if f.value != "" {
			text.WriteString(" " + f.name + "=" + f.value)
		}
	}
	if a.LastActiveAt != nil {
		text.WriteString(" last")
	}
	return fmt.Sprintf("%s since %d", text.String(), int(r.Since.Sub(day).Seconds())) + firstText(r)
}

func firstText(r store.Row) string {
	if r.FirstSeen.Equal(r.Since) {
		return ""
	}
	return fmt.Sprintf(" first %d", int(r.FirstSeen.Sub(day).Seconds()))
}

func versionText(v store.Version) string {
	text := rowText(v.Row) + fmt.Sprintf(" until %d", int(v.Until.Sub(day).Seconds()))
	if v.Deleted {
		text += " deleted"
	}
	return text
}

func entryText(e store.Entry) string {
	words := map[store.What]string{
		store.Created: "created", store.Updated: "updated", store.Deleted: "deleted",
		store.Filled: "filled", store.Baseline: "baseline", store.Activities: "activities",
	}
	var text strings.Builder
	text.WriteString(words[e.What])
	for _, v := range []string{e.ID, e.Facet, strings.Join(e.Fields, ","), e.Day, e.Reason} {
		if v != "" {
			text.WriteString(" " + v)
		}
	}
	if e.Count > 0 {
		fmt.Fprintf(&text, " × %d", e.Count)
	}
	return text.String()
}
