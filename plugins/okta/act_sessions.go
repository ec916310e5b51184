package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

// The arguments of clear_sessions.
const (
	argTokens  = "oauth_tokens" //nolint:gosec // a name
	argDevices = "forget_devices"
)

// clearSessions ends sessions. Okta shows to nobody which there are, so whether it was done cannot be seen; doing it again
// is harmless.
type clearSessions struct{}

// Prepare is part of sdk.Actor.
func (clearSessions) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	u, err := userAt(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return nil, err
	}
	tokens, devices, err := sessionArgs(i)
	if err != nil {
		return nil, err
	}
	if u.Status == deactivated || u.Status == "STAGED" {
		return &sdk.Plan{Snapshot: []byte("{}"), Already: true}, nil
	}
	effects := []string{"the person is signed out of Okta everywhere, and has to sign in again; sessions inside apps go on until these end them"}
	if tokens {
		effects = append(effects, "the OAuth access and refresh tokens that apps have of the person are revoked")
	}
	if devices {
		effects = append(effects, "devices on which the second factor was remembered are forgotten")
	}
	return &sdk.Plan{Snapshot: []byte("{}"), Effects: effects}, nil
}

func sessionArgs(i *sdk.Intent) (tokens, devices bool, err error) {
	if tokens, err = flag(i, argTokens, false); err == nil {
		devices, err = flag(i, argDevices, true)
	}
	return tokens, devices, err
}

// flag is a boolean argument.
func flag(i *sdk.Intent, name string, normal bool) (bool, error) {
	v := sdk.Arg(i, name)
	if v == "" {
		return normal, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, &sdk.Error{Type: sdk.ErrInvalid, Field: name, Message: "argument " + name + " is true or false"}
	}
	return b, nil
}

// Act is part of sdk.Actor.
func (clearSessions) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte, _ func([]byte) error) (*sdk.Outcome, error) {
	if p.GetAlready() {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	tokens, devices, err := sessionArgs(i)
	if err != nil {
		return nil, err
	}
	ref := query(path("/api/v1/users/%s/sessions", i.GetTarget().GetId()),
		"oauthTokens", strconv.FormatBool(tokens), "forgetDevices", strconv.FormatBool(devices))
	if _, err := call(ctx, s, http.MethodDelete, ref, nil, nil); err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// ReadBack is part of sdk.Actor.
func (clearSessions) ReadBack(context.Context, *sdk.Session, *sdk.Intent, *sdk.Plan, []byte) (*sdk.ReadBack, error) {
	return &sdk.ReadBack{State: sdk.Unknowable, Detail: "Okta shows no sessions"}, nil
}
