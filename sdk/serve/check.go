package serve

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	// probeWindow is what a probe asks of a feed that is read by windows.
	probeWindow = time.Hour
	// stretch is the work of the digest of the credentials in a fingerprint, so that it gives away no weak one.
	stretch = 100_000
)

// Check tells who the credential is and what it may do. Connectors without a Checker are probed.
func (s *server) Check(ctx context.Context, req *wire.CheckRequest) (*wire.CheckResponse, error) {
	var out *wire.CheckResponse
	c, ok := s.connector.(sdk.Checker)
	if !ok {
		out, err := s.probe(ctx, req.GetCallId())
		return out, link.Status(err)
	}
	err := s.do(ctx, "Check", req.GetCallId(), func(ctx context.Context, sess *sdk.Session) error {
		st, err := c.Check(ctx, sess)
		if err != nil {
			return err
		}
		if st == nil {
			return sdk.Errorf(sdk.ErrInternal, "Check gave neither a status nor an error")
		}
		out = statusToWire(st)
		return nil
	})
	return out, link.Status(err)
}

func statusToWire(st *sdk.Status) *wire.CheckResponse {
	m := &wire.CheckResponse{
		TenantId: st.TenantID, TenantName: st.TenantName, Subject: st.Subject,
		CredentialExpires: sdk.At(st.CredentialExpires), Domains: st.Domains,
	}
	for _, o := range st.Owners {
		w := &wire.QuotaOwner{Bucket: o.Bucket, Owner: o.Owner}
		if o.Limit > 0 {
			w.Limit = &o.Limit
		}
		m.Owners = append(m.Owners, w)
	}
	for _, c := range st.Capabilities {
		m.Capabilities = append(m.Capabilities, &wire.Capability{
			Name: c.Name, State: c.State, Missing: c.Missing, Reason: c.Reason, Fingerprint: c.Fingerprint,
		})
	}
	return m
}

// errProbed stops a walk after its first part.
var errProbed = errors.New("probed")

// probe asks each root listing for its first page. A wrong credential fails the whole check.
func (s *server) probe(ctx context.Context, callID string) (*wire.CheckResponse, error) {
	sess, err := s.current()
	if err != nil {
		return nil, err
	}
	m := &wire.CheckResponse{TenantId: s.tenant(sess.sdk.Settings)}
	var held []string
	for _, l := range s.description.GetListings() {
		c := &wire.Capability{Name: "list:" + l.GetName()}
		m.Capabilities = append(m.Capabilities, c)
		if l.GetParent() != "" {
			c.State, c.Reason = wire.Capability_UNKNOWN, "known after listing "+l.GetParent()
			continue
		}
		err := s.probeListing(ctx, callID, l)
		if sdk.TypeOf(err) == sdk.ErrAuth || ctx.Err() != nil {
			return nil, err
		}
		judge(c, l, err)
		if c.GetState() == wire.Capability_HELD {
			held = append(held, l.GetName())
		}
	}
	seen, err := fingerprint(sess, held)
	for _, c := range m.GetCapabilities() {
		c.Fingerprint = seen
	}
	return m, err
}

func (s *server) probeListing(ctx context.Context, callID string, l *wire.ListingSpec) error {
	req := &wire.ScanRequest{CallId: callID, Listing: l.GetName(), Shard: &wire.Shard{Listing: l.GetName()}, Mode: wire.ScanMode_SCAN_MODE_FULL}
	if window := l.GetMaxWindow().AsDuration(); window > 0 {
		now := time.Now()
		req.Mode = wire.ScanMode_SCAN_MODE_WINDOW
		req.From, req.Until = timestamppb.New(now.Add(-min(window, probeWindow))), timestamppb.New(now)
	}
	probed := false
	_, err := s.scan(ctx, req, func([]byte, func([]byte)) error {
		probed = true
		return errProbed
	})
	if probed {
		return nil
	}
	return err
}

// judge says what an answer to the first page means.
func judge(c *wire.Capability, l *wire.ListingSpec, err error) {
	c.State = wire.Capability_UNKNOWN
	if err == nil {
		c.State = wire.Capability_HELD
		return
	}
	c.Reason = err.Error()
	switch sdk.TypeOf(err) {
	case sdk.ErrPermission:
		c.State, c.Missing = wire.Capability_MISSING, l.GetPermissions()
		if e, ok := errors.AsType[*sdk.Error](err); ok && e.Permission != "" {
			c.Missing = []string{e.Permission}
		}
	case sdk.ErrNotInPlan:
		c.State = wire.Capability_NOT_IN_PLAN
	}
}

// tenant is the best that can be said without asking the provider: the host, and the settings that make the tenant.
func (s *server) tenant(settings sdk.Settings) string {
	var parts []string
	for _, spec := range s.description.GetSettings() {
		v := settings[spec.GetName()]
		if !spec.GetIdentity() || v == "" {
			continue
		}
		if u, err := url.Parse(v); err == nil && u.Host != "" {
			v = strings.ToLower(u.Host)
		}
		parts = append(parts, v)
	}
	return sdk.ID(parts...)
}

// fingerprint is equal as long as the same credentials see the same listings.
func fingerprint(sess *session, held []string) (string, error) {
	sess.mu.Lock()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(sess.secrets)), func(name string) bool { return sess.kept[name] })
	parts := make([]string, 0, 2*len(names))
	for _, n := range names {
		parts = append(parts, n, sess.secrets[n])
	}
	sess.mu.Unlock()
	salt := sdk.ID(append([]string{sess.sdk.Instance}, held...)...)
	sum, err := pbkdf2.Key(sha256.New, sdk.ID(parts...), []byte(salt), stretch, sha256.Size/2)
	if err != nil {
		return "", sdk.Errorf(sdk.ErrInternal, "fingerprint: %w", err)
	}
	return hex.EncodeToString(sum), nil
}
