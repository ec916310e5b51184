package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the name that Git gives a content
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// maxFile is the largest file that is moved or overwritten: it is held in memory, and sent as base64.
const maxFile = 25 << 20 // bytes

// gitSHA is the name that Git gives a content.
func gitSHA(content []byte) string {
	h := sha1.New() //nolint:gosec // not for security: GitHub compares it
	_, _ = h.Write([]byte("blob " + strconv.Itoa(len(content)) + "\x00"))
	_, _ = h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// fileOf gives the repository and the path of a file's id.
func fileOf(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*repository, string, error) {
	parts := sdk.SplitID(i.GetTarget().GetId())
	switch {
	case len(parts) == 3 && parts[1] == "long":
		return nil, "", sdk.Errorf(sdk.ErrUnsupported, "the path of the file is too long to stand in its id")
	case len(parts) != 2 || parts[1] == "":
		return nil, "", sdk.Errorf(sdk.ErrInvalid, "%q is not a file of a repository", i.GetTarget().GetId())
	}
	r, err := repositoryOf(ctx, s, parts[0])
	return r, parts[1], err
}

func contentsRef(r *repository, file string) string { return r.path(path("/contents/%s", file)) }

// blobAt is what a path of the default branch holds.
type blobAt struct {
	Type string `json:"type"`
	SHA  string `json:"sha"`
	Size int64  `json:"size"`
}

// readAt looks what a path holds: a plain file, or an error.
func readAt(ctx context.Context, s *sdk.Session, r *repository, file string) (blobAt, error) {
	var raw json.RawMessage
	var b blobAt
	if _, err := get(ctx, s, contentsRef(r, file), "", &raw); err != nil {
		return b, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte{'['}) {
		return b, sdk.Errorf(sdk.ErrUnsupported, "%s is a folder", file)
	}
	switch err := json.Unmarshal(raw, &b); {
	case err != nil || b.SHA == "":
		return b, missing("file", "sha")
	case b.Type != "file":
		return b, sdk.Errorf(sdk.ErrUnsupported, "%s is a %s, not a file", file, cut(b.Type, maxMessage))
	case b.Size > maxFile:
		return b, sdk.Errorf(sdk.ErrUnsupported, "%s has %d bytes, at most %d can be written over the API", file, b.Size, maxFile)
	}
	return b, nil
}

// readBlob reads a content by its name. GitHub keeps it as long as some commit has it.
func readBlob(ctx context.Context, s *sdk.Session, r *repository, sha string) ([]byte, error) {
	var b struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if _, err := get(ctx, s, r.path(path("/git/blobs/%s", sha)), "", &b); err != nil {
		return nil, err
	}
	content, err := base64.StdEncoding.DecodeString(b.Content)
	if err != nil || b.Encoding != "base64" || gitSHA(content) != sha {
		return nil, &sdk.Error{Type: sdk.ErrInternal, Sent: true, Message: "GitHub gave another content than the one asked for"}
	}
	return content, nil
}

// write puts content where the one named from is; from "" makes the file. GitHub refuses it when something else is there.
// already: it is there, because a request whose answer was lost wrote it.
func write(ctx context.Context, s *sdk.Session, r *repository, file, message, from string, content []byte) (already bool, err error) {
	in := map[string]string{"message": message, "content": base64.StdEncoding.EncodeToString(content)}
	if from != "" {
		in["sha"] = from
	}
	err = change(ctx, s, http.MethodPut, contentsRef(r, file), in, nil)
	if t := sdk.TypeOf(err); t != sdk.ErrConflict && (t != sdk.ErrInvalid || from != "") {
		return false, err
	}
	now, readErr := readAt(ctx, s, r, file)
	switch {
	case readErr == nil && now.SHA == gitSHA(content):
		return true, nil
	case readErr == nil && now.SHA == from && !ruled(err): // another write to the repository came between
		return false, &sdk.Error{Type: sdk.ErrNotReady, Sent: true, RetryAfter: time.Second, Message: err.Error()}
	}
	return false, err
}

// ruled: a rule of the repository forbids it, whoever comes first.
func ruled(err error) bool { return strings.Contains(strings.ToLower(err.Error()), "rule") }

// version is a file's content by the name that Git gives it.
type version struct {
	SHA string `json:"sha"`
}

const keptInHistory = "the history of the repository keeps every former content"

func overwrite() sdk.Actor {
	return &sdk.Change[version]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (version, error) {
			r, file, err := fileOf(ctx, s, i)
			if err != nil {
				return version{}, err
			}
			b, err := readAt(ctx, s, r, file)
			return version{b.SHA}, err
		},
		Want: func(i *sdk.Intent, _ version) (version, error) {
			content := sdk.Arg(i, "content")
			if len(content) > maxFile {
				return version{}, sdk.Errorf(sdk.ErrInvalid, "content has %d bytes, at most %d can be written", len(content), maxFile)
			}
			return version{gitSHA([]byte(content))}, nil
		},
		Write: writeVersion,
		Effects: func(i *sdk.Intent, _, _ version) []string {
			if i.GetUndo() != nil {
				return []string{called(i, "file") + " has its former content again, in a new commit", keptInHistory}
			}
			return []string{called(i, "file") + " has another content, in a new commit", keptInHistory}
		},
		Precondition: func(now version) string { return now.SHA },
	}
}

// writeVersion takes the content from the arguments, or from the history.
func writeVersion(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to version) (*sdk.Outcome, error) {
	r, file, err := fileOf(ctx, s, i)
	if err != nil {
		return nil, err
	}
	content, message := []byte(sdk.Arg(i, "content")), "Replace content"
	if i.GetUndo() != nil {
		message = "Put the former content back"
		if content, err = readBlob(ctx, s, r, to.SHA); err != nil {
			return nil, err
		}
	}
	if gitSHA(content) != to.SHA {
		return nil, sdk.Errorf(sdk.ErrInvalid, "the content is not the one that was prepared")
	}
	already, err := write(ctx, s, r, file, message, from.SHA, content)
	if already {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	return nil, err
}
