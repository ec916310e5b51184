package httpapi

import (
	"context"
	"sync"
	"time"
)

type patienceKey struct{}

// LongPoll lets requests made with the context wait longer than usual for their answers: up to wait, at most MaxLongPoll.
func LongPoll(ctx context.Context, wait time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, min(wait, MaxLongPoll))
}

func patience(ctx context.Context) time.Duration {
	d, _ := ctx.Value(patienceKey{}).(time.Duration)
	return d
}

// watch ends an attempt whose answer does not come in time.
type watch struct {
	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

func startWatch(d time.Duration, cancel context.CancelCauseFunc) *watch {
	return &watch{timer: time.AfterFunc(d, func() { cancel(errSlow) })}
}

// again waits anew; net/http may call it after the answer came, when nothing is to be watched any more.
func (w *watch) again(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.timer.Reset(d)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}
