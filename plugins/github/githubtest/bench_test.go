package githubtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkPage serves pages over loopback; entries/s is of server and client together.
func BenchmarkPage(b *testing.B) {
	const n = 1_000_000
	o := acme()
	o.Version = func() uint64 { return 1 }
	o.Members = List[Member]{Len: func() int { return n }, At: func(i int) Member {
		return Member{User: User{ID: int64(i + 1), Login: "user-with-a-name", Name: "A Name"}, Role: "member"}
	}}
	o.TeamMembers = func(string) List[TeamMember] {
		return List[TeamMember]{Len: func() int { return n }, At: func(i int) TeamMember {
			return TeamMember{User: User{ID: int64(i + 1), Login: "user-with-a-name"}, Role: "member"}
		}}
	}
	o.Repos = List[Repo]{Len: func() int { return 50_000 }, At: func(i int) Repo {
		return Repo{ID: int64(i + 1), Name: "vault", Head: "c", CreatedAt: begin, PushedAt: begin}
	}, Find: func(string) (Repo, bool) { return Repo{ID: 1, Name: "vault"}, true }}
	o.Tree = bigTree(90_000)
	o.Audit = events(n)
	s := New(Config{
		Orgs: []*Org{o}, Limits: Limits{Core: -1, AuditLog: -1, Points: -1, Concurrent: -1},
		Tokens: []Token{{Value: "t", User: u(1, "x"), Roles: map[string]string{"acme": "admin"}, Scopes: []string{"repo", "admin:org", "read:audit_log"}}},
	})
	hs := httptest.NewServer(s)
	defer hs.Close()
	for name, path := range map[string]string{
		"members": "/orgs/acme/members?per_page=100&page=%d", "team": "/orgs/acme/teams/core/members?per_page=100&page=%d",
		"repos": "/orgs/acme/repos?sort=pushed&per_page=100&page=%d", "tree": "/repos/acme/vault/git/trees/main?recursive=1&x=%d",
		"audit": "/orgs/acme/audit-log?include=all&phrase=created:%%3E%%3D2026-06-01&per_page=100&x=%d",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			s.Reset()
			for i := range b.N {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf(hs.URL+path, i%500+1), nil)
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer t")
				resp, err := hs.Client().Do(req)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
					b.Fatal(resp.StatusCode, err)
				}
				_ = resp.Body.Close()
			}
			b.ReportMetric(float64(s.Stats().Entries)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
