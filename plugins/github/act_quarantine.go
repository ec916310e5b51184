package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// quarantine moves a file into a private repository: it copies it there, then leaves a text in its place. Undo puts it
// back, then deletes the copy.
type quarantine struct{}

// moved is the snapshot: a file, and where its copy is.
type moved struct {
	Path string `json:"path"`
	SHA  string `json:"sha"` // of the file
	Text string `json:"text"`
	To   string `json:"to"`   // id of the quarantine repository
	Copy string `json:"copy"` // path there
	Back bool   `json:"back,omitempty"`
}

// stone is the name of what is left in the file's place.
func (m *moved) stone() string { return gitSHA([]byte(m.Text)) }

const (
	defaultStone = "This file was moved to quarantine. Ask the owners of the organisation for it.\n"
	// copied is the progress when the copy is there, and ours; found: it was there before, or a lost request made it; back: the
	// file is in its place again.
	copied, found, putBack = "copied", "found", "back"
)

var quarantineArgs = []sdk.Setting{
	{Name: "repository", Required: true, Doc: "name of the quarantine repository: private, of the same organisation, with few who may read it"},
	{Name: "text", Default: defaultStone, Doc: "what is left in the file's place"},
}

// Prepare is part of sdk.Actor.
func (quarantine) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	r, file, err := fileOf(ctx, s, i)
	if err != nil {
		return nil, err
	}
	now, err := readAt(ctx, s, r, file)
	if err != nil {
		return nil, err
	}
	var m *moved
	if i.GetUndo() == nil {
		m, err = planned(ctx, s, i, r, file, now)
	} else if m, err = readMoved(i.GetUndo().GetPlan()); err == nil {
		m.Back = true
		if now.SHA != m.stone() && now.SHA != m.SHA {
			err = sdk.Errorf(sdk.ErrConflict, "%s was changed since by somebody else", file)
		}
	}
	if err != nil {
		return nil, err
	}
	p := &sdk.Plan{Precondition: now.SHA, Already: now.SHA == m.stone() && !m.Back}
	if m.Back && now.SHA == m.SHA {
		p.Already, err = m.copyGone(ctx, s)
	}
	if err == nil {
		p.Snapshot, err = json.Marshal(m)
	}
	switch {
	case err != nil:
		return nil, err
	case p.GetAlready():
	case m.Back:
		p.Effects = []string{file + " of " + r.FullName + " is in its place again, in a new commit", "its copy is deleted; the history of the quarantine keeps it"}
	default:
		p.Effects = []string{
			file + " of " + r.FullName + " is moved to repository " + sdk.Arg(i, "repository") + "; a text is left in its place", keptInHistory,
		}
	}
	return p, nil
}

// planned checks the quarantine repository.
func planned(ctx context.Context, s *sdk.Session, i *sdk.Intent, r *repository, file string, now blobAt) (*moved, error) {
	name := sdk.Arg(i, "repository")
	if name == "" || strings.Contains(name, "/") {
		return nil, sdk.Errorf(sdk.ErrInvalid, "repository is %q, the name of a repository of the organisation is expected", name)
	}
	m := &moved{Path: file, SHA: now.SHA, Text: sdk.Arg(i, "text"), Copy: num(r.ID) + "/" + now.SHA + "/" + file}
	if m.Text == "" {
		m.Text = defaultStone
	}
	var to repository
	_, err := get(ctx, s, path("/repos/%s/%s", s.Settings["organization"], name), "", &to)
	switch {
	case err != nil:
		return nil, err
	case to.ID <= 0:
		return nil, missing("repository", "id")
	case to.visibility() != "private" || to.Archived || to.ID == r.ID:
		return nil, sdk.Errorf(sdk.ErrInvalid, "%s cannot be the quarantine: it must be private, not archived, and another repository than the file's", name)
	}
	m.To = num(to.ID)
	return m, nil
}

