package scan

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The store has a new epoch after it was restored from a backup.
const (
	bucketStore = "store"
	keyEpoch    = "epoch"
	bucketScan  = "scan"
)

// newEpoch forgets, after a restore, where listings were: bookmarks and stamps are of a time that the records are not of.
// Every listing is then listed whole, as a first look. What feeds have read stays read.
func (e *Engine) newEpoch(ctx context.Context) error {
	now, err := e.Store.Doc(bucketStore, []byte(keyEpoch))
	if err != nil {
		return err
	}
	last, err := e.Store.Doc(bucketScan, []byte(keyEpoch))
	if err != nil || bytes.Equal(now, last) {
		return err
	}
	docs := []store.Doc{{Bucket: bucketScan, Key: []byte(keyEpoch), Value: now}}
	err = loadDocs(ctx, e.Store, bucketShards, nil, func(key []byte, s *shardState) error {
		s.WalkedStamp, s.Bookmark = "", nil
		docs = append(docs, jsonDoc(bucketShards, slices.Clone(key), *s))
		return nil
	})
	if err != nil {
		return err
	}
	err = loadDocs(ctx, e.Store, bucketRounds, nil, func(key []byte, r *Round) error {
		r.LastComplete, r.LastFinished, r.Finished = time.Time{}, time.Time{}, time.Now()
		docs = append(docs, jsonDoc(bucketRounds, slices.Clone(key), *r))
		return nil
	})
	if err != nil {
		return err
	}
	for d, err := range e.Store.Docs(ctx, bucketCheckpoints, nil) {
		if err != nil {
			return err
		}
		docs = append(docs, noDoc(bucketCheckpoints, slices.Clone(d.Key)))
	}
	_, err = e.Store.Commit(ctx, &store.Batch{At: time.Now(), Docs: docs})
	return err
}
