package main

import (
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk/sdktest"
)

// still is a fake whose clock stands: what is made from the time is the same in every walk.
func still(c *oktatest.Config) {
	now := time.Now().UTC().Truncate(time.Second)
	c.Now = func() time.Time { return now }
}

func TestConformanceWithToken(t *testing.T) {
	w := start(t, newOrg(), still)
	sdktest.Run(t, sdktest.Options{Connector: connector{}, ProviderAt: w.http.URL, Secrets: sswsSecrets()})
}

func TestConformanceAsServiceApp(t *testing.T) {
	w := start(t, newOrg(), still)
	sdktest.Run(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Secrets: appSecrets(), Settings: map[string]string{"key_id": keyID},
	})
}
