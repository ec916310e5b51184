package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/decision"
)

// Governor is what a Backend has beside, when alerts and decisions are kept.
type Governor interface {
	// Own gives the agent's own documents for reading, nil when there are none yet. done lets go of them.
	Own() (docs alert.Docs, done func(), err error)
	// PolicyNames are those of the configuration.
	PolicyNames() []string
	// Alerts and Decisions are nil when no agent runs.
	Alerts() *alert.Alerts
	Decisions() *decision.Decisions
}

type authorKey struct{}

// WithAuthor says who asks, as the connection proves it.
func WithAuthor(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, authorKey{}, who)
}

// Author is who asks, if that is known.
func Author(ctx context.Context) (who string, known bool) {
	who, _ = ctx.Value(authorKey{}).(string)
	return who, who != ""
}

// author is the same for what nobody may do namelessly.
func author(r *http.Request) (string, error) {
	who, known := Author(r.Context())
	if !known {
		return "", &httpError{http.StatusForbidden, "who asks is not known: ask over the agent's unix socket"}
	}
	return who, nil
}

// own gives the agent's documents; nil: there are none.
func (s *server) own() (alert.Docs, func(), error) {
	if g, ok := s.b.(Governor); ok {
		return g.Own()
	}
	return nil, func() {}, nil
}

func (s *server) governor() (Governor, error) {
	g, ok := s.b.(Governor)
	if !ok || g.Alerts() == nil || g.Decisions() == nil {
		return nil, &httpError{http.StatusConflict, "no agent runs: start it with `mooring run`"}
	}
	return g, nil
}

// refused turns what a package refuses into an answer.
func refused(err error) error {
	if e, ok := errors.AsType[*alert.InvalidError](err); ok {
		return badRequest("%s", e.Text)
	}
	if e, ok := errors.AsType[*decision.InvalidError](err); ok {
		return badRequest("%s", e.Text)
	}
	if errors.Is(err, alert.ErrNotFound) || errors.Is(err, decision.ErrNotFound) {
		return notFound("%v", err)
	}
	return err
}

func sendJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// sendLines answers one value a line, with a trailer.
func sendLines[T any](w http.ResponseWriter, all []T) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	for _, v := range all {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	if err := enc.Encode(Trailer{Coverage: []Coverage{}, Count: len(all)}); err != nil {
		return err
	}
	return out.Flush()
}
