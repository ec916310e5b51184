package daemon

import (
	"context"
	"sync"

	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Scanned is what one pass over an instance came to.
type Scanned struct {
	Instance string
	Outcomes []scan.Outcome
	Err      error
}

// ScanOnce scans the chosen instances one time, side by side, and stops. started gets the daemon once its instances are
// there, for progress.
func (d *Daemon) ScanOnce(ctx context.Context, chosen func(id string) bool, r scan.Request, started func()) ([]Scanned, error) {
	var out []Scanned
	err := d.with(ctx, func(ctx context.Context) error {
		d.apply(false)
		started()
		out = d.each(ctx, chosen, func(ctx context.Context, i *instance) Scanned {
			outcomes, err := i.engine.Once(ctx, r)
			return Scanned{Instance: i.c.ID(), Outcomes: outcomes, Err: err}
		})
		return ctx.Err()
	})
	return out, err
}

// CheckedOnce is what one check came to.
type CheckedOnce struct {
	Instance string
	Check    *wire.CheckResponse
	Err      error
	// Acting is what the credentials for actions may do; neither it nor an error: there are none.
	Acting    *wire.CheckResponse
	ActingErr error
}

// CheckOnce asks the chosen instances who they are, and stops.
func (d *Daemon) CheckOnce(ctx context.Context, chosen func(id string) bool) ([]CheckedOnce, error) {
	var (
		out     []CheckedOnce
		answers sync.Map // by instance
	)
	ask := func(ctx context.Context, i *instance) (c CheckedOnce) {
		c.Instance = i.c.ID()
		if c.Check, c.Err = i.connector.Check(ctx); c.Err == nil && i.acting != nil {
			defer i.acting.end()
			c.Acting, c.ActingErr = i.acting.check(ctx, c.Check)
		}
		return c
	}
	err := d.with(ctx, func(ctx context.Context) error {
		d.apply(false)
		all := d.each(ctx, chosen, func(ctx context.Context, i *instance) Scanned {
			c := ask(ctx, i)
			answers.Store(c.Instance, c)
			return Scanned{Instance: c.Instance, Err: c.Err}
		})
		for _, s := range all {
			asked, _ := answers.Load(s.Instance)
			c, _ := asked.(CheckedOnce)
			c.Instance, c.Err = s.Instance, s.Err
			out = append(out, c)
		}
		return ctx.Err()
	})
	return out, err
}

// each does one thing with every chosen instance at once, in the order of the configuration.
func (d *Daemon) each(ctx context.Context, chosen func(id string) bool, do func(context.Context, *instance) Scanned) []Scanned {
	var (
		wg  sync.WaitGroup
		out []Scanned
	)
	var picked []*instance
	for _, id := range d.order {
		if i := d.instances[id]; chosen(id) && i.c.Enabled {
			picked = append(picked, i)
		}
	}
	out = make([]Scanned, len(picked))
	for n, i := range picked {
		wg.Go(func() {
			if i.aside() == "" {
				// Nobody will repair a secret within this one pass, so it is not waited for as a connector's start does.
				if _, err := i.secrets(ctx); err != nil {
					i.setAside(d, err)
				} else if why := i.needs(ctx); why != "" {
					out[n] = Scanned{Instance: i.c.ID(), Err: sdk.Errorf(sdk.ErrAuth, "%s", why)}
					return
				} else if err := i.prepare(d); err != nil {
					i.setAside(d, err)
				}
			}
			if why := i.aside(); why != "" {
				out[n] = Scanned{Instance: i.c.ID(), Err: &AsideError{why}}
				return
			}
			out[n] = do(ctx, i)
		})
	}
	wg.Wait()
	return out
}

// AsideError says that an instance is set aside, and why.
type AsideError struct{ Why string }

func (e *AsideError) Error() string { return "set aside: " + e.Why }
