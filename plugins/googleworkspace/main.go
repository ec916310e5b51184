// Command mooring-connector-googleworkspace connects a Google Workspace tenant: its directory, the files of its people and
// shared drives, its audit logs, and the apps that people let in.
//
// It promises: it acts for one person at a time, by a service account with domain-wide delegation, and asks for one scope
// at a time, so that a scope that was not granted costs what needs it and nothing else; what Google does not show stays
// unknown; a file is said to be gone only when Google's own log says so. No scope it asks for by default can write; what it can
// change with the others is in the table of actions, each of which may be done twice, and taken back as far as it says.
//
// It does not promise to see files that belong to suspended people, for whom Google lets nobody act, nor the content of
// shared drives without a person among their members. See Describe, Unsupported, for what Google has no API for.
package main

import "github.com/mooring-hq/mooring/sdk/serve"

func main() { serve.Run(newConnector()) }
