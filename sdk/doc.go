// Package sdk is what the author of a connector imports: the records, the Connector interface and the small interfaces
// of further abilities. serve.Run (package sdk/serve) makes a Connector a program.
//
// It promises: what a connector does not say is unknown, never empty or false; a walk that did not call Complete is
// incomplete and deletes nothing; every request made through Session.HTTP is paid for from the quota, retried where
// that is safe, and carries credentials only to the hosts that were declared for them.
//
// It does not promise that records arrive in the store one by one: they travel in pages, and a page counts from its
// checkpoint on.
//
// The package needs the standard library and protobuf only.
package sdk
