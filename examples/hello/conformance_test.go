package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/mooring-hq/mooring/sdk/sdktest"
)

// A small provider: 250 users, in pages.
func provider() http.Handler {
	const users, token = 250, "Bearer hello-token-for-tests"
	type user struct {
		ID, Name, Email string
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != token {
			http.Error(w, `{"message":"who are you?"}`, http.StatusUnauthorized)
			return
		}
		from, _ := strconv.Atoi(r.FormValue("after"))
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		var page struct {
			Users []user
			Next  string
		}
		for i := from; i < min(from+limit, users); i++ {
			u := user{ID: fmt.Sprint(i), Name: fmt.Sprintf("user%03d", i)}
			if i%3 > 0 {
				u.Email = u.Name + "@hello.example"
			}
			page.Users = append(page.Users, u)
		}
		if from+limit < users {
			page.Next = fmt.Sprintf("/users?limit=%d&after=%d", limit, from+limit)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(page) // the client is gone, or it is not
	})
	return mux
}

func TestConformance(t *testing.T) {
	sdktest.Run(t, sdktest.Options{
		Connector: hello{}, Provider: provider(), Secrets: map[string]string{"token": "hello-token-for-tests"},
	})
}
