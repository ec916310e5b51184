package main

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

type driveUser struct {
	Email        string `json:"emailAddress"`
	PermissionID string `json:"permissionId"`
}

type file struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Mime        string       `json:"mimeType"`
	Size        *number      `json:"size"`
	MD5         string       `json:"md5Checksum"`
	SHA256      string       `json:"sha256Checksum"`
	Created     when         `json:"createdTime"`
	Modified    when         `json:"modifiedTime"`
	Version     string       `json:"version"`
	Trashed     *bool        `json:"trashed"`
	TrashedTime when         `json:"trashedTime"`
	Owners      []driveUser  `json:"owners"`
	OwnedByMe   bool         `json:"ownedByMe"`
	ModifiedBy  driveUser    `json:"lastModifyingUser"`
	Drive       string       `json:"driveId"`
	Parents     []string     `json:"parents"`
	Shared      *bool        `json:"shared"`
	Permissions []permission `json:"permissions"`
	IDs         []string     `json:"permissionIds"`
	Augmented   bool         `json:"hasAugmentedPermissions"`
	URL         string       `json:"webViewLink"`
	Shortcut    struct {
		Target string `json:"targetId"`
	} `json:"shortcutDetails"`
	Restrictions []struct {
		ReadOnly bool   `json:"readOnly"`
		Reason   string `json:"reason"`
	} `json:"contentRestrictions"`
}

const (
	filesPerPage     = 1000
	permissionFields = "id,type,role,emailAddress,domain,allowFileDiscovery,expirationTime,deleted," +
		"permissionDetails(inherited,inheritedFrom,role)"
	fileFields = "id,name,mimeType,size,md5Checksum,sha256Checksum,createdTime,modifiedTime,version,trashed,trashedTime," +
		"owners(emailAddress,permissionId),ownedByMe,lastModifyingUser(emailAddress,permissionId),driveId,parents,shared,permissionIds," +
		"hasAugmentedPermissions,webViewLink,shortcutDetails(targetId),contentRestrictions(readOnly,reason)"
	myFileFields = fileFields + ",permissions(" + permissionFields + ")"
	folderMime   = "application/vnd.google-apps.folder"
)

// fileBookmark is where the changes of a drive were read to, and when it was last read whole.
type fileBookmark struct {
	Token string    `json:"token"`
	Full  time.Time `json:"full"`
}

// maxAsked is how many removed files of one walk the log is asked for: such questions have a small quota.
const maxAsked = 10

// listAgain: after that a drive that is followed by its changes is read whole, for what the changes left out.
const listAgain = 14 * 24 * time.Hour

// files are those that one person owns, the trash too; sharedFiles those of one shared drive.
func files(ctx context.Context, sc *scan) error {
	d, err := sc.driveShard()
	if err != nil {
		return err
	}
	if sc.w.Mode == sdk.ModeDelta && len(sc.w.Bookmark) > 0 {
		return sc.changes(ctx, d)
	}
	note, err := sc.note(func() (string, error) { return sc.startToken(ctx, d) })
	if err != nil {
		return err
	}
	if err := sc.pages(ctx, note, sc.fileStep(d)); err != nil {
		return err
	}
	began, token, ok := strings.Cut(note, ",")
	var at number
	_ = at.UnmarshalJSON([]byte(began)) // never fails
	if !ok || token == "" || at <= 0 {
		return sc.w.Complete()
	}
	return sc.w.Complete(sdk.Next(encode(fileBookmark{Token: token, Full: time.Unix(int64(at), 0).UTC()})))
}

// startToken takes a change token before the list that it follows. It costs a call, which for a small drive is as much as
// its list, so only a drive that the log has named, and so may be named again, gets one.
func (sc *scan) startToken(ctx context.Context, d driveShard) (string, error) {
	if !strings.HasPrefix(sc.w.Shard.Stamp, touchedStamp) {
		return "", nil
	}
	var t struct {
		Token string `json:"startPageToken"`
	}
	q := query("fields", "startPageToken", "driveId", d.Drive, "supportsAllDrives", yes(d.Drive != ""))
	if err := sc.do(ctx, drive(d.as(), q, "/drive/v3/changes/startPageToken"), &t); err != nil {
		return "", err
	}
	if t.Token == "" || strings.ContainsAny(t.Token, " ,") {
		return "", missing("start of the changes", "startPageToken")
	}
	return num(sc.now().Unix()) + "," + t.Token, nil
}

func (d driveShard) as() as { return as{subject: d.Subject, scope: scopeMetadata} }

