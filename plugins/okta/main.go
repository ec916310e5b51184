// Command mooring-connector-okta connects an organisation of Okta (Workforce Identity).
//
// It promises: accounts of every status, the deactivated ones too; a walk is certified only when every page of it was read
// whole; what changed since a bookmark is asked of Okta's own clock, so that nothing falls between two walks. It reads only,
// and what it asks for cannot write, but for the event hook, which needs a scope of its own that is not asked for unless
// the operator says so.
//
// It does not promise that an account which was deleted vanishes at once: Okta's lists do not tell. The System Log does, so
// that the deletion arrives with it, else with the next whole list. And it cannot see what Okta has no API for: see
// Describe, Unsupported.
package main

import "github.com/mooring-hq/mooring/sdk/serve"

func main() { serve.Run(connector{}) }
