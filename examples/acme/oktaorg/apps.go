package oktaorg

import (
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// The apps, by the number in their id. The agent's own are those of ClientID and ActingClientID.
const (
	github = iota + 1
	box
	google
	notes
	agent
	acting
	portal
	wiki
)

const (
	oidc       = "OPENID_CONNECT"
	agentToken = "00T1acme000000000001"
)

func (o *org) apps() oktatest.List[oktatest.App] {
	made := company.AsOf().AddDate(-5, 0, 0)
	app := func(n int, name, label string) oktatest.App {
		return oktatest.App{ID: appID(n), Name: name, Label: label, Created: made, Updated: made}
	}
	client := func(n int, label, kind string, grants ...string) oktatest.App {
		a := app(n, "oidc_client", label)
		a.SignOnMode, a.ClientID, a.Type, a.GrantTypes = oidc, a.ID, kind, grants
		return a
	}
	over := client(notes, company.OverApp, "web", "authorization_code", "refresh_token")
	over.RedirectURIs = []string{"http://notes.unknown.example/in"}
	hr := client(portal, "People portal", "web", "authorization_code")
	hr.RedirectURIs = []string{"https://people." + company.Domain + "/callback"}
	link := app(wiki, "bookmark", "Old wiki")
	link.SignOnMode, link.Status = "BOOKMARK", "INACTIVE"
	return oktatest.ListOf(app(github, "githubcloud", "GitHub"), app(box, "boxnet", "Box"), app(google, "google", "Google Workspace"), over,
		client(agent, "Mooring", "service", "client_credentials"), client(acting, "Mooring actions", "service", "client_credentials"), hr, link)
}

// appUsers: who has an account in the app. The apps are assigned to groups, but for the note-taking one.
func (o *org) appUsers(id string) oktatest.List[oktatest.AppUser] {
	var unit *company.Unit
	every := 1
	switch number("0oa", id) {
	case github, google:
		unit = company.Everyone()
	case box:
		unit = company.BoxPeople()
	case notes:
		unit, every = company.Everyone(), notesEvery
	default:
		return oktatest.List[oktatest.AppUser]{}
	}
	at := func(i int) oktatest.AppUser {
		person := unit.At(i * every)
		if o.live.OfficeState(person) != company.Active { // deactivating somebody takes the assignments away
			return oktatest.AppUser{}
		}
		p := o.live.Person(person)
		u := oktatest.AppUser{
			ID: userID(person), Scope: "GROUP", ExternalID: "ext" + userID(person)[3:], UserName: p.Email, Created: p.HiredAt, Updated: p.HiredAt,
			Changed: p.HiredAt,
		}
		if every > 1 {
			u.Scope = "USER"
		}
		return u
	}
	return oktatest.List[oktatest.AppUser]{
		Len: func() int { return (unit.Len(o.live.People()) + every - 1) / every },
		At:  at,
		Find: func(id string) (oktatest.AppUser, bool) {
			n := number("00u", id)
			if n < 0 || n >= int64(o.live.People()) {
				return oktatest.AppUser{}, false
			}
			rank, ok := unit.Rank(int(n))
			if !ok || rank%every != 0 {
				return oktatest.AppUser{}, false
			}
			u := at(rank / every)
			return u, u.ID == id
		},
	}
}

// notesEvery: one of so many people uses the note-taking app, and stays signed in there.
const notesEvery = 9

func (o *org) appGroups(id string) oktatest.List[oktatest.AppGroup] {
	made := company.AsOf().AddDate(-5, 0, 0)
	switch number("0oa", id) {
	case github, google:
		return oktatest.ListOf(oktatest.AppGroup{ID: groupID(everyone), Updated: made})
	case box:
		var list []oktatest.AppGroup
		for i, d := range company.Departments() {
			list = append(list, oktatest.AppGroup{ID: departmentGroup(o.live, d), Priority: i, Updated: made})
		}
		return oktatest.ListOf(list...)
	}
	return oktatest.List[oktatest.AppGroup]{}
}

// appGrants: the note-taking app may change everybody; the agent may read, and its other app act.
func (o *org) appGrants(id string) []oktatest.Grant {
	made := company.AsOf().AddDate(-1, 0, 0)
	var scopes []string
	switch number("0oa", id) {
	case notes:
		scopes = []string{"okta.users.manage", "okta.groups.manage", "okta.apps.manage"}
	case agent:
		scopes = Scopes()
	case acting:
		scopes = ActingScopes()
	}
	var list []oktatest.Grant
	for i, s := range scopes {
		list = append(list, oktatest.Grant{
			ID: "oag" + appID(i + 1)[3:], Scope: s, ClientID: id, CreatedBy: userID(o.live.CarelessAdmin()), Created: made, Updated: made,
		})
	}
	return list
}

func (o *org) appTokens(id string) oktatest.List[oktatest.RefreshToken] {
	if number("0oa", id) != notes {
		return oktatest.List[oktatest.RefreshToken]{}
	}
	users := o.appUsers(id)
	made := company.AsOf().AddDate(0, -7, 0)
	return oktatest.List[oktatest.RefreshToken]{
		Len: users.Len,
		At: func(i int) oktatest.RefreshToken {
			u := users.At(i)
			if u.ID == "" {
				return oktatest.RefreshToken{}
			}
			return oktatest.RefreshToken{
				ID: "oar" + u.ID[3:], ClientID: id, UserID: u.ID, Scopes: []string{"openid", "profile", "offline_access"},
				Created: made, Updated: made, Expires: made.AddDate(4, 0, 0),
			}
		},
	}
}

func (o *org) tokensOf(user string) []oktatest.RefreshToken {
	if _, ok := o.appUsers(appID(notes)).Find(user); !ok {
		return nil
	}
	rank, _ := company.Everyone().Rank(int(number("00u", user)))
	return []oktatest.RefreshToken{o.appTokens(appID(notes)).At(rank / notesEvery)}
}

func (o *org) userGrants(id string) oktatest.List[oktatest.Grant] {
	n := number("00u", id)
	if n < 0 || n%notesEvery != 0 {
		return oktatest.List[oktatest.Grant]{}
	}
	made := company.AsOf().AddDate(0, -7, 0)
	return oktatest.ListOf(oktatest.Grant{ID: "oag2acme" + id[8:], Scope: "profile", ClientID: appID(notes), UserID: id, Created: made, Updated: made})
}

// apiTokens: the agent's, and an old one that may be used from everywhere.
func (o *org) apiTokens() oktatest.List[oktatest.APIToken] {
	admins := o.live.Admins()
	made := company.AsOf().AddDate(-3, 0, 0)
	return oktatest.ListOf(
		oktatest.APIToken{ID: agentToken, Name: "Mooring", UserID: userID(admins[len(admins)-1]), Network: "ZONE", Created: company.AsOf(), Updated: company.AsOf()},
		oktatest.APIToken{ID: "00T1acme000000000002", Name: "payroll import", UserID: userID(o.live.CarelessAdmin()), Created: made, Updated: made})
}
