package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// provider lists two pages of users, to those who have the token.
func provider() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Query().Get("page") == "2":
			_, _ = fmt.Fprint(w, `["carol"]`)
		default:
			w.Header().Set("Link", `</users?page=2>; rel="next"`)
			_, _ = fmt.Fprint(w, `["alice", "bob"]`)
		}
	}))
}

// session is what serve does for a connector.
func session(baseURL string) (*sdk.Session, *httpapi.Transport, error) {
	s := &sdk.Session{
		Settings: sdk.Settings{"base_url": baseURL},
		Secret:   func(string) string { return "secret" },
	}
	t, err := httpapi.New(httpapi.Config{
		Description: &sdk.Description{Auth: sdk.Bearer("token")},
		Session:     s,
		Network:     &wire.Network{Private: []string{"localhost"}},
	})
	if err != nil {
		return nil, nil, err
	}
	s.HTTP = httpapi.Client(t)
	return s, t, nil
}

func ExampleNew() {
	srv := provider()
	defer srv.Close()
	s, t, err := session(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.CloseIdleConnections()

	var users []string
	fmt.Println(s.GetJSON(context.Background(), "/users", &users), users)
	fmt.Println(s.GetJSON(context.Background(), "https://elsewhere.example/users", &users))
	// Output:
	// <nil> [alice bob]
	// host elsewhere.example:443 (https) is not one this connector declared: its author must add sdk.Host{Pattern: "elsewhere.example"} to Description.Hosts, or base_url must name it
}

func ExamplePages() {
	srv := provider()
	defer srv.Close()
	s, t, err := session(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.CloseIdleConnections()
	ctx := context.Background()
	w := sdk.NewWalk(ctx, &wire.ScanRequest{Listing: "users"}, func([]byte) error { return nil })

	for users, err := range httpapi.Pages(ctx, s, w, "/users", httpapi.ByLink[[]string]) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, u := range users {
			w.Add(&sdk.Account{Id: u})
			fmt.Println(u)
		}
	}
	fmt.Println(w.Complete())
	// Output:
	// alice
	// bob
	// carol
	// <nil>
}

func ExampleNextLink() {
	res := &http.Response{Header: http.Header{"Link": {`<https://api.example/users?page=2>; rel="next"`}}}
	fmt.Println(httpapi.NextLink(res))
	// Output: https://api.example/users?page=2
}

func ExampleByToken() {
	type page struct{ NextPageToken string }
	next := httpapi.ByToken("pageToken", func(p page) string { return p.NextPageToken })
	fmt.Println(next("/users?limit=100", nil, page{NextPageToken: "abc"}))
	// Output: /users?limit=100&pageToken=abc
}

func ExampleByNumber() {
	type page struct{ Items []string }
	next := httpapi.ByNumber("page", 1, 1, func(p page) bool { return len(p.Items) > 0 })
	fmt.Println(next("/users", nil, page{Items: []string{"a"}}))
	// Output: /users?page=2
}

func ExampleByCursor() {
	type page struct{ NextLink string }
	next := httpapi.ByCursor(func(p page) string { return p.NextLink })
	fmt.Println(next("/users", nil, page{NextLink: "https://api.example/users?skip=100"}))
	// Output: https://api.example/users?skip=100
}
