// Package provider is a plain JSON API with pages and a latency, for benchmarks: what any vendor does at least.
package provider

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// PageSize is the number of entries in an answer.
const PageSize = 100

// User is an entry of /users.
type User struct {
	ID          string `json:"id"`
	Login       string `json:"login"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	Status      string `json:"status"`
	Type        string `json:"type"`
	Department  string `json:"department"`
	Manager     string `json:"manager"`
	MFA         bool   `json:"mfa"`
	CreatedAt   string `json:"created_at"`
	LastLoginAt string `json:"last_login_at"`
	ProfileURL  string `json:"profile_url"`
	AvatarURL   string `json:"avatar_url"`
}

// Membership is an entry of /memberships.
type Membership struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	User  string `json:"user"`
	Role  string `json:"role"`
}

// Page is an answer. One of the lists is filled.
type Page struct {
	Users       []User       `json:"users"`
	Memberships []Membership `json:"memberships"`
	Next        string       `json:"next"`
}

// Handler serves each list with n entries. It answers after latency.
func Handler(n int, latency time.Duration) http.Handler {
	mux := http.NewServeMux()
	list := func(path, name string, entry func(b []byte, i int) []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			arrived := time.Now()
			from, _ := strconv.Atoi(r.URL.Query().Get("from"))
			b := append(make([]byte, 0, 64<<10), `{"`+name+`":[`...)
			for i := from; i < min(from+PageSize, n); i++ {
				if i > from {
					b = append(b, ',')
				}
				b = entry(b, i)
			}
			b = append(b, ']')
			if next := from + PageSize; next < n {
				b = fmt.Appendf(b, `,"next":"%s?from=%d"`, path, next)
			}
			b = append(b, '}')
			time.Sleep(latency - time.Since(arrived)) // the latency of a network, which is what is simulated here
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(b) // the client sees that it is cut short
		})
	}
	list("/users", "users", func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"id":"u%08d","login":"user%d","name":"Firstname%d Lastname%d","email":"user%d@corp.example",`+
			`"status":"active","type":"user","department":"Department of Things %d","manager":"u%08d","mfa":true,`+
			`"created_at":"2024-03-01T10:00:00Z","last_login_at":"2026-11-20T08:15:00Z",`+
			`"profile_url":"https://api.corp.example/v1/users/u%08d","avatar_url":"https://cdn.corp.example/avatars/u%08d.png"}`,
			i, i, i, i, i, i%40, i/10, i, i)
	})
	list("/memberships", "memberships", func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"id":"m%08d","group":"g%05d","user":"u%08d","role":"member"}`, i, i/200, i)
	})
	return mux
}
