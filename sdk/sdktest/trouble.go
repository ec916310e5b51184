package sdktest

import (
	"fmt"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// trouble is what one request of an action meets.
type trouble struct {
	name  string // with the number of the request
	fault *fault
	once  bool // else all requests after it meet it too
	// refused: what the provider refuses may end in another state than the one without trouble.
	refused bool
}

func troubles(short bool) []*trouble {
	all := []*trouble{
		{name: "request %d lost", fault: lost(false), once: true},
		{name: "the answer to request %d lost", fault: lost(true), once: true},
	}
	if short {
		return all
	}
	return append(all,
		&trouble{name: "request %d lost with all that follow", fault: lost(false)},
		&trouble{name: "request %d refused", fault: status("403", http.StatusForbidden), once: true, refused: true})
}

func lost(arrives bool) *fault {
	return &fault{name: "lost", do: func(p *provider, w http.ResponseWriter, r *http.Request) {
		if arrives {
			p.ask(r)
		}
		reset(p, w, r)
	}}
}

// disturb has each request of an act, or of its undo, meet each trouble, until there are no more.
// was is the state in which it begins, want where it ends.
func (a *act) disturb(t tester, undoing, short bool, before, was, want string) {
	for n := 1; n <= maxActRequests; n++ {
		for _, trouble := range troubles(short) {
			if !a.meet(t, n, trouble, undoing, before, was, want) {
				return
			}
		}
	}
}

// meet does it once, with trouble, and goes on as the agent does; then all is brought back. not met: there was no such request.
func (a *act) meet(t tester, n int, how *trouble, undoing bool, before, was, want string) (met bool) {
	name := fmt.Sprintf(how.name, n)
	var did *done
	var undo *wire.Undo
	if undoing {
		name = "undo: " + name
		if did = a.begin(t, name, nil); did == nil {
			return false
		}
		a.carryOut(t, did)
		a.settle(t, did)
		undo = did.undo()
	}
	d := a.begin(t, name, undo)
	if d == nil {
		return false
	}
	if !undoing {
		did = d
	}
	a.provider.expect(how.fault, n, how.once, 0)
	a.carryOut(t, d)
	_, fired := a.provider.counts()
	a.provider.expect(nil, 0, false, 0)
	now, refused := was, d.outcome.GetState() == sdk.Refused
	if refused {
		if now = a.state(); now != was {
			t.Errorf("%s: told as refused, but the state is\n%s\nwas\n%s", name, now, was)
		}
	}
	if !refused || !how.refused {
		a.settle(t, d)
		if now = a.state(); now != want && (!how.refused || a.Reset == nil) {
			t.Errorf("%s: in the end the state is\n%s\nwant\n%s", name, now, want)
		}
	}
	if a.Reset != nil || now != before {
		a.back(t, name, did, before)
	}
	return fired > 0
}

func (a *act) begin(t tester, name string, undo *wire.Undo) *done {
	d, err := a.prepare(t, undo)
	if err != nil {
		t.Errorf("%s: prepare: %v", name, err)
		return nil
	}
	return d
}

// back brings the fake back to where it was.
func (a *act) back(t tester, name string, d *done, before string) {
	if a.Reset != nil {
		a.Reset()
	} else if u := a.begin(t, name+": undo", d.undo()); u != nil {
		a.carryOut(t, u)
		a.settle(t, u)
	}
	if now := a.state(); now != before {
		t.Errorf("%s: after the undo the state is\n%s\nwas\n%s", name, now, before)
	}
}
