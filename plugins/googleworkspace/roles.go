package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	rolesPerPage       = 100
	assignmentsPerPage = 200
)

type role struct {
	ID         string `json:"roleId"`
	Name       string `json:"roleName"`
	System     *bool  `json:"isSystemRole"`
	SuperAdmin *bool  `json:"isSuperAdminRole"`
	Privileges []struct {
		Name string `json:"privilegeName"`
	} `json:"rolePrivileges"`
}

type assignment struct {
	ID         string `json:"roleAssignmentId"`
	Role       string `json:"roleId"`
	To         string `json:"assignedTo"`
	Type       string `json:"assigneeType"`
	Scope      string `json:"scopeType"`
	OrgUnit    string `json:"orgUnitId"`
	Condition  string `json:"condition"`
	Expiration struct {
		At when `json:"expireTime"`
	} `json:"expirationDetails"`
}

// roles are the administrator roles, and who has them.
func roles(ctx context.Context, sc *scan) error {
	err := sc.pages(ctx, "",
		func(ctx context.Context, token string) (string, error) {
			var p struct {
				Items []*role `json:"items"`
				Next  string  `json:"nextPageToken"`
			}
			err := sc.ofCustomer(ctx, "roles", scopeRoles, rolesPerPage, token,
				"roleId,roleName,isSystemRole,isSuperAdminRole,rolePrivileges/privilegeName", &p)
			if err != nil {
				return "", err
			}
			for _, r := range p.Items {
				if r == nil || r.ID == "" {
					return "", missing("role", "roleId")
				}
				sc.w.Add(r.record())
			}
			return p.Next, nil
		},
		func(ctx context.Context, token string) (string, error) {
			var p struct {
				Items []*assignment `json:"items"`
				Next  string        `json:"nextPageToken"`
			}
			err := sc.ofCustomer(ctx, "roleassignments", scopeRoles, assignmentsPerPage, token,
				"roleAssignmentId,roleId,assignedTo,assigneeType,scopeType,orgUnitId,condition,expirationDetails", &p)
			if err != nil {
				return "", err
			}
			for _, a := range p.Items {
				if a == nil || a.ID == "" || a.Role == "" || a.To == "" {
					return "", missing("role assignment", "roleAssignmentId, roleId and assignedTo")
				}
				sc.w.Add(a.record())
			}
			return p.Next, nil
		})
	if err != nil {
		return err
	}
	return sc.w.Complete()
}

// ofCustomer reads a page of something that belongs to the whole tenant, as a list named items.
func (sc *scan) ofCustomer(ctx context.Context, what string, s scope, most int, token, fields string, out any) error {
	q := query("maxResults", strconv.Itoa(sc.size(most)), "pageToken", token, "fields", "nextPageToken,items("+fields+")")
	return sc.do(ctx, directory(sc.admin(s), q, "/admin/directory/v1/customer/my_customer/"+what), out)
}

func (r *role) record() *sdk.Role {
	names := make([]string, 0, len(r.Privileges))
	for _, p := range r.Privileges {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	return &sdk.Role{
		Id: r.ID, Name: new(r.Name), Privileged: new(true), Permissions: sdk.All(names...), // each administers something
		Attributes: attrs("super_admin", truth(r.SuperAdmin), "system", truth(r.System)),
	}
}

func (a *assignment) record() *sdk.Membership {
	m := &sdk.Membership{
		Id: sdk.ID("role", a.ID), Container: sdk.To(sdk.KindRole, a.Role), Member: sdk.To(sdk.KindAccount, a.To),
		Condition: new(a.Condition), State: new("active"), ExpiresAt: a.Expiration.At.ts(),
		Native: attrs("assignee_type", a.Type, "scope_type", a.Scope),
	}
	if strings.EqualFold(a.Type, "group") {
		m.Member = sdk.To(sdk.KindGroup, a.To)
	}
	if a.Scope == "ORG_UNIT" {
		m.Scope = sdk.To(sdk.KindGroup, orgUnitID(a.OrgUnit))
	}
	return m
}
