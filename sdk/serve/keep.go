package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// spendTime bounds how long a secret that works once is on its way. Whoever asked may give up earlier; the spending goes on.
const spendTime = 30 * time.Second

// keep has the agent seal a rotated secret before it returns. A refresh that another one overtook is a conflict; the
// winner's value is in force then.
func (s *session) keep(ctx context.Context, name, value string, expires time.Time) error {
	k := &wire.KeepSecret{Name: name, Value: value, Replaces: s.secret(name)}
	if !expires.IsZero() {
		k.Expires = timestamppb.New(expires)
	}
	return s.seal(ctx, k)
}

func (s *session) seal(ctx context.Context, k *wire.KeepSecret) error {
	kept, err := s.askKept(ctx, k)
	if err != nil {
		return fmt.Errorf("keeping secret %s: %w", k.GetName(), err)
	}
	if kept.GetResult() == "ok" {
		s.setSecret(k.GetName(), k.GetValue())
		return nil
	}
	if kept != nil && kept.Value != nil {
		s.setSecret(k.GetName(), kept.GetValue())
	}
	return sdk.Errorf(sdk.ErrConflict, "secret %s was replaced by another refresh meanwhile", k.GetName())
}

func (s *session) askKept(ctx context.Context, k *wire.KeepSecret) (*wire.Kept, error) {
	k.Id = s.ids.Add(1)
	a, err := s.ask(ctx, k.GetId(), &wire.SessionConnector{Msg: &wire.SessionConnector_Keep{Keep: k}})
	return a.GetKept(), err
}

func (s *session) setSecret(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name] = value
}

// rotating gives the description of a connector, in which secrets that work once are only spent under a claim.
func (s *session) rotating(d *sdk.Description) *sdk.Description {
	out := *d
	out.Auth = append(sdk.Auth{}, d.Auth...)
	for i := range out.Auth {
		if m := d.Auth[i]; m.Rotates != "" && m.Token != nil {
			r := &rotation{s: s, method: m}
			out.Auth[i].Token = r.token
		}
	}
	return &out
}

// rotation obtains the tokens of one method, one at a time: there is one token for all audiences.
type rotation struct {
	s      *session
	method sdk.Method

	mu   sync.Mutex
	last *sdk.Token // given out before: whoever asks again cannot use it
}

func (r *rotation) token(ctx context.Context, sess *sdk.Session, audience string) (*sdk.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spendTime)
	defer cancel()
	claim := &wire.KeepSecret{Name: r.method.Rotates, Step: wire.KeepSecret_CLAIM}
	if r.last != nil {
		claim.Token = &wire.AccessToken{Value: r.last.Value}
	}
	kept, err := r.s.askKept(ctx, claim)
	if err != nil {
		return nil, err
	}
	if t := kept.GetToken(); kept.GetResult() == "token" && t.GetValue() != "" {
		r.last = &sdk.Token{Value: t.GetValue()}
		if t.GetExpires() != nil {
			r.last.Expires = t.GetExpires().AsTime()
		}
		return r.last, nil
	}
	r.s.setSecret(r.method.Rotates, kept.GetValue())
	token, err := r.spend(ctx, sess, audience, kept.GetValue())
	if err == nil {
		r.last = token
	}
	return token, err
}

// spend exchanges what was claimed, and ends the claim in every case.
func (r *rotation) spend(ctx context.Context, sess *sdk.Session, audience, value string) (token *sdk.Token, err error) {
	step := wire.KeepSecret_LOST // also after a panic
	defer func() {
		if step != wire.KeepSecret_KEEP {
			_, failed := r.s.askKept(ctx, &wire.KeepSecret{Name: r.method.Rotates, Replaces: value, Step: step})
			err = errors.Join(err, failed)
		}
	}()
	sent := &noted{next: sess.HTTP.Transport}
	asked := *sess
	asked.HTTP = &http.Client{Transport: sent, CheckRedirect: sess.HTTP.CheckRedirect}
	if token, err = r.method.Token(ctx, &asked, audience); err != nil {
		if !sent.spent() {
			step = wire.KeepSecret_RELEASE
		}
		return nil, err
	}
	if token == nil || token.Value == "" || token.Next == "" {
		return nil, sdk.Errorf(sdk.ErrInternal, "the connector gave no access token, or nothing in place of %s", r.method.Rotates)
	}
	step = wire.KeepSecret_KEEP
	k := &wire.KeepSecret{Name: r.method.Rotates, Value: token.Next, Replaces: value, Token: accessToken(token)}
	return token, r.s.seal(ctx, k)
}

// noted sees what became of the requests that may have spent a secret: what an author's error says of them is not relied on.
type noted struct {
	next http.RoundTripper

	mu  sync.Mutex
	may bool // a request left, and was not answered with a throttle
}

// RoundTrip is part of http.RoundTripper.
func (n *noted) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := n.next.RoundTrip(r)
	e, typed := errors.AsType[*sdk.Error](err)
	unspent := res != nil && res.StatusCode == http.StatusTooManyRequests || typed && (!e.Sent || e.Type == sdk.ErrThrottled)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.may = n.may || !unspent
	return res, err
}

func (n *noted) spent() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.may
}

func accessToken(t *sdk.Token) *wire.AccessToken {
	if t == nil || t.Value == "" {
		return nil
	}
	a := &wire.AccessToken{Value: t.Value}
	if !t.Expires.IsZero() {
		a.Expires = timestamppb.New(t.Expires)
	}
	return a
}
