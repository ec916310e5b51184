package kept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/secret"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	takes   = wire.KeepSecret_CLAIM
	keep    = wire.KeepSecret_KEEP
	release = wire.KeepSecret_RELEASE
	lost    = wire.KeepSecret_LOST
)

// memory is a file that survives the process.
type memory struct {
	mu      sync.Mutex
	docs    map[string][]byte
	commits int
	failing error
	written bool // what fails is written all the same
}

func (m *memory) Doc(b string, key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.docs[b+string(key)], nil
}

func (m *memory) Docs(_ context.Context, b string, prefix []byte) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		m.mu.Lock()
		all := maps.Clone(m.docs)
		m.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if rest, ok := strings.CutPrefix(key, b); ok && strings.HasPrefix(rest, string(prefix)) && !yield(store.Doc{Key: []byte(rest), Value: all[key]}, nil) {
				return
			}
		}
	}
}

func (m *memory) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if m.failing != nil && !m.written {
		return nil, m.failing
	}
	for _, b := range batches {
		for _, d := range b.Docs {
			if m.docs[d.Bucket+string(d.Key)] = d.Value; d.Value == nil {
				delete(m.docs, d.Bucket+string(d.Key))
			}
		}
	}
	return nil, m.failing
}

func fixed(key string) Key {
	return func(context.Context, bool) (secret.Value, error) { return secret.New(key), nil }
}

const aKey = "0123456789abcdef0123456789abcdef"

// world is an agent's file, and an agent that may be killed.
type world struct {
	t     *testing.T
	file  *memory
	store *Store
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, file: &memory{docs: map[string][]byte{}}}
	w.restart()
	return w
}

func (w *world) restart() { w.store = New(w.file, fixed(aKey)) }

func (w *world) login() *Login { return w.store.Login("box/main", []string{"refresh_token"}) }

func (w *world) put(value string, t *wire.AccessToken) {
	w.t.Helper()
	if err := w.store.Put(w.t.Context(), "box/main", map[string]string{"refresh_token": value}, "refresh_token", t); err != nil {
		w.t.Fatal(err)
	}
}

func access(value string, life time.Duration) *wire.AccessToken {
	t := &wire.AccessToken{Value: value}
	if life > 0 {
		t.Expires = timestamppb.New(time.Now().Add(life))
	}
	return t
}

// step gives what comes of a step in a few words.
func (w *world) step(holder string, step wire.KeepSecret_Step, change ...func(*wire.KeepSecret)) string {
	k := &wire.KeepSecret{Name: "refresh_token", Step: step}
	for _, c := range change {
		c(k)
	}
	kept, err := w.login().Keep(w.t.Context(), holder, k)
	if n, ok := errors.AsType[*NeededError](err); ok {
		if sdk.TypeOf(err) != sdk.ErrAuth {
			w.t.Errorf("login needed is of type %s", sdk.TypeOf(err))
		}
		return "needed: " + n.Why
	}
	if err != nil {
		return string(sdk.TypeOf(err)) + ": " + err.Error()
	}
	return strings.TrimSpace(kept.GetResult() + " " + kept.GetValue() + kept.GetToken().GetValue())
}

func replaces(v string) func(*wire.KeepSecret) { return func(k *wire.KeepSecret) { k.Replaces = v } }
func with(value string, t *wire.AccessToken) func(*wire.KeepSecret) {
	return func(k *wire.KeepSecret) { k.Value, k.Token = value, t }
}
func refused(v string) func(*wire.KeepSecret) {
	return func(k *wire.KeepSecret) { k.Token = &wire.AccessToken{Value: v} }
}

func (w *world) want(got, want string) {
	w.t.Helper()
	if got != want && !(strings.HasSuffix(want, "…") && strings.HasPrefix(got, strings.TrimSuffix(want, "…"))) {
		w.t.Errorf("got %q, want %q", got, want)
	}
}

func TestSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.want(w.step("a", takes), "needed: nobody has logged in yet")
		w.want(w.login().Need(t.Context()), "login needed: run `mooring login box/main` (nobody has logged in yet)")
		w.put("r1", access("a1", time.Hour))
		w.want(w.login().Need(t.Context()), "")
		w.want(w.step("a", takes), "token a1")
		w.want(w.step("a", takes, refused("other")), "token a1")
		w.want(w.step("a", takes, refused("a1")), "ok r1")
		w.want(w.step("a", keep, replaces("r1"), with("r2", access("a2", time.Hour))), "ok")
		w.want(w.step("b", takes), "token a2")
		time.Sleep(59*time.Minute - time.Second)
		w.want(w.step("b", takes), "token a2")
		time.Sleep(time.Second) // a minute before its end it is over
		w.want(w.step("b", takes), "ok r2")
		w.want(w.step("b", release, replaces("r2")), "ok")
		w.want(w.step("a", takes), "ok r2")
		w.want(w.step("b", release, replaces("r2")), "conflict: another session…")
		w.want(w.step("b", keep, replaces("r2"), with("forged", nil)), "conflict: another session…")
		w.want(w.step("b", keep, replaces("r1"), with("forged", nil)), "stale r2")
		w.want(w.step("a", keep, replaces("r2"), with("", nil)), "invalid: …")
		w.want(w.step("a", keep, replaces("r2"), with("r3", access("a3", 0))), "ok")
		w.want(w.step("a", keep, replaces("r2"), with("r4", nil)), "stale r3")
		w.want(w.step("a", lost, replaces("r3")), "conflict: this session has not claimed…")
		w.want(w.step("a", takes, refused("a3")), "ok r3")
		w.want(w.step("a", lost, replaces("r3")), "ok")
		w.want(w.step("b", takes), "needed: the provider did not take it…")
		w.want(w.step("b", keep, replaces("r3"), with("r4", nil)), "needed: the provider did not take it…")
		w.restart()
		w.want(w.step("b", takes), "needed: the provider did not take it…")
		w.put("r9", nil)
		w.want(w.step("b", takes), "ok r9")
		w.want(w.step("b", wire.KeepSecret_Step(9), replaces("r9")), "invalid: …")
	})
}

func TestShortTokensAreOverAtHalfTheirLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put("r1", access("a1", 10*time.Second))
		time.Sleep(5*time.Second - time.Nanosecond)
		w.want(w.step("a", takes), "token a1")
		time.Sleep(time.Nanosecond)
		w.want(w.step("a", takes), "ok r1")
	})
}

// TestCrashes kills the agent after every step: what was answered stands, and what was claimed is never given out again.
func TestCrashes(t *testing.T) {
	const interrupted = "needed: at …"
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want string // of the next claim
	}{
		{"after the login", func(*world) {}, "ok r1"},
		{"after a claim", func(w *world) { w.step("a", takes) }, interrupted},
		{"after it was kept", func(w *world) {
			w.step("a", takes)
			w.step("a", keep, replaces("r1"), with("r2", nil))
		}, "ok r2"},
		{"after it was kept with its token", func(w *world) {
			w.step("a", takes)
			w.step("a", keep, replaces("r1"), with("r2", access("a2", time.Hour)))
		}, "token a2"},
		{"after the second claim", func(w *world) {
			w.step("a", takes)
			w.step("a", keep, replaces("r1"), with("r2", access("a2", time.Hour)))
			w.step("b", takes, refused("a2"))
		}, interrupted},
		{"after it was released", func(w *world) {
			w.step("a", takes)
			w.step("a", release, replaces("r1"))
		}, "ok r1"},
		{"after a new login", func(w *world) {
			w.step("a", takes)
			w.put("r9", nil)
		}, "ok r9"},
		{"the claim could not be written", func(w *world) {
			w.file.failing = errors.New("disk full")
			w.want(w.step("a", takes), "internal: …")
		}, "ok r1"},
		{"the claim was written and its answer lost", func(w *world) {
			w.file.failing, w.file.written = errors.New("power"), true
			w.want(w.step("a", takes), "internal: …")
		}, interrupted},
		{"what came could not be kept", func(w *world) {
			w.step("a", takes)
			w.file.failing = errors.New("disk full")
			w.want(w.step("a", keep, replaces("r1"), with("r2", nil)), "internal: …")
		}, interrupted},
	} {
		for _, killed := range []string{"the agent", "the connector"} {
			t.Run(tt.name+", "+killed, func(t *testing.T) {
				w := newWorld(t)
				w.put("r1", nil)
				tt.do(w)
				w.file.failing = nil
				if killed == "the agent" {
					w.restart()
				} else {
					w.login().Gone("a")
					w.login().Gone("b")
				}
				w.want(w.step("c", takes), tt.want)
				need := w.login().Need(t.Context())
				if (need != "") != strings.HasPrefix(tt.want, "needed") {
					t.Errorf("somebody has to log in: %q, but a claim gives %q", need, tt.want)
				}
			})
		}
	}
}

// TestOneAtATime: many sessions claim at once; each spends what no other has spent.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put("r0", nil)
		spent := map[string]int{}
		inside := 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				holder := fmt.Sprint("s", n)
				for range 5 {
					got := w.step(holder, takes)
					value := strings.TrimPrefix(got, "ok ")
					mu.Lock()
					spent[value]++
					inside++
					if inside > 1 || value == got {
						t.Errorf("%d sessions spend at once, or %q", inside, got)
					}
					mu.Unlock()
					time.Sleep(10 * time.Millisecond)
					mu.Lock()
					inside--
					mu.Unlock()
					w.want(w.step(holder, keep, replaces(value), with(value+"x", nil)), "ok")
				}
			})
		}
		wg.Wait()
		if len(spent) != 100 {
			t.Errorf("%d values were spent in 100 turns", len(spent))
		}
	})
}

func TestWaitingForAClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put("r1", access("a1", time.Hour))
		w.want(w.step("a", takes, refused("a1")), "ok r1")
		began := time.Now()
		w.want(w.step("b", takes), "unavailable: login box/main: another connector…")
		if waited := time.Since(began); waited != claimWait {
			t.Errorf("waited %s", waited)
		}
		waiting := make(chan string)
		go func() { waiting <- w.step("b", takes) }()
		synctest.Wait()
		w.want(w.step("a", keep, replaces("r1"), with("r2", access("a2", time.Hour))), "ok")
		w.want(<-waiting, "token a2")

		w.want(w.step("a", takes, refused("a2")), "ok r2")
		go func() { waiting <- w.step("b", takes) }()
		synctest.Wait()
		w.put("r9", nil) // somebody logs in while the old one is spent
		w.want(<-waiting, "ok r9")
		w.want(w.step("a", keep, replaces("r2"), with("r3", nil)), "stale r9")
		w.want(w.step("a", lost, replaces("r2")), "stale r9")
		w.want(w.step("b", keep, replaces("r9"), with("r10", nil)), "ok")

		ctx, cancel := context.WithCancel(t.Context())
		w.want(w.step("a", takes), "ok r10")
		go func() {
			_, err := w.login().Keep(ctx, "b", &wire.KeepSecret{Name: "refresh_token", Step: takes})
			waiting <- fmt.Sprint(err != nil)
		}()
		synctest.Wait()
		cancel() // its session is over
		w.want(<-waiting, "true")
		w.want(w.step("a", release, replaces("r10")), "ok")
		w.want(w.step("c", takes), "ok r10")
	})
}

func TestSealed(t *testing.T) {
	w := newWorld(t)
	w.put("canary-refresh", access("canary-access", 0))
	for key, value := range maps.Clone(w.file.docs) {
		if bytes.Contains(value, []byte("canary")) || strings.Contains(key, "canary") {
			t.Errorf("the file shows a secret: %s %s", key, value)
		}
		for n := range value {
			broken := slices.Clone(value)
			broken[n] ^= 1
			w.file.docs[key] = broken
			if _, err := w.login().Values(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
				t.Fatalf("with byte %d changed: %v", n, err)
			}
		}
		w.file.docs[key] = value
		for _, other := range []string{"kept" + keyOf("box/other", "refresh_token"), "kept" + keyOf("box/main", "other")} {
			w.file.docs[other] = value
		}
	}
	for _, l := range []*Login{w.store.Login("box/other", []string{"refresh_token"}), w.store.Login("box/main", []string{"other"})} {
		if _, err := l.Values(t.Context()); err == nil {
			t.Errorf("a value sealed for %s opens as %s %s", "box/main refresh_token", l.name, l.fields)
		}
	}
	w.store = New(w.file, fixed("another-key-another-key-another-"))
	w.want(w.login().Need(t.Context()), "login needed: run `mooring login box/main` (what is kept of refresh_token cannot be opened: it was sealed with another key…")
	w.put("r2", nil) // over it
	w.want(w.step("a", takes), "ok r2")
	w.store = New(w.file, fixed("short"))
	w.want(w.login().Need(t.Context()), "login needed: …")
	if err := w.store.Put(t.Context(), "box/main", map[string]string{"refresh_token": "r"}, "", nil); err == nil {
		t.Error("a short key seals")
	}
}

func TestMove(t *testing.T) {
	w := newWorld(t)
	w.put("r1", access("a1", 0))
	if err := w.store.Move(t.Context(), "box/main", "box/hq"); err != nil {
		t.Fatal(err)
	}
	values, err := w.store.Login("box/hq", []string{"refresh_token"}).Values(t.Context())
	if err != nil || values["refresh_token"] != "r1" {
		t.Errorf("after the move: %v %v", values, err)
	}
	w.want(w.step("a", takes), "needed: nobody has logged in yet")
	w.put("r2", nil)
	if err := w.store.Move(t.Context(), "box/hq", "box/main"); err != nil {
		t.Fatal(err)
	}
	w.want(w.step("a", takes), "ok r2") // what is there is not replaced
	if err := w.store.Forget(t.Context(), "box/main"); err != nil {
		t.Fatal(err)
	}
	w.want(w.step("a", keep, replaces("r2"), with("r3", nil)), "needed: nobody has logged in yet")
	if len(w.file.docs) != 1 { // box/hq
		t.Errorf("%d entries are left", len(w.file.docs))
	}
}

func TestFileKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	key := FileKey(path)
	if _, err := key(t.Context(), false); err == nil {
		t.Error("a key is made without need")
	}
	first, err := key(t.Context(), true)
	if err != nil || len(first.Reveal()) != 64 {
		t.Fatalf("%d characters, %v", len(first.Reveal()), err)
	}
	if again, err := key(t.Context(), true); err != nil || !again.Equal(first) {
		t.Errorf("another key the second time: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := key(t.Context(), true); err == nil {
		t.Error("a key that others can read is taken")
	}
}

func TestOnlyKeptFields(t *testing.T) {
	w := newWorld(t)
	w.put("r1", nil)
	w.want(w.step("a", keep, func(k *wire.KeepSecret) { k.Name = "client_secret" }), "invalid: …")
	w.want(w.step("a", keep, replaces("r1"), with(strings.Repeat("x", maxBytes+1), nil)), "invalid: …")
	w.want(w.step("a", keep, replaces("r1"), with("r2", nil)), "ok") // one that needs no claim
	w.want(w.step("a", takes), "ok r2")
}
