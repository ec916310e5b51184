package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const secret = "planted-s3cret-0123456789"

// fake is a provider with users, groups with members, and a token of changes.
func fake() http.Handler {
	const users, size = 25, 10
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.FormValue("after"))
		list := []map[string]any{}
		for i := from; i < min(from+size, users); i++ {
			list = append(list, map[string]any{"id": strconv.Itoa(i), "name": fmt.Sprintf("user%d", i)})
		}
		page := map[string]any{"items": list}
		if from+size < users {
			page["next"] = fmt.Sprintf("http://%s/users?after=%d", r.Host, from+size)
		}
		_ = json.NewEncoder(w).Encode(page)
	})
	mux.HandleFunc("GET /admins", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"items":[{"id":"3"}]}`) })
	mux.HandleFunc("GET /groups", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"items":[{"id":"a"},{"id":"b"}]}`)
	})
	mux.HandleFunc("GET /groups/{id}/members", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"items":[{"id":"%s1"},{"id":"%s2"}]}`, r.PathValue("id"), r.PathValue("id"))
	})
	mux.HandleFunc("GET /changes", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"items":[]}`) })
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"items":[{"id":"t1"}]}`) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			http.Error(w, "{}", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// planted is a connector with one defect, or none.
type planted struct {
	bug   string
	calls *atomic.Int64
}

func (p planted) is(bug string) bool { return p.bug == bug }

func (p planted) Describe() *sdk.Description {
	d := &sdk.Description{
		Name: "planted", BaseURL: "https://planted.example", Auth: sdk.Bearer("token"),
		Listings: []sdk.Listing{
			{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}, Type: sdk.Delta, Fields: []string{"account.name", "account.admin", "account.status"}},
			{Name: "groups", Defines: []sdk.Kind{sdk.KindGroup}},
			{Name: "members", Defines: []sdk.Kind{sdk.KindMembership}, Parent: "groups"},
		},
	}
	switch {
	case p.is("description changes"):
		d.Version = strconv.FormatInt(p.calls.Add(1), 10)
	case p.is("unknown field"):
		d.Listings[0].Fields = append(d.Listings[0].Fields, "account.shoe_size")
	case p.is("undeclared field"):
		d.Listings[0].Fields = []string{"account.admin", "account.status"}
	case p.is("fetches without Fetch"):
		d.Fetches = []sdk.Kind{sdk.KindAccount}
	}
	return d
}

type items struct {
	Items []struct{ ID, Name string }
	Next  string
}

func (p planted) get(ctx context.Context, s *sdk.Session, ref string) (*items, error) {
	var page items
	err := s.GetJSON(ctx, ref, &page)
	if err == nil && page.Items == nil && !p.is("empty answer") {
		err = &sdk.Error{Type: sdk.ErrInternal, Message: "not a list", Sent: true}
	}
	switch {
	case err == nil:
	case p.is("untyped error"):
		err = fmt.Errorf("something went wrong: %s", err.Error())
	case p.is("wrong type"):
		err = sdk.Errorf(sdk.ErrPermission, "%s", err)
	case p.is("leaking error"):
		err = &sdk.Error{Type: sdk.TypeOf(err), Message: "no luck with " + s.Secret("token"), Sent: true}
	case p.is("swallowed error"):
		err = nil
	case p.is("panic"):
		panic("planted")
	}
	return &page, err
}

func (p planted) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	if p.is("deaf") {
		ctx = context.WithoutCancel(ctx)
	}
	switch w.Listing {
	case "groups":
		return p.groups(ctx, s, w)
	case "members":
		return p.members(ctx, s, w)
	}
	if w.Mode == sdk.ModeDelta && len(w.Bookmark) > 0 && !p.is("deaf bookmark") {
		if _, err := p.get(ctx, s, "/changes"); err != nil {
			return err
		}
		if p.is("bookmark lost") {
			return w.Complete()
		}
		if p.is("gone") {
			w.Gone(sdk.KindAccount, "1")
		}
		return w.Complete(sdk.Next(w.Bookmark))
	}
	return p.users(ctx, s, w)
}

func (p planted) users(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	admins, err := p.get(ctx, s, "/admins")
	if err != nil && (sdk.TypeOf(err) != sdk.ErrPermission || p.is("wrong type")) {
		return err
	}
	first := "/users"
	next := w.Resume(first)
	if p.is("no resume") {
		next = first
	}
	for next != "" {
		page, err := p.get(ctx, s, next)
		if err != nil {
			return err
		}
		for _, u := range page.Items {
			a := &sdk.Account{Id: u.ID, Name: new(u.Name)}
			if len(admins.Items) > 0 || p.is("unknown is false") {
				a.Admin = new(len(admins.Items) > 0 && admins.Items[0].ID == u.ID)
			}
			p.spoil(a, s, w)
			w.Add(a)
		}
		if p.is("past the client") {
			if res, err := http.Get("http://" + hostOf(s)); err == nil {
				_ = res.Body.Close()
			}
		}
		next = w.EndPage(page.Next)
	}
	return w.Complete(sdk.Next([]byte("token")))
}

// spoil puts a defect into a record.
func (p planted) spoil(a *sdk.Account, s *sdk.Session, w *sdk.Walk) {
	switch {
	case p.is("new ids"):
		a.Id = strconv.FormatInt(p.calls.Add(1), 10)
	case p.is("moving field"):
		a.Name = new(strconv.FormatInt(time.Now().UnixNano(), 10))
	case p.is("unknown word"):
		a.Status = new("asleep")
	case p.is("undeclared kind"):
		w.Add(&sdk.Role{Id: a.GetId()})
	case p.is("leaking record"):
		a.Name = new(s.Secret("token"))
	case p.is("leaking log"):
		s.Log("info", "token "+s.Secret("token"))
	}
}

func hostOf(s *sdk.Session) string { return s.Settings["base_url"][len("http://"):] }

func (p planted) groups(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	if w.Resume("start") == "" {
		return w.Complete()
	}
	page, err := p.get(ctx, s, "/groups")
	if err != nil {
		return err
	}
	for _, g := range page.Items {
		w.Add(&sdk.Group{Id: g.ID})
		child := "members"
		if p.is("shard of nobody") {
			child = "users"
		}
		w.Found(&sdk.Shard{Listing: child, Key: g.ID})
	}
	w.EndPage("")
	if p.is("no certificate") {
		return nil
	}
	return w.Complete()
}

func (p planted) members(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	if w.Resume("start") == "" {
		return w.Complete()
	}
	page, err := p.get(ctx, s, "/groups/"+w.Shard.GetKey()+"/members")
	if err != nil {
		return err
	}
	for _, m := range page.Items {
		w.Add(&sdk.Membership{Id: m.ID, Container: sdk.To(sdk.KindGroup, w.Shard.GetKey()), Member: sdk.To(sdk.KindAccount, m.ID)})
	}
	return w.Complete()
}

// Check asks for who it is, and once for each listing.
func (p planted) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	me, err := p.get(ctx, s, "/me")
	if err != nil {
		return nil, err
	}
	st := &sdk.Status{Capabilities: []sdk.Capability{{Name: "list:members", State: sdk.Unknown, Reason: "known after groups"}}}
	for _, m := range me.Items {
		st.TenantID = m.ID
	}
	for _, l := range []string{"users", "groups"} {
		c := sdk.Capability{Name: "list:" + l, State: sdk.Held}
		switch _, err := p.get(ctx, s, "/"+l); sdk.TypeOf(err) {
		case "":
		case sdk.ErrAuth:
			return nil, err
		case sdk.ErrPermission, sdk.ErrNotFound:
			c.State, c.Reason, c.Missing = sdk.Missing, err.Error(), []string{l + ".read"}
			if p.is("unnamed permission") {
				c.Missing = nil
			}
		default:
			c.State, c.Reason = sdk.Unknown, err.Error()
			if p.is("outage is no permission") {
				c.State, c.Missing = sdk.Missing, []string{"x"}
			}
		}
		st.Capabilities = append(st.Capabilities, c)
	}
	return st, nil
}
