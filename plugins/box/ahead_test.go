package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// TestFoldersAreReadAhead: folders beside one another are asked for together, and come in their order nevertheless.
func TestFoldersAreReadAhead(t *testing.T) {
	c := newContent()
	c.items, c.collabs = nil, map[string][]boxtest.Collaboration{}
	for i := range 6 {
		f := thing(boxtest.Folder, 500+i, "folder", boxtest.Root, someone(0))
		c.items = append(c.items, f, thing(boxtest.File, 600+i, "file", f.ID, someone(0)))
	}
	w := start(t, c, nil)
	var mu sync.Mutex
	waiting, together := 0, make(chan struct{})
	met := sync.OnceFunc(func() { close(together) })
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/2.0/folders/5") {
			mu.Lock()
			if waiting++; waiting == 3 {
				met()
			}
			mu.Unlock()
			select {
			case <-together:
			case <-time.After(10 * time.Second):
				t.Error("folders are read one after the other")
				met()
			}
		}
		w.fake.ServeHTTP(rw, r)
	}))
	defer front.Close()
	r := must(t, walk(t, sessionAt(t, front.URL, nil), shardOf(shard("files", "1000"))))
	if got := strings.Join(r.order[6:], " "); got != "file 600 file 601 file 602 file 603 file 604 file 605" {
		t.Errorf("order %s", got)
	}
}
