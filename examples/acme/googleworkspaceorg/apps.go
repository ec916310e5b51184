package googleworkspaceorg

import (
	"slices"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// consentApp is an app that people let in.
type consentApp struct {
	client, name string
	every        int // of so many people one lets it in
	scopes       []string
}

func apps() []consentApp {
	return []consentApp{
		{"300100-notes.apps.googleusercontent.com", company.OverApp, 9, []string{"https://www.googleapis.com/auth/drive", "https://mail.google.com/", "openid"}},
		{"300200-calendar.apps.googleusercontent.com", "meet-me-when", 4, []string{"https://www.googleapis.com/auth/calendar.readonly", "openid", "email"}},
		{"300300-drawing.apps.googleusercontent.com", "whiteboards", 7, []string{"https://www.googleapis.com/auth/drive.file"}},
	}
}

func (a *consentApp) of(person int) bool { return person%a.every == a.every-1 }

func (o *org) tokens(id string) []gw.Token {
	var list []gw.Token
	if person, ok := o.personWith(id); ok {
		for _, a := range apps() {
			if a.of(person) {
				list = append(list, gw.Token{ClientID: a.client, Name: a.name, Scopes: a.scopes})
			}
		}
	}
	return list
}

// maxConsents is how many people's consents the log still has.
const maxConsents = 5_000

// consents are in the log in the months before the company's present: one each for who let something in.
func (o *org) consents() gw.List[gw.Activity] {
	type one struct{ person, app int }
	var all []one
	for person := range min(o.live.Size(), maxConsents) {
		for i, a := range apps() {
			if a.of(person) && o.live.OfficeState(person) == company.Active {
				all = append(all, one{person, i})
			}
		}
	}
	start := company.AsOf().AddDate(0, -3, 0)
	step := company.AsOf().Sub(start) / time.Duration(len(all)+1)
	return gw.List[gw.Activity]{
		Len: func() int { return len(all) },
		At: func(n int) gw.Activity {
			a := apps()[all[n].app]
			return o.entry(all[n].person, start.Add(step*time.Duration(n)), int64(n)+1, gw.Event{
				Type: "auth", Name: "authorize", Params: []gw.Param{
					{Name: "client_id", Value: a.client}, {Name: "app_name", Value: a.name}, {Name: "client_type", Value: "WEB"},
					{Name: "scope", Values: slices.Clone(a.scopes)},
				},
			})
		},
	}
}
