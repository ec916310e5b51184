package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
)

// table is what the connector can change. Whom an action is about is read anew each time it is carried out: logins and
// names change, ids do not.
var table = sdk.Actions{
	{
		Name: "remove_member", On: sdk.KindAccount, By: removeMember(), Capability: "act:remove_member",
		Doc:    "Removes a member from the organisation, and with that from its teams and private repositories; cancels an invitation.",
		Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostMember,
	},
	{
		Name: "restore_member", On: sdk.KindAccount, By: restoreMember(), Capability: "act:restore_member",
		Doc:  "Invites somebody into the organisation who is not in it any more; they are back when they accept.",
		Args: []sdk.Setting{roleArg(false)}, Safety: sdk.Repeat, Undo: sdk.UndoFull,
	},
	{
		Name: "change_role", On: sdk.KindAccount, By: changeRole(), Capability: "act:change_role",
		Doc:  "Makes a member an owner of the organisation (admin), or an owner a plain member.",
		Args: []sdk.Setting{roleArg(true)}, Safety: sdk.Repeat, Undo: sdk.UndoFull,
	},
	{
		Name: "remove_from_team", On: sdk.KindMembership, By: removeFromTeam(), Capability: "act:remove_from_team",
		Doc:    "Takes a member out of a team. Who is in it through a child team only is not there to be taken out.",
		Safety: sdk.Repeat, Undo: sdk.UndoFull,
	},
	{
		Name: "make_private", On: sdk.KindFile, By: makePrivate(), Capability: "act:make_private",
		Doc:    "Makes a public or internal repository private.",
		Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostPublic,
	},
	{
		Name: "remove_outside_collaborator", On: sdk.KindAccount, By: removeOutside(), Capability: "act:remove_outside_collaborator",
		Doc:    "Takes every repository of the organisation away from an outside collaborator.",
		Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostOutside,
	},
	{
		Name: "archive", On: sdk.KindFile, By: archive(), Capability: "act:archive",
		Doc:    "Archives a repository: everybody can read as before, nobody can write.",
		Safety: sdk.Repeat, Undo: sdk.UndoFull,
	},
	{
		Name: "remove_deploy_key", On: sdk.KindGrant, By: removeDeployKey(), Capability: "act:remove_deploy_key",
		Doc:    "Removes a deploy key from its repository.",
		Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostKey,
	},
	{
		Name: "revoke_pat", On: sdk.KindGrant, By: revokePAT(), Capability: "act:revoke_pat",
		Doc:    "Takes the organisation away from a fine-grained personal access token. Only a GitHub App can.",
		Safety: sdk.Repeat, Undo: sdk.UndoNone,
	},
	{
		Name: "revoke_sso_credential", On: sdk.KindGrant, By: revokeCredential(), Capability: "act:revoke_sso_credential",
		Doc:    "Takes the organisation away from a token or key that was authorised for single sign-on (Enterprise with SAML).",
		Safety: sdk.Repeat, Undo: sdk.UndoNone,
	},
	{
		Name: "block", On: sdk.KindAccount, By: block(), Capability: "act:block",
		Doc:    "Blocks an account at the organisation. A member must be removed first.",
		Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostBlocked,
	},
	{
		Name: "suspend_installation", On: sdk.KindApp, By: suspendInstallation(), Capability: "act:suspend_installation",
		Doc:    "Suspends the installation of a GitHub App on the organisation. GitHub lets only that App itself do it, so the credentials must be its own.",
		Safety: sdk.Repeat, Undo: sdk.UndoFull,
	},
	{
		Name: "quarantine", On: sdk.KindFile, By: quarantine{}, Capability: "act:quarantine",
		Doc:  "Moves a file of a default branch into a private repository and leaves a text in its place; the repository's history keeps it.",
		Args: quarantineArgs, Safety: sdk.Precondition, Undo: sdk.UndoFull,
	},
	{
		Name: "overwrite", On: sdk.KindFile, By: overwrite(), Capability: "act:overwrite",
		Doc: "Replaces a file's content on the default branch by a text; undo writes the former one back. The history keeps both.",
		Args: []sdk.Setting{
			{Name: "content", Doc: "the text", Required: true},
		},
		Safety: sdk.Precondition, Undo: sdk.UndoFull,
	},
}

