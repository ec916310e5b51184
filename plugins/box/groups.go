package main

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

type group struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"group_type"`
	Description string `json:"description"`
	SyncID      string `json:"external_sync_identifier"`
	Provenance  string `json:"provenance"`
}

const groupFields = "description,external_sync_identifier,provenance"

func (g *group) record() *sdk.Group {
	return &sdk.Group{
		Id: g.ID, Name: new(g.Name), Type: new("group"), Attributes: attributes(
			"group_type", g.Type, "description", g.Description, "external_sync_identifier", g.SyncID, "provenance", g.Provenance),
	}
}

// groups lists them, each with its members as a shard.
func groups(ctx context.Context, c *scan) error {
	if c.w.Mode == sdk.ModeDelta && len(c.w.Bookmark) > 0 {
		return c.follow(ctx, groupEvents, c.changedGroups)
	}
	p, err := c.begin(ctx)
	for err == nil && !p.Done {
		var got *page[group]
		ref := "/groups?" + c.limit() + "&offset=" + strconv.FormatInt(p.Offset, 10) + "&fields=" + url.QueryEscape(groupFields)
		if got, err = list[group](ctx, c.s, ref, ""); err != nil {
			break
		}
		for i := range *got.Entries {
			g := &(*got.Entries)[i]
			if g.ID == "" {
				return missing("group", "an id")
			}
			c.w.Add(g.record())
			c.w.Found(&sdk.Shard{Listing: "memberships", Key: g.ID, Name: g.Name, Stamp: p.Position})
		}
		var skipped string
		if p.Offset, p.Done, skipped, err = got.further(p.Offset); err != nil {
			return err
		}
		if c.w.EndPage(pack(p)) == "" {
			return c.w.Complete()
		}
		if skipped != "" {
			return c.w.Complete(sdk.Skipped("groups " + skipped))
		}
	}
	if err != nil {
		return err
	}
	return c.complete(p)
}

// further gives the next offset. Box shows no more than its highest offset and a page; beyond that nothing is known.
func (p *page[T]) further(asked int64) (next int64, done bool, skipped string, err error) {
	if p.Offset != asked || p.Total == nil {
		return 0, false, "", &sdk.Error{Type: sdk.ErrInternal, Message: "answer is not the page that was asked for", Sent: true}
	}
	n := int64(len(*p.Entries))
	next = asked + n
	switch {
	case next >= *p.Total:
		return next, true, "", nil
	case n == 0:
		return 0, false, "", &sdk.Error{Type: sdk.ErrInternal, Message: "answer is empty before the end of the list", Sent: true}
	case next > maxOffset:
		return next, true, "beyond number " + strconv.FormatInt(next, 10) + " of " + strconv.FormatInt(*p.Total, 10) + ": Box has no pages for them", nil
	}
	return next, false, "", nil
}

func (c *scan) changedGroups(ctx context.Context, events []event) error {
	seen := map[string]bool{}
	for i := range events {
		id := events[i].groupID()
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		var g group
		err := get(ctx, c.s, path("/groups/%s", id)+"?fields="+url.QueryEscape(groupFields), "", &g)
		switch {
		case sdk.TypeOf(err) == sdk.ErrNotFound:
			c.w.Gone(sdk.KindGroup, id)
		case err != nil:
			return err
		case g.ID != id:
			return missing("group", "the id asked for")
		default:
			c.w.Add(g.record())
		}
		c.w.Found(&sdk.Shard{Listing: "memberships", Key: id, Name: g.Name, Stamp: events[i].ID})
	}
	return nil
}

type membership struct {
	ID   string `json:"id"`
	User person `json:"user"`
	Role string `json:"role"`
}

// memberships lists who is in a group.
func memberships(ctx context.Context, c *scan) error {
	id := c.w.Shard.Key
	for next := c.w.Resume("0"); next != ""; {
		offset, err := strconv.ParseInt(next, 10, 64)
		if err != nil {
			return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing memberships is not one of this connector")
		}
		got, err := list[membership](ctx, c.s, path("/groups/%s/memberships", id)+"?"+c.limit()+"&offset="+next, "")
		if sdk.TypeOf(err) == sdk.ErrNotFound && c.groupIsGone(ctx, id) {
			return c.w.Complete()
		}
		if err != nil {
			return err
		}
		for _, m := range *got.Entries {
			if m.ID == "" || m.User.ID == "" {
				return missing("membership", "id and user")
			}
			c.w.Add(&sdk.Membership{
				Id: m.ID, Container: sdk.To(sdk.KindGroup, id), Member: m.User.ref(), Role: new(m.Role), State: new("active"),
			})
		}
		further, done, skipped, err := got.further(offset)
		if err != nil {
			return err
		}
		if skipped != "" {
			c.w.EndPage("")
			return c.w.Complete(sdk.Skipped("members " + skipped))
		}
		next = strconv.FormatInt(further, 10)
		if done {
			next = ""
		}
		next = c.w.EndPage(next)
	}
	return c.w.Complete()
}

// groupIsGone: Box knows no such group, while it does show groups.
func (c *scan) groupIsGone(ctx context.Context, id string) bool {
	return c.isGone(ctx, path("/groups/%s", id), "/groups?limit=1")
}

func (c *scan) isGone(ctx context.Context, one, any string) bool {
	err := get(ctx, c.s, one, "", &struct{}{})
	if e, ok := errors.AsType[*sdk.Error](err); !ok || e.Type != sdk.ErrNotFound {
		return false
	}
	_, err = list[struct{}](ctx, c.s, any, "")
	return err == nil
}
