package sdk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func account(name string) sdk.Listing {
	return sdk.Listing{Name: name, Defines: []sdk.Kind{sdk.KindAccount}}
}

func TestDescriptionDefaults(t *testing.T) {
	d := &sdk.Description{BaseURL: "https://api.x.example", Auth: sdk.Basic("user", "password"), Listings: []sdk.Listing{account("users")}}
	w, err := d.Wire("mooring-connector-x", "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if w.GetName() != "x" || w.GetVersion() != "v1.2.3" || w.GetProtocol() != 1 {
		t.Errorf("name %q, version %q, protocol %d", w.GetName(), w.GetVersion(), w.GetProtocol())
	}
	if s := w.GetSettings()[0]; s.GetName() != "base_url" || s.GetType() != "endpoint" || s.GetDefault() != d.BaseURL || !s.GetIdentity() {
		t.Errorf("setting %v", s)
	}
	if h := w.GetHosts()[0]; h.GetPattern() != "${base_url}" || strings.Join(h.GetCredentials(), ",") != "user,password" {
		t.Errorf("host %v", h)
	}
	if b := w.GetBuckets()[0]; b.GetShape() != "adaptive" {
		t.Errorf("bucket %v", b)
	}
	if f := w.GetCredentials()[0].GetFields(); f[0].GetSecret() || !f[1].GetSecret() {
		t.Errorf("fields %v", f)
	}
}

func TestDescriptionsThatDoNotHoldTogether(t *testing.T) {
	for want, d := range map[string]sdk.Description{
		`listing "users" is there twice`:        {Listings: []sdk.Listing{account("users"), account("users")}},
		`parent "none" of listing users`:        {Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}, Parent: "none"}}},
		`is its own ancestor`:                   {Listings: []sdk.Listing{{Name: "a", Parent: "b", Defines: []sdk.Kind{sdk.KindFile}}, {Name: "b", Parent: "a", Defines: []sdk.Kind{sdk.KindFile}}}},
		`neither defines nor enriches`:          {Listings: []sdk.Listing{{Name: "users"}}},
		`names kind person`:                     {Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{wire.Kind_KIND_PERSON}}}},
		`is not a feed, but has windows`:        {Listings: []sdk.Listing{{Name: "users", Defines: []sdk.Kind{sdk.KindAccount}, MaxWindow: time.Hour}}},
		`listing "Users"`:                       {Listings: []sdk.Listing{account("Users")}},
		`listing ""`:                            {Listings: []sdk.Listing{account("")}},
		`type of setting x`:                     {Settings: []sdk.Setting{{Name: "x", Type: "number"}}},
		`is not a URL`:                          {BaseURL: "api.example"},
		`shape of bucket b`:                     {Buckets: []sdk.Bucket{{Name: "b", Shape: "round"}}},
		`owner of bucket b`:                     {Buckets: []sdk.Bucket{{Name: "b", OwnerScope: "me"}}},
		`bucket b has a negative`:               {Buckets: []sdk.Bucket{{Name: "b", Limit: -1}}},
		`does not name a setting`:               {Hosts: []sdk.Host{{Pattern: "${region}"}}},
		`host "https://x.example"`:              {Hosts: []sdk.Host{{Pattern: "https://x.example"}}},
		`names listing "none"`:                  {Realtime: []sdk.Realtime{{Name: "r", Means: "webhook", Listings: []string{"none"}}}},
		`means of realtime r`:                   {Realtime: []sdk.Realtime{{Name: "r", Means: "pigeon"}}},
		`action "a" is there twice`:             {Actions: []*wire.ActionSpec{{Name: "a"}, {Name: "a"}}},
		`credential method "token" is there tw`: {Auth: sdk.Bearer("token").Or(sdk.Bearer("token")...)},
		`name "Hello World"`:                    {Name: "Hello World"},
	} {
		if _, err := d.Wire("x", ""); err == nil || !strings.Contains(err.Error(), want) || sdk.TypeOf(err) != sdk.ErrInvalid {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestBucketsKeepAPlaceForTheRest(t *testing.T) {
	d := &sdk.Description{Buckets: []sdk.Bucket{{Name: "search", Match: []sdk.Match{{Path: "/search"}}}}}
	w, err := d.Wire("x", "")
	if err != nil || len(w.GetBuckets()) != 2 || w.GetBuckets()[1].GetName() != "default" {
		t.Errorf("%v %v", w.GetBuckets(), err)
	}
	d.Buckets[0].Match = nil
	if w, err = d.Wire("x", ""); err != nil || len(w.GetBuckets()) != 1 {
		t.Errorf("%v %v", w.GetBuckets(), err)
	}
}
