package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

// client asks the API: of the running agent over its socket, or, when none runs, over the stores opened for reading.
type client struct {
	http    *http.Client
	config  *config.Config
	running bool
	close   func() error
}

// connect finds the agent.
func (o *options) connect() (*client, error) {
	c, _, err := o.load()
	if err != nil {
		return nil, err
	}
	path := daemon.SocketPath(c.Agent.DataDir)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(context.Background(), "", "")
	switch {
	case err == nil:
		_ = conn.Close()
		return &client{
			http: &http.Client{Transport: &http.Transport{DialContext: dial}}, config: c, running: true,
			close: func() error { return nil },
		}, nil
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		offline, err := daemon.Offline(c)
		if err != nil {
			return nil, err
		}
		return &client{http: &http.Client{Transport: handlerTransport{api.New(offline)}}, config: c, close: offline.Close}, nil
	}
	return nil, &exit{exitUnreachable, fmt.Errorf("the agent's socket %s: %w", path, err)}
}

// ask sends a request and gives the body of a 2xx answer.
func (cl *client) ask(ctx context.Context, method, path string, query url.Values) (*http.Response, error) {
	return cl.send(ctx, method, path+"?"+query.Encode(), nil)
}

// tell is ask with a body, for what must not stand in an address, and reads the answer.
func (cl *client) tell(ctx context.Context, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := cl.send(ctx, http.MethodPost, path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return json.NewDecoder(res.Body).Decode(out)
}

func (cl *client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://mooring"+path, body)
	if err != nil {
		return nil, err
	}
	res, err := cl.http.Do(req)
	if err != nil {
		return nil, &exit{exitUnreachable, fmt.Errorf("asking the agent: %w", errors.Unwrap(err))}
	}
	if res.StatusCode >= 200 && res.StatusCode <= 299 {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	var p api.Problem
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Error == "" {
		p.Error = res.Status
	}
	code := exitError
	if res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusNotFound {
		code = exitUsage
	}
	return nil, &exit{code, errors.New(p.Error)}
}

func (cl *client) askJSON(ctx context.Context, method, path string, query url.Values, out any) error {
	res, err := cl.ask(ctx, method, path, query)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return json.NewDecoder(res.Body).Decode(out)
}

// handlerTransport calls a handler in this process, as if it were far away.
type handlerTransport struct{ h http.Handler }

// RoundTrip is part of http.RoundTripper.
func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	answer := &pipeWriter{header: http.Header{}, w: w, status: make(chan int, 1)}
	go func() {
		t.h.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
		_ = w.Close()
	}()
	status := <-answer.status
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: answer.header, Body: body, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

type pipeWriter struct {
	header http.Header
	w      *io.PipeWriter
	status chan int
	wrote  bool
}

func (p *pipeWriter) Header() http.Header { return p.header }

func (p *pipeWriter) WriteHeader(status int) {
	if !p.wrote {
		p.wrote = true
		p.status <- status
	}
}

func (p *pipeWriter) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.w.Write(b)
}
