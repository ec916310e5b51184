package action

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestFilled: what can be known of itself is filled in alike for a person's plan and act and for policies; what was given goes
// before, and an undo has the arguments of what it takes back.
func TestFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := "ann"
		w := newWorld(t, newProvider(), func(c *Config) {
			for _, s := range c.Specs {
				s.Args = []*wire.SettingSpec{{Name: "owner"}, {Name: "text"}}
			}
			c.Fill = func(spec *wire.ActionSpec, of record.Ref) map[string]string {
				if spec.GetName() != sdk.Key || of.ID == "nobody's" {
					return nil
				}
				return map[string]string{"owner": owner}
			}
		})
		args := func(id string, want map[string]string) {
			t.Helper()
			if i := w.after(time.Minute, id); i.State != Done || !maps.Equal(i.Args, want) {
				t.Errorf("%s (%s) with %v, want %v", i.State, i.Problem, i.Args, want)
			}
		}
		wish := Wish{Action: sdk.Key, Target: target("a"), Args: map[string]string{"text": "x"}}
		plan, err := w.Plan(t.Context(), wish)
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Act(t.Context(), "eve", wish, plan.Hash)
		if err != nil {
			t.Fatal(err)
		}
		args(i.ID, map[string]string{"text": "x", "owner": "ann"})
		owner = "zoe" // meanwhile
		u, err := w.Undo(t.Context(), "eve", i.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		args(u.ID, map[string]string{"text": "x", "owner": "ann"})
		args(w.want(Wish{Action: sdk.Key, Target: target("b")}), map[string]string{"owner": "zoe"})
		args(w.want(Wish{Action: sdk.Key, Target: target("c"), Args: map[string]string{"owner": "bob"}}), map[string]string{"owner": "bob"})
		args(w.want(Wish{Action: sdk.Key, Target: target("nobody's")}), nil)
		args(w.want(Wish{Action: sdk.Repeat, Target: target("d")}), nil)
	})
}
