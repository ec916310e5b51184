package main

import (
	"context"
	"slices"
	"sync"

	"github.com/mooring-hq/mooring/sdk"
)

// maxDepth bounds what a provider without end can make us remember.
const maxDepth = 400

// frame is a folder on the way from the root to where the walk is. Its exported fields are the checkpoint.
type frame struct {
	ID     string `json:"f"`
	Marker string `json:"m,omitempty"` // of the page that is walked
	Child  string `json:"c,omitempty"` // the folder of that page that is being walked; "": the page is still to be read

	path string
	up   sight   // what its items inherit
	rest []child // folders of the page that are still to be walked
	next string  // marker of the next page
}

// child is a folder that is to be walked, with what its items inherit.
type child struct {
	id, path string
	inside   sight
}

// tree is the walk of what one user owns, depth first.
type tree struct {
	*scan
	owner string
	stack []*frame
	// skipped are folders that Box did not show.
	skipped []string
	// ahead are first pages that are being read, by folder.
	ahead   map[string]chan answer
	reading sync.WaitGroup
}

const maxSkipped = 20 // named in a certificate

// files walks a user's tree as that user. In the root, what others own is left out: their walks have it. Below, everything
// is the owner's of the folder.
func files(ctx context.Context, c *scan) error {
	t := &tree{scan: c, owner: c.w.Shard.Key, ahead: map[string]chan answer{}}
	ctx, stop := context.WithCancel(ctx)
	defer t.reading.Wait()
	defer stop()
	next := c.w.Resume(pack([]*frame{{ID: rootFolder}}))
	if next == "" {
		return c.w.Complete()
	}
	if err := unpack(next, &t.stack); err != nil {
		return err
	}
	if err := t.restore(ctx); err != nil {
		return err
	}
	for len(t.stack) > 0 {
		top := t.stack[len(t.stack)-1]
		err := t.page(ctx, top)
		switch {
		case denied(err) && top.ID == rootFolder:
			if c.userIsGone(ctx, t.owner) {
				return c.w.Complete()
			}
			return err
		case denied(err):
			t.skipped = append(t.skipped, "folder "+top.ID)
			t.stack = t.stack[:len(t.stack)-1]
		case err != nil:
			return err
		}
		if err := t.advance(ctx); err != nil {
			return err
		}
		if len(t.stack) > 0 && c.w.EndPage(pack(t.stack)) == "" {
			return c.w.Complete()
		}
	}
	if n := len(t.skipped); n > 0 {
		return c.w.Complete(sdk.Skipped(t.skipped[:min(n, maxSkipped)]...))
	}
	return c.w.Complete()
}

// userIsGone: Box knows no such user, while it does show users.
func (c *scan) userIsGone(ctx context.Context, id string) bool {
	return c.isGone(ctx, path("/users/%s", id), "/users?limit=1")
}

// ask reads the page of a folder that a frame is at.
func (t *tree) ask(ctx context.Context, f *frame) (*page[item], error) {
	ref := path("/folders/%s/items", f.ID) + "?usemarker=true&" + t.limit() + "&" + fieldsOf(itemFields) + marked(f.Marker)
	return list[item](ctx, t.s, ref, t.owner)
}

// page reads a page and hands over its items.
func (t *tree) page(ctx context.Context, f *frame) error {
	got, err := t.list(ctx, f)
	if err != nil {
		return err
	}
	items := t.own(f, *got.Entries)
	lists, err := t.collaborations(ctx, t.owner, items)
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		if it.ID == "" || it.Type == "" {
			return missing("item", "id and type")
		}
		access := it.accessOf(lists[i], f.up)
		where := below(f.path, it.Name)
		t.w.Add(it.record(where, access))
		if it.Type == typeFolder {
			f.rest = append(f.rest, child{id: it.ID, path: where, inside: it.inside(access)})
		}
	}
	f.next = string(got.Next)
	return nil
}

