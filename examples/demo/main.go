// Command demo is what `make run` shows: the simulated company, the agent on config.hcl, and its promises checked before
// your eyes. Every line with a check mark stands there because its check passed in this run; the first one that fails
// ends the run with what was expected. Afterwards all goes on living until Ctrl-C, which leaves nothing running.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
)

func main() {
	accounts := flag.Int("accounts", 500, "people in the simulated company")
	once := flag.Bool("once", false, "end after the checks")
	bin := flag.String("bin", "bin", "folder of the built programs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *bin, *accounts, *once)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// seed is the company that config.hcl names people of.
const seed = 1

// changeEvery is how often something happens in the company.
const changeEvery = 3 * time.Second

// marker says that the data was made by this program, and may be removed by it.
const marker = ".made-by-make-run"

func run(ctx context.Context, bin string, accounts int, once bool) (err error) {
	if err := freshData("data"); err != nil {
		return err
	}
	logs, err := os.MkdirTemp("", "mooring-demo-")
	if err != nil {
		return err
	}
	d := &demo{bin: bin, began: time.Now(), company: company.New(seed, accounts)}
	defer func() { err = errors.Join(err, d.end(), os.RemoveAll(logs)) }()
	if err := d.start(ctx, logs, "acme", filepath.Join(bin, "acme"), "-accounts", fmt.Sprint(accounts), "-seed", fmt.Sprint(seed),
		"-change-every", changeEvery.String(), "-credentials", "run"); err != nil {
		return err
	}
	if err := d.start(ctx, logs, "agent", filepath.Join(bin, "mooring"), "run", "--config", "config.hcl"); err != nil {
		return err
	}
	for _, check := range []func(context.Context) error{
		d.connected, d.scanning, d.leaver, d.person, d.scanned, d.keys, d.killed, d.halved, d.alive, d.rest, d.story,
		d.silent, d.governed, d.audited,
	} {
		if err := check(ctx); err != nil {
			return errors.Join(err, d.tail(logs))
		}
	}
	fmt.Printf("\nAll of it held, in %s. It goes on living; try beside it, and after it:\n", time.Since(d.began).Round(time.Second))
	fmt.Println("  bin/mooring status")
	fmt.Println("  bin/mooring query accounts -o jsonl")
	fmt.Println(`  bin/mooring query files --where "file.access_level == 'public'"`)
	fmt.Println("  bin/mooring person", d.company.Person(d.company.Leaver()).Email)
	fmt.Println("  bin/mooring changes")
	fmt.Println("  bin/mooring alerts --state all")
	fmt.Println("  bin/mooring actions")
	fmt.Println("  bin/mooring policy try left-but-active")
	if once {
		return nil
	}
	fmt.Println("Ctrl-C ends it.")
	<-ctx.Done()
	return nil
}

// freshData removes the data of an earlier run of this program, and refuses to touch any other.
func freshData(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		entries = nil
	} else if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, marker)); len(entries) > 0 && err != nil {
		return fmt.Errorf("folder %s holds data that `make run` did not make: move it away", dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("removed and made anew by `make run`\n"), 0o600)
}
