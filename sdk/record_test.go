package sdk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func FuzzID(f *testing.F) {
	for _, s := range [][3]string{{"a", "b", "c"}, {"a/b", "", "%"}, {"%2F", "%252F", "/"}, {"", "", ""}, {"ü", "\xff", "%2f"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		parts := []string{a, b, c}
		id := sdk.ID(parts...)
		if back := sdk.SplitID(id); !slices.Equal(back, parts) {
			t.Errorf("%q gives %q, which gives %q", parts, id, back)
		}
		if other := sdk.ID(a, b+"/"+c); other == id {
			t.Errorf("different parts give %q", id)
		}
		if sdk.StableID(a, b) == sdk.StableID(a+b) && b != "" {
			t.Errorf("different parts give one hash")
		}
	})
}

func TestSmallHelpers(t *testing.T) {
	if sdk.At(time.Time{}) != nil || sdk.To(sdk.KindAccount, "") != nil {
		t.Error("nothing must stay unknown")
	}
	if s := sdk.Some("a"); s.GetComplete() || len(s.GetItems()) != 1 {
		t.Errorf("%v", s)
	}
	if s := sdk.All(); !s.GetComplete() || len(s.GetItems()) != 0 {
		t.Errorf("%v", s)
	}
	if id := sdk.StableID("a", "b"); len(id) != 32 || id != sdk.StableID("a", "b") {
		t.Errorf("%q", id)
	}
}