// fields of a file; Google never gives permissions of what is in a shared drive.
func (d driveShard) fields() string {
	if d.Drive != "" {
		return fileFields
	}
	return myFileFields
}

func (sc *scan) fileStep(d driveShard) step {
	return func(ctx context.Context, token string) (string, error) {
		var p struct {
			Files      []*file `json:"files"`
			Next       string  `json:"nextPageToken"`
			Incomplete bool    `json:"incompleteSearch"`
		}
		q := query("pageSize", strconv.Itoa(sc.size(filesPerPage)), "pageToken", token,
			"fields", "nextPageToken,incompleteSearch,files("+d.fields()+")")
		if d.Drive == "" {
			q.Set("corpora", "user")
			q.Set("q", "'me' in owners")
		} else {
			q.Set("corpora", "drive")
			q.Set("driveId", d.Drive)
			q.Set("includeItemsFromAllDrives", "true")
			q.Set("supportsAllDrives", "true")
		}
		if err := sc.do(ctx, drive(d.as(), q, "/drive/v3/files"), &p); err != nil {
			return "", err
		}
		if p.Incomplete {
			return "", &sdk.Error{Type: sdk.ErrUnavailable, Message: "Google did not search the whole drive", Sent: true}
		}
		for _, f := range p.Files {
			if f == nil || f.ID == "" {
				return "", missing("file", "id")
			}
			if err := sc.addFile(ctx, d, f); err != nil {
				return "", err
			}
		}
		return p.Next, nil
	}
}

// addFile gives a file; one of a shared drive that has permissions of its own costs a call for them.
func (sc *scan) addFile(ctx context.Context, d driveShard, f *file) error {
	if f.Drive != "" && f.Augmented && f.Permissions == nil {
		list, err := sc.permissions(ctx, d.as(), f.ID, false)
		if err != nil {
			return err
		}
		f.Permissions = list
	} else if f.Drive != "" && f.Permissions == nil {
		f.Permissions = inherited(d.Members, f.Drive)
	}
	sc.w.Add(f.record(sc.domain(), sc.w.Shard.Key))
	return nil
}

// changes reads what happened in a drive since the bookmark.
func (sc *scan) changes(ctx context.Context, d driveShard) error {
	var b fileBookmark
	if json.Unmarshal(sc.w.Bookmark, &b) != nil || b.Token == "" || sc.now().Sub(b.Full) >= listAgain {
		return sdk.Errorf(sdk.ErrExpired, "the drive of %s is to be read whole again", d.Subject)
	}
	fresh := ""
	err := sc.pages(ctx, "", func(ctx context.Context, token string) (string, error) {
		if token == "" {
			token = b.Token
		}
		p, err := sc.changePage(ctx, d, token)
		if err != nil {
			return "", err
		}
		for _, c := range p.Changes {
			if c == nil {
				return "", missing("change", "anything")
			}
			if err := sc.addChange(ctx, d, c); err != nil {
				return "", err
			}
		}
		if p.Next == "" && p.Start == "" {
			return "", missing("page of changes", "nextPageToken or newStartPageToken")
		}
		fresh = p.Start
		return p.Next, nil
	})
	switch {
	case sdk.TypeOf(err) == sdk.ErrInvalid:
		return sdk.Errorf(sdk.ErrExpired, "Google does not know the change token of %s any more", d.Subject)
	case err != nil:
		return err
	case fresh == "": // only the certificate was left: the next walk reads the same changes again
		fresh = b.Token
	}
	b.Token = fresh
	return sc.w.Complete(sdk.Next(encode(b)))
}

type change struct {
	Type    string `json:"changeType"`
	FileID  string `json:"fileId"`
	Removed bool   `json:"removed"`
	File    *file  `json:"file"`
}

type changePage struct {
	Changes []*change `json:"changes"`
	Next    string    `json:"nextPageToken"`
	Start   string    `json:"newStartPageToken"`
}

func (sc *scan) changePage(ctx context.Context, d driveShard, token string) (*changePage, error) {
	q := url.Values{
		"pageToken": {token}, "pageSize": {strconv.Itoa(sc.size(filesPerPage))}, "includeRemoved": {"true"},
		"fields": {"nextPageToken,newStartPageToken,changes(changeType,fileId,removed,file(" + d.fields() + "))"},
	}
	if d.Drive == "" {
		q.Set("restrictToMyDrive", "true")
	} else {
		q.Set("driveId", d.Drive)
		q.Set("includeItemsFromAllDrives", "true")
		q.Set("supportsAllDrives", "true")
	}
	var p changePage
	return &p, sc.do(ctx, drive(d.as(), q, "/drive/v3/changes"), &p)
}

