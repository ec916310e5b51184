package sdk_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// everything is one record of each kind, with a bit in it.
func everything(at time.Time) []sdk.Record {
	return []sdk.Record{
		&sdk.Account{Id: "1", Name: new("n"), LastActiveAt: sdk.At(at), Manager: sdk.To(sdk.KindAccount, "2")},
		&sdk.Group{Id: "1", Name: new("n")}, &sdk.Role{Id: "1", Privileged: new(false), Permissions: sdk.All()},
		&sdk.Membership{Id: "1", Member: sdk.To(sdk.KindAccount, "1")}, &sdk.Activity{Id: "1", Time: sdk.At(at), Raw: []byte("{}")},
		&sdk.File{Id: "1", SizeBytes: new(int64(0)), Access: &sdk.AccessList{Complete: true}},
		&sdk.App{Id: "1", AccountCount: new(int64(3)), LastUsedAt: sdk.At(at)},
		&sdk.App{Id: "2", LastUsedAt: sdk.At(at)},
		&sdk.Grant{Id: "1", LastUsedAt: sdk.At(at), Type: new("pat")}, &sdk.TenantItem{Id: "1", Value: new("v")},
		&sdk.Other{Id: "1", Type: new("t")},
	}
}

// What is written by hand is what the generated code reads: a wrong field number would lose or swap something.
func TestRecordsArriveAsTheyWere(t *testing.T) {
	at := time.Date(1969, 7, 20, 20, 17, 40, 5, time.UTC) // before 1970, too
	for _, r := range everything(at) {
		want, ok := r.(proto.Message)
		if !ok {
			t.Fatalf("%T is no message", r)
		}
		want = proto.Clone(want)
		w, got := newWalk(t, nil)
		w.Add(r)
		w.EndPage("")
		if err := w.Complete(); err != nil {
			t.Fatal(err)
		}
		e := got.parts[0].GetEnvelopes()[0]
		if e.GetId() != r.GetId() || r.GetId() == "" || e.GetKind() != sdk.KindOf(r) || e.GetListing() != "" {
			t.Errorf("%T: envelope %s %q", r, e.GetKind(), e.GetId())
		}
		if _, activity := r.(*sdk.Activity); activity != (e.GetTime() != 0) || activity && int64(e.GetTime()) != at.UnixNano() {
			t.Errorf("%T: time %d", r, e.GetTime())
		}
		rec, volatile := wire.NewRecord(e.GetKind()), wire.NewRecord(e.GetKind())
		if err := rec.UnmarshalVT(e.GetRecord()); err != nil {
			t.Fatal(err)
		}
		if rec.GetId() != "" {
			t.Errorf("%T: the id is in the record, too", r)
		}
		if err := volatile.UnmarshalVT(e.GetVolatile()); err != nil {
			t.Fatal(err)
		}
		proto.Merge(rec, volatile)
		field := rec.ProtoReflect().Descriptor().Fields().ByName("id")
		rec.ProtoReflect().Set(field, want.ProtoReflect().Get(field))
		if diff := cmp.Diff(want, proto.Message(rec), protocmp.Transform()); diff != "" {
			t.Errorf("%T: %s", r, diff)
		}
	}
}

func TestVolatileFieldsStayApart(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	a, errA := sdk.Envelope(&sdk.Account{Id: "1", Name: new("n"), LastActiveAt: sdk.At(early)}, "users")
	b, errB := sdk.Envelope(&sdk.Account{Id: "1", Name: new("n"), LastActiveAt: sdk.At(late)}, "users")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if string(a.GetRecord()) != string(b.GetRecord()) || string(a.GetVolatile()) == string(b.GetVolatile()) || a.GetListing() != "users" {
		t.Errorf("%v and %v", a, b)
	}
}

