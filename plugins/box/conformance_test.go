package main

import (
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk/sdktest"
)

func TestConformance(t *testing.T) {
	c := newContent()
	c.users[3].Status = "" // nobody can act as somebody inactive: TestInactiveUser
	w := start(t, c, func(c *boxtest.Config) { c.Limits.Page = 4 })
	sdktest.Run(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Secrets: clientSecrets(),
		Settings: map[string]string{"account_url": sdktest.ProviderURL},
	})
}
