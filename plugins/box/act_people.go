package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// peopled is an item as far as some of those go who were let in to it, by name, there itself.
type peopled struct {
	place
	People []guest `json:"people"` // sorted

	name string // for people
}

// guest is who was let in. Whether somebody accepted is not in it: nobody but they can bring that back.
type guest struct {
	Who     string `json:"who"` // user, group or email, and then which
	Role    string `json:"role"`
	Expires string `json:"expires,omitempty"`
}

const peopleLose = "people outside the enterprise have to accept again; who invited them, when, and what they see of the folders above"

func peopleActions() sdk.Actions {
	none := func(_ *sdk.Intent, now peopled) (peopled, error) {
		now.People = []guest{}
		return now, nil
	}
	return sdk.Actions{
		onItems(sdk.Action{
			Name: "remove_collaborator", Doc: "takes a file or folder away from one user or group who was let in to it by name",
			Undo: sdk.UndoPartial, Loses: peopleLose, Lock: "people",
			By: &sdk.Change[peopled]{Read: readOne, Want: none, Write: writePeople, Effects: peopleEffects},
		}, sdk.Setting{Name: "who", Required: true, Doc: "the user's or group's id, or an e-mail address"}),
		onItems(sdk.Action{
			Name: "remove_external_users", Doc: "takes a file or folder away from all people outside the enterprise who were let in to it by name",
			Undo: sdk.UndoPartial, Loses: peopleLose, Lock: "people",
			By: &sdk.Change[peopled]{Read: readOutsiders, Want: none, Write: writePeople, Effects: peopleEffects},
		}),
	}
}

// letIn are those who were let in to an item itself, by who they are; above are those of the folders above it.
func letIn(ctx context.Context, s *sdk.Session, p place, id string) (own, above map[string]collaboration, err error) {
	list, err := all[collaboration](ctx, s, p.ref(id, "/collaborations?limit=1000"), p.Owner)
	own, above = map[string]collaboration{}, map[string]collaboration{}
	for _, c := range list {
		who := c.who()
		switch {
		case c.ID == "" || c.Role == "owner" || who == "":
		case c.Item != nil && c.Item.ID != "" && c.Item.ID != id:
			above[who] = c
		default:
			own[who] = c
		}
	}
	return own, above, err
}

func (c *collaboration) who() string {
	switch {
	case c.Accessible != nil && c.Accessible.ID != "":
		return cmp.Or(c.Accessible.Type, "user") + " " + c.Accessible.ID
	case c.Invited != "":
		return "email " + c.Invited
	}
	return ""
}

func (c *collaboration) guest() guest { return guest{c.who(), c.Role, stamp(c.Expires)} }

// guests are sorted.
func guests(people map[string]collaboration) []guest {
	list := []guest{}
	for _, c := range people {
		list = append(list, c.guest())
	}
	slices.SortFunc(list, func(a, b guest) int { return cmp.Compare(a.Who, b.Who) })
	return list
}

// is says whether a word names somebody: an id, or an address.
func (c *collaboration) is(word string) bool {
	return c.Accessible != nil && (c.Accessible.ID == word || strings.EqualFold(c.Accessible.Login, word)) || strings.EqualFold(c.Invited, word)
}

// readPeople reads those who fit.
func readPeople(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, fits func(*collaboration) (bool, error),
) (now peopled, above map[string]collaboration, err error) {
	it, err := itemNow(ctx, s, i, "item_status")
	if err != nil {
		return now, nil, err
	}
	own, above, err := letIn(ctx, s, placeOf(i), it.ID)
	if err != nil {
		return now, nil, err
	}
	for who, c := range own {
		ok, err := fits(&c)
		if err != nil {
			return now, nil, err
		}
		if !ok {
			delete(own, who)
		}
	}
	return peopled{place: placeOf(i), People: guests(own), name: it.Name}, above, nil
}

