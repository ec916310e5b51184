package storetest

import (
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The model passes the tables: they, not it, say what is right.
func TestModel(t *testing.T) {
	for _, c := range append(recordCases(), activityCases()...) {
		t.Run(c.name, func(t *testing.T) {
			m := NewModel()
			logged := 0
			for _, batches := range c.commits {
				logged = len(m.entries)
				if _, err := m.Commit(t.Context(), batches...); err != nil {
					t.Fatal(err)
				}
			}
			check(t, "rows", texts(all(t, m.Rows(t.Context(), store.Range{})), rowText), c.rows)
			check(t, "history", texts(all(t, m.History(t.Context(), store.Range{})), versionText), c.history)
			check(t, "log", texts(m.entries[logged:], entryText), c.log)
		})
	}
}
