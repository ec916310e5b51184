package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"go.etcd.io/bbolt"
)

// Check reads everything: the structure of each file, every checksum, every value, and whether the rows are as many and
// the same as the file says. It gives the first damage of each file. The instance stays in use; only what commits free
// meanwhile is free for use again afterwards.
func (s *Store) Check(ctx context.Context) error {
	days := map[string]uint64{}
	err := s.main.check(ctx, mainTables, func(t table, key, value []byte) error {
		if t == tDays {
			days[string(key)] = binary.BigEndian.Uint64(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.keep.RLock()
	defer s.keep.RUnlock()
	for day, count := range days {
		err = errors.Join(err, s.checkDay(ctx, day, count))
	}
	return err
}

// checkDay: at least the announced activities must be there; what a crash left over is more.
func (s *Store) checkDay(ctx context.Context, day string, count uint64) (err error) {
	f, err := s.days.acquire(day, false)
	if errors.Is(err, fs.ErrNotExist) {
		return damaged(s.days.path(day), "it is missing, with %d activities", count)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.days.release(f)) }()
	known, have := marks{main: s.main}, uint64(0)
	err = f.check(ctx, dayTables, func(t table, _, value []byte) error {
		if t != tActivity {
			return nil
		}
		r, err := parseRow(value)
		m, ok := parseMark(r.volatile)
		if err != nil || !ok {
			return errShort
		}
		announced, err := known.announced(m)
		if announced {
			have++
		}
		return err
	})
	if err == nil && have < count {
		err = damaged(f.path, "it has %d activities of %d", have, count)
	}
	return err
}

// check walks one file as it is now.
func (f *file) check(ctx context.Context, tables []table, each func(t table, key, value []byte) error) error {
	f.writing.Lock()
	unlock := sync.OnceFunc(f.writing.Unlock)
	defer unlock()
	return f.view(func(tx *bbolt.Tx) error {
		t, err := f.treeOf(tx)
		unlock() // the transaction keeps its pages from here on
		if err != nil {
			return err
		}
		var sums [tableEnd]total
		var st *state
		rows := 0
		byName := map[string]table{}
		for _, t := range tables {
			byName[tableNames[t]] = t
		}
		t.leaf = func(name string, key, value []byte) error {
			if rows++; rows%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			in, ok := byName[name]
			if !ok {
				return damaged(f.path, "it has a table %q", name)
			}
			v, sum, ok := unseal(in, key, value)
			if !ok || parses(in, key, v) != nil {
				return badRow(f.path, in, key)
			}
			if in == tMeta {
				if string(key) == string(keyState) {
					st, err = parseState(v)
				}
				return err
			}
			sums[in].rows++
			sums[in].sum += sum
			return each(in, key, v)
		}
		if err := t.bucket("", t.meta.root, nil); err != nil {
			return err
		}
		if err := t.free(); err != nil {
			return err
		}
		return f.compare(st, sums)
	})
}

func (f *file) compare(st *state, sums [tableEnd]total) error {
	if st == nil {
		return damaged(f.path, "it has no state")
	}
	for t := tCurrent; t < tableEnd; t++ {
		if got, want := sums[t], st.totals[t]; got != want {
			return damaged(f.path, "table %s has %d rows where %d were written, or other ones", tableNames[t], got.rows, want.rows)
		}
	}
	return nil
}

// treeOf gives the pages of a read transaction. No commit may run, else the meta page would be another one's.
func (f *file) treeOf(tx *bbolt.Tx) (*tree, error) {
	size, err := fileSize(f.os)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", f.path, err)
	}
	t, err := newTree(f.path, f.os, f.db.Info().PageSize, size)
	if err != nil {
		return nil, err
	}
	if t.meta.version != uint64(tx.ID()) {
		return nil, damaged(f.path, "its newest meta page is of transaction %d, %d is expected", t.meta.version, tx.ID())
	}
	return t, nil
}

// parses says whether a value is one of its table.
func parses(t table, key, value []byte) error {
	switch t {
	case tCurrent, tHistory, tActivity:
		_, err := parseRow(value)
		return err
	case tLog:
		_, _, err := parseEntry(value)
		return err
	case tHomes:
		_, err := parseHome(value)
		return err
	case tHomeIDs:
		_, err := parseHome(key)
		return err
	case tDays:
		if len(value) != 8 {
			return errShort
		}
	}
	return nil
}