func readOne(ctx context.Context, s *sdk.Session, i *sdk.Intent) (peopled, error) {
	who := sdk.Arg(i, "who")
	if who == "" {
		return peopled{}, sdk.Errorf(sdk.ErrInvalid, "argument who is empty: an id or an e-mail address is expected")
	}
	now, above, err := readPeople(ctx, s, i, func(c *collaboration) (bool, error) { return c.is(who), nil })
	if err != nil || len(now.People) > 0 {
		return now, err
	}
	for _, c := range above {
		if c.is(who) {
			return now, sdk.Errorf(sdk.ErrConflict, "%s reaches item %s through folder %s: take that away", who, i.GetTarget().GetId(), c.Item.ID)
		}
	}
	return now, nil
}

func readOutsiders(ctx context.Context, s *sdk.Session, i *sdk.Intent) (peopled, error) {
	me, err := whoami(ctx, s)
	if err != nil {
		return peopled{}, err
	}
	now, _, err := readPeople(ctx, s, i, func(c *collaboration) (bool, error) { return outside(ctx, s, c, me) })
	return now, err
}

// outside: Box shows whoever may list users each user of the enterprise, and no other.
func outside(ctx context.Context, s *sdk.Session, c *collaboration, me *user) (bool, error) {
	switch {
	case c.Accessible != nil && c.Accessible.Type == "group", c.Accessible != nil && c.Accessible.ID == me.ID:
		return false, nil
	case c.Accessible != nil && c.Accessible.ID != "":
		var u user
		err := get(ctx, s, path("/users/%s", c.Accessible.ID)+"?fields=enterprise", "", &u)
		if sdk.TypeOf(err) == sdk.ErrNotFound {
			return true, nil
		}
		return err == nil && (u.Enterprise == nil || u.Enterprise.ID != me.Enterprise.ID), err
	}
	u, err := managed(ctx, s, c.Invited)
	return u == nil, err
}

func writePeople(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to peopled) (*sdk.Outcome, error) {
	at := placeOf(i)
	own, _, err := letIn(ctx, s, at, i.GetTarget().GetId())
	if err != nil {
		return nil, err
	}
	changed := false
	for _, g := range from.People {
		c, there := own[g.Who]
		if !there || slices.Contains(to.People, g) {
			continue
		}
		if err := order(ctx, s, http.MethodDelete, path("/collaborations/%s", c.ID), at.Owner, nil, sdk.ErrNotFound); err != nil {
			return partly(changed, err)
		}
		changed = true
	}
	for _, g := range to.People {
		if _, there := own[g.Who]; there {
			continue
		}
		if err := invite(ctx, s, at, i.GetTarget().GetId(), g); err != nil {
			return partly(changed, err)
		}
		changed = true
	}
	return nil, nil
}

// partly: what was carried out in part was not refused, whatever the last request got for an answer.
func partly(changed bool, err error) (*sdk.Outcome, error) {
	if !changed {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Unsure, Error: sdk.ErrorToWire(err)}, nil
}

// invite lets somebody in, without a mail.
func invite(ctx context.Context, s *sdk.Session, p place, id string, g guest) error {
	kind, which, _ := strings.Cut(g.Who, " ")
	who := map[string]string{"type": kind, "id": which}
	if kind == "email" {
		who = map[string]string{"type": "user", "login": which}
	}
	body := map[string]any{"item": map[string]string{"type": p.Kind, "id": id}, "accessible_by": who, "role": g.Role}
	if g.Expires != "" {
		body["expires_at"] = g.Expires
	}
	err := order(ctx, s, http.MethodPost, "/collaborations?notify=false", p.Owner, body)
	if errors.Is(err, errInvited) {
		return nil
	}
	return err
}

func peopleEffects(_ *sdk.Intent, from, to peopled) []string {
	var list []string
	for _, g := range from.People {
		if !slices.Contains(to.People, g) {
			list = append(list, fmt.Sprintf("%s (%s) is no longer a collaborator of %s", g.Who, g.Role, from.name))
		}
	}
	for _, g := range to.People {
		if !slices.Contains(from.People, g) {
			list = append(list, fmt.Sprintf("%s is invited to %s again, as %s", g.Who, from.name, g.Role))
		}
	}
	return list
}
