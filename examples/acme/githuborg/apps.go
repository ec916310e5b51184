package githuborg

import (
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func (o *org) installed() githubtest.List[githubtest.Installation] {
	app := func(id int64, slug string, permissions map[string]string) githubtest.Installation {
		return githubtest.Installation{
			ID: id*10 + o.ID%10, AppID: id, AppSlug: slug, ClientID: fmt.Sprintf("Iv1.%016d", id), Permissions: permissions,
			CreatedAt: company.AsOf().AddDate(-1, 0, -int(id%90)), UpdatedAt: company.AsOf().AddDate(0, -3, 0),
		}
	}
	chat := app(2002, "team-chat", map[string]string{"metadata": "read", "issues": "read", "pull_requests": "read"})
	chat.SuspendedAt, chat.SuspendedBy = company.AsOf().AddDate(0, -1, 0), user(o.live.Person(o.live.CarelessAdmin()))
	return githubtest.ListOf(
		o.agentInstallation(), o.actingInstallation(),
		app(2001, "build-runner", map[string]string{"metadata": "read", "contents": "read", "checks": "write", "statuses": "write"}),
		chat,
		app(2003, company.OverApp, map[string]string{
			"metadata": "read", "contents": "write", "administration": "write", "members": "write", "organization_administration": "write",
			"organization_hooks": "write", "secrets": "write", "workflows": "write",
		}),
	)
}

func (o *org) hooks() githubtest.List[githubtest.Hook] {
	made := company.AsOf().AddDate(-2, 0, 0)
	list := []githubtest.Hook{{
		ID: 501, URL: "https://builds." + company.Domain + "/hook", Secret: "not-shown", Events: []string{"push"}, CreatedAt: made, UpdatedAt: made,
	}}
	if o.Plan != githubtest.Enterprise {
		list = append(list, githubtest.Hook{
			ID: 502, URL: company.UnknownHook, InsecureSSL: true, Events: []string{"*"}, CreatedAt: made, UpdatedAt: made,
		})
	}
	return githubtest.ListOf(list...)
}

// patEvery and credentialEvery: one of so many members has one.
const (
	patEvery        = 10
	credentialEvery = 3
)

// holder gives the person with the i-th of something that one in every so many members has. The forgetful one has the
// first of everything.
func (o *org) holder(i, every int) (company.Person, bool) {
	first := o.live.ForgetfulOwner()
	if i == 0 {
		return o.live.Person(first), o.live.Here(o.people, first)
	}
	index := o.live.PersonIn(o.people, i*every)
	if index < 0 || index == first {
		return company.Person{}, false
	}
	return o.live.Person(index), true
}

func (o *org) pats() githubtest.List[githubtest.PAT] {
	return githubtest.List[githubtest.PAT]{
		Len: func() int { return 1 + (o.live.PeopleIn(o.people)-1)/patEvery },
		At: func(i int) githubtest.PAT {
			p, ok := o.holder(i, patEvery)
			if !ok {
				return githubtest.PAT{}
			}
			t := githubtest.PAT{
				ID: p.ID + 1, Owner: user(p), RepositorySelection: "all", Repository: map[string]string{"contents": "read", "metadata": "read"},
				GrantedAt: company.AsOf().AddDate(0, -4, 0), TokenID: p.ID + 2, TokenName: "laptop of " + p.Name,
				ExpiresAt: company.AsOf().AddDate(0, 8, int(p.ID%60)), LastUsedAt: company.AsOf().AddDate(0, 0, -int(p.ID%20)),
			}
			if p.Index == o.live.ForgetfulOwner() {
				t.TokenName, t.GrantedAt, t.LastUsedAt = "try it out", company.AsOf().AddDate(-3, 0, 0), company.AsOf().AddDate(0, 0, -430)
				t.Repository = map[string]string{"contents": "write", "administration": "write", "metadata": "read"}
				t.ExpiresAt = time.Time{} // never
			}
			return t
		},
	}
}

func (o *org) patRequests() githubtest.List[githubtest.PAT] {
	p := o.live.Person(o.people.At(5))
	return githubtest.ListOf(githubtest.PAT{
		ID: p.ID + 3, Owner: user(p), RepositorySelection: "all", Repository: map[string]string{"contents": "write", "metadata": "read"},
		Organization: map[string]string{"members": "read"}, Reason: "a script for the release", GrantedAt: company.AsOf().AddDate(0, 0, -3),
		TokenID: p.ID + 4, TokenName: "release script", ExpiresAt: company.AsOf().AddDate(1, 0, 0),
	})
}

func (o *org) credentials() githubtest.List[githubtest.Credential] {
	return githubtest.List[githubtest.Credential]{
		Len: func() int { return 1 + (o.live.PeopleIn(o.people)-1)/credentialEvery },
		At: func(i int) githubtest.Credential {
			p, ok := o.holder(i, credentialEvery)
			if !ok {
				return githubtest.Credential{}
			}
			c := githubtest.Credential{
				ID: p.ID + 5, Login: p.Login, AuthorizedID: p.ID + 6, AuthorizedAt: company.AsOf().AddDate(0, -6, 0),
				AccessedAt: company.AsOf().AddDate(0, 0, -int(p.ID%30)),
			}
			switch {
			case p.Index == o.live.ForgetfulOwner():
				c.Type, c.Scopes, c.TokenLastEight, c.Note = "personal access token", []string{"admin:org", "repo"}, "c0ffee00", "try it out"
				c.AuthorizedAt, c.AccessedAt = company.AsOf().AddDate(-3, 0, 0), company.AsOf().AddDate(0, 0, -430)
			case p.ID%2 == 0:
				c.Type, c.Title, c.Fingerprint = "SSH key", "laptop", fmt.Sprintf("SHA256:%043d", p.ID)
			default:
				c.Type, c.Scopes, c.TokenLastEight, c.Note = "personal access token", []string{"repo"}, fmt.Sprintf("%08x", p.ID), "command line"
				c.ExpiresAt = company.AsOf().AddDate(0, 6, 0)
			}
			return c
		},
	}
}

// alerts is what the vendor's own scanner found: the cloud key, and not what the other planted files hold.
func (o *org) alerts() githubtest.List[githubtest.Alert] {
	i := o.live.KeyProject()
	if _, here := o.projects.Rank(i); !here {
		return githubtest.List[githubtest.Alert]{}
	}
	p := o.live.Project(i)
	a := githubtest.Alert{
		Repo: p.Name, Number: 1, SecretType: "aws_access_key_id", SecretTypeName: "Amazon AWS Access Key ID", Secret: o.live.AccessKey(),
		Validity: "unknown", PubliclyLeaked: true, Path: company.EnvFile, StartLine: 1, CommitSHA: p.Head,
		CreatedAt: p.PushedAt, UpdatedAt: p.PushedAt,
	}
	for f := range o.live.FileCount(&p) {
		if o.live.FilePath(&p, f) == company.EnvFile {
			a.BlobSHA = sha(o.live.ContentNow(&p, f))
			break
		}
	}
	return githubtest.ListOf(a)
}