func (sc *scan) addChange(ctx context.Context, d driveShard, c *change) error {
	switch {
	case c.Type == "drive" && d.Drive != "": // who is in it may have changed, and so the access to every file
		return sdk.Errorf(sdk.ErrExpired, "the shared drive %s itself changed", d.Drive)
	case c.Type != "" && c.Type != "file":
		return nil
	case c.FileID == "":
		return missing("change", "fileId")
	case c.Removed || c.File == nil:
		return sc.removed(ctx, d, c.FileID)
	case c.File.ID == "":
		return missing("changed file", "id")
	case d.Drive == "" && !c.File.OwnedByMe || d.Drive != c.File.Drive:
		return nil
	}
	return sc.addFile(ctx, d, c.File)
}

// removed is also said of what somebody else took away from this person, so the log has to confirm it. What it does not
// know (yet) makes the drive be listed whole, which proves what is not there.
func (sc *scan) removed(ctx context.Context, d driveShard, id string) error {
	again := sdk.Errorf(sdk.ErrExpired, "a file of %s is not there any more, so the drive is to be listed whole", d.Subject)
	if strings.ContainsAny(id, ",=<> ") || sc.asked >= maxAsked {
		return again
	}
	sc.asked++
	gone := false
	l := logQuery{app: "drive", event: "delete", filter: "doc_id==" + id, size: 1}
	_, err := sc.readLog(ctx, l, 1, func(_ *activity, e *event) error {
		gone = gone || e.Name == "delete" && e.text("doc_id") == id
		return nil
	})
	switch {
	case err != nil && sdk.TypeOf(err) != sdk.ErrPermission:
		return err
	case !gone:
		return again
	}
	sc.w.Gone(sdk.KindFile, id)
	return nil
}

// record makes the file's record. Where its drive is a person's, owner is that person's id.
func (f *file) record(domain, owner string) *sdk.File {
	r := &sdk.File{
		Id: f.ID, Name: new(f.Name), Type: new("file"), Mime: new(f.Mime), CreatedAt: f.Created.ts(), ModifiedAt: f.Modified.ts(),
		ModifiedBy: ref(sdk.KindAccount, "", f.ModifiedBy.Email, ""), ContentHash: new(f.SHA256), Version: new(f.Version),
		Url: new(f.URL), Trashed: f.Trashed, AccessLevel: levelOf(f.Permissions),
		Attributes: attrs("shortcut_to", f.Shortcut.Target, "shared", truth(f.Shared)),
	}
	if f.SHA256 == "" {
		r.ContentHash = new(f.MD5)
	}
	if f.Mime == folderMime {
		r.Type = new("folder")
	}
	if f.Size != nil {
		r.SizeBytes = new(int64(*f.Size))
	}
	if len(f.Parents) > 0 {
		r.Parent = sdk.To(sdk.KindFile, f.Parents[0])
	}
	if t := f.TrashedTime.ts(); t != nil {
		r.Attributes = append(r.Attributes, attrs("trashed_at", f.TrashedTime.UTC().Format(time.RFC3339))...)
	}
	if i := slices.IndexFunc(f.Restrictions, func(x struct {
		ReadOnly bool   `json:"readOnly"`
		Reason   string `json:"reason"`
	}) bool {
		return x.ReadOnly
	}); i >= 0 {
		r.Attributes = append(r.Attributes, attrs("locked", "true", "locked_because", cut(f.Restrictions[i].Reason, maxMessage))...)
	}
	f.owned(r, domain, owner)
	return r
}

// owned fills in whose it is and who can reach it.
func (f *file) owned(r *sdk.File, domain, owner string) {
	email := ""
	if len(f.Owners) > 0 {
		email = f.Owners[0].Email
	}
	if f.Drive != "" {
		r.Owner = sdk.To(sdk.KindFile, f.Drive)
		if f.Permissions == nil {
			return // what the drive gives: see its own record
		}
	} else {
		r.Owner = ref(sdk.KindAccount, owner, email, "")
	}
	if f.Permissions == nil {
		return
	}
	r.Access = &sdk.AccessList{Complete: f.Drive != "" || f.all()}
	for i := range f.Permissions {
		id := ""
		if f.Drive == "" && f.Permissions[i].Role == "owner" {
			id = owner
		}
		r.Access.Items = append(r.Access.Items, f.Permissions[i].access(domain, id))
	}
}

// all says whether the permissions that came are as many as the file has.
func (f *file) all() bool { return len(f.IDs) == 0 || len(f.IDs) == len(f.Permissions) }
