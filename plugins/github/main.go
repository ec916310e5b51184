// Command mooring-connector-github connects an organisation of GitHub, on github.com or an Enterprise Server.
//
// It promises: what GitHub does not show to the credential stays unknown; a walk is certified only when every page of
// it was read whole; a delta walk that says "nothing changed" has asked GitHub about every page. It reads only: tokens,
// secrets of webhooks and found secrets never become part of a record.
//
// It does not promise that a page list which shifts while it is read misses nobody: GitHub pages by number, so that is
// mended by the next full walk. And it cannot see what GitHub has no API for: see Describe, Unsupported.
package main

import "github.com/mooring-hq/mooring/sdk/serve"

func main() { serve.Run(connector{}) }
