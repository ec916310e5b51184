package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// outsider is what an outside collaborator may do, by repository; those that an invitation waits for count.
type outsider struct {
	Repositories []given `json:"repositories,omitempty"` // by id
}

type given struct {
	ID         string `json:"id"`
	Permission string `json:"permission"`
}

const lostOutside = "whoever is invited again must accept, for each repository; private forks, stars, and custom roles do not come back"

func removeOutside() sdk.Actor {
	return sure(&sdk.Change[outsider]{
		Read:  readOutside,
		Want:  func(*sdk.Intent, outsider) (outsider, error) { return outsider{}, nil },
		Write: writeOutside,
		Effects: func(i *sdk.Intent, from, to outsider) []string {
			if n := len(to.Repositories); n > 0 {
				return []string{called(i, "account") + " gets " + counted(n, "invitation") + " by e-mail, one a repository"}
			}
			return []string{called(i, "account") + " has no access any more to " + plural(len(from.Repositories))}
		},
		Loses: func(_ *sdk.Intent, from, _ outsider) []string {
			if len(from.Repositories) == 0 {
				return nil
			}
			return []string{lostOutside}
		},
	})
}

func plural(n int) string {
	if n == 1 {
		return "1 repository"
	}
	return num(int64(n)) + " repositories"
}

const outsideQuery = `query($org:String!,$login:String!,$after:String){organization(login:$org){` +
	`repositories(first:100,after:$after){pageInfo{hasNextPage endCursor}nodes{databaseId name ` +
	`collaborators(first:1,affiliation:OUTSIDE,login:$login){edges{permission node{login}}}}}}}`

type outsidePage struct {
	Data *struct {
		Organization *struct {
			Repositories struct {
				Page  pageInfo `json:"pageInfo"`
				Nodes []struct {
					ID            int64 `json:"databaseId"`
					Collaborators *struct {
						Edges []struct {
							Permission string `json:"permission"`
							Node       struct {
								Login string `json:"login"`
							} `json:"node"`
						} `json:"edges"`
					} `json:"collaborators"`
				} `json:"nodes"`
			} `json:"repositories"`
		} `json:"organization"`
	} `json:"data"`
	Errors graphErrors `json:"errors"`
}

// graphLevels are the permissions of GraphQL in the words of REST.
var graphLevels = map[string]string{"READ": "pull", "TRIAGE": "triage", "WRITE": "push", "MAINTAIN": "maintain", "ADMIN": "admin"}

// outsideOf gives what an outside collaborator may do: 1 call for 100 repositories.
func outsideOf(ctx context.Context, s *sdk.Session, login string) ([]given, error) {
	vars := map[string]any{"org": s.Settings["organization"], "login": login}
	var list []given
	for range maxPages {
		var p outsidePage
		if err := post(sdk.Safe(ctx), s, graphqlURL(s), map[string]any{"query": outsideQuery, "variables": vars}, &p); err != nil {
			return nil, err
		}
		if err := p.Errors.err(); err != nil {
			return nil, err
		}
		if p.Data == nil || p.Data.Organization == nil {
			return nil, missing("GraphQL answer", "an organization")
		}
		repos := &p.Data.Organization.Repositories
		for _, r := range repos.Nodes {
			if r.Collaborators == nil {
				continue // it may not be asked who reaches it
			}
			for _, e := range r.Collaborators.Edges {
				if level := graphLevels[e.Permission]; level != "" && strings.EqualFold(e.Node.Login, login) {
					list = append(list, given{ID: num(r.ID), Permission: level})
				}
			}
		}
		after, _ := vars["after"].(string)
		next, err := repos.Page.next(after)
		if err != nil || next == "" {
			return list, err
		}
		vars["after"] = next
	}
	return nil, sdk.Errorf(sdk.ErrInternal, "GraphQL gave more than %d pages of repositories", maxPages)
}

func readOutside(ctx context.Context, s *sdk.Session, i *sdk.Intent) (outsider, error) {
	login, err := loginOf(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return outsider{}, err
	}
	list, err := outsideOf(ctx, s, login)
	if err != nil {
		return outsider{}, err
	}
	for _, g := range undone[outsider](i).Repositories {
		if slices.ContainsFunc(list, func(has given) bool { return has.ID == g.ID }) {
			continue
		}
		level, err := invitedTo(ctx, s, g.ID, login)
		if err != nil {
			return outsider{}, err
		}
		if level != "" {
			list = append(list, given{ID: g.ID, Permission: level})
		}
	}
	slices.SortFunc(list, func(a, b given) int { return strings.Compare(a.ID, b.ID) })
	return outsider{list}, nil
}

// invitedLevels are the permissions of an invitation in the words of the calls that give them.
var invitedLevels = map[string]string{"read": "pull", "triage": "triage", "write": "push", "maintain": "maintain", "admin": "admin"}

// invitedTo is what an invitation to a repository that waits would give, "" when there is none.
func invitedTo(ctx context.Context, s *sdk.Session, repo, login string) (string, error) {
	r, err := repositoryOf(ctx, s, repo)
	if err != nil {
		return "", gone(err)
	}
	type invitation struct {
		Invitee     user   `json:"invitee"`
		Permissions string `json:"permissions"`
	}
	v, err := seek(ctx, s, paged(r.path("/invitations"), maxPerPage), func(v *invitation) bool {
		return strings.EqualFold(v.Invitee.Login, login)
	})
	if err != nil || v == nil {
		return "", err
	}
	return invitedLevels[v.Permissions], nil
}

// writeOutside takes everything away at once, or gives it back repository by repository.
func writeOutside(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to outsider) (*sdk.Outcome, error) {
	login, err := loginOf(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return nil, err
	}
	if len(to.Repositories) == 0 {
		return nil, change(ctx, s, http.MethodDelete, orgPath(s, path("/outside_collaborators/%s", login)), nil, nil)
	}
	for n, g := range to.Repositories {
		r, err := repositoryOf(ctx, s, g.ID)
		if err == nil {
			err = change(ctx, s, http.MethodPut, r.path(path("/collaborators/%s", login)), map[string]string{"permission": g.Permission}, nil)
		}
		if err != nil && n > 0 {
			err = later(err)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // done
}
