package main

import (
	"context"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type orgUnit struct {
	ID          string `json:"orgUnitId"`
	Name        string `json:"name"`
	Path        string `json:"orgUnitPath"`
	Parent      string `json:"parentOrgUnitId"`
	ParentPath  string `json:"parentOrgUnitPath"`
	Description string `json:"description"`
}

// orgUnitID: Google writes it with "id:" in one place and without in another.
func orgUnitID(id string) string {
	if id = strings.TrimPrefix(id, "id:"); id == "" {
		return ""
	}
	return sdk.ID("org_unit", id)
}

// orgUnits come in one answer, with the root.
func orgUnits(ctx context.Context, sc *scan) error {
	err := sc.pages(ctx, "", func(ctx context.Context, _ string) (string, error) {
		var p struct {
			Units []*orgUnit `json:"organizationUnits"`
		}
		q := query("type", "allIncludingParent",
			"fields", "organizationUnits(orgUnitId,name,orgUnitPath,parentOrgUnitId,parentOrgUnitPath,description)")
		if err := sc.do(ctx, directory(sc.admin(scopeOrgUnits), q, "/admin/directory/v1/customer/my_customer/orgunits"), &p); err != nil {
			return "", err
		}
		for _, u := range p.Units {
			if u == nil || u.ID == "" {
				return "", missing("organisational unit", "orgUnitId")
			}
			sc.w.Add(&sdk.Group{
				Id: orgUnitID(u.ID), Name: new(u.Name), Type: new("org_unit"), Parent: sdk.To(sdk.KindGroup, orgUnitID(u.Parent)),
				Attributes: attrs("path", u.Path, "description", cut(u.Description, maxMessage)),
			})
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	return sc.w.Complete()
}

type domain struct {
	Name     string `json:"domainName"`
	Primary  *bool  `json:"isPrimary"`
	Verified *bool  `json:"verified"`
	Aliases  []struct {
		Name     string `json:"domainAliasName"`
		Verified *bool  `json:"verified"`
	} `json:"domainAliases"`
}

// readDomains come in one answer.
func (c *client) readDomains(ctx context.Context) ([]*domain, error) {
	var p struct {
		Domains []*domain `json:"domains"`
	}
	q := query("fields", "domains(domainName,isPrimary,verified,domainAliases(domainAliasName,verified))")
	if err := c.do(ctx, directory(c.admin(scopeDomains), q, "/admin/directory/v1/customer/my_customer/domains"), &p); err != nil {
		return nil, err
	}
	for _, d := range p.Domains {
		if d == nil || d.Name == "" {
			return nil, missing("domain", "domainName")
		}
	}
	return p.Domains, nil
}

// domains are kept as settings: whether each is verified.
func domains(ctx context.Context, sc *scan) error {
	err := sc.pages(ctx, "", func(ctx context.Context, _ string) (string, error) {
		list, err := sc.readDomains(ctx)
		for _, d := range list {
			sc.w.Add(domainSetting(d.Name, d.Verified, truth(d.Primary)))
			for _, a := range d.Aliases {
				if a.Name != "" {
					sc.w.Add(domainSetting(a.Name, a.Verified, ""))
				}
			}
		}
		return "", err
	})
	if err != nil {
		return err
	}
	return sc.w.Complete()
}

func domainSetting(name string, verified *bool, primary string) *sdk.TenantItem {
	return &sdk.TenantItem{
		Id: sdk.ID("domain", strings.ToLower(name)), Name: new("domain " + strings.ToLower(name) + " is verified"),
		Value: new(truth(verified)), Attributes: attrs("primary", primary),
	}
}
