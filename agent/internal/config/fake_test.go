package config_test

import (
	"errors"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// fake knows connectors: github with everything, box with a login, hello with next to nothing, and broken, which cannot be
// read.
type fake map[string]*wire.Description

func (f fake) Names() []string { return slices.Sorted(maps.Keys(f)) }

func (f fake) Description(name string) (*wire.Description, error) {
	if f[name] == nil {
		return nil, errors.New("its lock entry has no description")
	}
	return f[name], nil
}

func providers() fake {
	setting := func(name, kind string) *wire.SettingSpec { return &wire.SettingSpec{Name: name, Type: kind} }
	hidden := func(name string) *wire.CredentialField { return &wire.CredentialField{Name: name, Secret: true} }
	public := func(name string) *wire.CredentialField { return &wire.CredentialField{Name: name} }
	kinds := func(k ...wire.Kind) []wire.Kind { return k }
	return fake{
		"broken": nil,
		"box": {
			Name: "box", Version: "1.0.0",
			Credentials: []*wire.CredentialMethod{
				{Name: "oauth", Login: true, Rotates: "refresh_token", Fields: []*wire.CredentialField{
					public("client_id"), hidden("client_secret"), {Name: "refresh_token", Secret: true, Kept: true},
				}},
				{Name: "token", Fields: []*wire.CredentialField{hidden("token")}},
			},
			Listings: []*wire.ListingSpec{{Name: "users", Defines: kinds(wire.Kind_KIND_ACCOUNT)}},
		},
		"hello": {Name: "hello", Version: "1", Listings: []*wire.ListingSpec{{Name: "users", Defines: kinds(wire.Kind_KIND_ACCOUNT)}}},
		"github": {
			Name: "github", Version: "1.0.0",
			Settings: []*wire.SettingSpec{
				{Name: "organization", Type: "string", Required: true, Doc: "the name in the URL.", Identity: true},
				{Name: "base_url", Type: "endpoint", Default: "https://api.github.com"},
				{Name: "plan", Type: "string", Enum: []string{"free", "team", "enterprise"}},
				setting("archived", "bool"), setting("depth", "int"),
				{Name: "stale_after", Type: "duration", Default: "90d"},
				{Name: "topics", Type: "list", Default: "one, two"},
				{Name: "include", Type: "list", Enum: []string{"wiki", "issues"}},
			},
			Credentials: []*wire.CredentialMethod{
				{Name: "app", Fields: []*wire.CredentialField{public("app_id"), hidden("private_key")}},
				{Name: "token", Fields: []*wire.CredentialField{hidden("token")}},
				{Name: "installation", Fields: []*wire.CredentialField{public("app_id"), hidden("private_key"), public("installation_id")}},
			},
			Listings: []*wire.ListingSpec{
				{Name: "members", Defines: kinds(wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_MEMBERSHIP)},
				{Name: "outside", Defines: kinds(wire.Kind_KIND_ACCOUNT)},
				{Name: "repositories", Defines: kinds(wire.Kind_KIND_FILE)},
				{Name: "audit", Defines: kinds(wire.Kind_KIND_ACTIVITY), Type: wire.ListingSpec_FEED, Lookback: durationpb.New(180 * 24 * time.Hour)},
			},
			Realtime: []*wire.RealtimeSpec{{Name: "hooks", Means: "webhook"}},
			Actions:  []*wire.ActionSpec{{Name: "make_private", TargetKind: wire.Kind_KIND_FILE}},
		},
		"okta": {
			Name: "okta", Version: "1.0.0",
			Settings:    []*wire.SettingSpec{{Name: "base_url", Type: "endpoint", Required: true}},
			Credentials: []*wire.CredentialMethod{{Name: "token", Fields: []*wire.CredentialField{hidden("token")}}},
			Listings:    []*wire.ListingSpec{{Name: "users", Defines: kinds(wire.Kind_KIND_ACCOUNT)}},
		},
	}
}
