package judge

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of what is kept to count repeated activities by.
const (
	keptFactor = 4    // times the count of the policy: so many activities, for those that come late
	keptLeast  = 64   // activities, at least
	maxBursts  = 16   // that are remembered, for late activities of theirs
	lateness   = 48   // times the time of a window: what is older is let go
	tellFactor = 2    // a burst, or a baseline of activities, is told again when it is so many times larger
	maxKept    = 20e3 // activities of one window
)

// window is what is counted of one actor, target or address.
type window struct {
	Hash string `json:"hash"` // of the policy
	// Times and Values of activities that are in no burst, by time.
	Times  []int64  `json:"t,omitempty"`
	Values []uint64 `json:"v,omitempty"`
	Bursts []burst  `json:"bursts,omitempty"`
}

// burst is what one finding is of. All that comes less than a window's time from it is part of it.
type burst struct {
	First, Last int64
	Count, Told int
	Key         []byte `json:",omitempty"` // of its finding; nil: it was of a baseline, or excepted
}

// repeated counts an activity in its windows, and opens a finding where there are enough.
func (j *Judge) repeated(r *rule, found *view.Found, a *wire.Activity, sequence uint64, c cause) error {
	in := policy.Context{Look: j.look, Now: j.Now(), Ref: found.Ref}
	values := r.Repeat.Values(a, in)
	if len(values) == 0 {
		return j.reader.Err()
	}
	for _, by := range r.Repeat.Keys(a, in) {
		key := append(append([]byte(r.Name), 0), name(by)...)
		w, err := j.window(r, key)
		if err != nil {
			return err
		}
		grown, reached := w.count(r.Repeat, c.at.UnixNano(), values)
		switch {
		case reached != nil:
			part := "" // the same activity may end bursts of several targets
			if r.Repeat.By == "target" {
				part = by
			}
			reached.Key = r.key(found.Ref.ID, sequence, part)
			if err := j.happened(r, found, sequence, part, reached.Count, c); err != nil {
				return err
			}
		case grown != nil:
			if err := j.grown(r, grown, c); err != nil {
				return err
			}
		}
	}
	return j.reader.Err()
}

// window gives what is counted under a key. It is written with the batch.
func (j *Judge) window(r *rule, key []byte) (*window, error) {
	if w := j.batch.windows[string(key)]; w != nil {
		return w, nil
	}
	b, err := j.Store.Doc(bucketWindows, key)
	if err != nil {
		return nil, err
	}
	w := &window{}
	if b != nil {
		if err := json.Unmarshal(b, w); err != nil {
			return nil, fmt.Errorf("%s: a window of policy %s: %w", j.id(), r.Name, err)
		}
	}
	if w.Hash != r.Hash {
		w = &window{Hash: r.Hash}
	}
	if j.batch.windows == nil {
		j.batch.windows = map[string]*window{}
	}
	j.batch.windows[string(key)] = w
	return w, nil
}

// grown tells of a burst that has become much larger.
func (j *Judge) grown(r *rule, b *burst, c cause) error {
	if b.Key == nil || b.Count < tellFactor*b.Told {
		return nil
	}
	b.Told = b.Count
	old, err := j.doc(Bucket, b.Key)
	if old == nil || err != nil {
		return err
	}
	f, err := parseFinding(old)
	if err != nil {
		return fmt.Errorf("%s: %w", j.id(), err)
	}
	f.Count = b.Count
	j.put(b.Key, f)
	j.changed(f, c)
	return nil
}

// count takes one activity. grown is the burst that it is part of, reached the one that it makes.
func (w *window) count(r *policy.Repeat, at int64, values []string) (grown, reached *burst) {
	within := int64(r.Within)
	for i := range w.Bursts {
		if b := &w.Bursts[i]; at > b.First-within && at < b.Last+within {
			b.First, b.Last = min(b.First, at), max(b.Last, at)
			if r.Distinct == "" {
				b.Count++
			}
			return b, nil
		}
	}
	for _, v := range values {
		h := fnv.New64a()
		_, _ = h.Write([]byte(v)) // a hash takes everything
		n, _ := slices.BinarySearch(w.Times, at+1)
		w.Times, w.Values = slices.Insert(w.Times, n, at), slices.Insert(w.Values, n, h.Sum64())
	}
	first, last, n := w.enough(r, at)
	if n == 0 {
		w.trim(r)
		return nil, nil
	}
	if len(w.Bursts) == maxBursts {
		w.Bursts = slices.Delete(w.Bursts, 0, 1)
	}
	w.Bursts = append(w.Bursts, burst{First: first, Last: last, Count: n, Told: n})
	from, _ := slices.BinarySearch(w.Times, first)
	to, _ := slices.BinarySearch(w.Times, last+1)
	w.Times, w.Values = slices.Delete(w.Times, from, to), slices.Delete(w.Values, from, to)
	return nil, &w.Bursts[len(w.Bursts)-1]
}

// enough looks for a window that holds the activity at a time and enough of them; n is 0 when there is none.
func (w *window) enough(r *policy.Repeat, at int64) (first, last int64, n int) {
	within := int64(r.Within)
	from, _ := slices.BinarySearch(w.Times, at-within+1)
	seen, values, to := map[uint64]int{}, 0, from
	for ; from < len(w.Times) && w.Times[from] <= at; from++ {
		for ; to < len(w.Times) && w.Times[to] < w.Times[from]+within; to++ {
			if seen[w.Values[to]]++; seen[w.Values[to]] == 1 || r.Distinct == "" {
				values++
			}
		}
		if values >= r.Count {
			return w.Times[from], w.Times[to-1], values
		}
		if seen[w.Values[from]]--; seen[w.Values[from]] == 0 || r.Distinct == "" {
			values--
		}
	}
	return 0, 0, 0
}

// trim lets go of what is too old or too much; of distinct values first of those that came again.
func (w *window) trim(r *policy.Repeat) {
	kept := min(max(keptFactor*r.Count, keptLeast), maxKept)
	if r.Distinct != "" && len(w.Times) > kept {
		w.newest()
	}
	if len(w.Times) == 0 {
		return
	}
	drop, _ := slices.BinarySearch(w.Times, w.Times[len(w.Times)-1]-lateness*int64(r.Within))
	drop = max(drop, len(w.Times)-kept)
	w.Times, w.Values = slices.Delete(w.Times, 0, drop), slices.Delete(w.Values, 0, drop)
}

// newest keeps of every value the activity that came last.
func (w *window) newest() {
	last := map[uint64]int{}
	for n, v := range w.Values {
		last[v] = n
	}
	times, values := w.Times[:0], w.Values[:0]
	for n, v := range w.Values {
		if last[v] == n {
			times, values = append(times, w.Times[n]), append(values, v)
		}
	}
	w.Times, w.Values = times, values
}

// last is the time of the newest that a window knows.
func (w *window) last() time.Time {
	var t int64
	if n := len(w.Times); n > 0 {
		t = w.Times[n-1]
	}
	for _, b := range w.Bursts {
		t = max(t, b.Last)
	}
	return time.Unix(0, t)
}
