package main

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) quarantineDeeds() []deed {
	return []deed{{needs: []scope{scopeDrive, scopeAudit}, Action: sdk.Action{
		Name: "quarantine", On: sdk.KindFile, Undo: sdk.UndoPartial,
		Loses: "stars, shortcuts and places in folders that others gave it; Google tells the owner by mail that it is theirs again",
		Doc: "Moves the file into the quarantine, a shared drive, and ends all sharing: only those in that drive keep access. A manager of " +
			"the quarantine, whom Google tells by mail, owns it for a moment.",
		Args: []sdk.Setting{{Name: toArg, Doc: "another quarantine than that of the setting " + quarantineSetting}},
		By:   quarantine{c},
	}}}
}

// spot is where a file is, whose it is, and with whom it is shared.
type spot struct {
	Drive  string `json:"drive,omitempty"`
	Parent string `json:"parent,omitempty"`
	Owner  string `json:"owner,omitempty"` // "" in a shared drive
	Shares shares `json:"shares"`
}

// quarantine moves by the hands of a manager of the quarantine, never of the file's owner, so that nobody gets into the
// quarantine. A file of a person is given to the manager first; a shared drive lets the manager in for the time of the move.
type quarantine struct{ connector }

func (a quarantine) change(s *sdk.Session) *sdk.Change[spot] {
	cl := a.client(s)
	return &sdk.Change[spot]{
		Read: func(ctx context.Context, _ *sdk.Session, i *sdk.Intent) (spot, error) {
			p, _, err := cl.spotOf(ctx, i)
			return p, err
		},
		Want: func(i *sdk.Intent, _ spot) (spot, error) {
			drive, folder, err := cl.pen(i)
			return spot{Drive: drive, Parent: folder, Shares: shares{}}, err
		},
		Effects: func(_ *sdk.Intent, from, to spot) []string {
			list := []string{"the file moves from " + from.String() + " to " + to.String()}
			if from.Owner != "" {
				list = append(list, from.Owner+" loses access")
			}
			if to.Owner != "" {
				list = append(list, to.Owner+" owns it again, and is told so by mail")
			}
			return append(list, shareEffects(from.Shares, to.Shares)...)
		},
	}
}

func (p spot) String() string {
	if p.Drive != "" {
		return "the shared drive " + p.Drive
	}
	return "the Drive of " + p.Owner
}

// Prepare is part of sdk.Actor.
func (a quarantine) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	return a.change(s).Prepare(ctx, s, i)
}

// Act is part of sdk.Actor. Progress is where the manager is a guest.
func (a quarantine) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	ch := a.change(s)
	ch.Write = func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to spot) (*sdk.Outcome, error) {
		m := &move{client: a.client(s), intent: i, from: from, to: to, quarantine: to.Drive, outside: from, keep: keep, turn: a.guests}
		if i.GetUndo() != nil {
			m.quarantine, m.outside = from.Drive, to
		}
		if m.recall(progress); m.guest.Drive != "" {
			m.steps++
		}
		return m.steps.end(m.run(ctx))
	}
	return ch.Act(ctx, s, i, p, progress, keep)
}

// ReadBack is part of sdk.Actor.
func (a quarantine) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	r, err := a.change(s).ReadBack(ctx, s, i, p, progress)
	if err != nil || r.GetState() != sdk.Applied {
		return r, err
	}
	m := &move{client: a.client(s)}
	m.recall(progress)
	stays, err := m.stays(ctx, i)
	if stays {
		r = &sdk.ReadBack{State: sdk.NotApplied, Detail: "the manager of the quarantine is still a guest in " + m.guest.Drive}
	}
	return r, err
}

// pen is the quarantine of an intent: for an undo, the one that the file was moved to.
func (c *client) pen(i *sdk.Intent) (drive, folder string, err error) {
	if u := i.GetUndo(); u != nil {
		var done struct {
			To spot `json:"to"`
		}
		if err := json.Unmarshal(u.GetPlan().GetSnapshot(), &done); err != nil {
			return "", "", sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
		}
		return done.To.Drive, done.To.Parent, nil
	}
	to := strings.TrimSpace(cmp.Or(sdk.Arg(i, toArg), c.setting(quarantineSetting)))
	drive, folder, _ = strings.Cut(to, "/")
	if drive == "" {
		return "", "", &sdk.Error{
			Type: sdk.ErrInvalid, Field: quarantineSetting,
			Message: "there is no quarantine: name a shared drive in the setting " + quarantineSetting + ", or in the argument " + toArg,
		}
	}
	return drive, cmp.Or(folder, drive), nil
}

// spotOf looks for a file where it was, and in the quarantine.
func (c *client) spotOf(ctx context.Context, i *sdk.Intent) (spot, *held, error) {
	pen, _, err := c.pen(i)
	if err != nil {
		return spot{}, nil, err
	}
	h, err := c.reach(ctx, i, pen)
	if err != nil {
		return spot{}, nil, err
	}
	if h.Mime == folderMime {
		return spot{}, nil, sdk.Errorf(sdk.ErrUnsupported, "%s is a folder, and Google moves none into a shared drive: make it private, or trash it", h.Name)
	}
	p := spot{Drive: h.Drive}
	if len(h.Parents) > 0 {
		p.Parent = h.Parents[0]
	}
	if h.Drive == "" && len(h.Owners) > 0 {
		p.Owner = strings.ToLower(h.Owners[0].Email)
	}
	p.Shares, _, err = c.sharesOf(ctx, h.as, h.ID, everyShare)
	return p, h, err
}
