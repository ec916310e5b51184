package daemon

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/api"
)

// The author of what is asked over the socket is who the kernel says is at the other end, whatever the request says.
func TestWhoAsks(t *testing.T) {
	dir, err := os.MkdirTemp("", "mr")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan string, 1)
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			who, _ := api.Author(r.Context())
			asked <- who
		}))
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mooring/", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Remote-User", "mallory")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	want := nameOf(uint32(os.Getuid()))
	if text, err := os.ReadFile("/proc/self/loginuid"); err == nil && strings.TrimSpace(string(text)) != "4294967295" {
		t.Logf("somebody logged in as %s", text)
		want = ""
	}
	if got := <-asked; got == "" || want != "" && got != want {
		t.Errorf("%q asked, want %q", got, want)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := nameOf(3_999_999_999); got != "uid 3999999999" {
		t.Errorf("a user without a name is %q", got)
	}
}
