package boxorg

import "github.com/mooring-hq/mooring/plugins/box/boxtest"

// ActingClientID is the app that carries out actions: it can write, and the one that reads cannot.
const ActingClientID = "acmemooringbox0acting0000000"

// ActingServiceID is the account behind it, to which quarantined items go.
const ActingServiceID = "17000000002"

// Acting is that app, with its secret.
func Acting(secret string) boxtest.App {
	return boxtest.App{
		ClientID: ActingClientID, ClientSecret: secret, Scopes: []string{boxtest.ManageUsers, boxtest.WriteAll},
		Service: boxtest.Person{ID: ActingServiceID, Name: "Acme Mooring Actions", Login: "AutomationUser_" + ActingServiceID + "@boxdevedition.example"},
	}
}
