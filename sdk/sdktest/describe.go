package sdktest

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// describe proves that the description is constant, holds together, and says what the connector can do.
func (k *kit) describe(t tester) bool {
	k.spec = k.o.Connector.Describe()
	if k.spec == nil {
		t.Errorf("Describe gives nil")
		return false
	}
	var err error
	if k.d, err = k.spec.Wire("mooring-connector-conformance", "v0.0.0"); err != nil {
		t.Errorf("%v", err)
		return false
	}
	again, err := k.o.Connector.Describe().Wire("mooring-connector-conformance", "v0.0.0")
	if err != nil || !proto.Equal(k.d, again) {
		t.Errorf("Describe gives another description the second time (%v); it must be constant", err)
	}
	for _, l := range k.d.GetListings() {
		for _, f := range l.GetFields() {
			if !fieldExists(f) {
				t.Errorf("listing %s says it fills %q, which is no field of a record", l.GetName(), f)
			}
		}
	}
	k.abilities(t)
	for name := range k.o.Skip {
		if k.listing(name) == nil {
			t.Errorf("sdktest.Options.Skip names listing %q, which does not exist", name)
		}
	}
	return true
}

// abilities: what is declared is there, and what is there is declared.
func (k *kit) abilities(t tester) {
	_, fetcher := k.o.Connector.(sdk.Fetcher)
	if fetcher != (len(k.d.GetFetches()) > 0) {
		t.Errorf("Description.Fetches has %d kinds, but Fetch is implemented: %v", len(k.d.GetFetches()), fetcher)
	}
	_, watcher := k.o.Connector.(sdk.Watcher)
	_, hooker := k.o.Connector.(sdk.Hooker)
	watches, hooks := false, false
	for _, r := range k.d.GetRealtime() {
		watches = watches || r.GetMeans() == "longpoll" || r.GetMeans() == "queue"
		hooks = hooks || r.GetMeans() == "webhook"
	}
	if watcher != watches {
		t.Errorf("Description.Realtime has a long-poll or queue: %v, but Watch is implemented: %v", watches, watcher)
	}
	if hooker != hooks {
		t.Errorf("Description.Realtime has a webhook: %v, but Webhook is implemented: %v", hooks, hooker)
	}
}

func (k *kit) listing(name string) *wire.ListingSpec {
	for _, l := range k.d.GetListings() {
		if l.GetName() == name {
			return l
		}
	}
	return nil
}

func fieldExists(name string) bool {
	word, field, _ := strings.Cut(name, ".")
	kind, ok := sdk.ParseKind(word)
	if !ok || sdk.KindName(kind) != word || sdk.NewRecord(kind) == nil {
		return false
	}
	return sdk.NewRecord(kind).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field)) != nil
}
