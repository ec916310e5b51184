package main

import (
	"encoding/json"

	"github.com/mooring-hq/mooring/sdk"
)

// event is an entry of a log. The enterprise's streams and a user's own name their things differently; both are read.
type event struct {
	ID        string  `json:"event_id"`
	Type      string  `json:"event_type"`
	Created   when    `json:"created_at"`
	By        *person `json:"created_by"`
	ActionBy  *person `json:"action_by"`
	IP        string  `json:"ip_address"`
	SessionID string  `json:"session_id"`
	Source    subject `json:"source"`
	Details   details `json:"additional_details"`

	raw json.RawMessage
}

// subject is what an event is about: an item, a user, a group, or something of its own kind.
type subject struct {
	Type     string  `json:"type"`
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Login    string  `json:"login"`
	ItemType string  `json:"item_type"`
	ItemID   string  `json:"item_id"`
	ItemName string  `json:"item_name"`
	FolderID string  `json:"folder_id"`
	FileID   string  `json:"file_id"`
	Owner    *person `json:"owned_by"`
	GroupID  string  `json:"group_id"`
	UserID   string  `json:"user_id"`
}

// UnmarshalJSON takes what fits: a source may have any shape, or be null.
func (s *subject) UnmarshalJSON(b []byte) error {
	type plain subject
	lenient(b, (*plain)(s))
	return nil
}

type details struct {
	GroupID string `json:"group_id"`
	UserID  string `json:"user_id"`
	Agent   string `json:"user_agent"`
	Service struct {
		Name string `json:"name"`
		ID   string `json:"id"`
	} `json:"service"`
	ServiceID   string `json:"service_id"`
	ServiceName string `json:"service_name"`
}

// UnmarshalJSON takes what fits.
func (d *details) UnmarshalJSON(b []byte) error {
	type plain details
	lenient(b, (*plain)(d))
	return nil
}

// lenient decodes what has the type expected and leaves out the rest.
func lenient(b []byte, into any) { _ = json.Unmarshal(b, into) }

func decodeEvents(list []json.RawMessage) ([]event, error) {
	events := make([]event, len(list))
	for i, raw := range list {
		e := &events[i]
		if err := json.Unmarshal(raw, e); err != nil {
			if _, odd := err.(*json.UnmarshalTypeError); !odd { //nolint:errorlint // what Unmarshal returns, unwrapped
				return nil, missing("event", "the shape of one")
			}
		}
		if e.ID == "" || e.Created.IsZero() {
			return nil, missing("event", "id and time")
		}
		e.raw = raw
	}
	return events, nil
}

// item is the id and type of the file or folder that an event is about.
func (e *event) item() (kind, id string) {
	s := &e.Source
	switch {
	case s.ItemID != "":
		return s.ItemType, s.ItemID
	case s.Type == typeFile || s.Type == typeFolder:
		return s.Type, s.ID
	case s.FileID != "":
		return typeFile, s.FileID
	case s.FolderID != "":
		return typeFolder, s.FolderID
	}
	return "", ""
}

// userID is the user that an event is about.
func (e *event) userID() string {
	switch {
	case e.Source.Type == "user":
		return e.Source.ID
	case e.Source.UserID != "":
		return e.Source.UserID
	}
	return e.Details.UserID
}

// groupID is the group that an event is about.
func (e *event) groupID() string {
	switch {
	case e.Source.Type == "group":
		return e.Source.ID
	case e.Source.GroupID != "":
		return e.Source.GroupID
	}
	return e.Details.GroupID
}

// The events that change users.
var userEvents = map[string]bool{"NEW_USER": true, "EDIT_USER": true, "DELETE_USER": true, "CHANGE_ADMIN_ROLE": true}

// groupEvents are those that change groups and who is in them.
var groupEvents = []string{"GROUP_CREATION", "GROUP_EDITED", "GROUP_DELETION", "GROUP_ADD_USER", "GROUP_REMOVE_USER"}

// quiet are the events about items that leave the inventory as it is. All others touch the tree, those that are not known
// yet as well.
var quiet = map[string]bool{
	"DOWNLOAD": true, "PREVIEW": true, "ITEM_DOWNLOAD": true, "ITEM_PREVIEW": true, "ITEM_OPEN": true, "CONTENT_ACCESS": true,
	"COMMENT_CREATE": true, "COMMENT_EDIT": true, "COMMENT_DELETE": true, "FAVORITE": true, "UNFAVORITE": true, "ITEM_EMAIL_SEND": true,
	"ITEM_SYNC": true, "ITEM_UNSYNC": true, "LOCK": true, "UNLOCK": true, "LOCK_CREATE": true, "LOCK_DESTROY": true,
	"SHARED_LINK_SEND": true, "SHIELD_ALERT": true, "FILE_WATERMARKED_DOWNLOAD": true, "FILE_REQUEST_CREATE": true,
	"FILE_REQUEST_DELETE": true, "FILE_REQUEST_UPDATE": true, "TASK_CREATE": true, "TASK_UPDATE": true, "TASK_ASSIGNMENT_CREATE": true,
	"TASK_ASSIGNMENT_UPDATE": true, "TASK_ASSIGNMENT_DELETE": true, "ANNOTATIONV2_CREATE": true, "ANNOTATIONV2_EDIT": true,
	"ANNOTATIONV2_DELETE": true, "BOX_AI_USER_REQUEST": true, "BOX_AI_USER_FAILED_REQUEST": true, "TAG_ITEM_CREATE": true,
	"METADATA_INSTANCE_CREATE": true, "METADATA_INSTANCE_UPDATE": true, "METADATA_INSTANCE_DELETE": true, "METADATA_INSTANCE_COPY": true,
	"COLLECTION_ITEM_CREATE": true, "COLLECTION_ITEM_DELETE": true, "COLLECTION_ITEM_UPDATE": true, "WEBHOOK_TRIGGERED": true,
}

