package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Why an attempt was ended from here.
var (
	errSlow    = errors.New("no answer in time")
	errStalled = errors.New("the answer stalled")
)

// body is the body of an answer: bounded in size and time, and whole or an error.
type body struct {
	res    *http.Response
	from   io.ReadCloser
	ctx    context.Context //nolint:containedctx // that of the one request it belongs to
	cancel context.CancelCauseFunc
	watch  *time.Timer
	idle   time.Duration
	end    time.Time
	read   int64
	err    error
}

func newBody(ctx context.Context, cancel context.CancelCauseFunc, res *http.Response, t times, patience time.Duration) *body {
	b := &body{res: res, from: res.Body, ctx: ctx, cancel: cancel, idle: max(t.body, patience), end: time.Now().Add(t.answer)}
	if res.StatusCode >= 400 { // short, and read before the caller gets it
		b.end = time.Now().Add(t.body)
	}
	b.watch = time.AfterFunc(b.idle, func() { cancel(errStalled) })
	b.watch.Stop() // only reading is watched: the caller may take its time
	if res.ContentLength > MaxAnswerBytes && res.Request.Method != http.MethodHead {
		b.err = b.tooLarge()
	}
	return b
}

// Read reads. An error stands.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.watch.Reset(max(min(b.idle, time.Until(b.end)), 0))
	n, err := b.from.Read(p)
	b.watch.Stop()
	b.read += int64(n)
	switch {
	case b.read > MaxAnswerBytes:
		b.err = b.tooLarge()
		return 0, b.err
	case err != nil && !errors.Is(err, io.EOF):
		err = b.broken(err)
	}
	b.err = err
	return n, err
}

// Close ends the answer.
func (b *body) Close() error {
	b.watch.Stop()
	err := b.from.Close()
	b.cancel(nil)
	return err
}

func (b *body) tooLarge() error {
	return b.fail(sdk.ErrTooLarge, fmt.Sprintf("the answer is larger than %d MiB", MaxAnswerBytes>>20), nil)
}

func (b *body) broken(err error) error {
	switch {
	case errors.Is(context.Cause(b.ctx), errStalled):
		return b.fail(sdk.ErrUnavailable, "the answer stopped coming", nil)
	case b.ctx.Err() != nil:
		return b.fail(sdk.ErrUnavailable, "the request was ended while its answer came: "+b.ctx.Err().Error(), b.ctx.Err())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b.fail(sdk.ErrUnavailable, "the answer is cut short", io.ErrUnexpectedEOF)
	}
	return b.fail(sdk.ErrUnavailable, "the connection broke while the answer came", nil)
}

func (b *body) fail(t sdk.ErrorType, message string, cause error) error {
	return &sdk.Error{
		Type: t, Message: message, Sent: true, Status: b.res.StatusCode, URL: sdk.PlainURL(b.res.Request.URL), Cause: cause,
	}
}

// peek reads the beginning of an error's body, and leaves the body as if it had not, but for credentials in it.
func peek(res *http.Response, sent *http.Request) []byte {
	head, err := io.ReadAll(io.LimitReader(res.Body, sdk.MaxErrorBytes))
	if plain := mask(head, res.Request, sent); len(plain) != len(head) {
		head, res.ContentLength = plain, -1
	}
	rest := io.Reader(res.Body)
	if err != nil {
		rest = broken{err}
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), res.Body}
	return head
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