// own leaves out of the root what others own.
func (t *tree) own(f *frame, items []item) []item {
	if f.ID != rootFolder {
		return items
	}
	return slices.DeleteFunc(items, func(it item) bool { return it.Owner != nil && it.Owner.ID != "" && it.Owner.ID != t.owner })
}

// advance goes on to the next page that is to be read: of a folder below, of this one, or of one above.
func (t *tree) advance(ctx context.Context) error {
	for len(t.stack) > 0 {
		f := t.stack[len(t.stack)-1]
		switch {
		case len(f.rest) > 0:
			c := f.rest[0]
			f.rest, f.Child = f.rest[1:], c.id
			if len(t.stack) >= maxDepth {
				return sdk.Errorf(sdk.ErrInternal, "folders are nested more than %d deep", maxDepth)
			}
			t.stack = append(t.stack, &frame{ID: c.id, path: c.path, up: c.inside})
			t.lookAhead(ctx, f)
			return nil
		case f.next != "":
			if f.next == f.Marker {
				return stuck()
			}
			f.Marker, f.Child, f.next = f.next, "", ""
			return nil
		}
		t.stack = t.stack[:len(t.stack)-1]
	}
	return nil
}

// restore reads again, without handing them over, the pages on which the folders of the stack stand: they hold the folders
// still to be walked, and who reaches them. Where a folder is no longer on its page, that page is walked anew.
func (t *tree) restore(ctx context.Context) error {
	if len(t.stack) == 0 || t.stack[0] == nil || t.stack[0].ID != rootFolder {
		return unpack("", t)
	}
	t.stack[0].up = sight{complete: true}
	for i, f := range t.stack {
		if f == nil {
			return unpack("", t)
		}
		if f.Child == "" || i == len(t.stack)-1 {
			f.Child = ""
			t.stack = t.stack[:i+1]
			return nil
		}
		got, err := t.list(ctx, f)
		if err != nil {
			return err
		}
		f.next = string(got.Next)
		items := slices.DeleteFunc(t.own(f, *got.Entries), func(it item) bool { return it.Type != typeFolder })
		at := slices.IndexFunc(items, func(it item) bool { return it.ID == f.Child })
		if at < 0 {
			f.Child, f.next = "", ""
			t.stack = t.stack[:i+1]
			return nil
		}
		items = items[at:]
		lists, err := t.collaborations(ctx, t.owner, items)
		if err != nil {
			return err
		}
		for j := range items {
			it := &items[j]
			c := child{id: it.ID, path: below(f.path, it.Name), inside: it.inside(it.accessOf(lists[j], f.up))}
			if j == 0 {
				t.stack[i+1].path, t.stack[i+1].up = c.path, c.inside
			} else {
				f.rest = append(f.rest, c)
			}
		}
	}
	return nil
}

// trash lists what of a user is in the trash. What was in a folder that was deleted, Box does not list.
func trash(ctx context.Context, c *scan) error {
	owner := c.w.Shard.Key
	for next := c.w.Resume("first"); next != ""; {
		marker := next
		if marker == "first" {
			marker = ""
		}
		ref := "/folders/trash/items?usemarker=true&" + c.limit() + "&" + fieldsOf(placedFields) + marked(marker)
		got, err := list[item](ctx, c.s, ref, owner)
		if denied(err) && c.userIsGone(ctx, owner) {
			return c.w.Complete()
		}
		if err != nil {
			return err
		}
		for i := range *got.Entries {
			it := &(*got.Entries)[i]
			if it.ID == "" || it.Type == "" {
				return missing("item", "id and type")
			}
			if it.Owner == nil || it.Owner.ID == "" || it.Owner.ID == owner {
				c.w.Add(it.record(it.path(), nil))
			}
		}
		next = c.w.EndPage(string(got.Next))
	}
	return c.w.Complete()
}

// path is that of an item with a path_collection.
func (it *item) path() string {
	where := ""
	if it.Path != nil {
		for _, f := range it.Path.Entries {
			if f.ID != rootFolder {
				where = below(where, f.Name)
			}
		}
	}
	return below(where, it.Name)
}
