package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// graphErrors are in every answer of GraphQL.
type graphErrors []struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// err types the first.
func (list graphErrors) err() error {
	if len(list) == 0 {
		return nil
	}
	p := identityPage{Errors: list}
	return p.err()
}

// pageInfo says where a list of GraphQL goes on.
type pageInfo struct {
	More bool   `json:"hasNextPage"`
	End  string `json:"endCursor"`
}

// next is the cursor of the page after the one behind after; "" behind the last.
func (p pageInfo) next(after string) (string, error) {
	if !p.More {
		return "", nil
	}
	if p.End == "" || p.End == after {
		return "", sdk.Errorf(sdk.ErrInternal, "GitHub gave the same GraphQL cursor twice")
	}
	return p.End, nil
}

const teamQuery = `query($org:String!,$login:String!,$after:String){organization(login:$org){databaseId ` +
	`teams(first:100,after:$after,userLogins:[$login]){pageInfo{hasNextPage endCursor}nodes{databaseId slug ` +
	`members(first:100,membership:IMMEDIATE,query:$login){edges{role node{login}}}}}}}`

type teamPage struct {
	Data *struct {
		Organization *struct {
			ID    int64 `json:"databaseId"`
			Teams struct {
				Page  pageInfo `json:"pageInfo"`
				Nodes []struct {
					ID      int64 `json:"databaseId"`
					Members struct {
						Edges []struct {
							Role string `json:"role"`
							Node struct {
								Login string `json:"login"`
							} `json:"node"`
						} `json:"edges"`
					} `json:"members"`
				} `json:"nodes"`
			} `json:"teams"`
		} `json:"organization"`
	} `json:"data"`
	Errors graphErrors `json:"errors"`
}

// teamsOf gives the teams that somebody is in by name, not through a child team, and the organisation's id. Only GraphQL
// tells without asking every team.
func teamsOf(ctx context.Context, s *sdk.Session, login string) (org string, list []teamRole, err error) {
	vars := map[string]any{"org": s.Settings["organization"], "login": login}
	for range maxPages {
		var p teamPage
		if err := post(sdk.Safe(ctx), s, graphqlURL(s), map[string]any{"query": teamQuery, "variables": vars}, &p); err != nil {
			return "", nil, err
		}
		if err := p.Errors.err(); err != nil {
			return "", nil, err
		}
		if p.Data == nil || p.Data.Organization == nil || p.Data.Organization.ID <= 0 {
			return "", nil, missing("GraphQL answer", "an organization")
		}
		o := p.Data.Organization
		org = num(o.ID)
		for _, t := range o.Teams.Nodes {
			for _, m := range t.Members.Edges {
				if strings.EqualFold(m.Node.Login, login) {
					list = append(list, teamRole{Team: num(t.ID), Role: strings.ToLower(m.Role)})
				}
			}
		}
		after, _ := vars["after"].(string)
		next, err := o.Teams.Page.next(after)
		if err != nil || next == "" {
			return org, sortTeams(list), err
		}
		vars["after"] = next
	}
	return "", nil, sdk.Errorf(sdk.ErrInternal, "GraphQL gave more than %d pages of teams", maxPages)
}

// teamsInvited are those of the teams that an invitation is to.
func teamsInvited(ctx context.Context, s *sdk.Session, login string, of []teamRole) ([]teamRole, error) {
	if len(of) == 0 {
		return nil, nil
	}
	var o organization
	if _, err := get(ctx, s, orgPath(s, ""), "", &o); err != nil {
		return nil, err
	}
	var list []teamRole
	for _, t := range of {
		var m orgMembership
		_, err := get(ctx, s, teamRef(num(o.ID), t.Team, login), "", &m)
		if sdk.TypeOf(err) == sdk.ErrNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, teamRole{Team: t.Team, Role: m.Role})
	}
	return sortTeams(list), nil
}

func teamRef(org, team, login string) string {
	return path("/organizations/%s/team/%s/memberships/%s", org, team, login)
}

func putTeam(ctx context.Context, s *sdk.Session, org, team, login, role string) error {
	return change(ctx, s, http.MethodPut, teamRef(org, team, login), map[string]string{"role": role}, nil)
}

// undone is the state before what an undo takes back; the zero state for any other intent.
func undone[S any](i *sdk.Intent) (from S) {
	var t struct {
		From S `json:"from"`
	}
	if u := i.GetUndo(); u != nil {
		_ = json.Unmarshal(u.GetPlan().GetSnapshot(), &t) // sdk.Change says what is wrong with it
	}
	return t.From
}

// inTeam is what somebody is in one team by name: member, maintainer or "".
type inTeam struct {
	Role string `json:"role,omitempty"`
}

func removeFromTeam() sdk.Actor {
	return sure(&sdk.Change[inTeam]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (inTeam, error) {
			team, login, err := teamMember(ctx, s, i)
			if err != nil {
				return inTeam{}, err
			}
			_, list, err := teamsOf(ctx, s, login)
			for _, t := range list {
				if t.Team == team {
					return inTeam{t.Role}, err
				}
			}
			return inTeam{}, err
		},
		Want: func(*sdk.Intent, inTeam) (inTeam, error) { return inTeam{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to inTeam) (*sdk.Outcome, error) {
			team, login, err := teamMember(ctx, s, i)
			if err != nil {
				return nil, err
			}
			var o organization
			if _, err := get(ctx, s, orgPath(s, ""), "", &o); err != nil {
				return nil, err
			}
			if to.Role == "" {
				return nil, change(ctx, s, http.MethodDelete, teamRef(num(o.ID), team, login), nil, nil)
			}
			if _, err := membershipOf(ctx, s, login); err != nil { // the call would invite who left meanwhile
				return nil, notIn(err, login)
			}
			return nil, putTeam(ctx, s, num(o.ID), team, login, to.Role)
		},
		Effects: func(i *sdk.Intent, from, to inTeam) []string {
			if to.Role == "" {
				return []string{called(i, "membership") + ": no " + from.Role + " of the team any more, nor what only the team may reach"}
			}
			return []string{called(i, "membership") + ": " + to.Role + " of the team again"}
		},
	})
}

// teamMember gives a membership's team and the login of its member.
func teamMember(ctx context.Context, s *sdk.Session, i *sdk.Intent) (team, login string, err error) {
	parts := sdk.SplitID(i.GetTarget().GetId())
	if len(parts) != 3 || parts[0] != "team" {
		return "", "", sdk.Errorf(sdk.ErrInvalid, "%q is not a membership of a team", i.GetTarget().GetId())
	}
	login, err = loginOf(ctx, s, parts[2])
	return parts[1], login, err
}
