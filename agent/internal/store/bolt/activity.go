package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// An activity's row holds, in the place of volatile fields, which no activity has, the mark of the log row that announces
// it: its sequence, and a random number that this row has too. A crash between day file and log leaves rows whose mark
// nobody knows: they are given to nobody, and are new when they come again. So no event is lost to policies, or seen twice.
const markBytes = 16

type mark struct {
	sequence, nonce uint64
}

func (m mark) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, markBytes), m.sequence)
	return binary.LittleEndian.AppendUint64(b, m.nonce)
}

func parseMark(b []byte) (mark, bool) {
	if len(b) != markBytes {
		return mark{}, false
	}
	return mark{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}, true
}

// marks tells which marks the log knows, and remembers them.
type marks struct {
	main  *file
	known map[mark]bool
}

func (m *marks) announced(k mark) (bool, error) {
	if m.known[k] {
		return true, nil
	}
	found := false
	err := m.main.view(func(tx *bbolt.Tx) error {
		key := binary.BigEndian.AppendUint64(nil, k.sequence)
		v, _, ok := unseal(tLog, key, tx.Bucket([]byte(tableNames[tLog])).Get(key))
		found = ok && len(v) >= 8 && binary.LittleEndian.Uint64(v) == k.nonce
		return nil
	})
	if found {
		if m.known == nil {
			m.known = map[mark]bool{}
		}
		m.known[k] = true
	}
	return found, err
}

// dayNews is what a commit wrote into one day file, and the log has yet to say.
type dayNews struct {
	day   string
	at    time.Time
	mark  mark
	count int
	// first and last are the times of those that are new.
	first, last int64
}

// event is one activity of a commit.
type event struct {
	*store.Record
	batch int
}

func dayOfTime(t int64) string { return time.Unix(0, t).UTC().Format(dayLayout) }

// commitActivities writes the activities of all batches into their day files and gives what has to be announced.
func (s *Store) commitActivities(batches []*store.Batch, results []store.Result) ([]dayNews, error) {
	var events []event
	for i, b := range batches {
		for r := range b.Records {
			if rec := &b.Records[r]; rec.Kind == wire.Kind_KIND_ACTIVITY && rec.Op == store.Put {
				events = append(events, event{rec, i})
			}
		}
	}
	if len(events) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), bytes.Compare(a.ID, b.ID))
	})
	var news []dayNews
	nonce, next := rand.Uint64(), s.main.state.Load().lastLog+1 //nolint:gosec // tells commits apart, keeps no secret
	for len(events) > 0 {
		day, n := dayOfTime(events[0].Time), 1
		for n < len(events) && dayOfTime(events[n].Time) == day {
			n++
		}
		c := dayCommit{
			store: s, batches: batches, results: results, marks: marks{main: s.main},
			news: dayNews{day: day, mark: mark{next, nonce}},
		}
		if err := c.run(events[:n]); err != nil {
			return nil, fmt.Errorf("commit of activities of %s: %w", day, err)
		}
		if c.writes > 0 {
			news = append(news, c.news)
			next++
		}
		events = events[n:]
	}
	return news, nil
}

// dayCommit is what a commit does to one day.
type dayCommit struct {
	store   *Store
	batches []*store.Batch
	results []store.Result
	marks   marks
	news    dayNews
	writes  int
}

