package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// move takes one file into the quarantine, or back out. Each step looks first, so it goes on from wherever it was left.
type move struct {
	*client
	intent     *sdk.Intent
	from, to   spot
	quarantine string // its drive
	outside    spot   // the other place
	keep       func([]byte) error
	turn       chan struct{} // two moves from one drive must not end each other's being a guest there

	steps   steps
	manager as    // of the quarantine
	guest   guest // where the manager was let in
}

// guest is a shared drive that the manager of the quarantine was let into; Role is what the manager had there before.
type guest struct {
	Drive string `json:"drive"`
	Role  string `json:"role,omitempty"`
}

const (
	manages     = "organizer"
	dismissTime = 10 * time.Second // to end being a guest, also when the action ran out of time
)

func (m *move) run(ctx context.Context) (err error) {
	if err := m.choose(ctx); err != nil {
		return err
	}
	now, h, err := m.spotOf(ctx, m.intent)
	if err != nil {
		return err
	}
	if m.outside.Drive != "" {
		select {
		case m.turn <- struct{}{}:
			defer func() { <-m.turn }()
		case <-ctx.Done():
			return &sdk.Error{Type: sdk.ErrNotReady, Message: "other files are moved out of shared drives first", Cause: ctx.Err()}
		}
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), dismissTime)
		defer cancel()
		if left := m.dismiss(end); left != nil {
			err = errors.Join(err, left)
		}
	}()
	if now.Drive == m.from.Drive && now.Owner == m.from.Owner { // not begun
		if err := planned(now.Shares, m.from.Shares, m.to.Shares); err != nil {
			return err
		}
	}
	switch {
	case m.outside.Drive != "":
		return m.betweenDrives(ctx, now, h)
	case m.intent.GetUndo() == nil:
		return m.in(ctx, now, h)
	}
	return m.out(ctx, now, h)
}

// recall reads where the manager is a guest; without progress, nowhere.
func (m *move) recall(progress []byte) {
	if json.Unmarshal(progress, &m.guest) != nil {
		m.guest = guest{}
	}
}

// choose finds the manager.
func (m *move) choose(ctx context.Context) error {
	email, err := m.memberOf(ctx, m.quarantine)
	m.manager = as{subject: strings.ToLower(email), scope: scopeDrive}
	return err
}

// stays says whether the manager is still a guest.
func (m *move) stays(ctx context.Context, i *sdk.Intent) (stays bool, err error) {
	if m.guest.Drive == "" {
		return false, nil
	}
	if m.quarantine, _, err = m.pen(i); err != nil {
		return false, err
	}
	if err := m.choose(ctx); err != nil {
		return false, err
	}
	_, role, err := m.membership(ctx, m.guest.Drive)
	return role != m.guest.Role, err
}

// betweenDrives moves from one shared drive to another.
func (m *move) betweenDrives(ctx context.Context, now spot, h *held) error {
	if now.Drive != m.to.Drive {
		if now.Drive != m.from.Drive {
			return m.elsewhere(now)
		}
		if err := m.admit(ctx); err != nil {
			return err
		}
	}
	if now.Drive != m.to.Drive || now.Parent != m.to.Parent {
		if err := m.relocate(ctx, m.manager, h.ID, m.to.Parent); err != nil {
			return err
		}
	}
	who := m.manager
	if m.intent.GetUndo() != nil && now.Drive == m.to.Drive { // the manager may be a guest there no more
		who = h.as
	}
	return m.arrange(ctx, &m.steps, who, h.ID, everyShare, m.from.Shares, m.to.Shares)
}

// in gives a person's file to the manager, who moves it into the quarantine.
func (m *move) in(ctx context.Context, now spot, h *held) error {
	if now.Drive == "" && now.Owner != m.manager.subject {
		if now.Owner != m.from.Owner {
			return m.elsewhere(now)
		}
		if err := m.handOver(ctx, h.as, h.ID, m.manager.subject); err != nil {
			return err
		}
	}
	if err := m.relocate(ctx, m.manager, h.ID, m.to.Parent); err != nil {
		return err
	}
	return m.arrange(ctx, &m.steps, m.manager, h.ID, everyShare, append(m.given(m.from.Owner), m.from.Shares...), m.to.Shares)
}

