package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const canary = "hunter2-canary"

// everything is all that could be printed of an error: the *sdk.Error, and each cause below it.
func everything(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%v %+v %#v\n", err, err, err)
	}
	return b.String()
}

// No secret, and no query string, stands in an error or a log line, whatever goes wrong and whatever the other side
// repeats to us.
func TestNoSecretIsPrinted(t *testing.T) {
	echo := func(format string) answer { // a raw answer that says what it was sent
		return func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(conn, format, r.Header.Get("Authorization")+r.URL.RawQuery)
			_ = conn.Close()
		}
	}
	var lost atomic.Int32
	fails := map[string]answer{
		"not HTTP":            echo("%s\r\n\r\n"),
		"bad status":          echo("HTTP/1.1 %s\r\n\r\n"),
		"bad header":          echo("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
		"bad length":          echo("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"),
		"bad encoding":        echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"),
		"bad chunk":           echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"),
		"cut":                 echo("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n%s"),
		"lost":                hangUp(t, &lost),
		"redirect elsewhere":  echo("HTTP/1.1 302 Found\r\nLocation: https://evil.example/%s\r\nContent-Length: 0\r\n\r\n"),
		"redirect to garbage": echo("HTTP/1.1 302 Found\r\nLocation: https://[%s\r\nContent-Length: 0\r\n\r\n"),
		"redirect to ftp":     echo("HTTP/1.1 302 Found\r\nLocation: ftp://x/?%s\r\nContent-Length: 0\r\n\r\n"),
		"redirect for ever": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again?"+r.URL.RawQuery, http.StatusFound)
		},
		"502": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) },
		"429": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) },
		"401": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) },
		"stalls": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	}
	for name, f := range fails {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, f)
			b := newBench(t, at(srv.URL, "user:"+canary), withAuth(sdk.Bearer("token")), withSecrets(map[string]string{"token": canary}))
			httpapi.Impatient(b.Transport, time.Second, time.Second, 50*time.Millisecond, time.Second)
			var out any
			err := b.session.GetJSON(t.Context(), srv.URL+"/x?code="+canary+"#"+canary, &out)
			if err == nil {
				t.Fatal("no error, so nothing is shown")
			}
			if text := everything(err); strings.Contains(text, canary) || strings.Contains(text, "code=") {
				t.Errorf("the error has the secret or the query:\n%s", text)
			}
			if typed(err).Type == "untyped" {
				t.Errorf("not an *sdk.Error: %v", err)
			}
			if lines := b.logged(); strings.Contains(lines, canary) || strings.Contains(lines, "code=") {
				t.Errorf("the log has the secret or the query:\n%s", lines)
			}
		})
	}
}

func TestNoSecretIsPrintedBeforeSending(t *testing.T) {
	leaky := &url.Error{Op: "Post", URL: "https://login.example/?client_secret=" + canary, Err: errors.New("refused")}
	proxyURL := "http://user:" + canary + "@127.0.0.1:1"
	for name, option := range map[string]option{
		"token fails": withAuth(sdk.Auth{{Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) { return nil, leaky }}}),
		"bad token": withAuth(sdk.Auth{{Token: func(context.Context, *sdk.Session, string) (*sdk.Token, error) {
			return &sdk.Token{Value: canary + "\n"}, nil
		}}}),
		"bad header": withAuth(sdk.Header("X-Key\n", canary, "key")),
		"proxy gone": withNetwork(&wire.Network{Proxy: &proxyURL}),
		"private":    withNetwork(nil),
		"undeclared": func(c *httpapi.Config) { c.Session.Settings["base_url"] = "https://other.example" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "https://127.0.0.1:1", withSecrets(map[string]string{"key": canary}), option)
			var out any
			err := b.session.GetJSON(t.Context(), "https://127.0.0.1:1/x?code="+canary, &out)
			if err == nil {
				t.Fatal("no error, so nothing is shown")
			}
			if text := everything(err) + b.logged(); strings.Contains(text, canary) || strings.Contains(text, "code=") {
				t.Errorf("the secret or the query is printed:\n%s", text)
			}
		})
	}
}
