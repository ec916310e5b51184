package sdk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	protocolVersion   = 1
	connectorPrefix   = "mooring-connector-"
	baseURLSetting    = "base_url"
	defaultBucket     = "default"
	notImplemented    = "not implemented"
	maxSpecs          = 1000 // of each list of a description
	adaptiveShape     = "adaptive"
	credentialOwner   = "credential"
	maxNameBytes      = 64
	lowerAndConnector = "abcdefghijklmnopqrstuvwxyz0123456789_-"
)

// Wire gives the message of a description with its defaults filled in. Name defaults to fileName without
// "mooring-connector-", Version to version. What does not hold together is an error for the author to read.
func (d *Description) Wire(fileName, version string) (*wire.Description, error) {
	w := &wire.Description{
		Name: d.Name, Version: d.Version, Doc: d.Doc, Protocol: protocolVersion,
		Actions: d.Actions, Content: d.Content, Fetches: d.Fetches,
	}
	if w.Name == "" {
		w.Name = strings.TrimPrefix(fileName, connectorPrefix)
	}
	if w.Version == "" {
		w.Version = version
	}
	w.Settings = d.settings()
	for _, m := range d.Auth {
		w.Credentials = append(w.Credentials, m.wire())
	}
	for i := range d.Listings {
		w.Listings = append(w.Listings, d.Listings[i].wire())
	}
	for _, r := range d.Realtime {
		w.Realtime = append(w.Realtime, &wire.RealtimeSpec{
			Name: r.Name, Means: r.Means, Listings: r.Listings, ExpectedDelay: duration(r.ExpectedDelay), Needs: r.Needs,
		})
	}
	w.Buckets = d.buckets()
	w.Hosts = d.hosts()
	for _, c := range slices.Sorted(maps.Keys(d.Unsupported)) {
		w.Unsupported = append(w.Unsupported, &wire.Unsupported{Capability: c, Reason: d.Unsupported[c]})
	}
	return w, validate(w)
}

// Lacks adds what a connector does not implement to the unsupported capabilities, unless it gave a reason itself.
func Lacks(w *wire.Description, capability string) {
	for _, u := range w.GetUnsupported() {
		if u.GetCapability() == capability {
			return
		}
	}
	w.Unsupported = append(w.Unsupported, &wire.Unsupported{Capability: capability, Reason: notImplemented})
}

func (d *Description) settings() []*wire.SettingSpec {
	var specs []*wire.SettingSpec
	named := false
	for _, s := range d.Settings {
		named = named || s.Name == baseURLSetting
	}
	if d.BaseURL != "" && !named {
		specs = append(specs, &wire.SettingSpec{
			Name: baseURLSetting, Type: string(SettingEndpoint), Default: d.BaseURL, Doc: "where the provider's API is",
			Identity: true,
		})
	}
	return append(specs, settingSpecs(d.Settings)...)
}

func settingSpecs(settings []Setting) []*wire.SettingSpec {
	specs := make([]*wire.SettingSpec, 0, len(settings))
	for _, s := range settings {
		t := s.Type
		if t == "" {
			t = SettingString
		}
		specs = append(specs, &wire.SettingSpec{
			Name: s.Name, Type: string(t), Doc: s.Doc, Required: s.Required, Default: s.Default, Identity: s.Identity,
			Enum: s.Enum,
		})
	}
	return specs
}

