package record

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var update = flag.Bool("update", false, "write the golden files anew")

func encode(t *testing.T, m wire.RecordMessage) []byte {
	t.Helper()
	if m == nil {
		return nil
	}
	b := make([]byte, m.SizeVT())
	if _, err := m.MarshalToSizedBufferVT(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDiff(t *testing.T) {
	day := timestamppb.New(time.Unix(1, 0))
	cases := []struct {
		name          string
		before, after *sdk.Account
		fields        string
		filled        bool
	}{
		{"same", &sdk.Account{Name: new("a")}, &sdk.Account{Name: new("a")}, "", true},
		{"changed", &sdk.Account{Name: new("a")}, &sdk.Account{Name: new("b")}, "name", false},
		{"known", &sdk.Account{}, &sdk.Account{Name: new("b"), Admin: new(false)}, "name,admin", true},
		{"unknown", &sdk.Account{Manager: sdk.To(1, "m"), CreatedAt: day}, &sdk.Account{}, "created_at,manager", true},
		{"both", &sdk.Account{Name: new("a")}, &sdk.Account{Name: new("b"), Mfa: new("on")}, "name,mfa", false},
		{"false is known", &sdk.Account{Admin: new(false)}, &sdk.Account{Admin: new(true)}, "admin", false},
		{"ref", &sdk.Account{Manager: sdk.To(1, "m")}, &sdk.Account{Manager: sdk.To(1, "n")}, "manager", false},
		{"from nothing", nil, &sdk.Account{Email: new("x")}, "email", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var before, after []byte
			if c.before != nil {
				before = encode(t, c.before)
			}
			after = encode(t, c.after)
			fields, filled, err := Diff(sdk.KindAccount, before, after)
			if strings.Join(fields, ",") != c.fields || filled != c.filled || err != nil {
				t.Errorf("%v, filled %v, %v; want %s, %v", fields, filled, err, c.fields, c.filled)
			}
		})
	}
}

func TestDiffOfLists(t *testing.T) {
	file := func(a *sdk.AccessList, labels *sdk.Strings) []byte {
		return encode(t, &sdk.File{Access: a, Labels: labels})
	}
	one := &sdk.AccessList{Items: []*sdk.Access{{Principal: sdk.To(1, "a"), Role: new("read")}}, Complete: true}
	cases := []struct {
		name          string
		before, after []byte
		fields        string
		filled        bool
	}{
		{"emptied", file(one, nil), file(&sdk.AccessList{Complete: true}, nil), "access", false},
		{"seen empty", file(nil, nil), file(&sdk.AccessList{Complete: true}, sdk.All()), "access,labels", true},
		{"no more complete", file(nil, sdk.All("x")), file(nil, sdk.Some("x")), "labels", false},
		{"equal", file(one, sdk.All("x")), file(one, sdk.All("x")), "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fields, filled, err := Diff(sdk.KindFile, c.before, c.after)
			if strings.Join(fields, ",") != c.fields || filled != c.filled || err != nil {
				t.Errorf("%v, filled %v, %v; want %s, %v", fields, filled, err, c.fields, c.filled)
			}
		})
	}
	for _, kind := range []wire.Kind{0, 99, wire.Kind_KIND_PERSON} {
		if _, _, err := Diff(kind, nil, nil); err == nil {
			t.Errorf("kind %d has a difference", kind)
		}
	}
	if _, _, err := Diff(sdk.KindFile, []byte{0xff}, nil); err == nil {
		t.Error("bytes that are no record have a difference")
	}
}

func FuzzDiff(f *testing.F) {
	f.Add(int32(1), []byte{}, []byte{0x12, 1, 'a'})
	f.Add(int32(6), []byte{0x92, 1, 0}, []byte{0xff})
	f.Fuzz(func(t *testing.T, kind int32, a, b []byte) {
		fields, _, err := Diff(wire.Kind(kind), a, b)
		back, _, err2 := Diff(wire.Kind(kind), b, a)
		if (err == nil) != (err2 == nil) || err == nil && !reflect.DeepEqual(fields, back) {
			t.Errorf("there %v %v, back %v %v", fields, err, back, err2)
		}
		if err != nil {
			return
		}
		m, err := Merge(wire.Kind(kind), "id", []Facet{{Body: a}, {Body: b, Volatile: a}})
		if err != nil {
			t.Fatal(err)
		}
		if out := JSON(nil, Ref{Provider: "p", Instance: "i", Kind: wire.Kind(kind), ID: string(a)}, m); !json.Valid(out) {
			t.Errorf("no JSON: %s", out)
		}
	})
}

