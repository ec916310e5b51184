package main

import (
	"context"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type factor struct {
	Type     string `json:"factorType"`
	Provider text   `json:"provider"`
	Status   text   `json:"status"`
}

// factorEvents tell that somebody's factors changed.
var factorEvents = []string{"user.mfa.factor.", "user.lifecycle.activate", "user.lifecycle.reactivate"}

// noSecond are factors that are no second one: what one knows, and the mailbox that resets the password.
var noSecond = map[string]bool{"question": true, "email": true, "password": true}

// factors asks for every user: one call each, so it is off unless somebody wants it. From a bookmark, only those of whom
// the log tells are asked.
func factors(ctx context.Context, c *scan) error {
	if !c.delta() {
		return c.ofUsers(ctx, func(ctx context.Context, u *user) error { return c.factorsOf(ctx, u.ID) })
	}
	since, err := c.since()
	if err != nil {
		return err
	}
	events, until, err := c.touched(ctx, since, factorEvents...)
	if err != nil {
		return err
	}
	var ids []string
	for i := range events {
		ids = append(ids, events[i].targets("User")...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := c.factorsOf(ctx, id); err != nil {
			return err
		}
	}
	c.w.EndPage("")
	return c.w.Complete(bookmark(until)...)
}

func (c *scan) factorsOf(ctx context.Context, user string) error {
	list, _, err := getList[factor](ctx, c.s, path("/api/v1/users/%s/factors", user))
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	mfa := "off"
	var names []string
	for _, f := range list {
		if f.Type == "" {
			return missing("factor", "factorType")
		}
		if f.Status != "ACTIVE" {
			continue
		}
		names = append(names, f.Type)
		if !noSecond[f.Type] {
			mfa = "on"
		}
	}
	slices.Sort(names)
	c.w.Add(&sdk.Account{Id: user, Mfa: new(mfa), Attributes: attrs("factors", strings.Join(slices.Compact(names), " "))})
	return nil
}
