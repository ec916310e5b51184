package sdk_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// directory is a connector for a small JSON API. It has every ability that only reads.
type directory struct{}

type page struct {
	Users []struct{ ID, Name string }
	Next  string
}

// A Connector says what it can do, and lists it.
func ExampleConnector() {
	d, err := directory{}.Describe().Wire("mooring-connector-directory", "v1.0.0")
	fmt.Println(d.GetName(), d.GetListings()[0].GetName(), d.GetCredentials()[0].GetFields()[0].GetName(), err)
	// Output: directory users token <nil>
}

func (directory) Describe() *sdk.Description {
	return &sdk.Description{
		BaseURL:  "https://directory.example",
		Auth:     sdk.Bearer("token"),
		Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}}},
	}
}

func (directory) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	for next := w.Resume("/users"); next != ""; {
		var p page
		if err := s.GetJSON(ctx, next, &p); err != nil {
			return err
		}
		for _, u := range p.Users {
			w.Add(&sdk.Account{Id: u.ID, Name: new(u.Name)})
		}
		next = w.EndPage(p.Next)
	}
	return w.Complete()
}

// session is what package serve gives a connector; here to a server of the example's own.
func session(answer http.HandlerFunc) (*sdk.Session, func()) {
	srv := httptest.NewServer(answer)
	return &sdk.Session{HTTP: srv.Client(), Settings: sdk.Settings{"base_url": srv.URL}, Secret: func(string) string { return "s3cret" }}, srv.Close
}

// A Walk takes records page by page; only Complete makes it a whole one.
func ExampleWalk() {
	s, done := session(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("page") == "" {
			_, _ = fmt.Fprint(w, `{"Users":[{"ID":"1","Name":"ann"}],"Next":"/users?page=2"}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"Users":[{"ID":"2","Name":"bob"}]}`)
	})
	defer done()
	ctx := context.Background()
	w := sdk.NewWalk(ctx, &wire.ScanRequest{Listing: "users"}, func(part []byte) error {
		var p wire.Part
		err := p.UnmarshalVT(part)
		fmt.Printf("%d record, checkpoint %q\n", len(p.GetEnvelopes()), p.GetCheckpoint())
		return err
	})
	err := directory{}.Scan(ctx, s, w)
	fmt.Println(err, w.Certificate().GetRecords())
	// Output:
	// 1 record, checkpoint "n/users?page=2"
	// 1 record, checkpoint "e"
	// <nil> 2
}

func (directory) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	var me struct{ Tenant, Login string }
	if err := s.GetJSON(ctx, "/me", &me); err != nil {
		return nil, err
	}
	return &sdk.Status{
		TenantID: me.Tenant, Subject: me.Login,
		Capabilities: []sdk.Capability{{Name: "list:users", State: sdk.Missing, Missing: []string{"users.read"}, Reason: "not granted"}},
	}, nil
}

