package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/sink"
)

// printSinks tells how events leave the agent.
func printSinks(s api.Status) {
	t := newTable("SINK", "STATE", "WAITING", "SENT", "LAST SENT", "NOTES")
	for _, k := range s.Sinks {
		last := ""
		if k.LastSent != nil {
			last = api.Age(time.Since(*k.LastSent)) + " ago"
		}
		t.row(k.Sink, k.State, number(int64(k.Waiting)), number(int64(k.Sent)), last, sinkNotes(k))
	}
	if len(t.rows) > 0 {
		fmt.Println()
		t.print(os.Stdout)
	}
}

func sinkNotes(k sink.Status) string {
	var parts []string
	if k.LastError != "" {
		parts = append(parts, k.LastError)
	}
	if k.Aside > 0 {
		parts = append(parts, fmt.Sprintf("%d refused, and kept", k.Aside))
	}
	if k.Waiting > 0 && k.Lag >= time.Minute {
		parts = append(parts, "behind by "+api.Age(k.Lag))
	}
	if k.NextTry != nil {
		parts = append(parts, "next try in "+api.Age(max(0, time.Until(*k.NextTry))))
	}
	return strings.Join(parts, "; ")
}
