package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type permission struct {
	ID           string             `json:"id,omitempty"`
	Type         string             `json:"type"`
	Role         string             `json:"role"`
	Email        string             `json:"emailAddress,omitempty"`
	Domain       string             `json:"domain,omitempty"`
	Discoverable *bool              `json:"allowFileDiscovery,omitempty"`
	Expires      when               `json:"expirationTime,omitzero"`
	Deleted      bool               `json:"deleted,omitempty"`
	Details      []permissionDetail `json:"permissionDetails,omitempty"`
}

type permissionDetail struct {
	Inherited bool   `json:"inherited"`
	Role      string `json:"role,omitempty"`
	From      string `json:"inheritedFrom"`
}

// slim leaves out what a shard need not remember.
func slim(list []permission) []permission {
	out := make([]permission, len(list))
	for i, p := range list {
		out[i] = permission{Type: p.Type, Role: p.Role, Email: p.Email, Domain: p.Domain, Discoverable: p.Discoverable, Expires: p.Expires}
	}
	return out
}

// inherited is what a file has from its shared drive; nil when that is not known.
func inherited(members []permission, drive string) []permission {
	list := slices.Clone(members)
	for i := range list {
		list[i].Details = []permissionDetail{{Inherited: true, From: drive}}
	}
	return list
}

// maxPermissions of one file: Google takes 600 people; more pages than that means that it does not end.
const maxPermissionPages = 50

// permissions lists who can reach a file of a shared drive, or, with a drive's id, the drive.
func (c *client) permissions(ctx context.Context, who as, id string, asAdmin bool) ([]permission, error) {
	list := []permission{} // none is known to be none
	for token, n := "", 0; n < maxPermissionPages; n++ {
		var p struct {
			Permissions []permission `json:"permissions"`
			Next        string       `json:"nextPageToken"`
		}
		q := query("supportsAllDrives", "true", "useDomainAdminAccess", yes(asAdmin), "pageSize", strconv.Itoa(permissionsPerPage),
			"pageToken", token, "fields", "nextPageToken,permissions("+permissionFields+")")
		if err := c.do(ctx, drive(who, q, "/drive/v3/files/%s/permissions", id), &p); err != nil {
			return nil, err
		}
		list = append(list, p.Permissions...)
		if p.Next == "" {
			return list, nil
		}
		token = p.Next
	}
	return nil, sdk.Errorf(sdk.ErrInternal, "a file has more than %d pages of permissions", maxPermissionPages)
}

// levelOf says whether anyone can reach it: found by searching, or with the link. The host tells the rest.
func levelOf(list []permission) *string {
	level := ""
	for i := range list {
		if p := &list[i]; p.Type == "anyone" {
			if p.Discoverable != nil && *p.Discoverable {
				return new("public")
			}
			level = "link"
		}
	}
	if level == "" {
		return nil
	}
	return &level
}

// access makes an entry of who can reach a file. id is the account's where it is known.
func (p *permission) access(domain, id string) *sdk.Access {
	a := &sdk.Access{Role: new(accessRole(p.Role)), ExpiresAt: p.Expires.ts()}
	switch p.Type {
	case "anyone":
		a.Principal, a.LinkScope, a.Via = &sdk.Ref{Kind: sdk.KindAccount}, new("anyone"), new("link")
		if p.Discoverable != nil && *p.Discoverable {
			a.Via = new("search")
		}
	case "domain":
		a.Via = new("domain")
		if strings.EqualFold(p.Domain, domain) {
			a.Principal, a.LinkScope = &sdk.Ref{Kind: sdk.KindAccount}, new("organization")
		} else {
			a.Principal = ref(sdk.KindAccount, "", "@"+strings.ToLower(p.Domain), p.Domain)
		}
	case "group":
		a.Principal = ref(sdk.KindGroup, "", p.Email, "")
	default:
		a.Principal = ref(sdk.KindAccount, id, p.Email, "")
	}
	if p.Deleted && a.Principal == nil {
		a.Principal = ref(sdk.KindAccount, "", "", "deleted account "+p.ID)
	}
	for _, d := range p.Details {
		if d.Inherited {
			a.Inherited = new(true)
			if d.From != "" {
				a.Via = new(d.From)
			}
		} else {
			a.Inherited = new(false)
			break
		}
	}
	return a
}

func accessRole(role string) string {
	switch role {
	case "owner":
		return "owner"
	case "organizer":
		return "admin"
	case "fileOrganizer", "writer":
		return "write"
	case "commenter":
		return "comment"
	}
	return "read"
}
