package main

import (
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

// actor does what the agent does.
type actor struct {
	*testing.T
	c connector
	s *sdk.Session
}

func newActor(t *testing.T, w *world) *actor {
	t.Helper()
	return &actor{T: t, c: w.connector(), s: w.session(t)}
}

func (a *actor) prepare(i *sdk.Intent) *sdk.Plan {
	a.Helper()
	p, err := a.c.Prepare(a.Context(), a.s, i)
	if err != nil {
		a.Fatalf("%s: %v", i.GetAction(), err)
	}
	return p
}

// act repeats what is unsure, with the progress that was kept.
func (a *actor) act(i *sdk.Intent, p *sdk.Plan) {
	a.Helper()
	var progress []byte
	for range 5 {
		kept := false
		o, err := a.c.Act(a.Context(), a.s, i, p, progress, func(b []byte) error {
			kept, progress = true, b
			return nil
		})
		if err != nil {
			o = sdk.OutcomeOf(err, kept || progress != nil)
		}
		switch o.GetState() {
		case sdk.Done, sdk.Already:
			return
		case sdk.Refused:
			a.Fatalf("%s: refused: %v", i.GetAction(), o)
		}
	}
	a.Fatalf("%s does not end", i.GetAction())
}
