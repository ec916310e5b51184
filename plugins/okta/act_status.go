package main

import (
	"context"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// Okta's statuses that actions lead to or from.
const (
	active      = "ACTIVE"
	suspended   = "SUSPENDED"
	expired     = "PASSWORD_EXPIRED"
	lockedOut   = "LOCKED_OUT"
	deactivated = "DEPROVISIONED"
)

// status is all that the actions touch that give an account another one.
type status struct {
	Status string `json:"status"`

	provider string // who keeps the password
}

// operations lead from one status to another.
var operations = map[[2]string]string{
	{active, suspended}: "suspend", {suspended, active}: "unsuspend", {active, expired}: "expire_password", {lockedOut, active}: "unlock",
}

// between is the change from one status to another. From any other it is refused; who has it already is as wanted.
func between(from, to, effect string) *sdk.Change[status] {
	return &sdk.Change[status]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (status, error) {
			u, err := userAt(ctx, s, i.GetTarget().GetId())
			if err != nil {
				return status{}, err
			}
			return status{Status: u.Status, provider: u.Credentials.Provider.Type}, nil
		},
		Want: func(i *sdk.Intent, now status) (status, error) {
			return status{Status: to}, now.allows(i.GetAction(), from, to)
		},
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to status) (*sdk.Outcome, error) {
			op, ok := operations[[2]string{from.Status, to.Status}]
			if !ok {
				return nil, sdk.Errorf(sdk.ErrUnsupported, "nothing leads from status %s to %s", from.Status, to.Status)
			}
			id := i.GetTarget().GetId()
			return nil, post(ctx, s, path("/api/v1/users/%s/lifecycle/%s", id, op), func() (bool, error) {
				u, err := userAt(ctx, s, id)
				return err == nil && u.Status == to.Status, err
			})
		},
		Effects: func(i *sdk.Intent, _, to status) []string {
			if i.GetUndo() != nil {
				return []string{"the account has the status " + to.Status + " again"}
			}
			return []string{effect}
		},
	}
}

// allows says why an action cannot be done; nil: it can.
func (now status) allows(action, from, to string) error {
	switch {
	case now.Status == to:
		return nil
	case now.Status != from && to != active && advice[now.Status] != "":
		return sdk.Errorf(sdk.ErrInvalid, "Okta can %s only accounts with status %s; this one has %s: %s", words(action), from, now.Status, advice[now.Status])
	case now.Status != from:
		return sdk.Errorf(sdk.ErrInvalid, "Okta can %s only accounts with status %s; this one has %s", words(action), from, now.Status)
	case to == expired && (now.provider == "FEDERATION" || now.provider == "SOCIAL"):
		return sdk.Errorf(sdk.ErrInvalid, "the account has no password at Okta: it signs in elsewhere (%s)", now.provider)
	case from == lockedOut && (now.provider == "ACTIVE_DIRECTORY" || now.provider == "LDAP"):
		return sdk.Errorf(sdk.ErrInvalid, "Okta unlocks only accounts of its own; this one is of %s: unlock it there", now.provider)
	}
	return nil
}

func words(action string) string { return strings.ReplaceAll(action, "_", " ") }

// advice says what can be done instead about an account that is to be kept out, but is not active.
var advice = map[string]string{
	"STAGED":      "it was never activated, so nobody can sign in",
	"PROVISIONED": "its person has not finished the activation; deactivate it",
	"RECOVERY":    "its password is being reset; deactivate it",
	lockedOut:     "unlock it first, or deactivate it",
	expired:       "its person has to change the password first; deactivate it",
	suspended:     "nobody can sign in",
	deactivated:   "it is deactivated, so nobody can sign in",
}
