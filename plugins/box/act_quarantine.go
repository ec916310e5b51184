package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	toArg          = "to"
	maxStone       = 180 // bytes of an item's name in that of the file in its place: Box takes 255 characters
	quarantineName = "Mooring quarantine"
	tombstoneText  = "The agent that watches over this enterprise's content took an item away from here, and keeps it.\n" +
		"Ask your administrators.\n\nItem: %s (%s %s)\n"
)

func quarantineActions() sdk.Actions {
	return sdk.Actions{
		onItems(sdk.Action{
			Name: "quarantine", InFlightMax: treeTime, Undo: sdk.UndoPartial, By: quarantine{},
			Doc: "moves a file or folder into a folder of the agent's account, takes away its shared link and all who were let in, and " +
				"leaves a text file in its place",
			Loses: linkLoses + "; " + peopleLose + "; whoever was let in after it was planned; an empty folder named " + quarantineName +
				" stays",
		}, sdk.Setting{
			Name: toArg, Doc: "id of a folder of the agent's account to move it into; default: one named " + quarantineName,
		}),
	}
}

// quarantine has an item change hands. Box lets somebody move what is theirs into another's folder who may edit there, and
// the folder's owner owns it from then on. So that nobody can see what else is in quarantine, each item gets a folder of its
// own, which its owner may edit for as long as the move takes.
//
// Each step brings about a state, and does nothing where it is there: all of them can be repeated.
type quarantine struct{}

// home is an item where it belongs.
type home struct {
	place
	Name   string   `json:"name"`
	Parent string   `json:"parent"`
	Link   *sharing `json:"link"`
	People []guest  `json:"people"`
}

// moving is the snapshot of a quarantine and of its undo.
type moving struct {
	From home `json:"from"`
	In   bool `json:"in"` // it is in quarantine already
}

// left is what a quarantine leaves behind: its progress, and for its undo.
type left struct {
	Step  int    `json:"step"`
	Root  string `json:"root,omitempty"` // the folder for all
	Cell  string `json:"cell"`           // the item's folder
	Stone string `json:"stone"`          // the file in its place
}

func movingOf(p *sdk.Plan) (m moving, err error) {
	if err := json.Unmarshal(p.GetSnapshot(), &m); err != nil {
		return m, sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return m, nil
}

// Prepare is part of sdk.Actor.
func (q quarantine) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if u := i.GetUndo(); u != nil {
		return q.prepareUndo(ctx, s, i)
	}
	if err := ours(ctx, s, sdk.Arg(i, toArg)); err != nil {
		return nil, err
	}
	it, err := itemNow(ctx, s, i, "shared_link,parent,path_collection")
	if err != nil {
		return nil, err
	}
	m := moving{From: home{place: placeOf(i), Name: it.Name, Parent: it.parent(), Link: it.Link.sharing(), People: []guest{}}}
	if m.From.Owner == "" {
		if m.In = it.isIn(sdk.Arg(i, toArg)); !m.In {
			return nil, sdk.Errorf(sdk.ErrConflict, "item %s is owned by the account that the agent acts with: nothing is put away from that", it.ID)
		}
		return &sdk.Plan{Snapshot: []byte(pack(m)), Already: true}, nil
	}
	own, _, err := letIn(ctx, s, m.From.place, it.ID)
	if err != nil {
		return nil, err
	}
	m.From.People = guests(own)
	return &sdk.Plan{Snapshot: []byte(pack(m)), Effects: m.From.effects()}, nil
}

// ours: content may only go to a folder of the agent's own account.
func ours(ctx context.Context, s *sdk.Session, folder string) error {
	if folder == "" {
		return nil
	}
	p, found, err := tryAs(ctx, s, folder, "")
	if err == nil && (!found || p != place{Kind: typeFolder}) {
		err = sdk.Errorf(sdk.ErrInvalid, "argument to: %s is not a folder that the agent's account owns", folder)
	}
	return err
}

// isIn says whether an item is in a folder of its own in quarantine.
func (it *item) isIn(folder string) bool {
	if it.Path == nil {
		return false
	}
	above := it.Path.Entries
	n := len(above)
	if n < 2 || above[n-1].Name != it.ID {
		return false
	}
	if folder != "" {
		return above[n-2].ID == folder
	}
	return above[n-2].Name == quarantineName
}

func (h *home) effects() []string {
	list := []string{
		fmt.Sprintf("%s %s is moved to the folder %s of the agent's account, which owns it from then on", h.Kind, h.Name, quarantineName),
		"a text file named " + h.stone("…") + " is put in its place",
	}
	if h.Link != nil {
		list = append(list, fmt.Sprintf("its shared link (%s) is removed", h.Link))
	}
	for _, g := range h.People {
		list = append(list, fmt.Sprintf("%s (%s) is no longer a collaborator", g.Who, g.Role))
	}
	return list
}

// stone is the name of the file in an item's place.
func (h *home) stone(id string) string {
	return fmt.Sprintf("%s (in quarantine, %s).txt", cut(h.Name, maxStone), id)
}

func (q quarantine) prepareUndo(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	m, err := movingOf(i.GetUndo().GetPlan())
	if err != nil {
		return nil, err
	}
	l, err := leftBy(i)
	if err != nil {
		return nil, err
	}
	back, err := q.isHome(ctx, s, i, &m.From, l)
	if err != nil {
		return nil, err
	}
	p := &sdk.Plan{Snapshot: []byte(pack(m)), Already: back}
	if !back {
		p.Effects = []string{
			fmt.Sprintf("%s %s is moved back to folder %s of user %s, who owns it again", m.From.Kind, m.From.Name, m.From.Parent, m.From.Owner),
			fmt.Sprintf("%d who were let in are invited again, and the shared link is made again where there was one", len(m.From.People)),
		}
	}
	return p, nil
}

// leftBy is what the quarantine that is to be undone left behind.
func leftBy(i *sdk.Intent) (*left, error) {
	l := &left{}
	if json.Unmarshal(i.GetUndo().GetSnapshot(), l) != nil || l.Cell == "" {
		return nil, sdk.Errorf(sdk.ErrInvalid, "the quarantine did not say where it put item %s", i.GetTarget().GetId())
	}
	return l, nil
}

// ReadBack is part of sdk.Actor.
func (q quarantine) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	m, err := movingOf(p)
	if err != nil {
		return nil, err
	}
	var l *left
	if i.GetUndo() != nil {
		if l, err = leftBy(i); err != nil {
			return nil, err
		}
	}
	back, err := q.isHome(ctx, s, i, &m.From, l)
	if err != nil {
		return nil, err
	}
	away := m.In
	if !back && !away {
		away, err = q.isAway(ctx, s, i, &m.From)
	}
	wanted, before := away, back
	if i.GetUndo() != nil {
		wanted, before = back, away
	}
	switch {
	case err != nil:
		return nil, err
	case wanted:
		return &sdk.ReadBack{State: sdk.Applied}, nil
	case before:
		return &sdk.ReadBack{State: sdk.NotApplied}, nil
	}
	return &sdk.ReadBack{State: sdk.Differs, Detail: "some of its steps are done, others are not"}, nil
}
