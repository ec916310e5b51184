package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

// tellEvents: tell DIR FILE puts events, one a line, into the outbox of an instance whose agent does not run, as its judge
// would.
func tellEvents(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tell DIR FILE")
	}
	s, err := bolt.Open(bolt.Options{Dir: ts.MkAbs(args[0])})
	ts.Check(err)
	b := &store.Batch{At: time.Now()}
	for line := range bytes.Lines([]byte(ts.ReadFile(args[1]))) {
		e := &event.Event{}
		ts.Check(json.Unmarshal(line, e))
		value, err := json.Marshal(e)
		ts.Check(err)
		b.Docs = append(b.Docs, store.Doc{Bucket: event.Bucket, Append: true, Value: value})
	}
	_, err = s.Commit(context.Background(), b)
	ts.Check(err)
	ts.Check(s.Close())
}

// loginName: whoami VARIABLE sets a variable to the name that the agent knows us by.
func loginName(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: whoami VARIABLE")
	}
	u, err := user.Current()
	ts.Check(err)
	if text, err := os.ReadFile("/proc/self/loginuid"); err == nil && strings.TrimSpace(string(text)) != "4294967295" {
		u, err = user.LookupId(strings.TrimSpace(string(text)))
		ts.Check(err)
	}
	ts.Setenv(args[0], u.Username)
}

// takeID: takeid VARIABLE PATTERN sets a variable to the first word of the first line of stdout that has the text in it.
func takeID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: takeid VARIABLE TEXT")
	}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if strings.Contains(line, args[1]) {
			ts.Setenv(args[0], strings.Fields(line)[0])
			return
		}
	}
	ts.Fatalf("no line has %q", args[1])
}
