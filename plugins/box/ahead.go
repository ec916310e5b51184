package main

import "context"

// aheadMost is how many folders beside the one that is walked are read already: one after the other, a large tree would take
// as long as all its answers together.
const aheadMost = 4

// answer is a page of a folder that was read ahead.
type answer struct {
	page *page[item]
	err  error
}

// lookAhead reads the first pages of the folders that come next beside the one that is walked.
func (t *tree) lookAhead(ctx context.Context, f *frame) {
	for _, c := range f.rest[:min(len(f.rest), aheadMost)] {
		if t.ahead[c.id] != nil {
			continue
		}
		got := make(chan answer, 1) // nobody may take it any more
		t.ahead[c.id] = got
		t.reading.Go(func() {
			p, err := t.ask(ctx, &frame{ID: c.id})
			got <- answer{p, err}
		})
	}
}

// list gives the page of a folder that a frame is at.
func (t *tree) list(ctx context.Context, f *frame) (*page[item], error) {
	got := t.ahead[f.ID]
	if got == nil || f.Marker != "" {
		return t.ask(ctx, f)
	}
	delete(t.ahead, f.ID)
	a := <-got
	return a.page, a.err
}
