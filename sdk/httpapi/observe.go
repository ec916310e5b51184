package httpapi

import (
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// verdict is what an answer means for the quota.
type verdict struct {
	throttled  bool
	retryAfter time.Duration // 0: the provider did not say
	requestID  string
}

// observation tells the host what became of one grant.
func (t *Transport) observation(x *exchange, lease uint64, a *attempt) *wire.Observe {
	o := &wire.Observe{Id: lease, CallId: x.callID, Sent: a.sent}
	if !a.sent {
		o.Returned = 1
		return o
	}
	o.Took = durationpb.New(a.took)
	if a.res == nil {
		return o
	}
	o.Status = uint32(a.res.StatusCode)
	o.Throttled = a.verdict.throttled
	o.RequestId = a.verdict.requestID
	o.States = t.quotas.states(x, a.res.Header, a.verdict, time.Now())
	o.Cost = costs(x.needs, a.res)
	return o
}

// costs: GitHub does not count a conditional request whose answer is "not modified". nil: as asked.
func costs(needs []need, res *http.Response) []int64 {
	if res.StatusCode != http.StatusNotModified {
		return nil
	}
	free := false
	all := make([]int64, len(needs))
	for i, n := range needs {
		all[i] = n.want.GetCost()
		if n.bucket.Dialect == dialectGitHub {
			all[i], free = 0, true
		}
	}
	if !free {
		return nil
	}
	return all
}

// states gives what an answer says about the buckets of its request. A bucket whose dialect is named reads the headers
// in it; of those without, the first one does.
func (q *quotas) states(x *exchange, h http.Header, v verdict, now time.Time) []*wire.BucketState {
	var all []*wire.BucketState
	detected := false
	for _, n := range x.needs {
		s := stateOf(n.want)
		all = append(all, s)
		if n.bucket.Dialect == "" {
			if detected {
				continue
			}
			detected = true
		}
		r, ok := read(n.bucket.Dialect, h, now)
		if !ok {
			continue
		}
		switch about := q.about(x, n, r.resource); about {
		case nil:
			continue
		case n.want:
		default:
			s = stateOf(about)
			all = append(all, s)
		}
		fill(s, r)
	}
	if v.throttled && v.retryAfter > 0 {
		blame(all, v.retryAfter)
	}
	return slices.DeleteFunc(all, func(s *wire.BucketState) bool {
		return s.Limit == nil && s.Remaining == nil && s.ResetAt == nil && s.RetryAfter == nil
	})
}

// about says which bucket the headers speak of. GitHub names the resource, and where buckets bear these names, a
// request may turn out to belong to another than its matcher said; nil: to none that is declared.
func (q *quotas) about(x *exchange, n need, resource string) *wire.Want {
	if resource == "" || resource == n.bucket.Name {
		return n.want
	}
	for _, other := range x.needs {
		if other.bucket.Name == resource {
			return nil // it reads them itself
		}
	}
	for i := range q.buckets {
		if b := &q.buckets[i]; b.Name == resource {
			return &wire.Want{Bucket: resource, Key: keyOf(b, x.req.URL, "", n.want.GetKey())}
		}
	}
	if q.github {
		return nil
	}
	return n.want
}

func stateOf(w *wire.Want) *wire.BucketState {
	return &wire.BucketState{Bucket: w.GetBucket(), Key: w.GetKey()}
}

func fill(s *wire.BucketState, r reading) {
	if r.limit >= 0 {
		s.Limit = &r.limit
	}
	if r.remaining >= 0 {
		s.Remaining = &r.remaining
	}
	if !r.reset.IsZero() {
		s.ResetAt = timestamppb.New(r.reset)
	}
}

// blame puts the wait of a throttle on the buckets most likely to have caused it: those that are used up, else those
// that say nothing, else all.
func blame(all []*wire.BucketState, wait time.Duration) {
	most := 0
	for _, s := range all {
		most = max(most, guilt(s))
	}
	for _, s := range all {
		if guilt(s) == most {
			s.RetryAfter = durationpb.New(wait)
		}
	}
}

func guilt(s *wire.BucketState) int {
	switch {
	case s.Remaining == nil:
		return 1
	case s.GetRemaining() == 0:
		return 2
	}
	return 0
}
