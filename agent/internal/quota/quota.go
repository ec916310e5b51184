// Package quota is the one ledger of the host: what every provider still allows, who may have it, and when.
//
// It promises: no bucket is granted more than its limit as the provider counts it, which is when a request arrives; an
// urgent call goes before every waiting scan; instances that share a bucket get their shares, and what one leaves the
// others may use; a throttle stops the bucket for all at once; a cancelled waiter leaves nothing behind.
//
// The rule that makes this hold at any latency: a grant that is not answered yet may arrive at any moment, so it counts
// against every window it could still fall into, and it counts as arrived at the last possible moment, its answer.
// No estimate of the latency is needed, and jitter cannot break it.
//
// It does not promise anything about what other integrations spend between two answers, it does not retry, and it
// knows nothing of HTTP: package sdk/httpapi reads the headers.
package quota

import (
	"fmt"
	"time"
)

// Priority orders waiters. A lower value is served first.
type Priority int

// The priorities. Action, Realtime and Check are urgent: a small reserve is kept for them.
const (
	Action Priority = iota
	Realtime
	Check
	Delta
	Full
	Inspect
	priorities int = iota
)

// String names the priority as `status` prints it.
func (p Priority) String() string {
	names := [...]string{"action", "realtime", "check", "delta", "full", "inspect"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("priority(%d)", int(p))
	}
	return names[p]
}

// urgent calls may use the reserve.
func (p Priority) urgent() bool { return p <= Check }

// Limits of the ledger.
const (
	// grantLife is how long a grant may be sent after it was given.
	grantLife = time.Second
	// flightSlack is added to grantLife until an unanswered grant counts as arrived.
	flightSlack = 500 * time.Millisecond
	// holdMost is how long a concurrency slot waits for its answer, and a lease for its late observations.
	holdMost = 10 * time.Minute
	// batchMost is the most grants of one lease.
	batchMost = 64
	// wantsMost is the most buckets of one lease.
	wantsMost = 16
	// costMost is the most one request may cost.
	costMost = 1 << 30
	// waitersMost is the most leases of one instance that wait.
	waitersMost = 20_000
	// bucketsMost is the most buckets of one instance; idle ones make room.
	bucketsMost = 4096
	// stopMost is the longest that a throttle stops a bucket.
	stopMost = 24 * time.Hour
	// stopFirst and stopBackoffMost bound the stop of a throttle that names no time.
	stopFirst       = time.Second
	stopBackoffMost = 5 * time.Minute
	// resetMost is the furthest reset that is believed.
	resetMost = 35 * 24 * time.Hour
	// spanUnknown is the window of a bucket that names a limit, but neither window nor reset.
	spanUnknown = time.Minute
	// saveEvery is how often Run hands a snapshot to Config.Save.
	saveEvery = 30 * time.Second
)

// Lease is permission to send Count requests before Expires. Every one is settled by Observe, under ID.
type Lease struct {
	// ID is the ledger's own; Observe wants it in wire.Observe.Id.
	ID      uint64
	Count   int
	Waited  time.Duration
	Expires time.Time
}
