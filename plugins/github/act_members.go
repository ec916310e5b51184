package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// member is what an organisation knows of somebody. Who is invited counts as in it: an invitation is all that GitHub lets
// others do.
type member struct {
	In    bool       `json:"in"`
	Role  string     `json:"role,omitempty"`
	Teams []teamRole `json:"teams,omitempty"` // by id
}

// teamRole is what somebody is in a team, by name: member or maintainer.
type teamRole struct {
	Team string `json:"team"`
	Role string `json:"role"`
}

const lostMember = "whoever is invited again must accept; private forks, access to repositories given by name, roles beside owner, authorised " +
	"tokens and keys, issues assigned, stars, and teams that an identity provider fills do not come back"

func roleArg(required bool) sdk.Setting {
	a := sdk.Setting{Name: "role", Doc: "admin is an owner of the organisation", Enum: []string{"admin", "member"}, Required: required}
	if !required {
		a.Default = "member"
	}
	return a
}

// roleOf is the role that an intent wants.
func roleOf(i *sdk.Intent) (string, error) {
	switch role := sdk.Arg(i, "role"); {
	case role == "admin" || role == "member":
		return role, nil
	case role == "" && i.GetAction() == "restore_member":
		return "member", nil
	default:
		return "", sdk.Errorf(sdk.ErrInvalid, "role is %q, admin or member is expected", role)
	}
}

func removeMember() sdk.Actor {
	return sure(&sdk.Change[member]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (member, error) {
			return readMember(ctx, s, i, true)
		},
		Want:  func(*sdk.Intent, member) (member, error) { return member{}, nil },
		Write: writeMember, Effects: memberEffects,
		Loses: func(_ *sdk.Intent, from, _ member) []string {
			if !from.In {
				return nil
			}
			return []string{lostMember}
		},
	})
}

func restoreMember() sdk.Actor {
	return sure(&sdk.Change[member]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (member, error) {
			return readMember(ctx, s, i, false)
		},
		Want: func(i *sdk.Intent, now member) (member, error) {
			if now.In {
				return now, nil
			}
			role, err := roleOf(i)
			return member{In: true, Role: role}, err
		},
		Write: writeMember, Effects: memberEffects,
	})
}

func changeRole() sdk.Actor {
	return sure(&sdk.Change[member]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (member, error) {
			m, err := readMember(ctx, s, i, false)
			if err == nil && !m.In {
				err = &sdk.Error{Type: sdk.ErrNotFound, Sent: true, Message: called(i, "account") + " is not in the organisation"}
			}
			return m, err
		},
		Want: func(i *sdk.Intent, now member) (member, error) {
			var err error
			now.Role, err = roleOf(i)
			return now, err
		},
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to member) (*sdk.Outcome, error) {
			login, err := loginOf(ctx, s, i.GetTarget().GetId())
			if err != nil {
				return nil, err
			}
			// The call would invite who left meanwhile.
			if _, err := membershipOf(ctx, s, login); err != nil {
				return nil, notIn(err, login)
			}
			return nil, putMembership(ctx, s, login, to.Role)
		},
		Effects: func(i *sdk.Intent, _, to member) []string {
			if to.Role == "admin" {
				return []string{called(i, "account") + " becomes an owner: may do everything in the organisation and every repository"}
			}
			return []string{called(i, "account") + " becomes a plain member: no owner any more"}
		},
	})
}

// orgMembership is the answer of GET /orgs/{org}/memberships/{login}.
type orgMembership struct {
	State string `json:"state"` // active, pending
	Role  string `json:"role"`
}

func membershipRef(s *sdk.Session, login string) string {
	return orgPath(s, path("/memberships/%s", login))
}

func membershipOf(ctx context.Context, s *sdk.Session, login string) (*orgMembership, error) {
	var m orgMembership
	_, err := get(ctx, s, membershipRef(s, login), "", &m)
	if err == nil && m.Role == "billing_manager" {
		err = sdk.Errorf(sdk.ErrUnsupported, "%s is a billing manager, which GitHub has no call to give back; do it by hand", login)
	}
	return &m, err
}

// notIn: somebody left since the action was planned.
func notIn(err error, login string) error {
	if sdk.TypeOf(err) != sdk.ErrNotFound {
		return err
	}
	return &sdk.Error{Type: sdk.ErrConflict, Sent: true, Message: login + " is not in the organisation any more"}
}

func putMembership(ctx context.Context, s *sdk.Session, login, role string) error {
	return change(ctx, s, http.MethodPut, membershipRef(s, login), map[string]string{"role": role}, nil)
}

// readMember reads whether somebody is in the organisation, and as what. GitHub does not list the teams that somebody is
// invited to, so of these only those that an undo gives back are looked at.
func readMember(ctx context.Context, s *sdk.Session, i *sdk.Intent, teams bool) (member, error) {
	login, err := loginOf(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return member{}, err
	}
	m, err := membershipOf(ctx, s, login)
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		return member{}, nil
	}
	if err != nil {
		return member{}, err
	}
	now := member{In: true, Role: m.Role}
	switch {
	case !teams:
	case m.State == "pending":
		now.Teams, err = teamsInvited(ctx, s, login, undone[member](i).Teams)
	default:
		_, now.Teams, err = teamsOf(ctx, s, login)
	}
	return now, err
}

func writeMember(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to member) (*sdk.Outcome, error) {
	login, err := loginOf(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return nil, err
	}
	if !to.In {
		return nil, change(ctx, s, http.MethodDelete, membershipRef(s, login), nil, nil)
	}
	if err := putMembership(ctx, s, login, to.Role); err != nil || len(to.Teams) == 0 {
		return nil, err
	}
	var o organization
	if _, err := get(ctx, s, orgPath(s, ""), "", &o); err != nil {
		return nil, later(err)
	}
	for _, t := range to.Teams {
		err := putTeam(ctx, s, num(o.ID), t.Team, login, t.Role)
		if refusedAlone(err) { // it is gone, or an identity provider fills it
			s.Log("warn", "a team was not given back", "team", t.Team, "login", login, "why", err.Error())
			continue
		}
		if err != nil {
			return nil, later(err)
		}
	}
	return nil, nil //nolint:nilnil // done
}

func memberEffects(i *sdk.Intent, from, to member) []string {
	who := called(i, "account")
	if !to.In {
		list := []string{who + " is no longer in the organisation, nor in its private repositories"}
		if n := len(from.Teams); n > 0 {
			list = append(list, who+" leaves "+counted(n, "team"))
		}
		return list
	}
	list := []string{who + " gets an invitation by e-mail, as " + to.Role + ", and is in the organisation when it is accepted"}
	if n := len(to.Teams); n > 0 {
		list = append(list, "the invitation is to "+counted(n, "team")+" too")
	}
	return list
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return num(int64(n)) + " " + what
}

// sortTeams: a snapshot is compared.
func sortTeams(list []teamRole) []teamRole {
	slices.SortFunc(list, func(a, b teamRole) int { return strings.Compare(a.Team, b.Team) })
	return list
}
