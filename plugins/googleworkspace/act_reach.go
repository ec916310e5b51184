package main

import (
	"context"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// held is a file with whom to act on it as: its owner, or a manager of its shared drive.
type held struct {
	as
	file
	Head string `json:"headRevisionId"`
}

const heldFields = "id,name,mimeType,size,md5Checksum,trashed,owners(emailAddress),driveId,parents,headRevisionId"

// reach finds somebody who may change the file of an intent. Google shows a file only to those who have access, and an
// administrator is not one of them: so whoever is known to have it is asked, and then who the file itself names.
func (c *client) reach(ctx context.Context, i *sdk.Intent, more ...string) (*held, error) {
	id, err := targetKey(i)
	if err != nil {
		return nil, err
	}
	named := strings.TrimSpace(sdk.Arg(i, ownerArg))
	var last error
	for _, holder := range append([]string{named, c.setting(adminSetting)}, more...) {
		if holder == "" {
			continue
		}
		h, err := c.heldBy(ctx, holder, id)
		if err == nil || sdk.TypeOf(err) != sdk.ErrNotFound {
			return h, err
		}
		last = err
	}
	for _, name := range logNames {
		holder, err := c.loggedHolder(ctx, name, id)
		if sdk.TypeOf(err) == sdk.ErrPermission {
			break // without the log
		}
		if err != nil {
			return nil, err
		}
		if holder == "" {
			continue
		}
		if h, err := c.heldBy(ctx, holder, id); err == nil || sdk.TypeOf(err) != sdk.ErrNotFound {
			return h, err
		}
	}
	return nil, &sdk.Error{
		Type: sdk.ErrNotFound, Field: ownerArg, Sent: true, Cause: last,
		Message: "the file is not there, or nobody is known who can reach it: say in the argument " + ownerArg + " whose it is",
	}
}

// heldBy looks at a file as somebody, or as a member of a shared drive, and then as the one who may change it.
func (c *client) heldBy(ctx context.Context, holder, id string) (*held, error) {
	if strings.Trim(holder, digits) == "" { // the id of a person
		u, err := c.userByKey(ctx, holder)
		if err != nil {
			return nil, err
		}
		holder = u.Email
	}
	if !strings.Contains(holder, "@") {
		member, err := c.memberOf(ctx, holder)
		if err != nil {
			return nil, err
		}
		return c.look(ctx, member, id)
	}
	h, err := c.look(ctx, holder, id)
	if err != nil {
		return nil, err
	}
	best := ""
	if h.Drive != "" {
		if best, err = c.memberOf(ctx, h.Drive); err != nil {
			return nil, err
		}
	} else if len(h.Owners) > 0 {
		best = h.Owners[0].Email
	}
	if best == "" || strings.EqualFold(best, holder) {
		return h, nil
	}
	return c.look(ctx, best, id)
}

// memberOf is a person who may manage a shared drive, as an administrator sees its members.
func (c *client) memberOf(ctx context.Context, drive string) (string, error) {
	members, err := c.permissions(ctx, c.admin(scopeDrive), drive, true)
	if err != nil {
		return "", err
	}
	if m := c.insider(members); m != "" {
		return m, nil
	}
	return "", sdk.Errorf(sdk.ErrNotFound, "no person of the organisation is a member by name of the shared drive %s, so there is nobody to act as", drive)
}

const digits = "0123456789"

// look reads the file as somebody.
func (c *client) look(ctx context.Context, subject, id string) (*held, error) {
	h := &held{as: as{subject: subject, scope: scopeDrive}}
	q := query("supportsAllDrives", "true", "fields", heldFields)
	if err := c.do(ctx, drive(h.as, q, "/drive/v3/files/%s", id), h); err != nil {
		return nil, err
	}
	if h.ID == "" {
		return nil, missing("file", "id")
	}
	return h, nil
}

// logNames are events of the log of Drive by which a file's owner is found, the most frequent first.
var logNames = []string{"edit", "view", "create", "change_user_access", "change_document_visibility", "upload", "download", "move"}

// loggedHolder is whose file it was at its last event of a name: an e-mail, or the id of a shared drive.
func (c *client) loggedHolder(ctx context.Context, name, id string) (holder string, err error) {
	if strings.ContainsAny(id, ",=<> ") {
		return "", nil
	}
	_, err = c.readLog(ctx, logQuery{app: "drive", event: name, filter: "doc_id==" + id, size: 1}, 1, func(_ *activity, e *event) error {
		if e.text("doc_id") != id || holder != "" {
			return nil
		}
		if holder = e.sharedDrive(); holder == "" || holder == unknownDrive {
			holder = mailOnly(strings.ToLower(e.text("owner")))
		}
		return nil
	})
	return holder, err
}

// ours are the organisation's verified domains.
func (c *client) ours(ctx context.Context) ([]string, error) {
	all, err := c.readDomains(ctx)
	if err != nil {
		return nil, err
	}
	list := []string{c.domain()}
	for _, d := range all {
		if d.Verified != nil && *d.Verified {
			list = append(list, strings.ToLower(d.Name))
		}
		for _, a := range d.Aliases {
			if a.Verified != nil && *a.Verified {
				list = append(list, strings.ToLower(a.Name))
			}
		}
	}
	return list, nil
}
