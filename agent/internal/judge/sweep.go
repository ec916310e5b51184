package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// sweep is a look at all findings: whether exceptions hold for them, and which are too old. It begins anew when the agent does.
type sweep struct {
	number  uint64
	after   []byte
	windows bool // the findings are done
	again   bool // it was asked for once more meanwhile
}

func (j *Judge) startSweep() {
	if j.sweep != nil {
		j.sweep.again = true
		return
	}
	j.state.Number++
	j.sweep = &sweep{number: j.state.Number}
	j.sweepAt = j.Now().Add(sweepEvery)
	j.dirty = true
}

// sweepOn looks at the next findings.
func (j *Judge) sweepOn(ctx context.Context) (bool, error) {
	s := j.sweep
	if s == nil {
		return false, nil
	}
	bucket := Bucket
	if s.windows {
		bucket = bucketWindows
	}
	n := 0
	for d, err := range j.prefixed(ctx, bucket, nil, s.after) {
		if err != nil {
			return false, err
		}
		if n++; n > maxSweep || j.batch.full() {
			return true, nil
		}
		s.after = d.Key
		if s.windows {
			err = j.sweepWindow(d)
		} else {
			err = j.sweepFinding(ctx, d.Key)
		}
		if err != nil {
			return false, err
		}
	}
	switch s.after = nil; {
	case !s.windows:
		s.windows = true
	case s.again:
		j.sweep = nil
		j.startSweep()
	default:
		j.sweep = nil
	}
	return true, nil
}

func (j *Judge) sweepWindow(d store.Doc) error {
	name := policyOf(d.Key)
	if _, open := j.batch.windows[string(d.Key)]; open {
		return nil
	}
	r := j.rule(name)
	if r != nil && r.Repeat != nil {
		w, err := j.window(r, d.Key)
		if err != nil {
			return err
		}
		delete(j.batch.windows, string(d.Key)) // it was only read
		if j.since(w.last()) < lateness*r.Repeat.Within+24*time.Hour {
			return nil
		}
	}
	j.batch.add(store.Doc{Bucket: bucketWindows, Key: d.Key})
	return nil
}

// policyOf is what the keys of findings and windows begin with.
func policyOf(key []byte) string {
	for i, b := range key {
		if b == 0 {
			return string(key[:i])
		}
	}
	return ""
}

func (j *Judge) sweepFinding(ctx context.Context, key []byte) error {
	b, err := j.doc(Bucket, key)
	if b == nil || err != nil {
		return err
	}
	f, err := parseFinding(b)
	if err != nil {
		return fmt.Errorf("%s: %w", j.id(), err)
	}
	r := j.rule(f.Policy)
	if r == nil {
		return nil // what is gone is closed elsewhere
	}
	ref, err := record.ParseRef(f.Ref)
	if err != nil {
		return fmt.Errorf("%s: a finding: %w", j.id(), err)
	}
	excepted := j.Excepted != nil && j.Excepted(r.Name, ref, f.Group)
	c := cause{id: j.named("sweep", j.sweep.number), at: j.Now()}
	switch {
	case f.Momentary && j.since(f.Since) > keepMoments:
		j.batch.add(store.Doc{Bucket: Bucket, Key: key}) // the alert keeps what it needs
		j.count(r, f, -1)
	case f.Momentary && excepted:
		j.batch.add(store.Doc{Bucket: Bucket, Key: key})
		j.count(r, f, -1)
		j.tell(closed(f, j.id(), "it was excepted", c.at))
	case !f.Momentary && (excepted != f.Excepted || f.Mode != r.Mode):
		found, err := j.reader.Record(ctx, ref.Kind, ref.ID)
		if err != nil {
			return err
		}
		// An exception that ends has no action: nothing happened, and a person looked at this once.
		return j.settle(r, key, found, b, c)
	}
	return nil
}
