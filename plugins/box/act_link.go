package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// linked is an item as far as its shared link goes.
type linked struct {
	place
	Link *sharing `json:"link"`

	name string // for people
}

// sharing is a shared link but for its address.
type sharing struct {
	Access     string `json:"access"` // open, company, collaborators
	Permission string `json:"permission,omitempty"`
	Expires    string `json:"expires,omitempty"`
	Password   bool   `json:"password,omitempty"`
}

const linkLoses = "the link's address, its own name and its password: the new link has another address, and where there was a password, a " +
	"random one that nobody knows, until its owner sets it"

func linkActions() sdk.Actions {
	change := func(c sdk.Change[linked]) *sdk.Change[linked] {
		c.Read, c.Write, c.Effects = readLink, writeLink, linkEffects
		return &c
	}
	return sdk.Actions{
		onItems(sdk.Action{
			Name: "remove_shared_link", Doc: "takes away the shared link of a file or folder; who was let in by name stays",
			Undo: sdk.UndoPartial, Loses: linkLoses, Lock: "link",
			By: change(sdk.Change[linked]{
				Want: func(_ *sdk.Intent, now linked) (linked, error) {
					now.Link = nil
					return now, nil
				},
			}),
		}),
		onItems(sdk.Action{
			Name: "change_shared_link", Doc: "changes whom the shared link of a file or folder opens it to", Undo: sdk.UndoFull, Lock: "link",
			By: change(sdk.Change[linked]{Want: wantAccess}),
		}, sdk.Setting{
			Name: "access", Required: true, Enum: []string{"open", "company", "collaborators"},
			Doc: "open: everybody who has the link; company: the enterprise's users; collaborators: only those let in by name",
		}),
		onItems(sdk.Action{
			Name: "expire_shared_link", Doc: "sets when the shared link of a file or folder ends", Undo: sdk.UndoFull, Lock: "link",
			By: change(sdk.Change[linked]{Want: wantEnd}),
		}, sdk.Setting{Name: "at", Required: true, Doc: "when, as in 2030-01-31T00:00:00Z"}),
	}
}

func readLink(ctx context.Context, s *sdk.Session, i *sdk.Intent) (linked, error) {
	it, err := itemNow(ctx, s, i, "shared_link")
	if err != nil {
		return linked{}, err
	}
	return linked{place: placeOf(i), Link: it.Link.sharing(), name: it.Name}, nil
}

func (l *link) sharing() *sharing {
	if l == nil {
		return nil
	}
	x := &sharing{Access: l.Access, Expires: stamp(l.Expires), Password: l.Password}
	switch {
	case l.Access == "collaborators": // it lets nobody do anything
	case l.Allows.Edit:
		x.Permission = "edit"
	case l.Allows.Download:
		x.Permission = "download"
	default:
		x.Permission = "preview"
	}
	return x
}

func wantAccess(i *sdk.Intent, now linked) (linked, error) {
	if now.Link == nil {
		return now, noLink(i)
	}
	to := *now.Link
	switch to.Access = sdk.Arg(i, "access"); to.Access {
	case "open", "company":
	case "collaborators":
	default:
		return now, sdk.Errorf(sdk.ErrInvalid, "argument access is %q: open, company or collaborators is expected", to.Access)
	}
	if to.Access == "collaborators" {
		to.Permission = ""
	} else if to.Permission == "" {
		to.Permission = "preview" // the least
	}
	now.Link = &to
	return now, nil
}

func wantEnd(i *sdk.Intent, now linked) (linked, error) {
	if now.Link == nil {
		return now, noLink(i)
	}
	at, err := time.Parse(time.RFC3339, sdk.Arg(i, "at"))
	if err != nil {
		return now, sdk.Errorf(sdk.ErrInvalid, "argument at is %q: a time as in 2030-01-31T00:00:00Z is expected", sdk.Arg(i, "at"))
	}
	if at.Before(time.Now()) {
		return now, sdk.Errorf(sdk.ErrInvalid, "argument at is in the past: remove_shared_link ends a link at once")
	}
	to := *now.Link
	to.Expires = stamp(when{at})
	now.Link = &to
	return now, nil
}

func noLink(i *sdk.Intent) error {
	return sdk.Errorf(sdk.ErrConflict, "item %s has no shared link", i.GetTarget().GetId())
}

// writeLink sends what differs. A link that was not there is made as it is to be.
func writeLink(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to linked) (*sdk.Outcome, error) {
	return nil, setLink(ctx, s, itemURL(i, ""), to, from.Link)
}

func setLink(ctx context.Context, s *sdk.Session, ref string, to linked, was *sharing) error {
	var body any // null
	if to.Link != nil {
		body = to.Link.body(was, to.Kind)
	}
	return order(ctx, s, http.MethodPut, ref+"?fields=shared_link", to.Owner, map[string]any{"shared_link": body})
}

// body: a new link may not be wider for a moment than it is to be, so all of it is said at once.
func (to *sharing) body(was *sharing, kind string) map[string]any {
	b := map[string]any{"access": to.Access}
	if was == nil {
		was = &sharing{}
		if to.Password {
			b["password"] = "Aa1!" + rand.Text() // whatever the enterprise asks of one
		}
	}
	switch {
	case to.Expires != "" && to.Expires != was.Expires:
		b["unshared_at"] = to.Expires
	case to.Expires != was.Expires:
		b["unshared_at"] = nil
	}
	if to.Permission != "" && to.Permission != was.Permission {
		p := map[string]any{"can_download": to.Permission != "preview"}
		if kind == typeFile {
			p["can_edit"] = to.Permission == "edit"
		}
		b["permissions"] = p
	}
	return b
}

func linkEffects(_ *sdk.Intent, from, to linked) []string {
	switch {
	case to.Link == nil:
		return []string{fmt.Sprintf("the shared link of %s (%s) is removed", from.name, from.Link)}
	case from.Link == nil:
		return []string{fmt.Sprintf("%s gets a new shared link (%s)", from.name, to.Link)}
	}
	return []string{fmt.Sprintf("the shared link of %s is changed: from %s to %s", from.name, from.Link, to.Link)}
}

// String is in the console's words.
func (to *sharing) String() string {
	words := []string{map[string]string{
		"open": "people with the link", "company": "people in the company", "collaborators": "invited people only",
	}[to.Access]}
	if to.Permission != "" {
		words = append(words, "can "+to.Permission)
	}
	if to.Password {
		words = append(words, "with a password")
	}
	if to.Expires != "" {
		words = append(words, "until "+to.Expires)
	}
	return strings.Join(words, ", ")
}
