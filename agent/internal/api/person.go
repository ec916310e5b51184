package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Person is one human with all accounts, or an account that is nobody's.
type Person struct {
	// ID is absent when the accounts are nobody's; Nobody says why.
	ID          string          `json:"id,omitempty"`
	Name        string          `json:"name,omitempty"`
	Emails      []string        `json:"emails,omitempty"`
	Nobody      string          `json:"nobody,omitempty"`
	Accounts    []PersonAccount `json:"accounts"`
	Suggestions []Suggestion    `json:"suggestions,omitempty"`
}

// PersonAccount is one account of a person, with what a human asks first.
type PersonAccount struct {
	Ref          string     `json:"ref"`
	Instance     string     `json:"instance"`
	Name         string     `json:"name,omitempty"`
	DisplayName  string     `json:"display_name,omitempty"`
	Email        string     `json:"email,omitempty"`
	Status       string     `json:"status,omitempty"`
	Type         string     `json:"type,omitempty"`
	Admin        *bool      `json:"admin,omitempty"`
	External     *bool      `json:"external,omitempty"`
	MFA          string     `json:"mfa,omitempty"`
	LastActiveAt *time.Time `json:"last_active_at,omitempty"`
	// JoinedBy is the sign that makes it this person's; absent when there is only this account.
	JoinedBy string `json:"joined_by,omitempty"`
}

// Suggestion is an account that may be the person's. Nothing uses it.
type Suggestion struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Reason  string `json:"reason"`
}

// person answers with one line for every human that the text may mean.
func (s *server) person(w http.ResponseWriter, r *http.Request) error {
	x, err := asked(r.URL.Query())
	if err != nil {
		return err
	}
	var (
		found   []Person
		trailer Trailer
	)
	err = s.ask(r.Context(), []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP}, func(v *question) error {
		refs, err := v.person(x)
		if err != nil {
			return err
		}
		trailer = s.trailer(r.Context(), v, v.instances, wire.Kind_KIND_ACCOUNT)
		if len(refs) == 0 {
			return notFound("nobody is called %q: write an account's ref (okta/main/account/00u1), an e-mail address or a whole name", x)
		}
		found, err = v.persons(refs)
		return err
	})
	if err != nil {
		return err
	}
	return send(w, trailer, found)
}

// send writes an answer of lines with its trailer.
func send[T any](w http.ResponseWriter, t Trailer, lines []T) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	t.Count = len(lines)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	if err := enc.Encode(t); err != nil {
		return err
	}
	return out.Flush()
}

// persons are those whose accounts these are, each once.
func (v *question) persons(refs []record.Ref) ([]Person, error) {
	look := map[string]*view.Reader{}
	done := map[string]bool{}
	var out []Person
	for _, ref := range refs {
		if ref.Kind != wire.Kind_KIND_ACCOUNT {
			return nil, badRequest("%s is no account", ref)
		}
		p := v.people.Of(ref)
		answer := Person{Accounts: []PersonAccount{}}
		joined := []people.Joined{{Ref: ref}}
		if p != nil {
			if done[p.ID] {
				continue
			}
			done[p.ID] = true
			answer.ID, answer.Name, answer.Emails, joined = p.ID, p.Name, p.Emails, p.Accounts
		} else {
			answer.Nobody = v.nobody(ref)
		}
		for _, j := range joined {
			a, err := v.account(j, look)
			if err != nil {
				return nil, err
			}
			if a != nil {
				answer.Accounts = append(answer.Accounts, *a)
			}
		}
		for _, sug := range v.people.Suggest(ref) {
			line := Suggestion{Account: sug.Ref.String(), Reason: sug.Why}
			if a := v.people.Account(sug.Ref); a != nil {
				line.Name, line.Email = accountName(a), a.Email
			}
			answer.Suggestions = append(answer.Suggestions, line)
		}
		out = append(out, answer)
	}
	return out, nil
}

func (v *question) nobody(ref record.Ref) string {
	if a := v.people.Account(ref); a != nil && (a.Type == "service" || a.Type == "bot") {
		return "it is a " + a.Type + " account; the map file can say whose it is"
	}
	return "the map file says that it is nobody's"
}

// account reads one account as it is now; nil when it is gone.
func (v *question) account(j people.Joined, look map[string]*view.Reader) (*PersonAccount, error) {
	f, err := v.read(j.Ref, look)
	if f == nil || err != nil {
		return nil, err
	}
	m, ok := f.Record.(*wire.Account)
	if !ok {
		return nil, nil
	}
	a := &PersonAccount{
		Ref: j.Ref.String(), Instance: j.Ref.Provider + "/" + j.Ref.Instance, Name: m.GetName(), DisplayName: m.GetDisplayName(),
		Email: m.GetEmail(), Status: m.GetStatus(), Type: m.GetType(), Admin: m.Admin, External: m.External, MFA: m.GetMfa(), JoinedBy: j.By,
	}
	if t := m.GetLastActiveAt(); t != nil && t.IsValid() {
		a.LastActiveAt = new(t.AsTime())
	}
	return a, nil
}

// read gives one record as a query gives it. look keeps what was looked up, by instance.
func (v *question) read(ref record.Ref, look map[string]*view.Reader) (*view.Found, error) {
	id := ref.Provider + "/" + ref.Instance
	i := v.instance(id)
	if i == nil {
		return nil, nil //nolint:nilnil // it is gone
	}
	if look[id] == nil {
		look[id] = view.New(i.source(), v.org, time.Time{})
	}
	return look[id].Record(v.ctx, ref.Kind, ref.ID)
}
