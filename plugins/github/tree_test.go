package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// bigTree answers git/trees like GitHub, but cuts at a few entries instead of 100,000.
type bigTree struct {
	files []string
	limit int
	asked []string
}

func (b *bigTree) RoundTrip(r *http.Request) (*http.Response, error) {
	b.asked = append(b.asked, r.URL.RequestURI())
	sha := strings.TrimPrefix(r.URL.Path, "/repos/acme/big/git/trees/")
	folder := strings.TrimPrefix(sha, "sha:")
	if sha == "main" {
		folder = ""
	}
	folder = strings.ReplaceAll(folder, "|", "/")
	recursive := r.URL.Query().Get("recursive") == "1"
	t := tree{SHA: "sha:" + strings.ReplaceAll(folder, "/", "|"), Entries: []entry{}}
	seen := map[string]bool{}
	for _, f := range b.files {
		rest, ok := strings.CutPrefix(f, folder+"/")
		if folder == "" {
			rest, ok = f, true
		}
		if !ok {
			continue
		}
		segs := strings.Split(rest, "/")
		for i := range segs {
			name := strings.Join(segs[:i+1], "/")
			if i > 0 && !recursive || seen[name] {
				continue
			}
			seen[name] = true
			e := entry{Path: name, Type: "blob", Mode: "100644", SHA: "blob", Size: new(int64(1))}
			if i < len(segs)-1 {
				e = entry{Path: name, Type: "tree", Mode: "040000", SHA: "sha:" + strings.ReplaceAll(under(folder, name), "/", "|")}
			}
			t.Entries = append(t.Entries, e)
		}
	}
	if len(t.Entries) > b.limit {
		t.Entries, t.Truncated = t.Entries[:b.limit], true
	}
	body, err := json.Marshal(map[string]any{"sha": t.SHA, "truncated": t.Truncated, "tree": t.Entries})
	w := newRecorder()
	w.body = string(body)
	w.header.Set("Etag", `"x"`)
	return w.response(r), err
}

func bigShard() *wire.ScanRequest {
	return shardOf(&sdk.Shard{Listing: "files", Key: "7", Data: pack(repoShard{Owner: "acme", Name: "big", Branch: "main"})})
}

func TestTruncatedTreeIsWalkedDepthFirst(t *testing.T) {
	b := &bigTree{limit: 6}
	for i := range 4 {
		for j := range 3 {
			for k := range 4 {
				b.files = append(b.files, fmt.Sprintf("d%d/e%d/f%d", i, j, k))
			}
		}
	}
	b.files = append(b.files, "top", "d0/own")
	want := make([]string, 0, len(b.files))
	for _, f := range b.files {
		want = append(want, sdk.ID("7", f))
	}
	slices.Sort(want)
	s := &sdk.Session{
		HTTP: &http.Client{Transport: b}, Settings: sdk.Settings{"organization": "acme", "base_url": "https://api.example"},
		Secret: func(string) string { return "" },
	}
	whole := must(t, walk(t, s, bigShard()))
	if diff := cmp.Diff(want, whole.ids(sdk.KindFile)); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	if whole.cert.Bookmark != nil {
		t.Error("a tree of many answers has no bookmark")
	}
	// A crash after any page loses nothing.
	for stop := 1; stop < len(whole.marks); stop++ {
		first := walkUntil(t, s, bigShard(), stop)
		if first.cert != nil {
			t.Fatal("a stopped walk has a certificate")
		}
		req := bigShard()
		req.Checkpoint = first.marks[stop-1]
		rest := must(t, walk(t, s, req))
		got := append(first.ids(sdk.KindFile), rest.ids(sdk.KindFile)...)
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("stopped after page %d (-want +got):\n%s", stop, diff)
		}
	}
}

func TestFolderTooBigForGitHub(t *testing.T) {
	b := &bigTree{limit: 3}
	for i := range 9 {
		b.files = append(b.files, fmt.Sprintf("one/f%d", i))
	}
	s := &sdk.Session{
		HTTP: &http.Client{Transport: b}, Settings: sdk.Settings{"organization": "acme", "base_url": "https://api.example"},
		Secret: func(string) string { return "" },
	}
	r := walk(t, s, bigShard())
	if r.cert != nil || sdk.TypeOf(r.err) != sdk.ErrUnsupported || !strings.Contains(r.err.Error(), "/one") {
		t.Errorf("%v", r.err)
	}
}

func TestLongPathsKeepAnID(t *testing.T) {
	long := strings.Repeat("x/", 600) + "f"
	id := fileID("7", long)
	if len(id) > sdk.MaxIDBytes || id == fileID("7", long+"g") {
		t.Errorf("id %q", id)
	}
	if id := fileID("7", "a/b"); id != "7/a%2Fb" {
		t.Errorf("id %q", id)
	}
}