// out is the way back: the manager takes the file out and gives it to whom it belonged.
func (m *move) out(ctx context.Context, now spot, h *held) error {
	owner := as{subject: m.to.Owner, scope: scopeDrive}
	if now.Drive != "" {
		if now.Drive != m.from.Drive {
			return m.elsewhere(now)
		}
		if err := m.relocate(ctx, m.manager, h.ID, "root"); err != nil {
			return err
		}
		now.Owner = m.manager.subject
	}
	if now.Owner != owner.subject {
		if now.Owner != m.manager.subject {
			return m.elsewhere(now)
		}
		if err := m.handOver(ctx, m.manager, h.ID, owner.subject); err != nil {
			return err
		}
	}
	if err := m.arrange(ctx, &m.steps, owner, h.ID, everyShare, m.given(m.manager.subject), m.to.Shares); err != nil {
		return err
	}
	return m.relocate(ctx, owner, h.ID, m.to.Parent)
}

func (m *move) elsewhere(now spot) error {
	return sdk.Errorf(sdk.ErrConflict, "somebody else moved the file meanwhile: it is in %s", now)
}

// given is what Google lets somebody do who gave a file away.
func (m *move) given(email string) shares { return shares{{Type: "user", Who: email, Role: "writer"}} }

// handOver gives a file to somebody, into the root of their Drive. Google does not let the mail be left out.
func (m *move) handOver(ctx context.Context, who as, id, to string) error {
	q := query("transferOwnership", "true", "moveToNewOwnersRoot", "true", "supportsAllDrives", "true", "fields", "id")
	k := drive(who, q, "/drive/v3/files/%s/permissions", id)
	k.method, k.body = http.MethodPost, permission{Type: "user", Role: "owner", Email: to}
	err := m.do(ctx, k, nil)
	if err == nil {
		m.steps++
	}
	return err
}

// relocate moves a file from the folder it is in to another.
func (m *move) relocate(ctx context.Context, who as, id, folder string) error {
	h, err := m.look(ctx, who.subject, id)
	if err != nil {
		return err
	}
	if folder == "" || slices.Contains(h.Parents, folder) {
		return nil
	}
	err = m.patchFile(ctx, h, query("addParents", folder, "removeParents", strings.Join(h.Parents, ",")), struct{}{})
	if err == nil {
		m.steps++
	}
	return err
}

// admit lets the manager into the drive outside, as an administrator, and writes down before what is to be taken back.
func (m *move) admit(ctx context.Context) error {
	id, role, err := m.membership(ctx, m.outside.Drive)
	if err != nil || role == manages {
		return err
	}
	if m.guest.Drive == "" {
		m.guest = guest{Drive: m.outside.Drive, Role: role}
		if err := m.keep(encode(m.guest)); err != nil {
			return err
		}
		m.steps++
	}
	return m.member(ctx, m.outside.Drive, id, manages)
}

// dismiss makes the manager what the manager was before.
func (m *move) dismiss(ctx context.Context) error {
	if m.guest.Drive == "" {
		return nil
	}
	id, role, err := m.membership(ctx, m.guest.Drive)
	if err != nil || role == m.guest.Role {
		return err
	}
	return m.member(ctx, m.guest.Drive, id, m.guest.Role)
}

// membership is what the manager may do in a shared drive by name, and the permission that says so.
func (m *move) membership(ctx context.Context, drive string) (id, role string, err error) {
	all, err := m.permissions(ctx, m.admin(scopeDrive), drive, true)
	if err != nil {
		return "", "", err
	}
	for _, p := range all {
		if p.Type == "user" && strings.EqualFold(p.Email, m.manager.subject) {
			return p.ID, p.Role, nil
		}
	}
	return "", "", nil
}

// member gives the manager a role in a shared drive; "" is none.
func (m *move) member(ctx context.Context, driveID, id, role string) error {
	q := query("supportsAllDrives", "true", "useDomainAdminAccess", "true")
	k := drive(m.admin(scopeDrive), q, "/drive/v3/files/%s/permissions/%s", driveID, id)
	switch {
	case role == "":
		k.method = http.MethodDelete
	case id == "":
		q.Set("sendNotificationEmail", "false")
		k = drive(k.as, q, "/drive/v3/files/%s/permissions", driveID)
		k.method, k.body = http.MethodPost, permission{Type: "user", Role: role, Email: m.manager.subject}
	default:
		k.method, k.body = http.MethodPatch, map[string]string{"role": role}
	}
	if role != "" {
		q.Set("fields", "id")
	}
	if err := m.do(sdk.Safe(ctx), k, nil); sdk.TypeOf(err) != sdk.ErrNotFound || role != "" {
		return err
	}
	return nil
}
