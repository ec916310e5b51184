package health

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// When a disk is nearly full: below both. What is low is so until there is half as much again.
const (
	LowBytes   = 1 << 30
	LowPercent = 5
)

// Disk watches the file system of a folder: the agent stops acting, and then scanning, when it is full.
func Disk(dir string) func() []Report {
	return disk(dir, func() (free, all uint64, err error) {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return 0, 0, err
		}
		return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
	})
}

func disk(dir string, space func() (free, all uint64, err error)) func() []Report {
	var mu sync.Mutex
	low := false
	return func() []Report {
		mu.Lock()
		defer mu.Unlock()
		r := Report{Subject: "disk", State: OK, Severity: "high"}
		free, all, err := space()
		if err != nil {
			r.State, r.Reason = "unreadable", fmt.Sprintf("%s: %v", dir, err)
			return []Report{r}
		}
		limit := uint64(LowBytes)
		if part := all / 100 * LowPercent; part < limit { // a small disk is not low all its life
			limit = part
		}
		if low {
			limit += limit / 2
		}
		if low = free < limit; low {
			r.State = "nearly full"
			r.Reason = fmt.Sprintf("%s has %d MiB left of %d MiB: make room, or no action can leave", dir, free>>20, all>>20)
		}
		return []Report{r}
	}
}
