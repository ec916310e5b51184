// Command mooring-connector-hello lists the accounts of a small JSON API.
package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve"
)

type hello struct{}

func (hello) Describe() *sdk.Description {
	return &sdk.Description{
		BaseURL:  "https://api.hello.example",
		Auth:     sdk.Bearer("token"),
		Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}}},
	}
}

func (hello) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	for next := w.Resume("/users?limit=100"); next != ""; {
		var page struct {
			Users []struct{ ID, Name, Email string }
			Next  string
		}
		if err := s.GetJSON(ctx, next, &page); err != nil {
			return err
		}
		for _, u := range page.Users {
			w.Add(&sdk.Account{Id: u.ID, Name: new(u.Name), Email: new(u.Email)})
		}
		next = w.EndPage(page.Next)
	}
	return w.Complete()
}

func main() { serve.Run(hello{}) }
