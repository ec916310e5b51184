package main

import (
	"context"
	"crypto/md5" //nolint:gosec // Google's own sum of a content, by which it is known again
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) contentDeeds() []deed {
	return []deed{{needs: []scope{scopeDrive, scopeAudit}, Action: sdk.Action{
		Name: "overwrite", On: sdk.KindFile, Undo: sdk.UndoPartial,
		Loses: "who changed the file last and when; both contents stay in the history of versions",
		Doc: "Writes a text over the content of a file; what was there stays in its history of versions, for those who may edit it. " +
			"Documents of Google's own (Docs, Sheets, Slides) cannot be overwritten.",
		Args: []sdk.Setting{{Name: textArg, Required: true, Doc: "the new content"}},
		By:   overwrite{c},
	}}}
}

// version is a content of a file.
type version struct {
	Revision string `json:"revision,omitempty"`
	MD5      string `json:"md5"`
	Kept     bool   `json:"kept,omitempty"` // for ever, in the history
}

// rewrite is the snapshot: which content is there, and which shall be.
type rewrite struct {
	From version `json:"from"`
	To   version `json:"to"`
}

// overwrite writes content. Google checks nothing before it writes, so the connector looks right before: whoever writes in
// the moment between is found in the history.
type overwrite struct{ connector }

// Prepare is part of sdk.Actor.
func (a overwrite) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	cl := a.client(s)
	h, err := cl.reachBinary(ctx, i)
	if err != nil {
		return nil, err
	}
	r := rewrite{From: version{Revision: h.Head, MD5: h.MD5}}
	p := &sdk.Plan{}
	if u := i.GetUndo(); u != nil {
		done, err := rewriteOf(u.GetPlan())
		if err != nil {
			return nil, err
		}
		if h.MD5 != done.To.MD5 && h.MD5 != done.From.MD5 {
			return nil, sdk.Errorf(sdk.ErrConflict, "the file was written since by somebody else: its content is neither what the action left nor what was before")
		}
		r.To = done.From
		p.Effects = []string{"the content from before comes back as a new version"}
	} else {
		text := sdk.Arg(i, textArg)
		if text == "" {
			return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: textArg, Message: "argument " + textArg + " is empty: what shall the file hold?"}
		}
		r.To.MD5 = sumOf([]byte(text))
		if r.From.Kept, err = cl.kept(ctx, h); err != nil {
			return nil, err
		}
		p.Effects = []string{"the content of " + h.Name + " (" + h.Mime + ") becomes a text of " + strconv.Itoa(len(text)) + " bytes"}
		if h.Size != nil && *h.Size > maxContent {
			p.Undo = sdk.UndoNone
			p.Loses = []string{"the content is larger than " + strconv.Itoa(maxContent>>20) + " MiB: somebody has to restore it in Drive, from the history of versions"}
		}
	}
	if p.Already = r.From.MD5 == r.To.MD5; p.GetAlready() {
		p.Effects = nil
	}
	p.Snapshot = encode(r)
	return p, nil
}

// Act is part of sdk.Actor.
func (a overwrite) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte, _ func([]byte) error) (*sdk.Outcome, error) {
	r, err := rewriteOf(p)
	if err != nil {
		return nil, err
	}
	cl := a.client(s)
	h, err := cl.reachBinary(ctx, i)
	if err != nil {
		return nil, err
	}
	var n steps
	if h.MD5 != r.To.MD5 {
		if h.Head != r.From.Revision {
			return nil, sdk.Errorf(sdk.ErrConflict, "somebody wrote the file meanwhile: plan it again")
		}
		if err := cl.replace(ctx, &n, h, i, r); err != nil {
			return n.end(err)
		}
	}
	if i.GetUndo() != nil && !r.To.Kept { // the history need not keep it any more: it is the content again
		if err := cl.keepVersion(ctx, h, r.To.Revision, false); err != nil {
			return n.end(err)
		}
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// replace writes the content that shall be, once the one that is there is kept.
func (c *client) replace(ctx context.Context, n *steps, h *held, i *sdk.Intent, r rewrite) error {
	content := content(sdk.Arg(i, textArg))
	if i.GetUndo() != nil {
		k := drive(h.as, query("alt", "media"), revisionPath, h.ID, r.To.Revision)
		if err := c.do(ctx, k, &content); err != nil {
			return err
		}
		if sumOf(content) != r.To.MD5 {
			return &sdk.Error{Type: sdk.ErrUnavailable, Sent: true, Message: "the content from before did not come whole"}
		}
	} else if !r.From.Kept {
		if err := c.keepVersion(ctx, h, r.From.Revision, true); err != nil {
			return err
		}
		*n++
	}
	k := drive(h.as, query("uploadType", "media", "supportsAllDrives", "true", "fields", "id"), "/upload/drive/v3/files/%s", h.ID)
	k.method, k.raw, k.mime = http.MethodPatch, content, h.Mime
	err := c.do(ctx, k, nil) // not repeated by itself: it would be one more version
	if err == nil {
		*n++
	}
	return err
}

const revisionPath = "/drive/v3/files/%s/revisions/%s"

// kept says whether the history keeps the content of now for ever; else Google forgets it after 30 days or 100 more.
func (c *client) kept(ctx context.Context, h *held) (bool, error) {
	var r struct {
		Keep bool `json:"keepForever"`
	}
	err := c.do(ctx, drive(h.as, query("fields", "keepForever"), revisionPath, h.ID, h.Head), &r)
	return r.Keep, err
}

func (c *client) keepVersion(ctx context.Context, h *held, revision string, keep bool) error {
	k := drive(h.as, query("fields", "id"), revisionPath, h.ID, revision)
	k.method, k.body = http.MethodPatch, map[string]bool{"keepForever": keep}
	return c.do(sdk.Safe(ctx), k, nil)
}

// ReadBack is part of sdk.Actor.
func (a overwrite) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte) (*sdk.ReadBack, error) {
	r, err := rewriteOf(p)
	if err != nil {
		return nil, err
	}
	h, err := a.client(s).reachBinary(ctx, i)
	switch {
	case err != nil:
		return nil, err
	case h.MD5 == r.To.MD5:
		return &sdk.ReadBack{State: sdk.Applied}, nil
	case h.MD5 == r.From.MD5:
		return &sdk.ReadBack{State: sdk.NotApplied}, nil
	}
	return &sdk.ReadBack{State: sdk.Differs, Detail: "somebody else wrote another content"}, nil
}

// reachBinary is a file with content of its own.
func (c *client) reachBinary(ctx context.Context, i *sdk.Intent) (*held, error) {
	h, err := c.reach(ctx, i)
	if err == nil && (h.MD5 == "" || h.Head == "") {
		return nil, sdk.Errorf(sdk.ErrUnsupported, "%s is a %s, which has no content that can be overwritten", h.Name, h.Mime)
	}
	return h, err
}

func sumOf(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

func rewriteOf(p *sdk.Plan) (r rewrite, err error) {
	if err := json.Unmarshal(p.GetSnapshot(), &r); err != nil {
		return r, sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return r, nil
}
