package main

import (
	"context"
	"errors"

	"github.com/mooring-hq/mooring/sdk"
)

// pins lists the devices on which Box's apps are signed in.
func pins(ctx context.Context, c *scan) error {
	enterprise, err := c.enterprise(ctx)
	if err != nil {
		return err
	}
	for next := c.w.Resume("first"); next != ""; {
		marker := next
		if marker == "first" {
			marker = ""
		}
		got, err := list[pin](ctx, c.s, path("/enterprises/%s/device_pinners", enterprise)+"?"+c.limit()+marked(marker), "")
		if err != nil {
			return err
		}
		for _, p := range *got.Entries {
			if p.ID == "" {
				return missing("device pin", "an id")
			}
			c.w.Add(&sdk.Other{
				Id: p.ID, Type: new("device_pin"), Name: new(p.Product),
				Attributes: attributes("account", p.Owner.ID, "account_email", p.Owner.Login),
			})
		}
		next = c.w.EndPage(string(got.Next))
	}
	return c.w.Complete()
}

type pin struct {
	ID      string `json:"id"`
	Owner   person `json:"owned_by"`
	Product string `json:"product_name"`
}

// domains lists the domains that people may collaborate with, where the enterprise allows some only.
func domains(ctx context.Context, c *scan) error {
	for next := c.w.Resume("first"); next != ""; {
		marker := next
		if marker == "first" {
			marker = ""
		}
		got, err := list[domain](ctx, c.s, "/collaboration_whitelist_entries?"+c.limit()+marked(marker), "")
		if err != nil {
			return err
		}
		for _, d := range *got.Entries {
			if d.ID == "" || d.Domain == "" {
				return missing("domain", "id and name")
			}
			c.w.Add(&sdk.TenantItem{
				Id: sdk.ID("collaboration_domain", d.ID), Name: new("collaboration_domain"), Value: new(d.Domain),
				Attributes: attributes("direction", d.Direction),
			})
		}
		next = c.w.EndPage(string(got.Next))
	}
	return c.w.Complete()
}

type domain struct {
	ID        string `json:"id"`
	Domain    string `json:"domain"`
	Direction string `json:"direction"` // inbound, outbound, both
}

// enterprise is the tenant's id: configured, or asked for.
func (c *scan) enterprise(ctx context.Context) (string, error) {
	if text := c.s.Secret("config_json"); text != "" {
		if conf, _, err := readConfig(text); err == nil {
			return conf.Enterprise, nil
		}
	}
	if id := c.s.Secret("enterprise_id"); id != "" {
		return id, nil
	}
	me, err := whoami(ctx, c.s)
	if err != nil {
		return "", err
	}
	return me.Enterprise.ID, nil
}

// whoami is the user behind the credential.
func whoami(ctx context.Context, s *sdk.Session) (*user, error) {
	u := &user{}
	if err := get(ctx, s, "/users/me?fields=role,status,enterprise", "", u); err != nil {
		return nil, err
	}
	if u.ID == "" || u.Enterprise == nil || u.Enterprise.ID == "" {
		return nil, missing("user", "an id and an enterprise")
	}
	return u, nil
}

func denied(err error) bool {
	e, ok := errors.AsType[*sdk.Error](err)
	return ok && (e.Type == sdk.ErrPermission || e.Type == sdk.ErrNotFound)
}