// plain are the events that change one item, or its place among others, and nothing in the trash.
var plain = map[string]bool{
	"UPLOAD": true, "EDIT": true, "MOVE": true, "RENAME": true, "COPY": true, "SHARE": true, "UNSHARE": true, "ITEM_SHARED_UPDATE": true,
	"SHARE_EXPIRATION": true, "UPDATE_SHARE_EXPIRATION": true, "COLLABORATION_INVITE": true, "COLLABORATION_ACCEPT": true,
	"COLLABORATION_REMOVE": true, "COLLABORATION_ROLE_CHANGE": true, "COLLABORATION_EXPIRATION": true,
	"UPDATE_COLLABORATION_EXPIRATION": true, "FILE_VERSION_RESTORE": true, "FILE_MARKED_MALICIOUS": true, "ITEM_MODIFY": true,
	"ITEM_UPLOAD": true, "ITEM_CREATE": true, "ITEM_MOVE": true, "ITEM_RENAME": true, "ITEM_COPY": true, "ITEM_SHARED": true,
	"ITEM_SHARED_CREATE": true, "ITEM_SHARED_UNSHARE": true, "ITEM_MAKE_CURRENT_VERSION": true, "COLLAB_ADD_COLLABORATOR": true,
	"COLLAB_INVITE_COLLABORATOR": true, "COLLAB_REMOVE_COLLABORATOR": true, "COLLAB_ROLE_CHANGE": true,
}

// touches says whose tree an event changed, and whether it may have changed the trash too; nil: nobody's.
func (e *event) touches() (owner *person, trash bool) {
	switch {
	case e.Type == "NEW_USER" || e.Type == "DELETE_USER" || e.Type == "EDIT_USER":
		if id := e.userID(); id != "" {
			return &person{ID: id, Name: e.Source.Name}, true
		}
		return nil, false
	case quiet[e.Type]:
		return nil, false
	}
	if _, id := e.item(); id == "" {
		return nil, false
	}
	owner = e.Source.Owner
	if owner == nil || owner.ID == "" {
		owner = e.By // who did it at least sees it
	}
	if owner == nil || owner.ID == "" || owner.ID == anonymous {
		return nil, false
	}
	return owner, !plain[e.Type]
}

// ours: it tells of our own reading, under our own name or another's.
func (e *event) ours(me string) bool {
	switch e.Type {
	case "DOWNLOAD", "PREVIEW", "ITEM_DOWNLOAD", "ITEM_PREVIEW", "CONTENT_ACCESS":
		return me != "" && (e.By != nil && e.By.ID == me || e.ActionBy != nil && e.ActionBy.ID == me)
	}
	return false
}

// reads: it may be our own reading.
func (e *event) reads() bool {
	me := "x"
	probe := event{Type: e.Type, By: &person{ID: me}}
	return probe.ours(me)
}

