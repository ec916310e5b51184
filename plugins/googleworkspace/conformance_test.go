package main

import (
	"testing"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk/sdktest"
)

// endless is a provider without limits.
func endless(c *gw.Config) {
	c.Limits = gw.Limits{Directory: -1, Reports: -1, Filtered: -1, DriveUnits: -1, DriveUser: -1}
}

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := newWorld()
	w.logs["login"] = w.logs["login"][1200:] // two pages are as good as three, and quicker
	start(t, w, endless)
	sdktest.Run(t, sdktest.Options{
		Connector: w.connector(), ProviderAt: w.http.URL, Until: worldNow,
		Settings: map[string]string{
			adminSetting: adminEmail, driveSetting: sdktest.ProviderURL, tokenSetting: sdktest.ProviderURL + "/token",
		},
		Secrets: map[string]string{keyField: keyFile(), secretField: pushSecret},
	})
}
