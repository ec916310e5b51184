package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// job is one Act of a quarantine or of its undo.
type job struct {
	s    *sdk.Session
	id   string // of the item
	from *home
	left left
}

// Act is part of sdk.Actor.
func (q quarantine) Act(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error,
) (*sdk.Outcome, error) {
	m, err := movingOf(p)
	if err != nil {
		return nil, err
	}
	if m.In || p.GetAlready() {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	j := &job{s: s, id: i.GetTarget().GetId(), from: &m.From, left: left{Root: sdk.Arg(i, toArg)}}
	steps := []func(context.Context) error{j.makeRoot, j.makeCell, j.close, j.letOwnerIn, j.accept, j.moveIn, j.putStone}
	if i.GetUndo() != nil {
		l, err := leftBy(i)
		if err != nil {
			return nil, err
		}
		j.left = left{Cell: l.Cell, Stone: l.Stone}
		steps = []func(context.Context) error{j.letOwnerIn, j.accept, j.moveBack, j.open, j.takeStone, j.removeCell}
	}
	if len(progress) > 0 && json.Unmarshal(progress, &j.left) != nil {
		return nil, sdk.Errorf(sdk.ErrInvalid, "the progress cannot be read")
	}
	for n := j.left.Step; n < len(steps); n++ {
		if err := steps[n](ctx); err != nil {
			return nil, err
		}
		j.left.Step = n + 1
		if err := keep([]byte(pack(j.left))); err != nil {
			return nil, err
		}
	}
	return &sdk.Outcome{State: sdk.Done, UndoSnapshot: []byte(pack(j.left))}, nil
}

// makeRoot makes the folder for all that is in quarantine.
func (j *job) makeRoot(ctx context.Context) (err error) {
	if j.left.Root == "" {
		j.left.Root, err = folderIn(ctx, j.s, rootFolder, quarantineName)
	}
	return err
}

// makeCell makes the folder that is to hold the item alone.
func (j *job) makeCell(ctx context.Context) (err error) {
	j.left.Cell, err = folderIn(ctx, j.s, j.left.Root, j.id)
	return err
}

// folderIn gives the id of a folder of the agent's own, which is made when there is none.
func folderIn(ctx context.Context, s *sdk.Session, parent, name string) (string, error) {
	id, err := find(ctx, s, "", parent, typeFolder, name)
	if id != "" || err != nil {
		return id, err
	}
	var made item
	err = put(ctx, s, http.MethodPost, "/folders", "", map[string]any{"name": name, "parent": map[string]string{"id": parent}}, &made)
	if err == nil && made.ID == "" {
		err = missing("folder", "an id")
	}
	return made.ID, err
}

// find gives the id of what has a name in a folder; "": nothing.
func find(ctx context.Context, s *sdk.Session, owner, folder, kind, name string) (string, error) {
	items, err := all[item](ctx, s, path("/folders/%s/items", folder)+"?usemarker=true&limit=1000&fields=name", owner)
	for _, it := range items {
		if it.Type == kind && strings.EqualFold(it.Name, name) {
			return it.ID, err
		}
	}
	return "", err
}

// close takes away the link, and whom was let in.
func (j *job) close(ctx context.Context) error {
	if j.from.Link != nil {
		if err := setLink(ctx, j.s, j.from.ref(j.id, ""), linked{place: j.from.place}, j.from.Link); err != nil {
			return err
		}
	}
	people, _, err := letIn(ctx, j.s, j.from.place, j.id)
	if err != nil {
		return err
	}
	for _, c := range people {
		if err := order(ctx, j.s, http.MethodDelete, path("/collaborations/%s", c.ID), j.from.Owner, nil, sdk.ErrNotFound); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) cell() place { return place{Kind: typeFolder} }

// letOwnerIn lets the item's owner edit its folder.
func (j *job) letOwnerIn(ctx context.Context) error {
	people, _, err := letIn(ctx, j.s, j.cell(), j.left.Cell)
	if _, in := people[j.owner()]; in || err != nil {
		return err
	}
	return invite(ctx, j.s, j.cell(), j.left.Cell, guest{Who: j.owner(), Role: "editor"})
}

func (j *job) owner() string { return "user " + j.from.Owner }

// accept: where users have to accept invitations, the owner does.
func (j *job) accept(ctx context.Context) error {
	people, _, err := letIn(ctx, j.s, j.cell(), j.left.Cell)
	c := people[j.owner()]
	if err != nil || c.Status != "pending" {
		return err
	}
	return order(ctx, j.s, http.MethodPut, path("/collaborations/%s", c.ID), j.from.Owner, map[string]string{"status": "accepted"})
}

// move has the owner move the item, unless it is there.
func (j *job) move(ctx context.Context, to string) error {
	var now item
	if err := get(ctx, j.s, j.from.ref(j.id, "?fields=parent"), j.from.Owner, &now); err != nil {
		return err
	}
	if now.Parent != nil && now.Parent.ID == to {
		return nil
	}
	return order(ctx, j.s, http.MethodPut, j.from.ref(j.id, "?fields=parent"), j.from.Owner, map[string]any{"parent": map[string]string{"id": to}})
}

// moveIn: when the owner no longer sees the item, it was moved before.
func (j *job) moveIn(ctx context.Context) error {
	err := j.move(ctx, j.left.Cell)
	if denied(err) {
		var now item
		if mine := get(ctx, j.s, j.from.ref(j.id, "?fields=parent"), "", &now); mine != nil || now.Parent == nil || now.Parent.ID != j.left.Cell {
			return err
		}
	} else if err != nil {
		return err
	}
	people, _, err := letIn(ctx, j.s, j.cell(), j.left.Cell)
	if err != nil {
		return err
	}
	for _, c := range people { // nobody but the agent
		if err := order(ctx, j.s, http.MethodDelete, path("/collaborations/%s", c.ID), "", nil, sdk.ErrNotFound); err != nil {
			return err
		}
	}
	return nil
}

// putStone puts a text in the item's place.
func (j *job) putStone(ctx context.Context) error {
	name := j.from.stone(j.id)
	text := fmt.Sprintf(tombstoneText, j.from.Name, j.from.Kind, j.id)
	attributes := map[string]any{"name": name, "parent": map[string]string{"id": j.from.Parent}}
	it, err := upload(ctx, j.s, "/files/content", j.from.Owner, "", attributes, []byte(text))
	if sdk.TypeOf(err) == sdk.ErrConflict {
		j.left.Stone, err = find(ctx, j.s, j.from.Owner, j.from.Parent, typeFile, name)
		return err
	}
	if err == nil {
		j.left.Stone = it.ID
	}
	return err
}

func (j *job) moveBack(ctx context.Context) error { return j.move(ctx, j.from.Parent) }

// open shares the item as it was.
func (j *job) open(ctx context.Context) error {
	people, _, err := letIn(ctx, j.s, j.from.place, j.id)
	if err != nil {
		return err
	}
	for _, g := range j.from.People {
		if _, in := people[g.Who]; in {
			continue
		}
		if err := invite(ctx, j.s, j.from.place, j.id, g); err != nil {
			return err
		}
	}
	if j.from.Link == nil {
		return nil
	}
	var now item
	if err := get(ctx, j.s, j.from.ref(j.id, "?fields=shared_link"), j.from.Owner, &now); err != nil || now.Link != nil {
		return err
	}
	return setLink(ctx, j.s, j.from.ref(j.id, ""), linked{place: j.from.place, Link: j.from.Link}, nil)
}

// takeStone deletes the text for good.
func (j *job) takeStone(ctx context.Context) error {
	return j.destroy(ctx, place{typeFile, j.from.Owner}, j.left.Stone)
}

// removeCell deletes the item's folder for good: Box refuses when something is in it.
func (j *job) removeCell(ctx context.Context) error { return j.destroy(ctx, j.cell(), j.left.Cell) }

func (j *job) destroy(ctx context.Context, p place, id string) error {
	if id == "" {
		return nil
	}
	return errors.Join(
		order(ctx, j.s, http.MethodDelete, p.ref(id, ""), p.Owner, nil, sdk.ErrNotFound),
		order(ctx, j.s, http.MethodDelete, p.ref(id, "/trash"), p.Owner, nil, sdk.ErrNotFound),
	)
}
