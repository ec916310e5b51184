package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// Check asks who the credential is, and each listing for one entry.
func (connector) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	me, err := whoami(ctx, s)
	if err != nil {
		return nil, err
	}
	st := &sdk.Status{
		TenantID: me.Enterprise.ID, TenantName: me.Enterprise.Name, Subject: strings.TrimSpace(me.Name + " " + me.Login),
		Owners: []sdk.QuotaOwner{{Bucket: "calls", Owner: "user " + me.ID, Limit: callsAMinute}},
	}
	names := map[string]string{"{enterprise}": me.Enterprise.ID}
	for _, src := range sources() {
		c := sdk.Capability{Name: "list:" + src.spec.Name, State: sdk.Unknown}
		body, err := src.try(ctx, s, names)
		if ctx.Err() != nil || sdk.TypeOf(err) == sdk.ErrAuth {
			return nil, errors.Join(err, ctx.Err())
		}
		src.judge(&c, src.explain(err))
		src.follow(&c, st.Capabilities)
		learn(names, src.spec.Name, body)
		c.Fingerprint = fingerprint(c.Name, c.State.String(), me.ID, me.Role)
		st.Capabilities = append(st.Capabilities, c)
	}
	st.Capabilities = append(st.Capabilities, streamCapability(st.Capabilities), webhookCapability(s))
	if s.Acting {
		st.Capabilities = append(st.Capabilities,
			actCapability(actFiles, "list:trash", st.Capabilities), actCapability(actAccounts, "list:users", st.Capabilities))
	}
	return st, nil
}

var errNoOne = errors.New("there is nothing to try it with")

// try asks for one entry.
func (src *source) try(ctx context.Context, s *sdk.Session, names map[string]string) (json.RawMessage, error) {
	ref, as := src.probe, ""
	for key, id := range names {
		ref = strings.ReplaceAll(ref, key, path("%s", id))
	}
	if src.asOne {
		as = names["{user}"]
	}
	if strings.Contains(ref, "{") || src.asOne && as == "" {
		return nil, errNoOne
	}
	var body struct {
		Entries json.RawMessage `json:"entries"`
	}
	err := get(ctx, s, ref, as, &body)
	if err == nil && body.Entries == nil {
		err = missing("list", "entries")
	}
	return body.Entries, err
}

// judge says what the answer means.
func (src *source) judge(c *sdk.Capability, err error) {
	e, _ := errors.AsType[*sdk.Error](err)
	switch {
	case err == nil:
		c.State = sdk.Held
		return
	case errors.Is(err, errNoOne):
	case sdk.TypeOf(err) == sdk.ErrPermission, sdk.TypeOf(err) == sdk.ErrNotFound && src.asOne:
		c.State, c.Missing = sdk.Missing, src.spec.Permissions
	}
	c.Reason = err.Error()
	if e != nil && e.Message != "" { // the permission stands beside it
		c.Reason = e.Message
	}
	if c.State == sdk.Missing && src.asOne && !errors.Is(err, errScope) {
		c.Reason += "; the app needs App + Enterprise Access, and under Advanced Features Make API calls using the as-user header"
	}
}

// follow: where the parent cannot be listed, neither can what is in it.
func (src *source) follow(c *sdk.Capability, before []sdk.Capability) {
	for _, p := range before {
		if c.State == sdk.Unknown && p.State == sdk.Missing && p.Name == "list:"+src.spec.Parent {
			c.State, c.Missing, c.Reason = p.State, p.Missing, src.spec.Parent+" cannot be listed, so neither can their "+src.spec.Name
		}
	}
}

// learn takes the names for later probes from the first entries: a user, whom one can act as, and a group.
func learn(names map[string]string, listing string, body json.RawMessage) {
	var list []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	key := map[string]string{"users": "{user}", "groups": "{group}"}[listing]
	if json.Unmarshal(body, &list) != nil || key == "" {
		return
	}
	for _, one := range list {
		if one.ID != "" && one.Status != "inactive" {
			names[key] = one.ID
			return
		}
	}
}

const callsAMinute = 1000

// streamCapability: the stream tells at once what changed; without it only the listings' own rounds do.
func streamCapability(list []sdk.Capability) sdk.Capability {
	c := sdk.Capability{Name: "realtime:stream", State: sdk.Unknown}
	for _, l := range list {
		if l.Name == "list:events" {
			c.State, c.Missing, c.Reason, c.Fingerprint = l.State, l.Missing, l.Reason, l.Fingerprint
		}
	}
	return c
}

// actCapability is that of the listing which needs the same scope: nothing is written to find out.
func actCapability(name, as string, list []sdk.Capability) sdk.Capability {
	c := sdk.Capability{Name: name, State: sdk.Unknown}
	for _, l := range list {
		if l.Name == as {
			c.State, c.Missing, c.Reason, c.Fingerprint = l.State, l.Missing, l.Reason, l.Fingerprint
		}
	}
	return c
}

func webhookCapability(s *sdk.Session) sdk.Capability {
	c := sdk.Capability{Name: "realtime:webhook", State: sdk.Held}
	if s.Secret(primaryField) == "" && s.Secret(secondaryField) == "" {
		c.State, c.Reason = sdk.SwitchedOff, "set webhook_primary_key and webhook_secondary_key, from the app's page Webhooks"
	}
	return c
}

// fingerprint of what a credential sees.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(sdk.ID(parts...)))
	return hex.EncodeToString(sum[:16])
}
