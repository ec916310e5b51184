package realtime

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
)

// changes let time pass until so much has changed.
func (p *provider) change(t *testing.T, n int, each func(time.Time, company.Change)) {
	t.Helper()
	for n > 0 {
		at := time.Now()
		ch := p.live.Step(at)
		p.step(t.Context(), ch)
		if p.concerns(ch.Kind) {
			n--
			each(at, ch)
		}
	}
}

// concerns says whether a change shows in the provider: all see people come, go and move; only GitHub has projects.
func (p *provider) concerns(k company.ChangeKind) bool {
	switch k {
	case company.Hired, company.Left, company.MovedTeam:
		return true
	case company.ProjectCreated, company.ProjectSeen, company.FileAdded, company.FileChanged:
		return p.name == "github"
	}
	return false
}

// soon is how long a change may take on a machine that does much else. The goal is 5 s; what it took is in the log.
const soon = 30 * time.Second

// Each change is soon in the store. Polls are hours away, so it was a hint that brought it.
func TestSoon(t *testing.T) {
	const changes = 4
	for name, c := range map[string]struct {
		make func(*testing.T) *provider
		mode string
	}{
		"github push": {newGitHub, "push"}, "okta push": {newOkta, "push"}, "okta pull": {newOkta, "pull"}, "box pull": {newBox, "pull"},
		"googleworkspace pull": {newGoogle, "pull"}, "googleworkspace push": {newGoogle, "push"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newSite(t), c.make(t)
			s.configure(c.mode, "12h", p)
			s.run()
			s.ready(p)
			p.change(t, changes, func(at time.Time, ch company.Change) {
				took := s.follows(at, soon, orElse(p.told, told), fmt.Sprint(ch.Kind))
				t.Logf("%s: after %s", ch.Kind, took.Round(time.Millisecond))
			})
		})
	}
}

// With a fifth of the webhooks lost and every subscription expired once, the polls bring what nobody told of.
func TestNothingIsLost(t *testing.T) {
	const every, changes = 20 * time.Second, 12
	for name, maker := range map[string]func(*testing.T) *provider{
		"github": newGitHub, "okta": newOkta, "googleworkspace": newGoogle,
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newSite(t), maker(t)
			s.configure("push", every.String(), p)
			s.run()
			s.ready(p)
			rnd := rand.New(rand.NewPCG(1, 2))
			p.net.mu.Lock()
			p.net.next = func() bool { return rnd.IntN(5) == 0 }
			p.net.mu.Unlock()
			p.change(t, changes/2, func(time.Time, company.Change) {})
			p.expire()
			p.change(t, changes/2, func(time.Time, company.Change) {})
			took := s.follows(time.Now(), 2*every+patience, orElse(p.told, kinds), "every change")
			lost, sent := p.net.counts()
			t.Logf("%d of %d webhooks lost, all subscriptions expired: everything is there after %s", lost, sent, took.Round(time.Millisecond))
			if lost == 0 || sent == lost {
				t.Error("this proves nothing")
			}
		})
	}
}

func orElse(a, b []string) []string {
	if a == nil {
		return b
	}
	return a
}
