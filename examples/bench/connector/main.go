// Command mooring-connector-bench is the connector of the benchmarks: two listings from a JSON API, and one that makes
// its records itself, so that nothing but the way into the store is measured.
package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/examples/bench/provider"
	"github.com/mooring-hq/mooring/examples/bench/sample"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve"
)

const madePage = 1000 // files in a page

type bench struct{}

func (bench) Describe() *sdk.Description {
	return &sdk.Description{
		BaseURL:  "http://127.0.0.1",
		Auth:     sdk.Bearer("token"),
		Settings: []sdk.Setting{{Name: "files", Type: sdk.SettingInt, Default: "0", Doc: "how many files to make"}},
		Listings: []sdk.Listing{
			{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}},
			{Name: "memberships", Defines: []sdk.Kind{sdk.KindMembership}},
			{Name: "files", Defines: []sdk.Kind{sdk.KindFile}, Resume: sdk.ResumeWalk},
		},
	}
}

func (bench) Check(context.Context, *sdk.Session) (*sdk.Status, error) {
	return &sdk.Status{TenantID: "bench", TenantName: "bench", Subject: "bench"}, nil
}

func (bench) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	if w.Listing == "files" {
		return files(s, w)
	}
	for next := w.Resume("/" + w.Listing); next != ""; {
		var page provider.Page
		if err := s.GetJSON(ctx, next, &page); err != nil {
			return err
		}
		for i := range page.Users {
			w.Add(account(&page.Users[i]))
		}
		for _, m := range page.Memberships {
			w.Add(&sdk.Membership{
				Id: m.ID, Container: sdk.To(sdk.KindGroup, m.Group), Member: sdk.To(sdk.KindAccount, m.User), Role: new(m.Role),
			})
		}
		next = w.EndPage(page.Next)
	}
	return w.Complete()
}

func account(u *provider.User) *sdk.Account {
	mfa := "off"
	if u.MFA {
		mfa = "on"
	}
	created, _ := time.Parse(time.RFC3339, u.CreatedAt) // the zero time is unknown
	active, _ := time.Parse(time.RFC3339, u.LastLoginAt)
	return &sdk.Account{
		Id: u.ID, Name: new(u.Login), DisplayName: new(u.Name), Email: new(u.Email), Status: new(u.Status), Type: new(u.Type),
		Mfa: new(mfa), OrgUnit: new(u.Department), Manager: sdk.To(sdk.KindAccount, u.Manager),
		CreatedAt: sdk.At(created), LastActiveAt: sdk.At(active),
	}
}

// files gives made records. They are made over from a page of them: a connector's own work is not what is measured.
func files(s *sdk.Session, w *sdk.Walk) error {
	n, err := strconv.Atoi(s.Settings["files"])
	if err != nil {
		return sdk.Errorf(sdk.ErrInvalid, "setting files is not a number: %w", err)
	}
	made := make([]*sdk.File, madePage)
	for i := range made {
		made[i] = sample.File(i)
	}
	for from := 0; from < n; from += madePage {
		for i := range min(madePage, n-from) {
			sample.Renumber(made[i], from+i)
			w.Add(made[i])
		}
		if from+madePage < n && w.EndPage(fmt.Sprint(from+madePage)) == "" {
			break // stopped: Complete says why
		}
	}
	return w.Complete()
}

func main() { serve.Run(bench{}) }
