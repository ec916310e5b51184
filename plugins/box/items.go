package main

import (
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	typeFile   = "file"
	typeFolder = "folder"
	rootFolder = "0"
)

// item is a file, a folder or a web link.
type item struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	ETag    string `json:"etag"`
	SHA1    string `json:"sha1"`
	Size    *int64 `json:"size"`
	Version struct {
		ID string `json:"id"`
	} `json:"file_version"`
	Owner        *person `json:"owned_by"`
	ModifiedBy   *person `json:"modified_by"`
	Created      when    `json:"created_at"`
	Modified     when    `json:"modified_at"`
	Trashed      when    `json:"trashed_at"`
	Status       string  `json:"item_status"`
	Link         *link   `json:"shared_link"`
	Collaborated *bool   `json:"has_collaborations"`
	Parent       *struct {
		ID string `json:"id"`
	} `json:"parent"`
	Path *struct {
		Entries []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"entries"`
	} `json:"path_collection"`
	Class *struct {
		Name string `json:"name"`
	} `json:"classification"`
}

// Asking for fields drops all that are not named. path_collection is left out of lists: the walk knows where it is.
const (
	itemFields = "name,sha1,size,file_version,owned_by,created_at,modified_by,modified_at,item_status,trashed_at," +
		"shared_link,has_collaborations,parent,classification"
	placedFields = itemFields + ",path_collection"
)

func fieldsOf(list string) string { return "fields=" + url.QueryEscape(list) }

// record is the file of an item. access may be nil: unknown.
func (it *item) record(path string, access *sdk.AccessList) *sdk.File {
	f := &sdk.File{
		Id: it.ID, Name: new(it.Name), Path: new(path), SizeBytes: it.Size, Owner: it.Owner.ref(), CreatedAt: sdk.At(it.Created.Time),
		ModifiedAt: sdk.At(it.Modified.Time), ModifiedBy: it.ModifiedBy.ref(), ContentHash: new(it.SHA1), Version: new(it.Version.ID),
		Trashed: new(it.Status == "trashed" || !it.Trashed.IsZero()), Access: access,
	}
	switch it.Type {
	case typeFile, typeFolder:
		f.Type = new(it.Type)
	default:
		f.Native = native("type", it.Type)
	}
	if it.Parent != nil && it.Parent.ID != rootFolder {
		f.Parent = sdk.To(sdk.KindFile, it.Parent.ID)
	}
	if it.Class != nil && it.Class.Name != "" {
		f.Labels = sdk.All(it.Class.Name)
	}
	if f.GetTrashed() {
		f.Attributes = attributes("trashed_at", stamp(it.Trashed))
	}
	if it.Link != nil && it.Link.Password {
		f.Attributes = append(f.Attributes, attributes("shared_link_password", "true")...)
	}
	if open(access) {
		f.AccessLevel = new("link")
	}
	return f
}

func stamp(w when) string {
	if w.IsZero() {
		return ""
	}
	return w.UTC().Format("2006-01-02T15:04:05Z")
}

// open: anyone with a link gets there.
func open(a *sdk.AccessList) bool {
	for _, x := range a.GetItems() {
		if x.GetLinkScope() == "anyone" {
			return true
		}
	}
	return false
}

// below is the path of something in a folder.
func below(folder, name string) string {
	name = strings.ReplaceAll(name, "/", "_") // Box forbids it
	if folder == "" {
		return name
	}
	return folder + "/" + name
}
