package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"regexp"

	"github.com/mooring-hq/mooring/sdk"
)

// needed names the role behind a refusal that does not name a scope.
func needed(i *sdk.Intent, err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	if told.Type == sdk.ErrPermission && told.Permission == "" {
		for _, d := range deeds() {
			if d.Name == i.GetAction() {
				told.Permission = "role " + d.role(nil)
			}
		}
	}
	told.Capability = cmp.Or(told.Capability, "act:"+i.GetAction())
	return &told
}

// write sends one request that changes something. Where Okta refuses it, it may be because it was done already, by an
// earlier request whose answer was lost or by somebody else: so what is there now is looked at. done says whether that is
// as wanted.
func write(ctx context.Context, s *sdk.Session, method, ref string, in any, done func() (bool, error)) error {
	_, err := call(ctx, s, method, ref, in, nil)
	switch sdk.TypeOf(err) {
	case sdk.ErrInvalid, sdk.ErrConflict, sdk.ErrPermission, sdk.ErrNotFound:
	default:
		return err
	}
	if is, look := done(); look == nil && is {
		return nil
	}
	return err
}

// post is a write without a body.
func post(ctx context.Context, s *sdk.Session, ref string, done func() (bool, error)) error {
	return write(ctx, s, http.MethodPost, ref, nil, done)
}

// remove is a write that takes something away. What Okta itself says is not there, is away.
func remove(ctx context.Context, s *sdk.Session, ref string) error {
	_, err := call(ctx, s, http.MethodDelete, ref, nil, nil)
	if isGone(err) {
		return nil
	}
	return err
}

// after is how a step ended that others came before: these were done, so an error leaves it open what came of the whole.
func after(steps int, err error) (*sdk.Outcome, error) {
	if err == nil || steps == 0 {
		return nil, err
	}
	o := sdk.OutcomeOf(err, true)
	return o, nil
}

// idForm is what ids look like. A target may be anything that somebody wrote, and no other segment of a path must come of it.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_$+!*'(),-][A-Za-z0-9_$+!*'(),.-]{0,254}$`)

// areIDs says which of some texts cannot be an id.
func areIDs(list ...string) error {
	for _, id := range list {
		if !idForm.MatchString(id) {
			return sdk.Errorf(sdk.ErrInvalid, "%q is no id of Okta's", cut(id, maxMessage))
		}
	}
	return nil
}

// userAt reads the account that an action is for. Okta takes logins where it expects an id, and "me": only an id will do.
func userAt(ctx context.Context, s *sdk.Session, id string) (*user, error) {
	if err := areIDs(id); err != nil {
		return nil, err
	}
	var u user
	if _, err := get(ctx, s, path("/api/v1/users/%s", id), &u); err != nil {
		return nil, err
	}
	if err := u.check(); err != nil {
		return nil, err
	}
	if u.ID != id {
		return nil, sdk.Errorf(sdk.ErrInvalid, "%q is no id of an account", id)
	}
	return &u, nil
}