func readMoved(p *sdk.Plan) (*moved, error) {
	var m moved
	if err := json.Unmarshal(p.GetSnapshot(), &m); err != nil || m.SHA == "" {
		return nil, sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return &m, nil
}

// Act is part of sdk.Actor.
func (quarantine) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	if p.GetAlready() {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	m, err := readMoved(p)
	if err != nil {
		return nil, err
	}
	r, _, err := fileOf(ctx, s, i)
	if err != nil {
		return nil, err
	}
	to, err := repositoryOf(ctx, s, m.To)
	if err != nil {
		return nil, err
	}
	if m.Back {
		return m.giveBack(ctx, s, r, to, progress, keep)
	}
	return m.take(ctx, s, r, to, progress, keep)
}

// take copies the file and puts the text in its place.
func (m *moved) take(ctx context.Context, s *sdk.Session, r, to *repository, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	if len(progress) == 0 {
		content, err := readBlob(ctx, s, r, m.SHA)
		if err != nil {
			return nil, err
		}
		there, err := write(ctx, s, to, m.Copy, "Quarantine "+r.FullName+"/"+m.Path, "", content)
		if err != nil {
			return nil, err
		}
		progress = []byte(copied)
		if there {
			progress = []byte(found)
		}
		if err := keep(progress); err != nil {
			return nil, err
		}
	}
	already, err := write(ctx, s, r, m.Path, "Move to quarantine", m.SHA, []byte(m.Text))
	if already {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	if o := sdk.OutcomeOf(err, false); err != nil && o.GetState() == sdk.Refused && refusedAlone(err) {
		if string(progress) == copied {
			if err := m.deleteCopy(ctx, s, to); err != nil {
				return nil, err
			}
		}
		return o, nil // the file is as it was, and so is the quarantine
	}
	if err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// giveBack puts the file in its place and deletes the copy.
func (m *moved) giveBack(ctx context.Context, s *sdk.Session, r, to *repository, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	if len(progress) == 0 {
		content, err := readBlob(ctx, s, to, m.SHA)
		if sdk.TypeOf(err) == sdk.ErrNotFound { // somebody emptied the quarantine
			content, err = readBlob(ctx, s, r, m.SHA)
		}
		if err != nil {
			return nil, err
		}
		if _, err := write(ctx, s, r, m.Path, "Move back from quarantine", m.stone(), content); err != nil {
			return nil, err
		}
		if err := keep([]byte(putBack)); err != nil {
			return nil, err
		}
	}
	if err := m.deleteCopy(ctx, s, to); err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// deleteCopy deletes the copy as it was made; another file in its place is left alone.
func (m *moved) deleteCopy(ctx context.Context, s *sdk.Session, to *repository) error {
	in := map[string]string{"message": "Moved back", "sha": m.SHA}
	err := change(ctx, s, http.MethodDelete, contentsRef(to, m.Copy), in, nil)
	if !refusedAlone(err) {
		return err
	}
	if cleared, readErr := m.copyGone(ctx, s); readErr == nil && cleared {
		return nil
	}
	return later(err) // GitHub says "not found", too, to who may not delete it
}

func (m *moved) copyGone(ctx context.Context, s *sdk.Session) (bool, error) {
	to, err := repositoryOf(ctx, s, m.To)
	if err != nil {
		return false, err
	}
	now, err := readAt(ctx, s, to, m.Copy)
	if err != nil {
		return sdk.TypeOf(err) == sdk.ErrNotFound, gone(err)
	}
	return now.SHA != m.SHA, nil
}

// ReadBack is part of sdk.Actor.
func (quarantine) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte) (*sdk.ReadBack, error) {
	m, err := readMoved(p)
	if err != nil {
		return nil, err
	}
	r, file, err := fileOf(ctx, s, i)
	if err != nil {
		return nil, err
	}
	now, err := readAt(ctx, s, r, file)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return &sdk.ReadBack{State: sdk.Differs, Detail: file + " is not there any more"}, nil
	case err != nil:
		return nil, err
	case now.SHA == m.stone() && !m.Back:
		return &sdk.ReadBack{State: sdk.Applied}, nil
	case now.SHA == m.SHA && m.Back:
		cleared, err := m.copyGone(ctx, s)
		if cleared {
			return &sdk.ReadBack{State: sdk.Applied}, err
		}
		return &sdk.ReadBack{State: sdk.NotApplied}, err // the copy is to be deleted
	case now.SHA == m.stone(), now.SHA == m.SHA:
		return &sdk.ReadBack{State: sdk.NotApplied}, nil
	}
	return &sdk.ReadBack{State: sdk.Differs, Detail: file + " has a third content, " + now.SHA}, nil
}
