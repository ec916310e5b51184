package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
)

// written is a file as far as its content goes.
type written struct {
	place
	Name    string `json:"name"`
	SHA1    string `json:"sha1"`
	Version string `json:"version"`
	ETag    string `json:"etag"`
}

// writing is the snapshot of an overwrite: where the file stood, and the content it is to have.
type writing struct {
	From written `json:"from"`
	SHA1 string  `json:"sha1"`
}

func contentActions() sdk.Actions {
	return sdk.Actions{
		onItems(sdk.Action{
			Name: "overwrite", Doc: "gives a file a new version with other text; the former stays in its version history",
			Safety: sdk.Precondition, Undo: sdk.UndoPartial, Lock: "content", By: overwrite{},
			Loses: "the version history gets one version more from each; when the file was last changed, and by whom",
		}, sdk.Setting{Name: "text", Required: true, Doc: "the new content, up to 48 KiB"}),
	}
}

// overwrite uploads a version, and its undo makes the former one current again. Box refuses the upload when somebody changed
// the file since it was planned; the undo looks first.
type overwrite struct{}

// Prepare is part of sdk.Actor.
func (o overwrite) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	now, err := readWritten(ctx, s, i)
	if err != nil {
		return nil, err
	}
	w := writing{From: now, SHA1: sumOf([]byte(sdk.Arg(i, "text")))}
	p := &sdk.Plan{Effects: []string{fmt.Sprintf("%s gets a new version with %d bytes of text", now.Name, len(sdk.Arg(i, "text")))}}
	if u := i.GetUndo(); u != nil {
		done, err := writingOf(u.GetPlan())
		switch {
		case err != nil:
			return nil, err
		case now.SHA1 != done.SHA1 && now.SHA1 != done.From.SHA1:
			return nil, sdk.Errorf(sdk.ErrConflict, "file %s has other content by now than the action gave it", i.GetTarget().GetId())
		}
		w.SHA1 = done.From.SHA1
		p.Effects = []string{fmt.Sprintf("version %s of %s is made the current one again", done.From.Version, now.Name)}
	} else if len(sdk.Arg(i, "text")) > maxText {
		return nil, sdk.Errorf(sdk.ErrInvalid, "argument text has %d bytes: at most %d are expected", len(sdk.Arg(i, "text")), maxText)
	}
	if p.Already = now.SHA1 == w.SHA1; p.Already {
		p.Effects = nil
	}
	p.Snapshot, p.Precondition = []byte(pack(w)), now.ETag
	return p, nil
}

func readWritten(ctx context.Context, s *sdk.Session, i *sdk.Intent) (written, error) {
	if placeOf(i).Kind != typeFile {
		return written{}, sdk.Errorf(sdk.ErrInvalid, "item %s is a folder: only files have content", i.GetTarget().GetId())
	}
	it, err := itemNow(ctx, s, i, "sha1,file_version,etag")
	if err != nil {
		return written{}, err
	}
	if it.SHA1 == "" || it.ETag == "" {
		return written{}, missing("file", "sha1 and etag")
	}
	return written{place: placeOf(i), Name: it.Name, SHA1: it.SHA1, Version: it.Version.ID, ETag: it.ETag}, nil
}

func writingOf(p *sdk.Plan) (w writing, err error) {
	if err := json.Unmarshal(p.GetSnapshot(), &w); err != nil {
		return w, sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return w, nil
}

// Act is part of sdk.Actor.
func (o overwrite) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte, _ func([]byte) error) (*sdk.Outcome, error) {
	w, err := writingOf(p)
	if err != nil {
		return nil, err
	}
	if w.From.SHA1 == w.SHA1 {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	if u := i.GetUndo(); u != nil {
		done, err := writingOf(u.GetPlan())
		if err != nil {
			return nil, err
		}
		return promote(ctx, s, i, w, done.From.Version)
	}
	_, err = upload(ctx, s, itemURL(i, "/content"), w.From.Owner, p.GetPrecondition(), map[string]string{"name": w.From.Name},
		[]byte(sdk.Arg(i, "text")))
	if err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// promote makes a former version current. The request takes no condition, so whether it still has to be is seen before.
func promote(ctx context.Context, s *sdk.Session, i *sdk.Intent, w writing, version string) (*sdk.Outcome, error) {
	now, err := readWritten(ctx, s, i)
	switch {
	case err != nil:
		return nil, err
	case now.SHA1 == w.SHA1:
		return &sdk.Outcome{State: sdk.Already}, nil
	case now.ETag != w.From.ETag:
		return nil, sdk.Errorf(sdk.ErrConflict, "file %s was changed since by somebody else", i.GetTarget().GetId())
	}
	err = order(ctx, s, http.MethodPost, itemURL(i, "/versions/current"), now.Owner, map[string]string{"type": "file_version", "id": version})
	if err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// ReadBack is part of sdk.Actor.
func (o overwrite) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte) (*sdk.ReadBack, error) {
	w, err := writingOf(p)
	if err != nil {
		return nil, err
	}
	now, err := readWritten(ctx, s, i)
	switch {
	case err != nil:
		return nil, err
	case now.SHA1 == w.SHA1:
		return &sdk.ReadBack{State: sdk.Applied}, nil
	case now.SHA1 == w.From.SHA1:
		return &sdk.ReadBack{State: sdk.NotApplied}, nil
	}
	return &sdk.ReadBack{State: sdk.Differs, Detail: "the file has other content than before, and than was to be written"}, nil
}
