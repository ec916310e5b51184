package scan

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Progress is how far a round is.
type Progress struct {
	Listing    string
	Round      int
	Phase      string // walking, settling, ""
	Started    time.Time
	Shards     int
	ShardsDone int
	Records    int64
	Pages      int64
	Total      int64 // records altogether, when the provider says; 0: not known
	Created    int
	Updated    int
	Deleted    int
	Unchanged  int
	// Left is the estimate of the time to go; 0: not known.
	Left time.Duration
}

type progress struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is the progress of one listing.
type line struct {
	mu sync.Mutex
	p  Progress
}

func newProgress() *progress { return &progress{lines: map[string]*line{}} }

func (p *progress) begin(listing string, round int) *line {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &line{p: Progress{Listing: listing, Round: round, Phase: "walking", Started: time.Now()}}
	p.lines[listing] = l
	return l
}

// Progress gives what is going on, and what came of the last round of each other listing in this process.
func (e *Engine) Progress() []Progress {
	e.progress.mu.Lock()
	defer e.progress.mu.Unlock()
	var all []Progress
	for _, l := range e.progress.lines {
		all = append(all, l.state())
	}
	slices.SortFunc(all, func(a, b Progress) int { return strings.Compare(a.Listing, b.Listing) })
	return all
}

func (l *line) state() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.p
	spent := time.Since(p.Started)
	switch {
	case p.Phase != "walking":
	case p.Total > p.Records && p.Records > 0:
		p.Left = time.Duration(float64(spent) * float64(p.Total-p.Records) / float64(p.Records))
	case p.Shards > 1 && p.ShardsDone > 0:
		p.Left = time.Duration(float64(spent) * float64(p.Shards-p.ShardsDone) / float64(p.ShardsDone))
	}
	return p
}

func (l *line) add(records, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.Records += records
	if total > 0 {
		l.p.Total = total
	}
}

func (l *line) page() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.Pages++
}

func (l *line) results(r store.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.Created += r.Created
	l.p.Updated += r.Updated + r.Filled
	l.p.Deleted += r.Deleted
	l.p.Unchanged += r.Unchanged + r.Volatile + r.Moved
}

func (l *line) shards(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.Shards = n
}

func (l *line) shardDone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.ShardsDone++
}

func (l *line) phase(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p.Phase = name
}

func (l *line) end() { l.phase("") }

func (l *line) totals() (records, pages int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.p.Records, l.p.Pages
}
