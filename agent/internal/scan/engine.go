// Package scan keeps one instance's records true: it decides what to list when, walks the listings page by page into the
// store, resumes where it stopped, and says what is gone.
//
// It promises: a page counts only together with its checkpoint; a walk that did not end with its certificate proves
// nothing; nothing is deleted unless its own listing missed it twice, or once where the listing is exclusive, and every
// other listing that could hold it has looked since, or the provider says itself that it is gone; what the credential
// could not see, or sees differently than before, is never taken for gone. It commits what a walk gave at least every
// 10,000 records, 8 MiB or second, so a crash costs the pages of one commit.
//
// It does not pace itself: every request of a connector waits for the quota ledger. It does not judge records.
package scan

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Source is the connector, as far as scanning needs it.
type Source interface {
	Check(ctx context.Context) (*wire.CheckResponse, error)
	// Scan gives the parts of a walk in wire form; raw is valid during the call only.
	Scan(ctx context.Context, p quota.Priority, req *wire.ScanRequest, part func(raw []byte) error) (*wire.Certificate, error)
	Fetch(ctx context.Context, p quota.Priority, refs []*wire.Ref, each func(*wire.FetchResponse) error) error
	Watch(ctx context.Context, listings []string, each func(*wire.Hint) error) error
}

// Config of one instance's engine.
type Config struct {
	Instance    string
	Description *wire.Description
	Source      Source
	Store       store.Store
	Rules       map[string]Rule
	// Settings is a hash of what narrows the view besides the credential; with other settings absence proves nothing.
	Settings string
	// Walks at once; 0: 4.
	Walks int
	// TempDir is for what does not fit in memory.
	TempDir string
	// Pull: listen to the connector's long-polls and queues.
	Pull   bool
	Logger hclog.Logger
	// Checked hears every answer of Check.
	Checked func(*wire.CheckResponse)
}

const (
	defaultWalks = 4
	checkEvery   = time.Hour
)

// Engine scans one instance.
type Engine struct {
	Config
	listings  map[string]*listing
	order     []*listing
	committer *committer
	begun     sync.Once
	ready     chan struct{} // closed when somebody commits
	slots     chan struct{} // one per walk at once
	hints     chan hint
	hinted    hintCount
	watching  watching
	progress  *progress

	mu          sync.Mutex
	shards      map[string]map[string]*shardState // listing → key
	check       *wire.CheckResponse
	unconfirmed map[uint64]struct{}  // hashes of keys; a hit is looked up
	rows        map[string]int       // facet → rows, where they were counted and nothing put the count in doubt since
	rowChanges  int                  // commits that added or removed rows
	reserved    map[string]string    // listings that a missing permission or plan keeps silent, and why
	open        map[string]*roundRun // rounds to be taken up again
}

// New builds an engine; Run or Once starts it.
func New(c Config) *Engine {
	if c.Walks == 0 {
		c.Walks = defaultWalks
	}
	e := &Engine{
		Config: c, listings: newListings(c.Description, c.Rules), committer: newCommitter(c.Store), ready: make(chan struct{}),
		slots: make(chan struct{}, c.Walks), hints: make(chan hint, maxHints), progress: newProgress(),
		shards: map[string]map[string]*shardState{}, unconfirmed: map[uint64]struct{}{}, rows: map[string]int{},
		reserved: map[string]string{}, open: map[string]*roundRun{},
	}
	for _, spec := range c.Description.GetListings() {
		e.order = append(e.order, e.listings[spec.GetName()])
	}
	return e
}

// load reads what an earlier run left.
func (e *Engine) load(ctx context.Context) error {
	if err := e.newEpoch(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	err := loadDocs(ctx, e.Store, bucketShards, nil, func(_ []byte, s *shardState) error {
		e.shardsOf(s.Listing)[s.Key] = s
		return nil
	})
	if err != nil {
		return err
	}
	for d, err := range e.Store.Docs(ctx, bucketUnconfirmed, nil) {
		if err != nil {
			return err
		}
		e.unconfirmed[hashKey(d.Key)] = struct{}{}
	}
	return nil
}

// shardsOf needs the lock.
func (e *Engine) shardsOf(listing string) map[string]*shardState {
	m := e.shards[listing]
	if m == nil {
		m = map[string]*shardState{}
		e.shards[listing] = m
	}
	return m
}

// Check asks the connector who and what it is, and keeps the answer. Another tenant than before is refused.
func (e *Engine) Check(ctx context.Context) (*wire.CheckResponse, error) {
	answer, err := e.Source.Check(ctx)
	if err != nil {
		return nil, err
	}
	before, err := LastCheck(e.Store)
	if err != nil {
		return nil, err
	}
	if old := before.GetTenantId(); old != "" && old != answer.GetTenantId() {
		return nil, &TenantError{Was: old, WasName: before.GetTenantName(), Is: answer.GetTenantId(), IsName: answer.GetTenantName()}
	}
	b, err := answer.MarshalVT()
	if err != nil {
		return nil, fmt.Errorf("the answer of check: %w", err)
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	doc := store.Doc{Bucket: bucketCheck, Key: []byte(checkKey), Value: b}
	if _, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{doc}}); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.check = answer
	e.reserved = map[string]string{}
	e.mu.Unlock()
	if e.Checked != nil {
		e.Checked(answer)
	}
	return answer, nil
}

const checkKey = "last"

// TenantError says that the credential belongs to another tenant than the data.
type TenantError struct{ Was, WasName, Is, IsName string }

func (t *TenantError) Error() string {
	return fmt.Sprintf("the credential is for tenant %s (%s), but this instance's data is of %s (%s): "+
		"give the instance another name, or remove the old data with `mooring instance rm`", t.Is, t.IsName, t.Was, t.WasName)
}

// capability is what Check said of a listing; nil: nothing.
func (e *Engine) capability(name string) *wire.Capability {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.check.GetCapabilities() {
		if c.GetName() == "list:"+name {
			return c
		}
	}
	return nil
}

// silent says whether a listing cannot be asked: not in the plan, switched off, or without permission.
func (e *Engine) silent(l *listing) bool { return e.silence(l) != "" }

// silence is why a listing cannot be asked; "" when it can.
func (e *Engine) silence(l *listing) string {
	for p := l; p != nil; p = p.parent {
		c := e.capability(p.GetName())
		why := ""
		switch c.GetState() {
		case wire.Capability_MISSING:
			why = "missing permission " + strings.Join(c.GetMissing(), ", ")
		case wire.Capability_NOT_IN_PLAN:
			why = "not in the plan"
		case wire.Capability_SWITCHED_OFF:
			why = "switched off"
		case wire.Capability_UNSPECIFIED, wire.Capability_HELD, wire.Capability_UNNEEDED, wire.Capability_UNKNOWN:
			e.mu.Lock()
			why = e.reserved[p.GetName()]
			e.mu.Unlock()
		}
		if why != "" && c.GetReason() != "" {
			why += " (" + c.GetReason() + ")"
		}
		if why != "" && p != l {
			why = p.GetName() + ": " + why
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// fingerprint is equal as long as walks of the listing see the same things.
func (e *Engine) fingerprint(l *listing) string {
	f := e.capability(l.GetName()).GetFingerprint()
	if f == "" {
		e.mu.Lock()
		f = e.check.GetTenantId() + "/" + e.check.GetSubject()
		e.mu.Unlock()
	}
	return f + "." + e.Settings
}
