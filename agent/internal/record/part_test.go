package record

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestPart(t *testing.T) {
	const name, owner, access = 2, 7, 18
	whole := &sdk.File{
		Name: new("n"), Path: new("p"), Owner: sdk.To(1, "o"), SizeBytes: new(int64(7)), Url: new("u"),
		Access: &sdk.AccessList{Complete: true, Items: []*sdk.Access{{Role: new("read")}, {Role: new("write")}}},
	}
	part, err := Part([]byte{}, encode(t, whole), FieldSet(name, owner, access))
	if err != nil {
		t.Fatal(err)
	}
	got := &sdk.File{}
	if err := got.UnmarshalVT(part); err != nil {
		t.Fatal(err)
	}
	want := &sdk.File{Name: whole.Name, Owner: whole.Owner, Access: whole.Access}
	if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
		t.Error(d)
	}
	if _, err := Part(nil, []byte{0x12, 0xff}, FieldSet(name)); err == nil {
		t.Error("a cut record has a part")
	}
}

// FuzzPart: a part has the same fields as the whole, of whatever bytes.
func FuzzPart(f *testing.F) {
	f.Add([]byte{0x12, 1, 'a', 0x1a, 1, 'b'}, uint64(1<<2))
	f.Add([]byte{0x92, 1, 0}, uint64(1<<18))
	f.Fuzz(func(t *testing.T, body []byte, fields uint64) {
		part, err := Part(nil, body, Fields(fields))
		var all, some wire.File
		if err != nil || all.UnmarshalVT(body) != nil {
			return
		}
		if err := some.UnmarshalVT(part); err != nil {
			t.Fatalf("%x of %x: %v", part, body, err)
		}
		if Fields(fields)&FieldSet(2) != 0 && some.GetName() != all.GetName() {
			t.Errorf("name is %q, was %q", some.GetName(), all.GetName())
		}
	})
}

func TestEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Ada.Lovelace+X@ACME.example\n": "ada.lovelace+x@acme.example", "a@b": "a@b", "ÄDA@acme.example": "Äda@acme.example",
		"\u212aoch@acme.example": "\u212aoch@acme.example",
		"":                       "", "a": "", "@b": "", "a@": "", "a@b@c": "", "a b@c": "", "a@b\x00": "", "a\t@b": "", "mailto:": "",
	} {
		if got := Email(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzEmail(f *testing.F) {
	f.Add("Ada@Acme.example")
	f.Add(" a@b ")
	f.Fuzz(func(t *testing.T, s string) {
		e := Email(s)
		if e != "" && (Email(e) != e || strings.Count(e, "@") != 1 || len(e) > len(s)) {
			t.Errorf("%q is %q", s, e)
		}
	})
}
