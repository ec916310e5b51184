package main

import "github.com/mooring-hq/mooring/plugins/github/githubtest"

// withMember adds a token of someone who is no owner.
func withMember(c *githubtest.Config) {
	c.Tokens = append(c.Tokens, githubtest.Token{Value: "ghp_member", User: someone(50), Scopes: []string{"read:org", "repo"}})
}
