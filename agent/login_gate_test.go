package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"
)

// gate stands before a provider: it ends access tokens early, counts which refresh tokens are spent, and kills at a moment
// of a rotation.
type gate struct {
	provider http.Handler
	life     time.Duration // of access tokens, in whole seconds, as its clients are told
	rng      *rand.Rand

	mu     sync.Mutex
	busy   int             // refreshes under way
	tokens map[string]bool // refresh tokens that were given; true: spent
	counts tally
	last   time.Time // a refresh came
	trap   trap
	cut    bool // the answer to the next refresh is lost on its way
}

// tally is of refreshes: with a token spent for the first time, spent again, and never given. Logins gave a first one.
type tally struct{ logins, first, again, unknown int }

// refreshes that came, whatever became of them.
func (c tally) refreshes() int { return c.first + c.again + c.unknown }

// trap is set for one moment.
type trap struct {
	fire  func() // nil: it is not set
	spent bool   // the moment is not when a refresh comes, but when its token is spent and the answer is on its way
	after time.Duration
}

const maxTokenBytes = 64 << 10 // of a request to the token endpoint

// ServeHTTP is part of http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/token") {
		g.provider.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxTokenBytes))
	form, formErr := url.ParseQuery(string(body))
	if err != nil || formErr != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	token := form.Get("refresh_token")
	if token != "" {
		g.comes(token)
		defer g.goes()
	}
	answer := httptest.NewRecorder()
	g.provider.ServeHTTP(answer, r)
	out := g.shorten(answer.Body.Bytes(), token == "")
	if token != "" {
		g.moment(true)
		if g.cuts() {
			panic(http.ErrAbortHandler) // closes the connection
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(out)
}

// comes notes a refresh, before the provider hears of it.
func (g *gate) comes(token string) {
	g.mu.Lock()
	g.busy++
	g.last = time.Now()
	g.mu.Unlock()
	g.moment(false)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch spent, known := g.tokens[token]; {
	case !known:
		g.counts.unknown++
	case spent:
		g.counts.again++
	default:
		g.counts.first++
		g.tokens[token] = true
	}
}

func (g *gate) goes() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
}

// moment kills when a trap is set for it, and takes its time, as a provider does.
func (g *gate) moment(spent bool) {
	g.mu.Lock()
	t := g.trap
	hit := t.fire != nil && t.spent == spent
	if hit {
		g.trap = trap{}
	}
	latency := time.Duration(g.rng.Int64N(int64(maxLatency)))
	g.mu.Unlock()
	switch {
	case hit && t.after == 0:
		t.fire()
	case hit:
		time.AfterFunc(t.after, t.fire)
	}
	time.Sleep(latency)
}

// shorten says that the access token in an answer ends soon, and notes the refresh token in it.
func (g *gate) shorten(body []byte, login bool) []byte {
	var out map[string]any
	if json.Unmarshal(body, &out) != nil {
		return body
	}
	next, ok := out["refresh_token"].(string)
	if !ok {
		return body
	}
	out["expires_in"] = int(g.life / time.Second)
	g.mu.Lock()
	g.tokens[next] = false
	if login {
		g.counts.logins++
	}
	g.mu.Unlock()
	short, err := json.Marshal(out)
	if err != nil {
		return body
	}
	return short
}

func (g *gate) set(t trap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap = t
}

// lose has the answer to the next refresh not arrive.
func (g *gate) lose() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = true
}

func (g *gate) cuts() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	cut := g.cut
	g.cut = false
	return cut
}

func (g *gate) refreshed() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

func (g *gate) count() tally {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts
}

func (g *gate) spent(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[token]
}

func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.busy == 0
}
