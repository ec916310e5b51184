package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
)

// assignment to an app, made for the account itself. One that comes by a group is none.
type appAssignment struct {
	Direct  bool           `json:"direct"`
	As      string         `json:"as,omitempty"`
	Profile map[string]any `json:"profile,omitempty"`

	group bool
}

// assignedTo is an assignment as Okta shows and takes it.
type assignedTo struct {
	ID          string          `json:"id"`
	Scope       string          `json:"scope"`
	Credentials *appCredentials `json:"credentials,omitempty"`
	Profile     map[string]any  `json:"profile,omitempty"`
}

type appCredentials struct {
	Name string `json:"userName,omitempty"`
}

func (a *assignedTo) state() appAssignment {
	switch {
	case a.Scope == "GROUP":
		return appAssignment{group: true}
	case a.Scope != "USER":
		return appAssignment{}
	}
	s := appAssignment{Direct: true}
	if a.Credentials != nil {
		s.As = a.Credentials.Name
	}
	for name, v := range a.Profile {
		if v == nil { // Okta fills in the names of all that is not there
			continue
		}
		if s.Profile == nil {
			s.Profile = map[string]any{}
		}
		s.Profile[name] = v
	}
	return s
}

// assign gives the app to the account once more. Doing it again changes nothing.
func (a *appAssignment) assign(ctx context.Context, s *sdk.Session, app, account string) error {
	in := assignedTo{ID: account, Scope: "USER", Profile: a.Profile}
	if a.As != "" {
		in.Credentials = &appCredentials{a.As}
	}
	_, err := call(ctx, s, http.MethodPost, path("/api/v1/apps/%s/users", app), in, nil)
	return err
}

func removeFromApp() *sdk.Change[appAssignment] {
	return &sdk.Change[appAssignment]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (appAssignment, error) {
			app, account, err := pairOf(i, "app")
			if err != nil {
				return appAssignment{}, err
			}
			var a assignedTo
			if _, err := get(ctx, s, path("/api/v1/apps/%s/users/%s", app, account), &a); isGone(err) {
				return appAssignment{}, nil
			} else if err != nil {
				return appAssignment{}, err
			}
			return a.state(), nil
		},
		Want: func(_ *sdk.Intent, now appAssignment) (appAssignment, error) {
			if now.group {
				return now, sdk.Errorf(sdk.ErrInvalid, "the account has the app through a group: take it out of the group, or the app from the group")
			}
			return appAssignment{}, nil
		},
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to appAssignment) (*sdk.Outcome, error) {
			app, account, err := pairOf(i, "app")
			switch {
			case err != nil:
				return nil, err
			case to.Direct:
				return nil, to.assign(ctx, s, app, account)
			}
			return nil, remove(ctx, s, path("/api/v1/apps/%s/users/%s", app, account))
		},
		Effects: func(_ *sdk.Intent, from, to appAssignment) []string {
			if to.Direct {
				return []string{"the app is assigned to the account again" + as(to.As) + "; an app with provisioning makes or opens the account there"}
			}
			return []string{"the account" + as(from.As) + " loses the app, and its profile for it; an app with provisioning blocks or deletes the account there"}
		},
	}
}

func as(name string) string {
	if name == "" {
		return ""
	}
	return ", in the app " + name + ","
}

// appsOf are the apps that are assigned to the account itself, by id.
func appsOf(ctx context.Context, s *sdk.Session, account string) (map[string]appAssignment, error) {
	var all map[string]appAssignment
	ref := paged("/api/v1/apps", maxApps, "filter", `user.id eq "`+account+`"`, "expand", "user/"+account)
	for n := 0; ref != "" && n < maxPages; n++ {
		list, a, err := getList[struct {
			ID       string `json:"id"`
			Embedded struct {
				User json.RawMessage `json:"user"`
			} `json:"_embedded"`
		}](ctx, s, ref)
		if err != nil {
			return nil, err
		}
		for _, app := range list {
			var u assignedTo
			if app.ID == "" || json.Unmarshal(app.Embedded.User, &u) != nil {
				return nil, missing("assigned app", "id and user")
			}
			if now := u.state(); now.Direct {
				if all == nil {
					all = map[string]appAssignment{}
				}
				all[app.ID] = now
			}
		}
		ref = a.next
	}
	return all, nil
}
