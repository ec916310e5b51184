// Command mooring-connector-box connects an enterprise of Box.
//
// It promises: every managed user's tree is walked as that user, so each item is listed once, by its owner; a walk is
// certified only when every page of it was read whole; idle, one call tells that nothing changed. It reads only, asks Box
// not to notify anybody, and leaves its own reading out of the activities.
//
// It does not promise to see what Box shows nobody: content of people outside the enterprise, the rights of a co-admin, or
// the apps that users let in: see Describe, Unsupported.
package main

import "github.com/mooring-hq/mooring/sdk/serve"

func main() { serve.Run(connector{}) }
