package plughost

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// roles are what the test binary can be started as.
var roles = map[string]func(){
	"mooring-connector-rig":     func() { serve.Run(rig{}) },
	"mooring-connector-spender": func() { serve.Run(spender{}) },
	"mooring-connector-doer":    func() { serve.Run(doer{}) },
	"hostile":                   hostile,
	"lone-host":                 loneHost,
	"plain":                     plainConnector,
	"stock":                     func() { stock(stockServer{}) },
}

// rig is a connector whose listings do what a test needs.
type rig struct{}

var rigListings = []string{"ok", "crash", "panic", "incomplete", "auth", "slow", "log", "leak", "escape", "huge", "stdout", "lease", "secret", "stream"}

func (rig) Describe() *sdk.Description {
	d := &sdk.Description{BaseURL: "https://rig.example", Auth: sdk.Bearer("token"), Fetches: []sdk.Kind{sdk.KindAccount}}
	for _, name := range rigListings {
		d.Listings = append(d.Listings, sdk.Listing{Name: name, Defines: []sdk.Kind{sdk.KindAccount}})
	}
	return d
}

func (rig) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	w.Add(&sdk.Account{Id: "1"})
	switch w.Listing {
	case "crash":
		w.EndPage("next")
		os.Exit(3)
	case "panic":
		var m map[string]int
		m["x"] = 1 //nolint:staticcheck // the point
	case "incomplete":
		w.EndPage("next")
		return nil
	case "auth":
		if s.Secret("token") != "fresh" {
			return &sdk.Error{Type: sdk.ErrAuth, Message: "token " + s.Secret("token") + " is refused"}
		}
	case "slow":
		w.EndPage("next")
		<-ctx.Done()
		return ctx.Err()
	case "log":
		for i := range 500 {
			s.Log("info", fmt.Sprintf("line %d \x1b[31mred\x1b[0m\nwith %s", i, s.Secret("token")))
		}
	case "escape":
		return escapes(w)
	case "huge":
		w.Add(&sdk.Account{Id: "big", Name: new(strings.Repeat("x", sdk.MaxRecordBytes+1))})
	case "stdout":
		for range 10_000 {
			fmt.Println(strings.Repeat("printed ", 10))
		}
	case "lease":
		if err := s.GetJSON(ctx, "/anything", new(any)); err != nil {
			return err
		}
	case "stream":
		return stream(w)
	case "secret":
		return s.Keep(ctx, "token", "rotated", w.From)
	}
	return w.Complete()
}

func (rig) Fetch(_ context.Context, _ *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	for _, r := range refs {
		f := sdk.Fetched{Ref: r, State: sdk.Found, Records: map[string]sdk.Record{"ok": &sdk.Account{Id: r.GetId()}}}
		if r.GetId() == "gone" {
			f = sdk.Fetched{Ref: r, State: sdk.Absent}
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

func (rig) Watch(ctx context.Context, _ *sdk.Session, listings []string, hint func(sdk.Hint) error) error {
	for _, l := range listings {
		if err := hint(sdk.Hint{Listing: l}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (rig) Webhook(_ context.Context, _ *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	return &sdk.Reply{Verified: h.Header.Get("X-Signature") == "good", Hints: []sdk.Hint{{Listing: "ok"}}}, nil
}

// surroundings are what a connector finds around it.
type surroundings struct {
	Env, Args, FDs []string
	Dir            string
	PID            int
	NoNewPrivs     bool
	Core, Files    uint64
	Bounding       string
	Stdin          string
	Others         int // other processes it sees
}

// escapes reports what the connector sees around it, as the name of an account.
func escapes(w *sdk.Walk) error {
	var s surroundings
	s.Env, s.Args, s.PID = os.Environ(), os.Args, os.Getpid()
	s.Dir, _ = os.Getwd()
	s.Stdin, _ = os.Readlink("/proc/self/fd/0")
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			s.FDs = append(s.FDs, fd.Name()+" "+to)
		}
	}
	n, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	s.NoNewPrivs = n == 1
	var l unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_CORE, &l)
	s.Core = l.Max
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &l)
	s.Files = l.Max
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			s.Bounding = strings.TrimSpace(v)
		}
	}
	procs, _ := filepath.Glob("/proc/[0-9]*")
	s.Others = len(procs) - 1
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	w.Add(&sdk.Account{Id: "surroundings", Name: new(string(text))})
	return w.Complete()
}

// hostile does what the file beside it says: prints a handshake, among other things.
func hostile() {
	script, err := os.ReadFile(os.Getenv("TZ")) // the one variable of ours that a test can set
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	text := string(script)
	if text == "silent" {
		for {
			_ = syscall.Pause() // select {} alone would end as a deadlock
		}
	}
	if after, ok := strings.CutPrefix(text, "listen "); ok { // a socket of ours on which nobody speaks TLS
		path := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "s")
		l, err := net.Listen("unix", path)
		if err == nil {
			defer func() { _ = l.Close() }()
		}
		text = after
	}
	if after, ok := strings.CutPrefix(text, "symlink "); ok {
		to, rest, _ := strings.Cut(after, " ")
		_ = os.Symlink(to, filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "s"))
		text = rest
	}
	text = strings.ReplaceAll(text, "$DIR", os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
	for i := 0; i < len(text); i += 4096 {
		if _, err := os.Stdout.WriteString(text[i:min(i+4096, len(text))]); err != nil {
			return
		}
	}
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM)
	<-ch
}

// loneHost runs a host with connectors until it is killed. It prints their process ids.
func loneHost() {
	self, _ := os.Executable()
	h := New(Config{
		RuntimeDir: os.Getenv("PLUGHOST_TEST_DIR"), Self: self, Quota: &ledger{}, Logger: hclog.NewNullLogger(),
	})
	go func() { _ = h.Run(context.Background()) }()
	for i := range 3 {
		c := h.Start(Spec{
			Instance: fmt.Sprint("i", i), Path: os.Getenv("PLUGHOST_TEST_PATH"), SHA256: digestOf(os.Getenv("PLUGHOST_TEST_PATH")),
		})
		if _, err := c.Scan(context.Background(), 0, &wire.ScanRequest{Listing: "ok"}, func([]byte) error { return nil }); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(c.State().PID)
	}
	for {
		_ = syscall.Pause()
	}
}
