package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
)

// demo holds the programs that run, and what was seen of them.
type demo struct {
	bin     string
	began   time.Time
	company *company.Company
	running []*program
	pids    map[int]bool // of connectors, seen at any time: none may outlive the end
}

type program struct {
	name string
	cmd  *exec.Cmd
	done chan error
}

// start runs a program in a group of its own: Ctrl-C reaches the demo, which ends them in order.
func (d *demo) start(ctx context.Context, logs, name, path string, args ...string) error {
	log, err := os.Create(filepath.Join(logs, name+".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w: run `make build`", name, err)
	}
	p := &program{name: name, cmd: cmd, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	d.running = append(d.running, p)
	return nil
}

// ended says which program has ended although it should run.
func (d *demo) ended() error {
	for _, p := range d.running {
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("%s has ended: %w", p.name, cmp.Or(err, errors.New("without an error")))
		default:
		}
	}
	return nil
}

const endTime = 15 * time.Second

// end stops what was started, the agent first, and sees that nothing is left.
func (d *demo) end() error {
	var errs []error
	for _, p := range slices.Backward(d.running) {

		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(endTime):
			errs = append(errs, fmt.Errorf("%s did not end within %s and is killed", p.name, endTime), p.cmd.Process.Kill())
			<-p.done
		}
	}
	for pid := range d.pids {
		if syscall.Kill(pid, 0) == nil {
			errs = append(errs, fmt.Errorf("connector process %d outlived the agent", pid))
		}
	}
	return errors.Join(errs...)
}

// tail gives the last lines of the logs, for a run that failed.
func (d *demo) tail(logs string) error {
	var b strings.Builder
	for _, p := range d.running {
		text, _ := os.ReadFile(filepath.Join(logs, p.name+".log"))
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&b, "\n%s said last:\n  %s", p.name, strings.Join(lines[max(0, len(lines)-8):], "\n  "))
	}
	return errors.New(b.String())
}

// mooring runs a command of the agent and gives what it prints.
func (d *demo) mooring(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "mooring"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("mooring %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

func (d *demo) status(ctx context.Context) (*status, error) {
	out, err := d.mooring(ctx, "status", "-o", "json")
	if err != nil {
		return nil, err
	}
	s := &status{}
	return s, json.Unmarshal(out, s)
}
