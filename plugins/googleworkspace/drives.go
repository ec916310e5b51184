package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// driveShard says whose files a walk lists: those that a person owns, or those of a shared drive, seen by a member.
type driveShard struct {
	Subject string `json:"subject"`
	Drive   string `json:"drive,omitempty"`
	// Members of a shared drive, whom most of its files have from it; nil when they are too many to be written down.
	Members []permission `json:"members,omitempty"`
}

// data writes a shared drive's shard down, without the members where they do not fit.
func (d driveShard) data() []byte {
	b := encode(d)
	if len(b) > sdk.MaxShardDataBytes {
		d.Members = nil
		b = encode(d)
	}
	return b
}

const (
	drivesPerPage      = 100
	permissionsPerPage = 100
)

// myDrives gives a shard for each person's files. It has no records.
func myDrives(ctx context.Context, sc *scan) error {
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		return myDrivesDelta(ctx, sc)
	}
	return sc.whole(ctx, func(stamp string) []step {
		return []step{sc.perUser(func(u *user) *sdk.Shard { return myDrive(u, stamp) })}
	})
}

// perUser gives a shard of a child listing for each user; nil is none.
func (sc *scan) perUser(shard func(*user) *sdk.Shard) step {
	return func(ctx context.Context, token string) (string, error) {
		p, err := sc.userPage(ctx, sc.size(usersPerPage), token, "id,primaryEmail,suspended,archived", false)
		if err != nil {
			return "", err
		}
		for _, u := range p.Users {
			if s := shard(u); s != nil {
				sc.w.Found(s)
			}
		}
		return p.Next, nil
	}
}

func myDrive(u *user, stamp string) *sdk.Shard {
	s := &sdk.Shard{
		Listing: "files", Key: u.ID, Name: u.Email, Stamp: stamp, Data: encode(driveShard{Subject: u.Email}),
		State: sdk.ShardActive,
	}
	if !u.usable() {
		s.State, s.Reason = sdk.ShardUnavailable, "the account is suspended or archived, and Google lets nobody act for it; its files keep"
	}
	return s
}

// myDrivesDelta names those whose files changed, by the log of Drive.
func myDrivesDelta(ctx context.Context, sc *scan) error {
	b, from, err := sc.follow(slowLogs)
	if err != nil {
		return err
	}
	touched := map[string]*mix{}
	err = sc.eachEvent(ctx, "drive", from, b.At, func(a *activity, e *event) error {
		if !e.changesFile() || e.sharedDrive() != "" {
			return nil
		}
		for _, owner := range []string{e.text("owner"), e.text("new_owner")} {
			if owner = mailOnly(strings.ToLower(owner)); owner == "" {
				continue
			}
			if touched[owner] == nil {
				touched[owner] = &mix{}
			}
			touched[owner].add(a, e)
		}
		return nil
	})
	if err != nil {
		return sc.blind(err)
	}
	if err := sc.touchedDrives(ctx, touched); err != nil {
		return err
	}
	return sc.w.Complete(b.next())
}

// fewOwners are asked for one by one; of more, everybody is listed, which is five hundred in one call.
const fewOwners = 20

// touchedDrives gives the shards of those whose addresses the log names.
func (sc *scan) touchedDrives(ctx context.Context, touched map[string]*mix) error {
	if len(touched) > fewOwners {
		named := sc.perUser(func(u *user) *sdk.Shard {
			if m := touched[strings.ToLower(u.Email)]; m != nil {
				return myDrive(u, m.stamp())
			}
			return nil
		})
		return sc.pages(ctx, "", named)
	}
	for _, email := range slices.Sorted(maps.Keys(touched)) {
		u, err := sc.userByKey(ctx, email)
		switch t := sdk.TypeOf(err); {
		case t == sdk.ErrNotFound || t == sdk.ErrPermission: // of another organisation
			continue
		case err != nil:
			return err
		}
		sc.w.Found(myDrive(u, touched[email].stamp()))
	}
	return nil
}

// reading events leave a file as it is.
var reading = map[string]bool{
	"view": true, "preview": true, "download": true, "print": true, "prefetch": true, "access_item_content": true, "copy": true,
	"source_copy": true, "email_as_attachment": true, "sheets_import_range": true, "connected_sheets_query": true,
}

func (e *event) changesFile() bool { return !reading[e.Name] && e.text("doc_id") != "" }

// sharedDrive is the id of the shared drive that an event happened in.
func (e *event) sharedDrive() string {
	if id := e.first("shared_drive_id", "team_drive_id"); id != "" {
		return id
	}
	if e.is("owner_is_shared_drive") || e.is("owner_is_team_drive") {
		return unknownDrive
	}
	return ""
}

// unknownDrive: the log says that it was a shared drive, but not which.
const unknownDrive = "?"

type sharedDriveInfo struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Created when   `json:"createdTime"`
	Hidden  bool   `json:"hidden"`
}

// sharedDrives are kept as folders, with who is in them; each is a shard of the listing of their files.
func sharedDrives(ctx context.Context, sc *scan) error {
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		return sharedDrivesDelta(ctx, sc)
	}
	return sc.whole(ctx, func(stamp string) []step { return []step{sc.driveStep(stamp)} })
}

