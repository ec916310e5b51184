package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// repositoryOf reads the repository of an id. One that left the organisation is none of ours.
func repositoryOf(ctx context.Context, s *sdk.Session, id string) (*repository, error) {
	if id == "" || strings.Contains(id, "/") {
		return nil, sdk.Errorf(sdk.ErrInvalid, "%q is not a repository", id)
	}
	var r repository
	_, err := get(ctx, s, path("/repositories/%s", id), "", &r)
	switch {
	case err != nil:
		return nil, err
	case num(r.ID) != id || r.Name == "":
		return nil, missing("repository", "the id asked for")
	case !strings.EqualFold(r.Owner.Login, s.Settings["organization"]):
		return nil, &sdk.Error{Type: sdk.ErrNotFound, Sent: true, Message: r.FullName + " does not belong to the organisation any more"}
	}
	return &r, nil
}

func (r *repository) path(rest string) string {
	return path("/repos/%s/%s", r.Owner.Login, r.Name) + rest
}

// visible is who sees a repository: public, internal or private.
type visible struct {
	Visibility string `json:"visibility"`
}

const lostPublic = "forks are cut off from the repository, stars and watchers who may not see it are lost, and its pages are not published " +
	"any more"

func makePrivate() sdk.Actor {
	return sure(&sdk.Change[visible]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (visible, error) {
			r, err := repositoryOf(ctx, s, i.GetTarget().GetId())
			if err != nil {
				return visible{}, err
			}
			return visible{r.visibility()}, nil
		},
		Want: func(*sdk.Intent, visible) (visible, error) { return visible{"private"}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to visible) (*sdk.Outcome, error) {
			return nil, patchRepository(ctx, s, i.GetTarget().GetId(), to)
		},
		Effects: func(i *sdk.Intent, from, to visible) []string {
			return []string{called(i, "repository") + " is " + to.Visibility + ", it was " + from.Visibility}
		},
		Loses: func(_ *sdk.Intent, from, _ visible) []string {
			if from.Visibility == "private" {
				return nil
			}
			return []string{lostPublic}
		},
	})
}

// archived is whether a repository can be written to.
type archived struct {
	Archived bool `json:"archived"`
}

func archive() sdk.Actor {
	return sure(&sdk.Change[archived]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (archived, error) {
			r, err := repositoryOf(ctx, s, i.GetTarget().GetId())
			if err != nil {
				return archived{}, err
			}
			return archived{r.Archived}, nil
		},
		Want: func(*sdk.Intent, archived) (archived, error) { return archived{true}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to archived) (*sdk.Outcome, error) {
			return nil, patchRepository(ctx, s, i.GetTarget().GetId(), to)
		},
		Effects: func(i *sdk.Intent, _, to archived) []string {
			if to.Archived {
				return []string{called(i, "repository") + " is archived: nobody can write to it, or change its settings"}
			}
			return []string{called(i, "repository") + " can be written to again"}
		},
	})
}

func patchRepository(ctx context.Context, s *sdk.Session, id string, in any) error {
	r, err := repositoryOf(ctx, s, id)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPatch, r.path(""), in, nil)
}