func TestNormalize(t *testing.T) {
	link := &sdk.Access{LinkScope: new("anyone"), Role: new("read")}
	for name, c := range map[string]struct{ in, same sdk.Record }{
		"empty strings are unknown": {&sdk.Account{Id: "1", Name: new(""), Email: new("")}, &sdk.Account{Id: "1"}},
		"false is known":            {&sdk.Role{Id: "1", Privileged: new(false)}, &sdk.Role{Id: "1", Privileged: new(false)}},
		"sets are sorted, once each": {
			&sdk.App{Id: "1", Scopes: sdk.All("b", "a", "b")}, &sdk.App{Id: "1", Scopes: sdk.All("a", "b")},
		},
		"empty refs are unknown": {
			&sdk.Membership{Id: "1", Member: &sdk.Ref{Kind: sdk.KindAccount, Id: new(""), Email: new("")}}, &sdk.Membership{Id: "1"},
		},
		"refs lose empty parts": {
			&sdk.Group{Id: "1", Parent: &sdk.Ref{Kind: sdk.KindGroup, Id: new("p"), Name: new("")}},
			&sdk.Group{Id: "1", Parent: sdk.To(sdk.KindGroup, "p")},
		},
		"the host's fields are taken out": {
			&sdk.File{Id: "1", AccessLevel: new("internal"), Inspection: &wire.Inspection{}}, &sdk.File{Id: "1"},
		},
		"external is the host's": {&sdk.Account{Id: "1", External: new(true)}, &sdk.Account{Id: "1"}},
		"public is the vendor's": {&sdk.File{Id: "1", AccessLevel: new("public")}, &sdk.File{Id: "1", AccessLevel: new("public")}},
		"access is sorted": {
			&sdk.File{Id: "1", Access: &sdk.AccessList{Items: []*sdk.Access{{Principal: sdk.To(sdk.KindAccount, "2")}, link, {Principal: sdk.To(sdk.KindAccount, "1")}}}},
			&sdk.File{Id: "1", Access: &sdk.AccessList{Items: []*sdk.Access{link, {Principal: sdk.To(sdk.KindAccount, "1")}, {Principal: sdk.To(sdk.KindAccount, "2")}}}},
		},
		"attributes are sorted": {
			&sdk.Other{Id: "1", Attributes: []*sdk.Attribute{{Name: "b"}, {Name: "a"}}},
			&sdk.Other{Id: "1", Attributes: []*sdk.Attribute{{Name: "a"}, {Name: "b"}}},
		},
		"attributes beyond the limit go": {
			&sdk.Other{Id: "1", Attributes: many(sdk.MaxAttributes + 3)}, &sdk.Other{Id: "1", Attributes: many(sdk.MaxAttributes)},
		},
	} {
		got, errG := sdk.Envelope(c.in, "")
		want, errW := sdk.Envelope(c.same, "")
		if errG != nil || errW != nil {
			t.Fatal(errG, errW)
		}
		if string(got.GetRecord()) != string(want.GetRecord()) {
			t.Errorf("%s: %v, want %v", name, c.in, c.same)
		}
	}
	known, _ := sdk.Envelope(&sdk.Role{Id: "1", Privileged: new(false), Permissions: sdk.All()}, "")
	unknown, _ := sdk.Envelope(&sdk.Role{Id: "1"}, "")
	if string(known.GetRecord()) == string(unknown.GetRecord()) {
		t.Error("what is known to be false and empty travels as unknown")
	}
}

func many(n int) []*sdk.Attribute {
	var list []*sdk.Attribute
	for i := range n {
		list = append(list, &sdk.Attribute{Name: string(rune('A' + i))})
	}
	return list
}

func TestKinds(t *testing.T) {
	for kind := range wire.Kind_name {
		k := sdk.Kind(kind)
		name := sdk.KindName(k)
		parsed, ok := sdk.ParseKind(name)
		if ok != (k != 0) || parsed != k {
			t.Errorf("%s reads as %s", name, parsed)
		}
		if r := sdk.NewRecord(k); r != nil && sdk.KindOf(r) != k {
			t.Errorf("a record of kind %s is of kind %s", name, sdk.KindOf(r))
		}
	}
	for plural, want := range map[string]sdk.Kind{"activities": sdk.KindActivity, "people": wire.Kind_KIND_PERSON, "files": sdk.KindFile} {
		if k, ok := sdk.ParseKind(plural); !ok || k != want {
			t.Errorf("%s reads as %s", plural, k)
		}
	}
	if _, ok := sdk.ParseKind("activitys"); ok || sdk.KindName(99) != "unspecified" {
		t.Error("what is no kind reads as one")
	}
}