var eventTypes = map[string]string{
	"LOGIN": "login", "ADMIN_LOGIN": "login", "FAILED_LOGIN": "login_failed",
	"DOWNLOAD": "file_download", "ITEM_DOWNLOAD": "file_download", "FILE_WATERMARKED_DOWNLOAD": "file_download", "ITEM_SYNC": "file_download",
	"PREVIEW": "file_view", "ITEM_PREVIEW": "file_view", "ITEM_OPEN": "file_view", "CONTENT_ACCESS": "file_view",
	"UPLOAD": "file_upload", "ITEM_UPLOAD": "file_upload", "ITEM_CREATE": "file_upload", "COPY": "file_upload", "ITEM_COPY": "file_upload",
	"EDIT": "file_update", "MOVE": "file_update", "RENAME": "file_update", "ITEM_MOVE": "file_update", "ITEM_RENAME": "file_update",
	"ITEM_MODIFY": "file_update", "FILE_VERSION_RESTORE": "file_update", "ITEM_MAKE_CURRENT_VERSION": "file_update",
	"SHARE": "file_share", "ITEM_SHARED": "file_share", "ITEM_SHARED_CREATE": "file_share", "ITEM_SHARED_UPDATE": "file_share",
	"COLLABORATION_INVITE": "file_share", "COLLABORATION_ACCEPT": "file_share", "COLLABORATION_ROLE_CHANGE": "file_share",
	"COLLAB_ADD_COLLABORATOR": "file_share", "COLLAB_INVITE_COLLABORATOR": "file_share", "COLLAB_ROLE_CHANGE": "file_share",
	"GROUP_ADD_ITEM": "file_share", "UNSHARE": "file_unshare", "ITEM_SHARED_UNSHARE": "file_unshare", "SHARE_EXPIRATION": "file_unshare",
	"COLLABORATION_REMOVE": "file_unshare", "COLLABORATION_EXPIRATION": "file_unshare", "COLLAB_REMOVE_COLLABORATOR": "file_unshare",
	"GROUP_REMOVE_ITEM": "file_unshare", "DELETE": "file_delete", "ITEM_TRASH": "file_delete", "STORAGE_EXPIRATION": "file_delete",
	"UNDELETE": "file_restore", "ITEM_UNDELETE_VIA_TRASH": "file_restore",
	"NEW_USER": "account_create", "EDIT_USER": "account_update", "DELETE_USER": "account_delete", "CHANGE_ADMIN_ROLE": "role_grant",
	"GROUP_CREATION": "group_create", "GROUP_EDITED": "group_update", "GROUP_DELETION": "group_delete", "GROUP_ADD_USER": "member_add",
	"GROUP_REMOVE_USER": "member_remove", "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE": "grant_create",
	"OAUTH2_ACCESS_TOKEN_REVOKE": "grant_revoke", "OAUTH2_REFRESH_TOKEN_REVOKE": "grant_revoke",
	"ENTERPRISE_APP_AUTHORIZATION_UPDATE": "app_install", "APPLICATION_CREATED": "app_install",
	"APPLICATION_PUBLIC_KEY_ADDED": "grant_create", "APPLICATION_PUBLIC_KEY_DELETED": "grant_revoke",
	"EXTERNAL_COLLAB_SECURITY_SETTINGS": "setting_change", "ENABLE_TWO_FACTOR_AUTH": "setting_change",
	"ENABLE_MULTI_FACTOR_AUTH": "setting_change", "DISABLE_MULTI_FACTOR_AUTH": "setting_change",
	"SHIELD_ALERT": "other", "FILE_MARKED_MALICIOUS": "other",
}

// administrative are the acts of administration.
var administrative = map[string]bool{
	"ADMIN_LOGIN": true, "NEW_USER": true, "EDIT_USER": true, "DELETE_USER": true, "CHANGE_ADMIN_ROLE": true, "GROUP_CREATION": true,
	"GROUP_EDITED": true, "GROUP_DELETION": true, "GROUP_ADD_USER": true, "GROUP_REMOVE_USER": true,
	"ENTERPRISE_APP_AUTHORIZATION_UPDATE": true, "EXTERNAL_COLLAB_SECURITY_SETTINGS": true,
}

// maxRaw is what the host keeps of an event's JSON.
const maxRaw = 64 << 10

// record is the activity of an event.
func (e *event) record(keepRaw bool) *sdk.Activity {
	a := &sdk.Activity{
		Id: e.ID, Time: sdk.At(e.Created.Time), Type: new("other"), Action: new(e.Type), Actor: e.By.ref(), Ip: new(e.IP),
		SessionId: new(e.SessionID), UserAgent: new(e.Details.Agent), Outcome: new("success"),
	}
	if t := eventTypes[e.Type]; t != "" {
		a.Type = new(t)
	}
	if e.Type == "FAILED_LOGIN" {
		a.Outcome = new("failure")
	}
	if administrative[e.Type] {
		a.Admin = new(true)
	}
	if e.ActionBy != nil && e.ActionBy.ID != "" && (e.By == nil || e.ActionBy.ID != e.By.ID) {
		a.Impersonated = new(true)
		a.Attributes = attributes("action_by", e.ActionBy.ID)
	}
	if e.By != nil && e.By.ID == anonymous {
		a.Attributes = append(a.Attributes, attributes("anonymous", "true")...)
	}
	if name := e.Details.ServiceName; name != "" || e.Details.ServiceID != "" {
		a.App = &sdk.Ref{Kind: sdk.KindApp, Id: new(e.Details.ServiceID), Name: new(name)}
	}
	a.Targets = e.targets()
	if keepRaw && len(e.raw) <= maxRaw {
		a.Raw = e.raw
	}
	return a
}

func (e *event) targets() []*sdk.Ref {
	var list []*sdk.Ref
	if _, id := e.item(); id != "" {
		r := sdk.To(sdk.KindFile, id)
		if name := e.Source.ItemName + e.Source.Name; name != "" {
			r.Name = new(name)
		}
		return append(list, r)
	}
	if id := e.groupID(); id != "" {
		list = append(list, sdk.To(sdk.KindGroup, id))
	}
	if id := e.userID(); id != "" {
		list = append(list, (&person{ID: id, Login: e.Source.Login, Name: e.Source.Name}).ref())
	}
	return list
}