// Prepare is part of sdk.Actor.
func (connector) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	p, err := table.Prepare(ctx, s, named(ctx, s, i))
	return p, explainAct(i, err)
}

// named is an intent whose target bears the name that people know it by: they read the plan. What cannot be found out is
// left to the plan to say.
func named(ctx context.Context, s *sdk.Session, i *sdk.Intent) *sdk.Intent {
	t := i.GetTarget()
	if t.GetName() != "" {
		return i
	}
	name := ""
	switch path := strings.Contains(t.GetId(), "/"); {
	case t.GetKind() == sdk.KindAccount:
		name, _ = loginOf(ctx, s, t.GetId())
	case t.GetKind() == sdk.KindFile && path:
		if r, file, err := fileOf(ctx, s, i); err == nil {
			name = file + " of " + r.FullName
		}
	case t.GetKind() == sdk.KindFile:
		if r, err := repositoryOf(ctx, s, t.GetId()); err == nil {
			name = r.FullName
		}
	}
	if name == "" {
		return i
	}
	known := proto.CloneOf(i)
	known.Target.Name = new(name)
	return known
}

// Act is part of sdk.Actor.
func (connector) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	o, err := table.Act(ctx, s, i, p, progress, keep)
	return o, explainAct(i, err)
}

// ReadBack is part of sdk.Actor.
func (connector) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	r, err := table.ReadBack(ctx, s, i, p, progress)
	return r, explainAct(i, err)
}

// explainAct names the action, and the permission that it needs where GitHub did not.
func explainAct(i *sdk.Intent, err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	if told.Capability == "" {
		told.Capability = "act:" + i.GetAction()
	}
	if told.Type == sdk.ErrPermission && told.Permission == "" {
		told.Permission = strings.Join(actNeeds[i.GetAction()].app, ", ")
	}
	return &told
}

// sure makes a change that GitHub refused look again: it may have been done already, by a request whose answer was lost or
// by somebody else; and "not found" is what GitHub says as well to who may not do it.
func sure[S any](c *sdk.Change[S]) *sdk.Change[S] {
	write := c.Write
	c.Write = func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to S) (*sdk.Outcome, error) {
		o, err := write(ctx, s, i, from, to)
		if !refusedAlone(err) {
			return o, err
		}
		now, readErr := c.Read(ctx, s, i)
		switch {
		case readErr != nil:
			return nil, err
		case alike(now, to):
			return &sdk.Outcome{State: sdk.Already}, nil
		case answered404(err):
			return nil, &sdk.Error{Type: sdk.ErrPermission, Sent: true, Message: "GitHub says \"not found\", but it is there: the credential may not change it"}
		}
		return nil, err
	}
	return c
}

func answered404(err error) bool {
	e, ok := errors.AsType[*sdk.Error](err)
	return ok && e.Status == http.StatusNotFound
}

func alike[S any](a, b S) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// gone: that it is not there is what was wanted. Not for calls that GitHub answers like that to who may not make them.
func gone(err error) error {
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		return nil
	}
	return err
}

// later is the error of a step behind one that took effect: whatever it says, it must not pass for "nothing was done".
func later(err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok || sdk.OutcomeOf(err, false).GetState() != sdk.Refused {
		return err
	}
	told := *e
	told.Type, told.Sent = sdk.ErrUnavailable, true
	told.Message = "only a part was done: " + told.Message
	return &told
}

// refusedAlone says that GitHub refused one thing for good, which need not keep the others from being done.
func refusedAlone(err error) bool {
	switch sdk.TypeOf(err) {
	case sdk.ErrPermission, sdk.ErrNotFound, sdk.ErrInvalid, sdk.ErrConflict:
		return true
	}
	return false
}

// called is the target in words.
func called(i *sdk.Intent, what string) string {
	if name := i.GetTarget().GetName(); name != "" {
		return name
	}
	return what + " " + i.GetTarget().GetId()
}

// loginOf gives the present login of an account.
func loginOf(ctx context.Context, s *sdk.Session, id string) (string, error) {
	var u user
	_, err := get(ctx, s, path("/user/%s", id), "", &u)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return "", &sdk.Error{Type: sdk.ErrNotFound, Sent: true, Message: "GitHub has no account with id " + id}
	case err != nil:
		return "", err
	case num(u.ID) != id || u.Login == "":
		return "", missing("user", "the id asked for")
	}
	return u.Login, nil
}
