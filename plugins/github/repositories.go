package main

import (
	"context"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

// repoShard is what the listings of one repository need to know of it.
type repoShard struct {
	Owner      string `json:"owner"`
	Name       string `json:"name"`
	Branch     string `json:"branch,omitempty"`
	Visibility string `json:"visibility,omitempty"`
	// Base is what every member of the organisation may do with it: read, write, admin, none; "" is unknown.
	Base string `json:"base,omitempty"`
}

func (r repoShard) path(rest string) string { return path("/repos/%s/%s", r.Owner, r.Name) + rest }

// repositories come in the order of their creation: a new one is at the end and shifts none between two pages.
func repositories(ctx context.Context, c *scan) error {
	base, err := basePermission(ctx, c)
	if err != nil {
		return err
	}
	ref := paged(orgPath(c.s, "/repos"), c.size, "type=all", "sort=created", "direction=asc")
	return c.finish(ctx, each(c, ref, func(r *repository) error {
		if r.ID <= 0 || r.Name == "" || r.Owner.Login == "" {
			return missing("repository", "id, name and owner")
		}
		c.w.Add(r.file())
		c.w.Found(r.shards(base)...)
		return nil
	}))
}

// basePermission is what members may do with every repository; "" when the credential may not see it.
func basePermission(ctx context.Context, c *scan) (string, error) {
	var o organization
	_, err := get(ctx, c.s, orgPath(c.s, ""), "", &o)
	if t := sdk.TypeOf(err); t != "" && t != sdk.ErrPermission && t != sdk.ErrNotFound {
		return "", err
	}
	return o.BasePermission, nil
}

func (r *repository) visibility() string {
	switch {
	case r.Visibility != "":
		return r.Visibility
	case r.Private:
		return "private"
	}
	return "public"
}

func (r *repository) file() *sdk.File {
	f := &sdk.File{
		Id: num(r.ID), Name: new(r.Name), Path: new(r.FullName), Type: new("repository"), Url: new(r.HTMLURL),
		CreatedAt: r.CreatedAt.ts(), ModifiedAt: r.PushedAt.ts(),
		Attributes: attrs("visibility", r.visibility(), "default_branch", r.DefaultBranch, "archived", yes(r.Archived),
			"disabled", yes(r.Disabled), "fork", yes(r.Fork), "template", yes(r.Template)),
	}
	if r.Owner.ID > 0 {
		f.Owner = sdk.To(sdk.KindGroup, organizationID(r.Owner.ID))
		f.Owner.Name = new(r.Owner.Login)
	}
	if r.Size != nil {
		f.SizeBytes = new(*r.Size << 10)
	}
	if r.visibility() == "public" {
		f.AccessLevel = new("public")
	}
	for name, v := range r.Security {
		f.Attributes = append(f.Attributes, attrs(name, v.Status)...)
	}
	return f
}

func (r *repository) shards(base string) []*sdk.Shard {
	s := repoShard{Owner: r.Owner.Login, Name: r.Name, Branch: r.DefaultBranch, Visibility: r.visibility()}
	files := &sdk.Shard{Listing: "files", Key: num(r.ID), Name: r.FullName, Stamp: r.stamp(), Data: pack(s)}
	if r.Disabled {
		files.State, files.Reason = sdk.ShardUnavailable, "GitHub disabled the repository"
	}
	s.Base = base
	data := pack(s)
	// Neither carries a stamp: updated_at does not move when a collaborator, a team or a key is added, and a stamp that
	// stands still would hide it for ever.
	return []*sdk.Shard{
		files,
		{Listing: "repository_access", Key: num(r.ID), Name: r.FullName, Data: data},
		{Listing: "deploy_keys", Key: num(r.ID), Name: r.FullName, Data: data},
	}
}

// stamp moves with every push, and when another branch becomes the default or others may see it.
func (r *repository) stamp() string {
	pushed := "never"
	if !r.PushedAt.IsZero() {
		pushed = strconv.FormatInt(r.PushedAt.Unix(), 10)
	}
	return pushed + " " + r.visibility() + " " + r.DefaultBranch
}

type deployKey struct {
	ID        int64  `json:"id"`
	Title     string `json:"title"`
	Key       string `json:"key"` // the public one
	ReadOnly  bool   `json:"read_only"`
	Verified  bool   `json:"verified"`
	AddedBy   string `json:"added_by"`
	CreatedAt when   `json:"created_at"`
	LastUsed  when   `json:"last_used"`
	Enabled   *bool  `json:"enabled"`
}

func deployKeys(ctx context.Context, c *scan) error {
	var r repoShard
	if err := unpackShard(c.w, &r); err != nil {
		return err
	}
	return c.finish(ctx, each(c, paged(r.path("/keys"), c.size), func(k *deployKey) error {
		if k.ID <= 0 {
			return missing("deploy key", "id")
		}
		g := &sdk.Grant{
			Id: deployKeyID(c.w.Shard.GetKey(), num(k.ID)), Name: new(k.Title), Type: new("deploy_key"), State: new("active"),
			Resource: sdk.To(sdk.KindFile, c.w.Shard.GetKey()), Scopes: sdk.All("read"),
			CreatedBy: loginRef(k.AddedBy), CreatedAt: k.CreatedAt.ts(), LastUsedAt: k.LastUsed.ts(),
			Attributes: attrs("verified", strconv.FormatBool(k.Verified)),
		}
		if !k.ReadOnly {
			g.Scopes = sdk.All("read", "write")
		}
		if k.Enabled != nil && !*k.Enabled {
			g.State = new("inactive")
		}
		c.w.Add(g)
		return nil
	}))
}
