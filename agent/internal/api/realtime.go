package api

import "time"

// Realtime is how an instance hears of changes before its next poll.
type Realtime struct {
	Mode  string          `json:"mode"` // off, pull or push
	Means []RealtimeMeans `json:"means,omitempty"`
	// LastHint is when somebody last said that something changed.
	LastHint *time.Time `json:"last_hint,omitempty"`
	Hints    int64      `json:"hints"`
	// Dropped hints were too many; polls find what they meant.
	Dropped  int64     `json:"dropped,omitempty"`
	Webhooks *Webhooks `json:"webhooks,omitempty"`
	// Problem is why webhooks cannot be received.
	Problem string `json:"problem,omitempty"`
}

// RealtimeMeans is one way to hear of changes.
type RealtimeMeans struct {
	Name  string `json:"name"`
	Means string `json:"means"` // longpoll, queue or webhook
	// Open: it is listened to, or subscribed.
	Open          bool       `json:"open"`
	Subscriptions int        `json:"subscriptions,omitempty"`
	Failing       int        `json:"failing,omitempty"`
	Expires       *time.Time `json:"expires,omitempty"` // the first of them; each is renewed long before
	Problem       string     `json:"problem,omitempty"`
	// URL to enter at the provider, where the agent cannot subscribe by itself.
	URL string `json:"url,omitempty"`
}

// Webhooks that came, in this process.
type Webhooks struct {
	Verified   int64      `json:"verified"`
	Unverified int64      `json:"unverified"`
	Refused    int64      `json:"refused,omitempty"` // too many, too large or too slow
	Failed     int64      `json:"failed,omitempty"`  // the connector did not answer
	Last       *time.Time `json:"last,omitempty"`
}