func (c *dayCommit) run(events []event) (err error) {
	f, err := c.store.days.acquire(c.news.day, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.store.days.release(f)) }()
	var todo []event
	if err := f.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(tableNames[tActivity]))
		for i, e := range events {
			if i+1 < len(events) && events[i+1].Time == e.Time && bytes.Equal(events[i+1].ID, e.ID) {
				c.results[e.batch].Unchanged++ // the later one of the same commit stands
				continue
			}
			same, err := c.same(f.file, b, e)
			if err != nil {
				return err
			}
			if same {
				c.results[e.batch].Unchanged++
			} else {
				todo = append(todo, e)
			}
		}
		return nil
	}); err != nil || len(todo) == 0 {
		return err
	}
	return f.update(&c.store.arena, func(w *writer) error {
		for _, e := range todo {
			if err := c.put(w, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func activityKey(e event) []byte {
	return append(appendTime(make([]byte, 0, 8+len(e.ID)), e.Time), e.ID...)
}

// stored gives the row of an event and whether it was announced; ok is false when there is none.
func (c *dayCommit) stored(f *file, key, value []byte) (r row, announced, ok bool, err error) {
	if value == nil {
		return row{}, false, false, nil
	}
	v, _, ok := unseal(tActivity, key, value)
	if !ok {
		return row{}, false, false, badRow(f.path, tActivity, key)
	}
	r, err = parseRow(v)
	m, ok := parseMark(r.volatile)
	if err != nil || !ok {
		return row{}, false, false, badRow(f.path, tActivity, key)
	}
	announced, err = c.marks.announced(m)
	return r, announced, true, err
}

func (c *dayCommit) same(f *file, b *bbolt.Bucket, e event) (bool, error) {
	key := activityKey(e)
	was, announced, ok, err := c.stored(f, key, b.Get(key))
	return ok && announced && bytes.Equal(was.body, e.Body), err
}

func (c *dayCommit) put(w *writer, e event) error {
	key := activityKey(e)
	old := w.bucket(tActivity).Get(key)
	was, announced, ok, err := c.stored(w.f, key, old)
	if err != nil {
		return err
	}
	batch, result := c.batches[e.batch], &c.results[e.batch]
	home, err := w.home(batch.Home)
	if err != nil {
		return err
	}
	now := row{firstSeen: nanos(batch.At), since: nanos(batch.At), home: home, body: e.Body, volatile: c.news.mark.bytes()}
	if ok && announced {
		now.firstSeen, now.volatile = was.firstSeen, was.volatile
		result.Updated++
	} else {
		if c.news.count == 0 {
			c.news.first = e.Time
		}
		c.news.last = e.Time // they come in the order of time
		c.news.count++
		result.Created++
	}
	c.writes++
	if batch.At.After(c.news.at) {
		c.news.at = batch.At
	}
	b := w.begin(tActivity, key, rowHeader+len(now.body)+len(now.volatile))
	before := w.bytes
	err = w.end(tActivity, appendRow(b, now), len(key), old)
	result.Bytes += w.bytes - before
	return err
}

// announce logs a day's news and counts them.
func (w *writer) announce(n dayNews) error {
	key := []byte(n.day)
	v, stored, err := w.get(tDays, key)
	if err != nil {
		return err
	}
	count := uint64(n.count)
	if len(v) == 8 {
		count += binary.BigEndian.Uint64(v)
	}
	if err := w.put(tDays, key, binary.BigEndian.AppendUint64(nil, count), stored); err != nil {
		return err
	}
	w.st.kinds[wire.Kind_KIND_ACTIVITY] += int64(n.count)
	sequence, err := w.log(&store.Entry{
		At: n.at, What: store.Activities, Kind: wire.Kind_KIND_ACTIVITY, Count: n.count, Day: n.day,
	}, notice{n.mark.nonce, n.first, n.last})
	if err == nil && sequence != n.mark.sequence {
		return fmt.Errorf("commit of activities of %s: log row %d came where %d was announced", n.day, sequence, n.mark.sequence)
	}
	return err
}

// RetainActivities removes the days before the one of a time, and gives how many activities went.
func (s *Store) RetainActivities(ctx context.Context, before time.Time) (int64, error) {
	if s.readOnly {
		return 0, errors.New("retain activities: the store is open for reading only")
	}
	s.keep.Lock()
	defer s.keep.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	limit := []byte(before.UTC().Format(dayLayout))
	var gone int64
	err := s.main.update(&s.arena, func(w *writer) error {
		c := w.bucket(tDays).Cursor()
		for k, v := c.First(); k != nil && bytes.Compare(k, limit) < 0; k, v = c.Seek(k) {
			count, _, ok := unseal(tDays, k, v)
			if !ok || len(count) != 8 {
				return badRow(s.main.path, tDays, k)
			}
			gone += int64(binary.BigEndian.Uint64(count))
			k = bytes.Clone(k)
			if err := w.remove(tDays, k, v); err != nil {
				return err
			}
		}
		w.st.kinds[wire.Kind_KIND_ACTIVITY] -= gone
		return nil
	})
	if err != nil {
		return 0, err
	}
	// A crash before this leaves files that nothing names: they are removed the next time.
	names, err := s.days.onDisk()
	for _, day := range names {
		if day < string(limit) {
			err = errors.Join(err, s.days.remove(day))
		}
	}
	return gone, err
}
