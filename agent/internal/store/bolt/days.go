package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// days keeps the day files that are in use open, and a few more.
type days struct {
	dir      string
	readOnly bool

	mu    sync.Mutex
	open  map[string]*dayFile
	clock int // counts uses, for the least recent
}

type dayFile struct {
	*file
	users, used int
	doomed      bool // removed: closed with its last user
}

func newDays(dir string, readOnly bool) *days {
	return &days{dir: dir, readOnly: readOnly, open: map[string]*dayFile{}}
}

func (d *days) path(day string) string { return filepath.Join(d.dir, day+".db") }

// acquire gives the file of a day; release must follow. Without create a missing file is fs.ErrNotExist.
func (d *days) acquire(day string, create bool) (*dayFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.open[day]
	if f == nil {
		if create {
			if err := os.MkdirAll(d.dir, folderMode); err != nil {
				return nil, err
			}
		} else if _, err := os.Stat(d.path(day)); err != nil {
			return nil, err
		}
		opened, err := openFile(d.path(day), fileOptions{
			readOnly: d.readOnly, mapBytes: dayMapBytes, grow: dayGrowBytes, tables: dayTables,
		})
		if err != nil {
			return nil, err
		}
		f = &dayFile{file: opened}
		d.open[day] = f
	}
	d.clock++
	f.users++
	f.used = d.clock
	return f, nil
}

func (d *days) release(f *dayFile) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.users--
	if f.doomed && f.users == 0 {
		return f.close()
	}
	var err error
	for len(d.open) > maxOpenDays {
		day := d.leastRecent()
		if day == "" {
			break
		}
		err = errors.Join(err, d.open[day].close())
		delete(d.open, day)
	}
	return err
}

// leastRecent names the unused file that was used longest ago; "" when all are in use.
func (d *days) leastRecent() string {
	oldest := ""
	for day, f := range d.open {
		if f.users == 0 && (oldest == "" || f.used < d.open[oldest].used) {
			oldest = day
		}
	}
	return oldest
}

// remove unlinks the file of a day. Who reads it goes on reading.
func (d *days) remove(day string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := os.Remove(d.path(day))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if f := d.open[day]; f != nil {
		delete(d.open, day)
		f.doomed = true
		if f.users == 0 {
			err = errors.Join(err, f.close())
		}
	}
	return err
}

// onDisk gives the days that have a file, in order.
func (d *days) onDisk() ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if day, ok := dayOf(e.Name()); ok {
			names = append(names, day)
		}
	}
	return names, err
}

func dayOf(name string) (string, bool) {
	day, ok := trimDB(name)
	if !ok {
		return "", false
	}
	t, err := time.Parse(dayLayout, day)
	return day, err == nil && t.Format(dayLayout) == day
}

func trimDB(name string) (string, bool) {
	const suffix = ".db"
	if len(name) <= len(suffix) || name[len(name)-len(suffix):] != suffix {
		return "", false
	}
	return name[:len(name)-len(suffix)], true
}

func (d *days) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	for day, f := range d.open {
		err = errors.Join(err, f.close())
		delete(d.open, day)
	}
	return err
}
