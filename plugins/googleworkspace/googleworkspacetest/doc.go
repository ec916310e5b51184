// Package googleworkspacetest is Google Workspace as its API shows it, for tests, demos and load.
//
// It promises to be no kinder than the vendor: a token is for one subject and the scopes asked for, and none is given when
// one scope is not granted; an administrator's calls need an administrator; only what `fields` names is in an answer; pages,
// page tokens, quotas and error bodies are the vendor's; logs come newest first and late. It holds no copy of the tenant:
// everything is asked of the Tenant's funcs when a request comes, so that a million people cost no memory.
//
// It reads only: it serves no call that changes something, but for channels. What it does not know: the full text search of
// q, licences, and Drive's own rules of who may share.
package googleworkspacetest
