package main

import (
	"context"
	"errors"

	"github.com/mooring-hq/mooring/sdk"
)

// actCapabilities say which actions the credential may take.
func (c connector) actCapabilities(ctx context.Context, cl *client, held map[scope]error) ([]sdk.Capability, error) {
	for _, s := range []scope{scopeUserWrite, scopeDrive, scopeUserTokens} {
		if _, known := held[s]; !known {
			_, err := cl.mint(ctx, cl.admin(s))
			if t := sdk.TypeOf(err); t != "" && t != sdk.ErrPermission {
				return nil, err
			}
			held[s] = err
		}
	}
	var list []sdk.Capability
	for _, d := range c.deeds() {
		one := sdk.Capability{Name: d.Capability, State: sdk.Held}
		for _, s := range d.needs {
			if err := held[s]; err != nil {
				one.State, one.Missing, one.Reason = sdk.Missing, append(one.Missing, s.url()), err.Error()
				if e, ok := errors.AsType[*sdk.Error](err); ok {
					one.Reason = e.Message
				}
			}
		}
		if len(one.Missing) == 1 && one.Missing[0] == scopeAudit.url() && d.On == sdk.KindFile {
			one.State, one.Missing, one.Reason = sdk.Held, nil, "without the log of Drive, each action on a file has to say whose it is"
		}
		list = append(list, one)
	}
	return list, nil
}
