// Package googleworkspacetest is Google Workspace as its API shows it, for tests, demos and load.
//
// It promises to be no kinder than the vendor: a token is for one subject and the scopes asked for, and none is given when
// one scope is not granted; an administrator's calls need an administrator; only what `fields` names is in an answer; pages,
// page tokens, quotas and error bodies are the vendor's; logs come newest first and late. It holds no copy of the tenant:
// everything is asked of the Tenant's funcs when a request comes, so that a million people cost no memory.
//
// What calls change (accounts, tokens, sharing, owners, the trash, moves, content) is kept beside the tenant, lies over all
// that is read, and is written into logs, change feeds and channels, until Forget. Who may change what is told by roles of
// people by name: the fake does not look into groups.
//
// What it does not know: the full text search of q, licences, policies of sharing, resumable uploads, and that a new member
// of a shared drive may not be known everywhere at once.
package googleworkspacetest
