package sink

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/secret"
)

// newTarget makes the outside of a sink: the place to add a kind.
func newTarget(c *Config, s *config.Sink) target {
	switch {
	case s.Webhook != nil:
		return newWebhook(c, s)
	case s.SMTP != nil:
		return newMail(c, s)
	}
	return newFile(s.OCSF, c.Version)
}

// reveal resolves a credential.
func reveal(ctx context.Context, c config.Credential) (secret.Value, error) {
	if c.Reference.IsZero() {
		return secret.New(c.Literal), nil
	}
	return c.Reference.Resolve(ctx)
}

// at once is for targets that hold nothing back.
type atOnce struct{}

func (atOnce) ready(batch []item, _ time.Time) (int, time.Time) { return len(batch), time.Time{} }
