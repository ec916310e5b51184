package sdktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// fault is one thing that goes wrong between connector and provider.
type fault struct {
	name string
	// want are the types of error that fit; nil: any.
	want []sdk.ErrorType
	// barren: the answers hold nothing true, so that when all are such, no certificate can be.
	barren bool
	// watches: it needs the answers before it.
	watches bool
	// passing: the SDK's retries may get over it when it happens once.
	passing bool
	do      func(p *provider, w http.ResponseWriter, r *http.Request)
}

// retryAfter is what the fault "429" asks for; far more than any test waits, so that only the host may.
const retryAfter = 7 // seconds

func faults() []*fault {
	const forbidden, missing = http.StatusForbidden, http.StatusNotFound
	cut := []sdk.ErrorType{sdk.ErrUnavailable, sdk.ErrInternal}
	return []*fault{
		status("401", http.StatusUnauthorized, sdk.ErrAuth),
		status("403", forbidden, sdk.ErrPermission, sdk.ErrNotInPlan, sdk.ErrAuth),
		{
			name: "403 that shows the credential", barren: true, do: echo,
			want: []sdk.ErrorType{sdk.ErrPermission, sdk.ErrNotInPlan, sdk.ErrAuth},
		},
		status("404", missing, sdk.ErrNotFound, sdk.ErrPermission, sdk.ErrNotInPlan, sdk.ErrUnsupported, sdk.ErrExpired, sdk.ErrAuth),
		{name: "429", barren: true, want: []sdk.ErrorType{sdk.ErrThrottled}, do: func(_ *provider, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
			answer(w, http.StatusTooManyRequests, "too many requests")
		}},
		status("500", http.StatusInternalServerError, sdk.ErrUnavailable),
		{name: "reset", barren: true, passing: true, want: []sdk.ErrorType{sdk.ErrUnavailable}, do: reset},
		{name: "truncated", barren: true, want: cut, do: truncated},
		{name: "half an answer", barren: true, want: cut, do: half},
		{name: "not JSON", barren: true, want: cut, do: fixed("text/html", "<html>maintenance</html>")},
		{name: "null", barren: true, want: cut, do: fixed("application/json", "null")},
		{name: "repeated page", watches: true, do: repeated},
		{name: "links to another host", do: foreign},
	}
}

// slow answers when the connector has given up, or when it is told to.
func slow(now <-chan struct{}) *fault {
	return &fault{name: "slow", do: func(p *provider, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before that, the server does not notice that the client left
		select {
		case <-r.Context().Done():
		case <-p.closing:
		case <-now:
			answer(w, http.StatusInternalServerError, "very late")
		}
	}}
}

func status(name string, code int, want ...sdk.ErrorType) *fault {
	return &fault{name: name, barren: true, want: want, do: func(_ *provider, w http.ResponseWriter, _ *http.Request) {
		answer(w, code, "made by the conformance kit")
	}}
}

// answer is an error in a shape that most providers' come near to.
func answer(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	body, _ := json.Marshal(map[string]any{ // strings and numbers
		"message": message, "error": map[string]any{"message": message, "code": code}, "detail": message, "errorSummary": message,
	})
	_, _ = w.Write(body)
}

// echo is a provider that repeats the credential in its error.
func echo(_ *provider, w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusForbidden, fmt.Sprintf("no access with %s", r.Header.Get("Authorization")))
}

func fixed(kind, body string) func(*provider, http.ResponseWriter, *http.Request) {
	return func(_ *provider, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(body))
	}
}

func reset(_ *provider, w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// truncated breaks the connection in the middle of the answer.
func truncated(p *provider, w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	if rec.Body.Len() < 2 {
		reset(p, w, r)
		return
	}
	rec.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	rec.Body.Truncate(rec.Body.Len() / 2)
	replay(w, rec)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// half gives half of the answer as if it were all.
func half(p *provider, w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	if rec.Body.Len() < 2 { // there is no half
		reset(p, w, r)
		return
	}
	rec.Header().Del("Content-Length")
	rec.Body.Truncate(rec.Body.Len() / 2)
	replay(w, rec)
}

// foreign points all links of the answer to a host that is not declared.
func foreign(p *provider, w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	other := strings.NewReplacer(p.server.URL, p.decoy.URL, url.QueryEscape(p.server.URL), url.QueryEscape(p.decoy.URL))
	for name, values := range rec.Header() {
		for _, v := range values {
			w.Header().Add(name, other.Replace(v))
		}
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	_, _ = w.Write([]byte(other.Replace(rec.Body.String())))
}

// repeated gives the answer before once more when it is asked for the page after it, as a provider does whose cursor is
// stuck.
func repeated(p *provider, w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	var stuck *httptest.ResponseRecorder
	for _, x := range slices.Backward(p.seen) {
		if follows(r, x) {
			stuck = x.answer
			break
		}
	}
	p.mu.Unlock()
	if stuck == nil {
		p.observe(w, r)
		return
	}
	p.mu.Lock()
	p.seen = append(p.seen, exchange{uri: r.URL.RequestURI(), answer: stuck})
	p.mu.Unlock()
	replay(w, stuck)
}

// longCursor cannot stand in an answer by chance.
const longCursor = 6

// follows guesses whether a request is for the page after an exchange: its address stands in the answer, or it differs
// in one parameter, which counts pages or stands in the answer.
func follows(r *http.Request, x exchange) bool {
	uri := r.URL.RequestURI()
	if r.Method != http.MethodGet || uri == x.uri {
		return false
	}
	body := x.answer.Body.String()
	if strings.Contains(strings.Join(x.answer.Header()["Link"], " "), uri) || strings.Contains(unescaped(body), uri) {
		return true
	}
	before, err := url.ParseRequestURI(x.uri)
	if err != nil || before.Path != r.URL.Path {
		return false
	}
	was, is := before.Query(), r.URL.Query()
	changed := ""
	for name := range is {
		if was.Get(name) != is.Get(name) {
			if changed != "" {
				return false
			}
			changed = name
		}
	}
	for name := range was {
		if !is.Has(name) {
			return false
		}
	}
	v := is.Get(changed)
	if _, err := strconv.Atoi(v); err == nil && changed != "" {
		return true
	}
	return len(v) >= longCursor && strings.Contains(body, v)
}

// unescaped undoes what JSON does to addresses.
func unescaped(body string) string {
	return strings.NewReplacer(`\u0026`, "&", `\/`, "/").Replace(body)
}