// A Checker says who the credential is, and which permissions it misses.
func ExampleChecker() {
	s, done := session(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"Tenant":"t1","Login":"robot"}`) })
	defer done()
	var c sdk.Checker = directory{}
	st, err := c.Check(context.Background(), s)
	fmt.Println(st.TenantID, st.Subject, st.Capabilities[0].State, st.Capabilities[0].Missing, err)
	// Output: t1 robot MISSING [users.read] <nil>
}

func (directory) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	for _, r := range refs {
		var u struct{ ID, Name string }
		f := sdk.Fetched{Ref: r, State: sdk.Found}
		switch err := s.GetJSON(ctx, "/users/"+r.GetId(), &u); sdk.TypeOf(err) {
		case "":
			f.Records = map[string]sdk.Record{"users": &sdk.Account{Id: u.ID, Name: new(u.Name)}}
		case sdk.ErrNotFound: // this provider does not hide refusals behind 404
			f.State = sdk.Absent
		default:
			f.State, f.Err = sdk.Failed, err
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// A Fetcher gives records as they are now.
func ExampleFetcher() {
	s, done := session(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/users/1" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, `{"ID":"1","Name":"ann"}`)
	})
	defer done()
	var f sdk.Fetcher = directory{}
	refs := []*sdk.Ref{sdk.To(sdk.KindAccount, "1"), sdk.To(sdk.KindAccount, "2")}
	err := f.Fetch(context.Background(), s, refs, func(got sdk.Fetched) error {
		fmt.Println(got.Ref.GetId(), got.State, len(got.Records))
		return nil
	})
	fmt.Println(err)
	// Output:
	// 1 FOUND 1
	// 2 ABSENT 0
	// <nil>
}

func (directory) Watch(ctx context.Context, s *sdk.Session, listings []string, hint func(sdk.Hint) error) error {
	for ctx.Err() == nil {
		var e struct{ Changed string } // answered when something changes
		if err := s.GetJSON(ctx, "/poll", &e); err != nil {
			return err
		}
		if err := hint(sdk.Hint{Listing: listings[0], Refs: []*sdk.Ref{sdk.To(sdk.KindAccount, e.Changed)}}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// A Watcher hears of changes early; it only says where to look.
func ExampleWatcher() {
	s, done := session(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"Changed":"7"}`) })
	defer done()
	ctx, cancel := context.WithCancel(context.Background())
	var w sdk.Watcher = directory{}
	err := w.Watch(ctx, s, []string{"users"}, func(h sdk.Hint) error {
		fmt.Println(h.Listing, h.Refs[0].GetId())
		cancel()
		return nil
	})
	fmt.Println(err)
	// Output:
	// users 7
	// context canceled
}

func (directory) Webhook(_ context.Context, s *sdk.Session, h *sdk.Hook) (*sdk.Reply, error) {
	if sign(h.Body, s.Secret("webhook_secret")) != h.Header.Get("X-Signature") {
		return &sdk.Reply{}, nil // answered with 401
	}
	return &sdk.Reply{Verified: true, Hints: []sdk.Hint{{Listing: "users", SeenAt: h.ReceivedAt}}}, nil
}

func sign(body []byte, secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// A Hooker verifies what a provider posts, and turns it into hints.
func ExampleHooker() {
	s := &sdk.Session{Secret: func(string) string { return "s3cret" }}
	body := []byte(`{"event":"user.created"}`)
	var c sdk.Hooker = directory{}
	for _, signature := range []string{sign(body, "s3cret"), "made up"} {
		r, err := c.Webhook(context.Background(), s, &sdk.Hook{Body: body, Header: http.Header{"X-Signature": {signature}}})
		fmt.Println(r.Verified, len(r.Hints), err)
	}
	// Output:
	// true 1 <nil>
	// false 0 <nil>
}

func (directory) Subscribe(context.Context, *sdk.Session, string, *sdk.Shard, string, string) (string, time.Time, error) {
	return "sub-1", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), nil
}

func (directory) Unsubscribe(context.Context, *sdk.Session, string) error { return nil }

// A Subscriber registers the webhook; the agent renews it before it expires.
func ExampleSubscriber() {
	var c sdk.Subscriber = directory{}
	id, expires, err := c.Subscribe(context.Background(), nil, "users", &sdk.Shard{}, "https://agent.example/hook", "s3cret")
	fmt.Println(id, expires.Format(time.DateOnly), err)
	// Output: sub-1 2026-01-02 <nil>
}

// Auth lists ways to authenticate; the first whose fields are all configured is used.
func ExampleAuth_Choose() {
	auth := sdk.Header("X-Api-Key", "", "key").Or(sdk.Basic("user", "password")...)
	given := map[string]string{"user": "robot", "password": "s3cret"}
	fmt.Println(auth.Choose(func(name string) string { return given[name] }).Name)
	// Output: basic
}

// Ids of several parts are joined so that different parts never give the same id.
func ExampleID() {
	id := sdk.ID("role", "a/b", "50%")
	fmt.Println(id, sdk.SplitID(id)[1])
	// Output: role/a%2Fb/50%25 a/b
}

// A set says whether it is all there is.
func ExampleAll() {
	fmt.Println(sdk.All().GetComplete(), sdk.Some("read").GetComplete())
	// Output: true false
}