func (d *Description) buckets() []*wire.BucketSpec {
	specs := make([]*wire.BucketSpec, 0, len(d.Buckets)+1)
	all := false // some bucket takes every request
	for i := range d.Buckets {
		b := &d.Buckets[i]
		all = all || len(b.Match) == 0 || b.Name == defaultBucket
		s := &wire.BucketSpec{
			Name: b.Name, Shape: b.Shape, Limit: b.Limit, Window: duration(b.Window), Burst: b.Burst,
			KeySource: b.KeySource, OwnerScope: b.OwnerScope, Dialect: b.Dialect,
		}
		if s.Shape == "" {
			s.Shape = adaptiveShape
		}
		if s.OwnerScope == "" {
			s.OwnerScope = credentialOwner
		}
		for _, m := range b.Match {
			s.Match = append(s.Match, &wire.Match{Method: m.Method, Host: m.Host, Path: m.Path, Cost: m.Cost})
		}
		specs = append(specs, s)
	}
	if !all { // where package httpapi puts what no bucket matches
		specs = append(specs, &wire.BucketSpec{Name: defaultBucket, Shape: adaptiveShape, KeySource: "host", OwnerScope: credentialOwner})
	}
	return specs
}

// hosts adds the host of base_url: it gets all credentials, unless the author said otherwise.
func (d *Description) hosts() []*wire.HostPattern {
	var fields []string
	for _, m := range d.Auth {
		for _, f := range m.Fields {
			if !slices.Contains(fields, f.Name) {
				fields = append(fields, f.Name)
			}
		}
	}
	const base = "${" + baseURLSetting + "}"
	var patterns []*wire.HostPattern
	said := false
	for _, h := range d.Hosts {
		p := &wire.HostPattern{Pattern: h.Pattern, Ports: h.Ports, Purpose: h.Purpose}
		if h.Credentialed {
			p.Credentials = fields
		}
		said = said || h.Pattern == base
		patterns = append(patterns, p)
	}
	if d.BaseURL != "" && !said {
		patterns = slices.Insert(patterns, 0, &wire.HostPattern{Pattern: base, Credentials: fields, Purpose: "the provider's API"})
	}
	return patterns
}

func (m *Method) wire() *wire.CredentialMethod {
	w := &wire.CredentialMethod{
		Name: m.Name, Doc: m.Doc, Lifetime: duration(m.Lifetime), Scopes: m.Scopes, Rotates: m.Rotates, Login: m.Login != nil,
		Steps: m.Steps,
	}
	for _, f := range m.Fields {
		w.Fields = append(w.Fields, &wire.CredentialField{Name: f.Name, Doc: f.Doc, Secret: !f.Public, Kept: f.Kept})
	}
	return w
}

func (l *Listing) wire() *wire.ListingSpec {
	return &wire.ListingSpec{
		Name: l.Name, Doc: l.Doc, Defines: l.Defines, Enriches: l.Enriches, Type: wire.ListingSpec_Type(l.Type),
		Parent: l.Parent, Resume: wire.ListingSpec_Resume(l.Resume),
		MaxWindow: duration(l.MaxWindow), Lookback: duration(l.Lookback), Overlap: duration(l.Overlap), LateBy: duration(l.LateBy),
		Exclusive: l.Exclusive, Fields: l.Fields, Permissions: l.Permissions, Every: duration(l.Every), OffByDefault: l.OffByDefault,
	}
}

// duration: zero is absent.
func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func word(s string) bool {
	return s != "" && len(s) <= maxNameBytes && strings.Trim(s, lowerAndConnector) == ""
}

func bad(format string, args ...any) error {
	return Errorf(ErrInvalid, "description: "+format, args...)
}

// unique checks the names of one list.
func unique[T interface{ GetName() string }](what string, specs []T) error {
	if len(specs) > maxSpecs {
		return bad("%d %ss, at most %d are expected", len(specs), what, maxSpecs)
	}
	seen := map[string]bool{}
	for _, s := range specs {
		name := s.GetName()
		if !word(name) {
			return bad("%s %q: a name is 1 to %d of a-z, 0-9, _ and -", what, name, maxNameBytes)
		}
		if seen[name] {
			return bad("%s %q is there twice", what, name)
		}
		seen[name] = true
	}
	return nil
}

func oneOf(what, got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return bad("%s is %q, one of %s is expected", what, got, fmt.Sprintf("%q", allowed))
}
