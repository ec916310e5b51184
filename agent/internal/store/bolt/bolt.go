// Package bolt keeps an instance in files of bbolt: instance.db with its records, their history, the change log and the
// documents, and one file per UTC day under activities/. The agent's own agent.db is the same kind of file.
//
// It promises what package store promises, and beyond it:
//   - every value carries a checksum over its table, key and bytes, and every table a running total of these, so a
//     flipped bit, a lost page and a page from the past are found by Check, and no damaged row is ever given out;
//   - a damaged file gives a *CorruptError that names it, never a panic: one instance is set aside, the others run;
//   - iterators give nothing while they hold the file: a consumer may be slow, and may commit.
//
// It does not encrypt, does not compress, and does not shrink its files.
package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var _ store.Store = (*Store)(nil)

// The limits, each with its unit.
const (
	maxIDBytes     = 1 << 10               // as the SDK's
	maxFacetBytes  = 256                   // a listing's name
	maxHomeBytes   = 16 << 10              // listing, shard and fingerprint together
	maxDocKeyBytes = 16 << 10              // bucket and key together
	maxValueBytes  = 16 << 20              // one value, far above a record's 1 MiB
	maxOpenDays    = 8                     // day files kept open without a user
	lockWait       = time.Second           // for another process to let go of a file
	mapBytes       = 64 << 30              // of address space, so that no reader ever stands in the way of a commit
	dayMapBytes    = 256 << 20             // the same for a day file; a larger one is mapped anew as it grows
	dayGrowBytes   = 1 << 20               // by which a day file grows, in holes
	smallMapBytes  = 1 << 30               // where address space is rationed
	maxChunkRows   = 2048                  // rows read in one transaction; the promise is 10,000
	firstChunkRows = 32                    // so that a look-up of one record reads little
	maxChunkBytes  = 1 << 20               // copied in one transaction
	maxChunkTime   = 50 * time.Millisecond // of one transaction; the promise is 100 ms
	maxArenaBytes  = 32 << 20              // kept from one commit for the next
	fileMode       = 0o600
	folderMode     = 0o700
	appendFill     = 0.9 // of a page, where rows arrive in order
	insertFill     = 0.5 // where they arrive anywhere
)

const (
	instanceFile = "instance.db"
	agentFile    = "agent.db"
	daysFolder   = "activities"
	unfinished   = ".new-*" // files that are being made
	dayLayout    = time.DateOnly
)

// Options of Open.
type Options struct {
	// Dir is the instance's own folder. It is made when it is missing, unless ReadOnly.
	Dir string
	// ReadOnly opens beside other readers, for commands while no agent runs.
	ReadOnly bool
}

// Store is one instance, or the agent itself, in a folder.
type Store struct {
	dir      string
	readOnly bool
	main     *file
	days     *days

	mu    sync.Mutex // one commit at a time, over all files
	plan  planner
	arena arena
	told  told
	// keep is held by backups while they need the day files, and by what removes these.
	keep sync.RWMutex
}

// Open opens the store of an instance.
func Open(o Options) (*Store, error) { return open(o, instanceFile) }

// OpenAgent opens the agent's own store, which holds documents.
func OpenAgent(dir string) (*Store, error) { return open(Options{Dir: dir}, agentFile) }

// ReadAgent opens the agent's own store for reading, while no agent runs.
func ReadAgent(dir string) (*Store, error) { return open(Options{Dir: dir, ReadOnly: true}, agentFile) }

func open(o Options, name string) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("open store: no folder given")
	}
	if !o.ReadOnly {
		if err := os.MkdirAll(o.Dir, folderMode); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	f, err := openFile(filepath.Join(o.Dir, name), fileOptions{readOnly: o.ReadOnly, mapBytes: mapBytes, tables: mainTables})
	if err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		removeUnfinished(o.Dir)
	}
	return &Store{
		dir: o.Dir, readOnly: o.ReadOnly, main: f,
		days: newDays(filepath.Join(o.Dir, daysFolder), o.ReadOnly),
	}, nil
}

// removeUnfinished takes away files that a killed process was making. Nobody else is making one: the lock is ours.
func removeUnfinished(dir string) {
	for _, folder := range []string{dir, filepath.Join(dir, daysFolder)} {
		left, _ := filepath.Glob(filepath.Join(folder, unfinished)) // fails on a wrong pattern only
		for _, path := range left {
			_ = os.Remove(path) // it costs a few bytes, no more
		}
	}
}

// Close waits for the readers and the commit under way, then lets go of the files.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.days.close(), s.main.close())
}

// Last gives the sequence of the newest entry of the log; 0 when there is none.
func (s *Store) Last() (uint64, error) {
	if err := s.main.usable(); err != nil {
		return 0, err
	}
	return s.main.state.Load().lastLog, nil
}

// Counts gives how many records of each kind there are, activities included. It reads nothing: the counts are kept.
func (s *Store) Counts() map[wire.Kind]int64 {
	counts := make(map[wire.Kind]int64)
	for k, n := range s.main.state.Load().kinds {
		if n != 0 {
			counts[wire.Kind(k)] = n
		}
	}
	return counts
}

// Size gives the bytes that all files take on the disk; their holes take none.
func (s *Store) Size() (int64, error) {
	total, err := diskBytes(s.main.path)
	if err != nil {
		return 0, fmt.Errorf("size of store: %w", err)
	}
	names, err := s.days.onDisk()
	if err != nil {
		return 0, fmt.Errorf("size of store: %w", err)
	}
	for _, day := range names {
		if n, err := diskBytes(s.days.path(day)); err == nil { // one that retention just removed has none
			total += n
		}
	}
	return total, nil
}

func diskBytes(path string) (int64, error) {
	const block = 512
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return 0, err
	}
	return st.Blocks * block, nil
}