func TestMerge(t *testing.T) {
	attr := func(s ...string) (out []*wire.Attribute) {
		for i := 0; i < len(s); i += 2 {
			out = append(out, &wire.Attribute{Name: s[i], Value: s[i+1]})
		}
		return out
	}
	first := &sdk.File{Name: new("a"), Labels: sdk.All(), Attributes: attr("x", "1", "y", "1"), Trashed: new(false)}
	second := &sdk.File{Name: new("b"), Path: new("/b"), Labels: sdk.All("l"), Attributes: attr("y", "2", "z", "2"), Trashed: new(true)}
	third := &sdk.File{Path: new("/c"), Version: new("3"), Native: attr("n", "3")}
	got, err := Merge(sdk.KindFile, "f/1", []Facet{{Body: encode(t, first)}, {Body: encode(t, second)}, {Body: encode(t, third)}})
	if err != nil {
		t.Fatal(err)
	}
	want := &sdk.File{
		Id: "f/1", Name: new("a"), Path: new("/b"), Version: new("3"), Labels: sdk.All(), Trashed: new(false),
		Attributes: attr("x", "1", "y", "1", "z", "2"), Native: attr("n", "3"),
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	active := timestamppb.New(time.Unix(9, 0))
	got, err = Merge(sdk.KindAccount, "a", []Facet{{Body: encode(t, &sdk.Account{Name: new("n")}), Volatile: encode(t, &sdk.Account{LastActiveAt: active})}})
	if diff := cmp.Diff(&sdk.Account{Id: "a", Name: new("n"), LastActiveAt: active}, got, protocmp.Transform()); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := Merge(sdk.KindGroup, "g", nil); err != nil || got.GetId() != "g" {
		t.Error(got, err)
	}
}

func TestRef(t *testing.T) {
	for in, want := range map[string]Ref{
		"github/sales/account/42":        {"github", "sales", sdk.KindAccount, "42"},
		"box/eu/files/a/b%2Fc":           {"box", "eu", sdk.KindFile, "a/b%2Fc"},
		"aws/prod/group/arn:aws:iam::1/": {"aws", "prod", sdk.KindGroup, "arn:aws:iam::1/"},
	} {
		got, err := ParseRef(in)
		if got != want || err != nil {
			t.Errorf("%s: %v, %v", in, got, err)
		}
		if again, err := ParseRef(got.String()); again != want || err != nil {
			t.Errorf("%s again: %v, %v", got, again, err)
		}
	}
	for _, in := range []string{"", "a/b/account", "a/b/account/", "/b/account/1", "a//account/1", "a/b/thing/1", "a/b/unspecified/1"} {
		if got, err := ParseRef(in); err == nil {
			t.Errorf("%q is %v", in, got)
		}
	}
}

func TestJSON(t *testing.T) {
	at := timestamppb.New(time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC))
	cases := map[string]wire.RecordMessage{
		"account": &sdk.Account{
			Id: "a\"1", Name: new("Zoë <z@x>\n\u2028\x01"), Admin: new(false), CreatedAt: at, Manager: sdk.To(1, "boss"),
			Attributes: []*wire.Attribute{{Name: "k", Value: "v"}, {Name: "k", Value: "w"}, {Name: "", Value: "e"}},
		},
		"file": &sdk.File{
			Id: "f", SizeBytes: new(int64(9007199254740993)), Labels: sdk.All(), ModifiedAt: &timestamppb.Timestamp{Seconds: 1 << 60},
			Access: &sdk.AccessList{Items: []*sdk.Access{{Principal: sdk.To(2, "g"), Role: new("read"), Inherited: new(true)}}},
			Inspection: &wire.Inspection{
				Status: new("found"), Findings: []*wire.InspectionFinding{{Detector: new("iban"), Count: new(int64(2))}},
			},
		},
		"role": &sdk.Role{Id: "r", Permissions: sdk.Some("a", "b"), Privileged: new(true)},
		"activity": &sdk.Activity{
			Id: "e", Time: at, Targets: []*sdk.Ref{sdk.To(6, "f"), {Kind: 1, Email: new("a@b.c")}}, Raw: []byte("{\n \"x\": [1, 2]\n}"),
		},
		"activity-raw": &sdk.Activity{Id: "e", Raw: []byte("not json \xff")},
	}
	for name, m := range cases {
		t.Run(name, func(t *testing.T) {
			kind := sdk.KindOf(m)
			got := append(JSON(nil, Ref{"box", "eu", kind, m.GetId()}, m), '\n')
			if !json.Valid(got) || strings.Count(string(got), "\n") != 1 {
				t.Errorf("not one line of JSON: %s", got)
			}
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := string(JSON(nil, Ref{}, &sdk.Group{})); got != "{}" {
		t.Errorf("nothing known is %s", got)
	}
}
