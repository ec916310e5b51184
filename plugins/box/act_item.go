package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
)

// place is as what and as whom an item is asked for. Owner is "" for the credential's own account.
type place struct {
	Kind  string `json:"kind"` // file or folder
	Owner string `json:"owner"`
}

// ref is the path of an item; below is "" or what follows its id.
func (p place) ref(id, below string) string { return "/" + p.Kind + "s" + path("/%s", id) + below }

func itemURL(i *sdk.Intent, below string) string { return placeOf(i).ref(i.GetTarget().GetId(), below) }

// placeOf is what named put there.
func placeOf(i *sdk.Intent) place {
	how := sdk.SplitID(i.GetTarget().GetName())
	if len(how) != 2 || how[0] != typeFile && how[0] != typeFolder {
		return place{}
	}
	return place{how[0], how[1]}
}

// named gives an intent whose target says where it is, as the refs of our hints do.
func (p place) named(i *sdk.Intent) *sdk.Intent {
	i = proto.CloneOf(i)
	i.Target.Name = new(sdk.ID(p.Kind, p.Owner))
	return i
}

// onItem carries out an action as the item's owner. Who that is, is found once: the plan says it from then on. Snapshots
// of what it wraps have the place in "from".
type onItem struct{ of sdk.Actor }

// Prepare is part of sdk.Actor.
func (a onItem) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if u := i.GetUndo(); u != nil {
		at, err := planned(u.GetPlan())
		if err != nil {
			return nil, err
		}
		return a.of.Prepare(ctx, s, at.named(i))
	}
	at, err := locate(ctx, s, i)
	if err != nil {
		return nil, err
	}
	return a.of.Prepare(ctx, s, at.named(i))
}

// Act is part of sdk.Actor.
func (a onItem) Act(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error,
) (*sdk.Outcome, error) {
	at, err := planned(p)
	if err != nil {
		return nil, err
	}
	return a.of.Act(ctx, s, at.named(i), p, progress, keep)
}

// ReadBack is part of sdk.Actor.
func (a onItem) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	at, err := planned(p)
	if err != nil {
		return nil, err
	}
	return a.of.ReadBack(ctx, s, at.named(i), p, progress)
}

func planned(p *sdk.Plan) (place, error) {
	var t struct {
		From place `json:"from"`
	}
	if err := json.Unmarshal(p.GetSnapshot(), &t); err != nil || t.From.Kind == "" {
		return place{}, sdk.Errorf(sdk.ErrInvalid, "the snapshot does not say whose item it is of")
	}
	return t.From, nil
}

// itemNow reads an item as its owner. One in the trash is not found.
func itemNow(ctx context.Context, s *sdk.Session, i *sdk.Intent, fields string) (*item, error) {
	it := &item{}
	if err := get(ctx, s, itemURL(i, "?"+fieldsOf("name,owned_by,"+fields)), placeOf(i).Owner, it); err != nil {
		return nil, err
	}
	if it.ID != i.GetTarget().GetId() {
		return nil, missing("item", "the id asked for")
	}
	return it, nil
}

// order sends a request that changes something. What Box answers when it is done already is in done.
func order(ctx context.Context, s *sdk.Session, method, ref, owner string, body any, done ...sdk.ErrorType) error {
	err := put(ctx, s, method, ref, owner, body, nil)
	if err != nil && slices.Contains(done, sdk.TypeOf(err)) {
		return nil
	}
	return err
}

// put sends a request with a JSON body.
func put(ctx context.Context, s *sdk.Session, method, ref, owner string, body, out any) error {
	if body == nil {
		return send(ctx, s, method, ref, owner, nil, out)
	}
	return send(ctx, s, method, ref, owner, strings.NewReader(pack(body)), out)
}
