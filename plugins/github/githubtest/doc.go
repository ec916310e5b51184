// Package githubtest is a fake of GitHub's REST API: one server, several organisations.
//
// It promises to behave like the vendor where a client could notice: credentials and their permissions, paging, quotas,
// conditional requests, error bodies, plans, webhooks. What it serves is the caller's (Org); it holds no copy, so a
// million accounts cost no memory. Calls that change something change what is served, in every list and look-up, until
// Forget: the Org stays as it is. Of GraphQL it knows three queries.
package githubtest
