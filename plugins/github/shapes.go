package main

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
)

// The parts of GitHub's answers that are used. What a record may lack is a pointer.

type user struct {
	ID        int64  `json:"id"`
	Login     string `json:"login"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Type      string `json:"type"`
	SiteAdmin bool   `json:"site_admin"`
	// of a team's member
	Role      string `json:"role"`
	Inherited bool   `json:"inherited"`
	// of a role's holder
	Assignment    string `json:"assignment"`
	InheritedFrom []team `json:"inherited_from"`
	// of a repository's collaborator
	RoleName string `json:"role_name"`
}

type team struct {
	ID          int64  `json:"id"`
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Privacy     string `json:"privacy"`
	Permission  string `json:"permission"`
	Type        string `json:"type"`
	Parent      *team  `json:"parent"`
	Assignment  string `json:"assignment"`
}

type repository struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	FullName      string `json:"full_name"`
	Owner         user   `json:"owner"`
	Private       bool   `json:"private"`
	Visibility    string `json:"visibility"`
	HTMLURL       string `json:"html_url"`
	DefaultBranch string `json:"default_branch"`
	Archived      bool   `json:"archived"`
	Disabled      bool   `json:"disabled"`
	Fork          bool   `json:"fork"`
	Template      bool   `json:"is_template"`
	Size          *int64 `json:"size"` // KB
	CreatedAt     when   `json:"created_at"`
	PushedAt      when   `json:"pushed_at"`
	UpdatedAt     when   `json:"updated_at"`
	Security      map[string]struct {
		Status string `json:"status"`
	} `json:"security_and_analysis"`
}

func num(id int64) string { return strconv.FormatInt(id, 10) }

// when is a time as GitHub writes it: mostly RFC 3339, sometimes a number, and a few other forms. What is not understood
// is unknown: a date must not cost the record.
type when struct{ time.Time }

// milliseconds since 1970 are larger than this until the year 5138 in seconds.
const leastMillis = 100_000_000_000

var timeForms = [...]string{time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", time.DateTime}

// UnmarshalJSON never fails.
func (w *when) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		w.Time = epoch(n)
		return nil
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			w.Time = t.UTC()
			return nil
		}
	}
	return nil
}

// epoch reads seconds or milliseconds; numbers that are no time of this millennium's log are unknown.
func epoch(n float64) time.Time {
	if n < leastMillis {
		n *= 1000
	}
	if !(n > 0 && n < 1e15) {
		return time.Time{}
	}
	return time.UnixMilli(int64(n)).UTC()
}

func (w when) ts() *timestamppb.Timestamp { return sdk.At(w.Time) }

// attrs makes attributes of name, value pairs; empty values are left out.
func attrs(pairs ...string) []*sdk.Attribute {
	var a []*sdk.Attribute
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			a = append(a, &sdk.Attribute{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return a
}

// yes is "true" or nothing: an attribute that is only worth its place when it holds.
func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// accountRef refers to a user by the numeric id, which stays when the login changes.
func accountRef(u user) *sdk.Ref {
	if u.ID <= 0 {
		return nil
	}
	return ref(sdk.KindAccount, num(u.ID), u.Login)
}

// loginRef refers to a user of whom GitHub gave the login only.
func loginRef(login string) *sdk.Ref { return ref(sdk.KindAccount, "", login) }

// ref is nil when neither id nor name is known.
func ref(k sdk.Kind, id, name string) *sdk.Ref {
	if id == "" && name == "" {
		return nil
	}
	r := &sdk.Ref{Kind: k}
	if id != "" {
		r.Id = new(id)
	}
	if name != "" {
		r.Name = new(name)
	}
	return r
}

func (u user) check() error {
	if u.ID <= 0 || u.Login == "" {
		return missing("user", "id and login")
	}
	return nil
}

// account is a member or an outside collaborator as lists give it.
func (u user) account() *sdk.Account {
	a := &sdk.Account{
		Id: num(u.ID), Name: new(u.Login), DisplayName: new(u.Name), Email: new(u.Email),
		Status: new("active"), Type: new("user"), Attributes: attrs("site_admin", yes(u.SiteAdmin)),
	}
	switch u.Type {
	case "User", "":
	case "Bot":
		a.Type = new("bot")
	default: // Mannequin, Organization
		a.Type = nil
		a.Native = attrs("type", u.Type)
	}
	return a
}
