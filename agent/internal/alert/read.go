package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// All reads the alerts that a filter takes, in the order of their IDs.
func All(ctx context.Context, s Docs, f Filter) iter.Seq2[*Alert, error] {
	return func(yield func(*Alert, error) bool) {
		for doc, err := range s.Docs(ctx, bucketAlerts, nil) {
			a, err := parse[Alert](doc.Value, err)
			if err != nil {
				yield(nil, err)
				return
			}
			if f.takes(a) && !yield(a, nil) {
				return
			}
		}
	}
}

// Find reads one alert by its ID, which may be cut short as long as it means one.
func Find(ctx context.Context, s Docs, id string) (*Alert, error) {
	a, err := find(ctx, s, id)
	if err != nil {
		return nil, err
	}
	return &a.Alert, nil
}

func find(ctx context.Context, s Docs, id string) (*row, error) {
	id = strings.ToLower(id)
	if id == "" || len(id) > idLength {
		return nil, fmt.Errorf("%w: %.64s", ErrNotFound, id)
	}
	var found *row
	for doc, err := range s.Docs(ctx, bucketAlerts, []byte(id)) {
		a, err := parse[row](doc.Value, err)
		switch {
		case err != nil:
			return nil, err
		case found != nil:
			return nil, invalid("several alerts begin with %s: write more of it", id)
		}
		found = a
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return found, nil
}

// Findings reads those of an alert, open or kept, the ones that are kept whole first.
func Findings(ctx context.Context, s Docs, id string) iter.Seq2[*Finding, error] {
	return func(yield func(*Finding, error) bool) {
		a, err := find(ctx, s, id)
		if err != nil {
			yield(nil, err)
			return
		}
		whole := make(map[string]bool, len(a.Kept))
		for _, k := range a.Kept {
			whole[k.Finding] = true
			value, err := s.Doc(bucketFindings, findingKey(a.ID, k.Finding))
			if err == nil && value == nil {
				continue // it went while we read
			}
			f, err := parse[Finding](value, err)
			if !yield(f, err) || err != nil {
				return
			}
		}
		for doc, err := range s.Docs(ctx, bucketFindings, findingKey(a.ID, "")) {
			if err == nil && whole[string(doc.Key[len(a.ID)+1:])] {
				continue
			}
			f, err := parse[Finding](doc.Value, err)
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

func findingKey(alert, finding string) []byte { return []byte(alert + "\x00" + finding) }

func parse[T any](value []byte, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(value, v); err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return v, nil
}

func document(bucket string, key []byte, v any) (store.Doc, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return store.Doc{}, fmt.Errorf("alerts: %w", err)
	}
	return store.Doc{Bucket: bucket, Key: key, Value: value}, nil
}
