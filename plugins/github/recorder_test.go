package main

import (
	"io"
	"net/http"
	"strings"
)

// recorder makes an answer without a server.
type recorder struct {
	status int
	header http.Header
	body   string
}

func newRecorder() *recorder { return &recorder{status: http.StatusOK, header: http.Header{}} }

func (w *recorder) response(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body)), Request: r,
		ContentLength: int64(len(w.body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}
