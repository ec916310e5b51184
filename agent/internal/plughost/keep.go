package plughost

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Keeper has the secrets that a login obtained. holder is one session of a connector, unlike any other.
type Keeper interface {
	// Values are the kept fields of the credential, as a connector gets them at its start.
	Values(ctx context.Context) (map[string]string, error)
	// Keep takes one step. What it did is durable when it returns.
	Keep(ctx context.Context, holder string, k *wire.KeepSecret) (*wire.Kept, error)
	// Gone says that a session is over, and whatever it claimed is not going to be ended.
	Gone(holder string)
}

// maxKeeps is how many steps of one connector may be under way. They are never refused for the sake of leases.
const maxKeeps = 64

// keeping is what a session knows of its claims. It needs the session's lock.
type keeping struct {
	busy    int           // steps under way
	claims  int           // asked for, or granted and not ended
	closing bool          // no more claims
	idle    chan struct{} // closed when nothing is claimed any more, while closing
}

// keep answers one step beside the stream. claims ends waiting for a claim.
func (s *session) keep(ctx, claims context.Context, k *wire.KeepSecret) {
	id, claim := k.GetId(), k.GetStep() == wire.KeepSecret_CLAIM
	var refused error
	s.mu.Lock()
	switch {
	case s.keeper == nil:
		refused = sdk.Errorf(sdk.ErrUnsupported, "instance %s keeps no secrets", s.instance)
	case s.keeping.busy >= maxKeeps:
		refused = sdk.Errorf(sdk.ErrThrottled, "%d secrets are being kept already", maxKeeps)
	case claim && s.keeping.closing:
		refused = sdk.Errorf(sdk.ErrUnavailable, "the connector is about to be stopped")
	default:
		s.keeping.busy++
		if claim {
			s.keeping.claims++
			ctx = claims
		}
	}
	s.mu.Unlock()
	if refused != nil {
		s.send(refusal(id, refused))
		return
	}
	s.out.conceal(k.GetValue(), k.GetToken().GetValue())
	s.busy.Go(func() {
		kept, err := s.keeper.Keep(ctx, s.holder, k)
		s.kept(!claim || err != nil || kept.GetResult() != "ok")
		if err != nil {
			s.send(refusal(id, err))
			return
		}
		kept.Id = id
		s.out.conceal(kept.GetValue(), kept.GetToken().GetValue())
		s.send(&wire.SessionHost{Msg: &wire.SessionHost_Kept{Kept: kept}})
	})
}

// kept notes that a step is through. ended: no claim is open after it.
func (s *session) kept(ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keeping.busy--
	if ended {
		s.keeping.claims = max(0, s.keeping.claims-1)
	}
	s.idleLocked()
}

func (s *session) idleLocked() {
	if !s.keeping.closing || s.keeping.claims > 0 {
		return
	}
	select {
	case <-s.keeping.idle:
	default:
		close(s.keeping.idle)
	}
}

// settle lets what is claimed come to its end before the session does, else it would be lost. No claim is granted any more.
func (s *session) settle(within time.Duration) {
	s.mu.Lock()
	s.keeping.closing = true
	s.idleLocked()
	s.mu.Unlock()
	s.stopClaims()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-s.keeping.idle:
	case <-s.done:
	case <-timer.C:
	}
}
