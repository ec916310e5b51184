// Package storetest is the suite that every backend of package store passes: what a commit means, in tables; the same as
// a model in memory over thousands of random operations; readers while writers go on; and kills.
//
// It promises to fail a backend that breaks a word of package store. It does not measure speed.
package storetest

import (
	"context"
	"fmt"
	"iter"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Open opens the store in a folder, a new one or one that was closed or killed.
type Open func(dir string) (store.Store, error)

// Checker is what a backend that can look for damage in itself has.
type Checker interface {
	Check(ctx context.Context) error
}

// Run runs the suite. The test binary's TestMain must call Child first, else the kills cannot be tested.
func Run(t *testing.T, open Open) {
	t.Run("semantics", func(t *testing.T) { semantics(t, open) })
	t.Run("refused", func(t *testing.T) { refused(t, open) })
	t.Run("random", func(t *testing.T) { random(t, open) })
	t.Run("readers", func(t *testing.T) { readers(t, open) })
	t.Run("pages", func(t *testing.T) { pages(t, open) })
	t.Run("reopen", func(t *testing.T) { reopen(t, open) })
	t.Run("kill", func(t *testing.T) { kill(t, open) })
}

func mustOpen(t *testing.T, open Open, dir string) store.Store {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustCheck(t *testing.T, s store.Store) {
	t.Helper()
	if c, ok := s.(Checker); ok {
		if err := c.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func commit(t *testing.T, s store.Store, batches ...*store.Batch) []store.Result {
	t.Helper()
	results, err := s.Commit(t.Context(), batches...)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func all[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// same compares what two stores give.
func same[T any](t *testing.T, what string, got, want iter.Seq2[T, error]) {
	t.Helper()
	w, g := all(t, want), all(t, got)
	if reflect.DeepEqual(w, g) {
		return // cmp takes long over what is equal
	}
	if diff := cmp.Diff(w, g, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: (-want +got)\n%s", what, diff)
	}
}

// number reads a count from the environment, for longer runs than the normal ones.
func number(t *testing.T, name string, normal int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return normal
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatal(fmt.Errorf("%s=%q: a number is expected", name, v))
	}
	return n
}
