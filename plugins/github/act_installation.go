package main

import (
	"context"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// suspended is whether an App's installation on the organisation is.
type suspended struct {
	Suspended bool `json:"suspended"`
}

// suspendInstallation is for the App whose key the actions credentials hold: GitHub lets nobody else do it over the API.
func suspendInstallation() sdk.Actor {
	return sure(&sdk.Change[suspended]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (suspended, error) {
			inst, _, err := targetInstallation(ctx, s, i)
			if err != nil {
				return suspended{}, err
			}
			return suspended{!inst.SuspendedAt.IsZero()}, nil
		},
		Want: func(*sdk.Intent, suspended) (suspended, error) { return suspended{true}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to suspended) (*sdk.Outcome, error) {
			inst, jwt, err := targetInstallation(ctx, s, i)
			if err != nil {
				return nil, err
			}
			method := http.MethodPut
			if !to.Suspended {
				method = http.MethodDelete
			}
			return nil, asApp(ctx, s, jwt, method, path("/app/installations/%s/suspended", num(inst.ID)), nil)
		},
		Effects: func(i *sdk.Intent, _, to suspended) []string {
			if to.Suspended {
				return []string{called(i, "App") + " reaches nothing of the organisation any more, and hears of nothing"}
			}
			return []string{called(i, "App") + " has the access to the organisation again that it had"}
		},
	})
}

func targetInstallation(ctx context.Context, s *sdk.Session, i *sdk.Intent) (inst *installation, jwt string, err error) {
	if !usesApp(s) {
		return nil, "", sdk.Errorf(sdk.ErrUnsupported, "only the App itself can suspend its installation: its app_id and private_key are needed")
	}
	if jwt, err = appJWT(s, time.Now()); err != nil {
		return nil, "", err
	}
	if inst, err = ownInstallation(ctx, s, jwt); err != nil {
		return nil, "", err
	}
	if num(inst.AppID) != i.GetTarget().GetId() {
		return nil, "", sdk.Errorf(sdk.ErrUnsupported, "the credentials are those of App %d, %s: GitHub lets an App suspend its own installation only; "+
			"the owners can suspend any under Settings, GitHub Apps", inst.AppID, inst.AppSlug)
	}
	return inst, jwt, nil
}

// whileSuspended is what Check can tell of an App whose installation is suspended: who it is, and that only one thing is left
// to do. Without it nobody could take the suspension back.
func whileSuspended(ctx context.Context, s *sdk.Session) *sdk.Status {
	if !usesApp(s) {
		return nil
	}
	jwt, err := appJWT(s, time.Now())
	if err != nil {
		return nil
	}
	inst, err := ownInstallation(ctx, s, jwt)
	if err != nil || inst.SuspendedAt.IsZero() || inst.Account.ID <= 0 {
		return nil
	}
	st := &sdk.Status{
		TenantID: num(inst.Account.ID), TenantName: inst.Account.Login,
		Subject: "GitHub App " + inst.AppSlug + ", installation " + num(inst.ID) + ", suspended",
	}
	for _, b := range buckets() {
		st.Owners = append(st.Owners, sdk.QuotaOwner{Bucket: b.Name, Owner: "installation " + num(inst.ID)})
	}
	var names []string
	for _, src := range sources() {
		names = append(names, "list:"+src.spec.Name)
	}
	for i := range table {
		if s.Acting {
			names = append(names, table[i].Capability)
		}
	}
	for _, name := range append(names, webhookCapability(s).Name) {
		c := sdk.Capability{
			Name: name, State: sdk.Missing, Missing: []string{"an installation that is not suspended"},
			Reason: "an owner can end that under Settings, GitHub Apps",
		}
		if name == "act:suspend_installation" {
			c = sdk.Capability{Name: name, State: sdk.Held}
		}
		c.Fingerprint = fingerprint(name, "suspended")
		st.Capabilities = append(st.Capabilities, c)
	}
	return st
}
