package googleworkspaceorg

import (
	"context"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// Step tells those who subscribed what has just changed. It does not wait until they heard it.
func Step(ctx context.Context, server *gw.Server, live *company.Live, ch company.Change) {
	o := &org{live}
	for _, application := range []string{"login", "admin", "groups_enterprise", "drive"} {
		if events := o.events(application, &ch); len(events) > 0 {
			a := o.entry(ch.Actor, ch.Time, qualifier(&ch), events...)
			server.NotifyLog(ctx, application, &a)
		}
	}
	switch ch.Kind {
	case company.Hired:
		u := o.user(ch.Person)
		server.NotifyUsers(ctx, "add", &u)
	case company.Left:
		u := o.user(ch.Person)
		server.NotifyUsers(ctx, "update", &u)
	}
	if ch.In == company.Drive && ch.Document != 0 {
		if _, changed := changeOf(&ch); changed {
			server.NotifyChanges(ctx, spaceOf(spaceOfItem(ch.Document)))
		}
	}
}