func (sc *scan) driveStep(stamp string) step {
	return func(ctx context.Context, token string) (string, error) {
		var p struct {
			Drives []*sharedDriveInfo `json:"drives"`
			Next   string             `json:"nextPageToken"`
		}
		q := query("useDomainAdminAccess", "true", "pageSize", strconv.Itoa(sc.size(drivesPerPage)), "pageToken", token,
			"fields", "nextPageToken,drives(id,name,createdTime,hidden)")
		if err := sc.do(ctx, drive(sc.admin(scopeDrives), q, "/drive/v3/drives"), &p); err != nil {
			return "", err
		}
		for _, d := range p.Drives {
			if d == nil || d.ID == "" {
				return "", missing("shared drive", "id")
			}
			if err := sc.addDrive(ctx, d, stamp); err != nil {
				return "", err
			}
		}
		return p.Next, nil
	}
}

func (sc *scan) addDrive(ctx context.Context, d *sharedDriveInfo, stamp string) error {
	members, err := sc.permissions(ctx, sc.admin(scopeMetadata), d.ID, true)
	if err != nil {
		return err
	}
	f := &sdk.File{
		Id: d.ID, Name: new(d.Name), Type: new("folder"), CreatedAt: d.Created.ts(), Trashed: new(false), Native: attrs("type", "shared_drive"),
		Attributes: attrs("hidden", yes(d.Hidden)), Access: &sdk.AccessList{Complete: true}, Url: new("https://drive.google.com/drive/folders/" + url.PathEscape(d.ID)),
	}
	f.AccessLevel = levelOf(members)
	for i := range members {
		f.Access.Items = append(f.Access.Items, members[i].access(sc.domain(), ""))
	}
	sc.w.Add(f)
	s := &sdk.Shard{Listing: "shared_files", Key: d.ID, Name: d.Name, Stamp: stamp, State: sdk.ShardActive}
	if member := sc.insider(members); member != "" {
		s.Data = driveShard{Subject: member, Drive: d.ID, Members: slim(members)}.data()
	} else {
		s.State = sdk.ShardUnavailable
		s.Reason = "no person of the organisation is a member by name, so there is nobody to look as; its files keep"
	}
	sc.w.Found(s)
	return nil
}

// domain is the administrator's: that of the organisation, as far as is known here.
func (c *client) domain() string {
	_, d, _ := strings.Cut(strings.ToLower(c.setting(adminSetting)), "@")
	return d
}

// insider is a member to look as: one who sees most, and of these always the same.
func (c *client) insider(members []permission) string {
	best, rank := "", 0
	for i := range members {
		m := &members[i]
		if m.Type != "user" || m.Deleted || m.Email == "" || !strings.HasSuffix(strings.ToLower(m.Email), "@"+c.domain()) {
			continue
		}
		r := map[string]int{"organizer": 4, "fileOrganizer": 3, "writer": 2}[m.Role] + 1
		if r > rank || r == rank && m.Email < best {
			best, rank = m.Email, r
		}
	}
	return best
}

// sharedDrivesDelta looks at the drives that the log of Drive names.
func sharedDrivesDelta(ctx context.Context, sc *scan) error {
	b, from, err := sc.follow(slowLogs)
	if err != nil {
		return err
	}
	touched := map[string]*mix{}
	err = sc.eachEvent(ctx, "drive", from, b.At, func(a *activity, e *event) error {
		id := e.sharedDrive()
		switch {
		case id == "" || reading[e.Name]:
			return nil
		case id == unknownDrive || strings.Contains(e.Name, "delete_shared_drive") || strings.Contains(e.Name, "delete_team_drive"):
			return sc.tooMuch()
		}
		if touched[id] == nil {
			touched[id] = &mix{}
		}
		touched[id].add(a, e)
		if len(touched) > maxTouched {
			return sc.tooMuch()
		}
		return nil
	})
	if err != nil {
		return sc.blind(err)
	}
	for _, id := range slices.Sorted(maps.Keys(touched)) {
		var d sharedDriveInfo
		q := query("useDomainAdminAccess", "true", "fields", "id,name,createdTime,hidden")
		err := sc.do(ctx, drive(sc.admin(scopeDrives), q, "/drive/v3/drives/%s", id), &d)
		if sdk.TypeOf(err) == sdk.ErrNotFound {
			return sc.tooMuch()
		}
		if err == nil && d.ID == "" {
			err = missing("shared drive", "id")
		}
		if err == nil {
			err = sc.addDrive(ctx, &d, touched[id].stamp())
		}
		if err != nil {
			return err
		}
	}
	return sc.w.Complete(b.next())
}

// driveShard reads what the parent wrote down.
func (sc *scan) driveShard() (driveShard, error) {
	var d driveShard
	if err := json.Unmarshal(sc.w.Shard.Data, &d); err != nil || d.Subject == "" {
		return d, sdk.Errorf(sdk.ErrInvalid, "the shard of a drive is of another version")
	}
	return d, nil
}
