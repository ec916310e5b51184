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

// fewAtWork is the same organisation, but most people have left: two listings ask for each who has not.
func fewAtWork() *oktatest.Org {
	o := newOrg()
	const working = 25
	o.Users = oktatest.List[oktatest.User]{
		Len: func() int { return userCount },
		At: func(i int) oktatest.User {
			u := someone(i)
			if i >= working {
				u.Status = "DEPROVISIONED"
			}
			return u
		},
	}
	return o
}

func TestConformanceWithToken(t *testing.T) {
	w := start(t, fewAtWork(), still)
	sdktest.Run(t, sdktest.Options{Connector: connector{}, ProviderAt: w.http.URL, Secrets: sswsSecrets()})
}

func TestConformanceAsServiceApp(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, fewAtWork(), still)
	sdktest.Run(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Secrets: appSecrets(), Settings: map[string]string{"key_id": keyID},
		Skip: map[string]string{"system_log": "it is long, and TestConformanceWithToken has it"},
	})
}
