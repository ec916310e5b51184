package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// tree is one answer of git/trees.
type tree struct {
	SHA       string  `json:"sha"`
	Truncated bool    `json:"truncated"`
	Entries   []entry `json:"tree"`
}

type entry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"` // blob, tree, commit
	SHA  string `json:"sha"`
	Size *int64 `json:"size"`
}

// folder is one step on the way down a tree too big for one answer: its sub-trees before At are done. The steps down to
// the present one are the checkpoint; sub-trees are read again from GitHub, by hash, so nothing shifts meanwhile.
type folder struct {
	Path string `json:"p,omitempty"`
	SHA  string `json:"s"`
	At   int    `json:"a"`

	trees []entry
	read  bool
}

// maxDepth of folders within folders.
const maxDepth = 256

// files lists the default branch of one repository: one request, or, when GitHub cuts the answer, one for each folder
// that fits into one.
func files(ctx context.Context, c *scan) error {
	var r repoShard
	if err := unpackShard(c.w, &r); err != nil {
		return err
	}
	if cursor := c.w.Resume("start"); cursor != "start" {
		c.part = true
		return c.descend(ctx, r, cursor)
	}
	if r.Branch == "" {
		return c.w.Complete() // a repository without any branch holds nothing
	}
	ref := r.path("/git/trees/"+url.PathEscape(r.Branch)) + "?recursive=1"
	t, a, err := c.tree(ctx, ref)
	if e := sdk.TypeOf(err); e == sdk.ErrConflict { // GitHub's word for an empty repository
		return c.w.Complete()
	}
	if err != nil {
		return err
	}
	if t.Truncated {
		return c.descend(ctx, r, pointTo([]folder{{SHA: t.SHA}}))
	}
	c.w.Total(int64(len(t.Entries)))
	c.addEntries(r, "", t.Entries)
	c.w.EndPage("")
	c.part = a.etag == ""
	c.seen = []visit{{URL: ref, ETag: a.etag}}
	return c.w.Complete(c.bookmark()...)
}

func (c *scan) tree(ctx context.Context, ref string) (*tree, answer, error) {
	c.pages++
	if c.pages > maxPages {
		return nil, answer{}, sdk.Errorf(sdk.ErrInternal, "a repository has more than %d folders to ask for", maxPages)
	}
	var t tree
	a, err := get(ctx, c.s, ref, "", &t)
	if err == nil && (t.Entries == nil || t.SHA == "") {
		err = notAList(ref)
	}
	return &t, a, err
}

// descend goes down depth first, from where the checkpoint points to.
func (c *scan) descend(ctx context.Context, r repoShard, cursor string) error {
	if cursor == "" {
		return c.w.Complete()
	}
	var way []folder
	if err := json.Unmarshal([]byte(cursor), &way); err != nil {
		return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing files is of another version")
	}
	for len(way) > 0 {
		var err error
		if way, err = c.stepDown(ctx, r, way); err != nil {
			return err
		}
	}
	return c.w.Complete() // or why it was stopped
}

// stepDown reads the next sub-tree whole, or goes into it when it is too big as well.
// No way is left when all is done, or the walk has to stop.
func (c *scan) stepDown(ctx context.Context, r repoShard, way []folder) ([]folder, error) {
	top := &way[len(way)-1]
	if !top.read {
		if err := c.open(ctx, r, top); err != nil {
			return nil, err
		}
	}
	if top.At >= len(top.trees) {
		return way[:len(way)-1], nil
	}
	kid := top.trees[top.At]
	top.At++
	name := under(top.Path, kid.Path)
	t, _, err := c.tree(ctx, r.path("/git/trees/"+url.PathEscape(kid.SHA))+"?recursive=1")
	switch {
	case err != nil:
		return nil, err
	case !t.Truncated:
		c.addEntries(r, name, t.Entries)
	case len(way) >= maxDepth:
		return nil, sdk.Errorf(sdk.ErrUnsupported, "folders are nested deeper than %d", maxDepth)
	default:
		way = append(way, folder{Path: name, SHA: kid.SHA})
	}
	if c.w.EndPage(pointTo(way)) == "" {
		return nil, nil
	}
	return way, nil
}

// open reads a folder's own entries; its files are added when it is opened for the first time.
func (c *scan) open(ctx context.Context, r repoShard, f *folder) error {
	t, _, err := c.tree(ctx, r.path("/git/trees/"+url.PathEscape(f.SHA)))
	if err != nil {
		return err
	}
	if t.Truncated {
		return &sdk.Error{
			Type: sdk.ErrUnsupported, Sent: true, Status: http.StatusOK,
			Message: "GitHub does not list all of folder /" + f.Path + ", it has too many entries; exclude or split it",
		}
	}
	f.read = true
	own := t.Entries[:0:0]
	for _, e := range t.Entries {
		if e.Type == "tree" {
			f.trees = append(f.trees, e)
		} else {
			own = append(own, e)
		}
	}
	if f.At == 0 {
		c.addEntries(r, f.Path, own)
	}
	return nil
}

func pointTo(way []folder) string {
	b, _ := json.Marshal(way) // strings and numbers
	return string(b)
}

// addEntries adds what is not a folder. The parent is the repository: folders hold nothing of their own. What is in a
// public repository is public.
func (c *scan) addEntries(r repoShard, folder string, entries []entry) {
	repo := c.w.Shard.GetKey()
	parent := sdk.To(sdk.KindFile, repo)
	for i := range entries {
		e := &entries[i]
		if e.Type == "tree" || e.Path == "" {
			continue
		}
		full := under(folder, e.Path)
		f := &sdk.File{
			Id: fileID(repo, full), Name: new(full[strings.LastIndexByte(full, '/')+1:]), Path: new(full),
			Type: new("file"), SizeBytes: e.Size, ContentHash: new(e.SHA), Parent: parent,
		}
		if r.Visibility == "public" {
			f.AccessLevel = new("public")
		}
		switch e.Mode {
		case "120000":
			f.Attributes = attrs("symlink", "true")
		case "160000": // another repository, at the commit of the hash
			f.Type = new("folder")
			f.Attributes = attrs("submodule", "true")
		}
		c.w.Add(f)
	}
}

func under(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// fileID of a path that is longer than an id may be is a hash of it; three parts never equal the two of other files.
func fileID(repo, path string) string {
	if id := sdk.ID(repo, path); len(id) <= sdk.MaxIDBytes {
		return id
	}
	return sdk.ID(repo, "long", sdk.StableID(path))
}
