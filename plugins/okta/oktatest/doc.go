// Package oktatest is a fake of Okta's API, for tests and for the simulated company.
//
// It promises what a client can tell apart: authentication and scopes, Okta's errors, pages by Link header, the limits by
// bucket and by requests at once with their headers, filters, the System Log in both its modes, event hooks. It computes
// every answer from Org when it is asked, so the size of the organisation costs no memory.
//
// What calls change is kept beside the organisation's data, shows in every answer and in the log, and is told to the hooks
// before the call is answered.
//
// It does not know roles with a resource set, nor expressions beyond those that the connector's README names; a rule's
// condition is not evaluated. Where Okta's documentation is silent, it does the less convenient thing.
package oktatest
