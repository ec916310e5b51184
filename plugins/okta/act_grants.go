package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/mooring-hq/mooring/sdk"
)

// enrolled are the factors that an account has, but for the mailbox, which Okta enrols by itself, and the password.
type enrolled struct {
	Factors []string `json:"factors"`
}

func resetFactors() *sdk.Change[enrolled] {
	read := func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (enrolled, error) {
		list, _, err := getList[factor](ctx, s, path("/api/v1/users/%s/factors", i.GetTarget().GetId()))
		e := enrolled{Factors: []string{}}
		for _, f := range list {
			if f.Type != "email" && f.Type != "password" {
				e.Factors = append(e.Factors, f.Type)
			}
		}
		slices.Sort(e.Factors)
		return e, err
	}
	return &sdk.Change[enrolled]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (enrolled, error) {
			if _, err := userAt(ctx, s, i.GetTarget().GetId()); err != nil {
				return enrolled{}, err
			}
			return read(ctx, s, i)
		},
		Want: func(*sdk.Intent, enrolled) (enrolled, error) { return enrolled{Factors: []string{}}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, _ enrolled) (*sdk.Outcome, error) {
			return nil, post(ctx, s, path("/api/v1/users/%s/lifecycle/reset_factors", i.GetTarget().GetId()), func() (bool, error) {
				now, err := read(ctx, s, i)
				return len(now.Factors) == 0, err
			})
		},
		Effects: func(_ *sdk.Intent, from, _ enrolled) []string {
			var list []string
			for _, f := range slices.Compact(slices.Clone(from.Factors)) {
				list = append(list, "the factor "+f+" is gone; the person has to enrol it anew")
			}
			return list
		},
	}
}

// given is a grant while it is in force; nothing, when it is not.
type given struct {
	Scopes []string `json:"scopes,omitempty"`
	Client string   `json:"client,omitempty"`
}

// grantAt is where a grant is, by the id of its record, and its own id.
func grantAt(i *sdk.Intent) (ref, id string, err error) {
	p := sdk.SplitID(i.GetTarget().GetId())
	form := ""
	switch {
	case len(p) == 3 && p[0] == "consent":
		form = "/api/v1/users/%s/grants/%s"
	case len(p) == 3 && p[0] == "refresh_token":
		form = "/api/v1/apps/%s/tokens/%s"
	default:
		return "", "", sdk.Errorf(sdk.ErrUnsupported, "only a user's consents and refresh tokens can be revoked, not %q", i.GetTarget().GetId())
	}
	return path(form, p[1], p[2]), p[2], areIDs(p[1:]...)
}

func revoke() *sdk.Change[given] {
	return &sdk.Change[given]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (given, error) {
			at, id, err := grantAt(i)
			if err != nil {
				return given{}, err
			}
			var g struct {
				consent
				Scopes []string `json:"scopes"`
			}
			if _, err := get(ctx, s, at, &g); isGone(err) {
				return given{}, nil
			} else if err != nil {
				return given{}, err
			}
			switch {
			case g.ID != id:
				return given{}, missing("grant", "the id asked for")
			case g.Status == "REVOKED":
				return given{}, nil
			}
			if g.Scope != "" {
				g.Scopes = append(g.Scopes, g.Scope)
			}
			slices.Sort(g.Scopes)
			return given{Scopes: g.Scopes, Client: cmp.Or(string(g.Client), "unknown")}, nil
		},
		Want: func(*sdk.Intent, given) (given, error) { return given{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, _ given) (*sdk.Outcome, error) {
			at, _, err := grantAt(i)
			if err != nil {
				return nil, err
			}
			return nil, remove(ctx, s, at)
		},
		Effects: func(_ *sdk.Intent, from, _ given) []string {
			return []string{"the app " + from.Client + " loses what it was allowed in the person's name: " + list(from.Scopes)}
		},
	}
}
