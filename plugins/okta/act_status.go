package main

import (
	"context"
	"slices"
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
}

// operations lead to a status, from one, by a lifecycle operation.
var operations = map[[2]string]string{
	{active, suspended}: "suspend", {suspended, active}: "unsuspend", {active, expired}: "expire_password", {lockedOut, active}: "unlock",
}

// between is the change from one status to another. Nothing else than from will do; who has the status already is as wanted.
func between(from, to, effect string) *sdk.Change[status] {
	return &sdk.Change[status]{
		Read: readStatus,
		Want: func(i *sdk.Intent, now status) (status, error) {
			if now.Status != from && now.Status != to {
				return now, sdk.Errorf(sdk.ErrInvalid, "Okta can %s only accounts with status %s; this one has %s%s",
					strings.ReplaceAll(i.GetAction(), "_", " "), from, now.Status, advice[now.Status])
			}
			return status{to}, nil
		},
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to status) (*sdk.Outcome, error) {
			op, ok := operations[[2]string{from.Status, to.Status}]
			if !ok {
				return nil, sdk.Errorf(sdk.ErrUnsupported, "nothing leads from status %s to %s", from.Status, to.Status)
			}
			return nil, post(ctx, s, path("/api/v1/users/%s/lifecycle/%s", i.GetTarget().GetId(), op), func() (bool, error) {
				now, err := readStatus(ctx, s, i)
				return now == to, err
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

// advice says what to do about a status that an action does not work from.
var advice = map[string]string{
	"STAGED": ": it was never activated", "PROVISIONED": ": its person has not finished the activation; deactivate it instead",
	"RECOVERY": ": its password is being reset; deactivate it instead", lockedOut: ": unlock it first, or deactivate it",
	expired: ": its password has to be changed first; deactivate it instead", suspended: ": unsuspend it first",
	deactivated: ": it is deactivated",
}

func readStatus(ctx context.Context, s *sdk.Session, i *sdk.Intent) (status, error) {
	u, err := userAt(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return status{}, err
	}
	if a := i.GetAction(); slices.Contains([]string{"FEDERATION", "SOCIAL"}, u.Credentials.Provider.Type) && a == "expire_password" {
		return status{}, sdk.Errorf(sdk.ErrInvalid, "the account has no password at Okta: %s (%s) keeps it",
			u.Credentials.Provider.Name, u.Credentials.Provider.Type)
	} else if a == "unlock" && u.Status == lockedOut && u.directory() {
		return status{}, sdk.Errorf(sdk.ErrInvalid, "Okta unlocks only accounts of its own; this one is of %s: unlock it there", u.Credentials.Provider.Type)
	}
	return status{u.Status}, nil
}

// directory: the account's password is kept by Active Directory or LDAP.
func (u *user) directory() bool {
	t := u.Credentials.Provider.Type
	return t == "ACTIVE_DIRECTORY" || t == "LDAP"
}
