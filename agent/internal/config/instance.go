package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const maxNameBytes = 63

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// instance reads one instance block. Its errors go into its Err; warnings go with the others.
func (l *loader) instance(f file, b *hclsyntax.Block) {
	i := &Instance{Range: b.DefRange(), Enabled: true, Realtime: "pull", Quota: Quota{Share: 1}}
	l.config.Instances = append(l.config.Instances, i)
	r := f.Sub("instance", b)
	r.Diags = &i.Err
	labels := r.Labels(b, `write instance "github" "sales" {`, "provider", "name")
	if labels == nil {
		return
	}
	i.Provider, i.Name = labels[0], labels[1]
	r.What = "instance " + i.ID()
	l.names(r, b, i)
	if i.Description = l.description(r, b, i.Provider); i.Description == nil {
		return
	}
	l.content(f, r, i)
	r.Done()
}

func (l *loader) names(r *syntax.Reader, b *hclsyntax.Block, i *Instance) {
	checkName(r, b, 0)
	checkName(r, b, 1)
	key := "instance " + i.ID()
	if first, again := l.first[key]; again {
		r.Errorf(b.LabelRanges[1], "give it another name: names are identities", "a second instance %s; the first is at %s", i.ID(), place(first))
		return
	}
	l.first[key] = b.LabelRanges[1]
}

func checkName(r *syntax.Reader, b *hclsyntax.Block, label int) {
	name := b.Labels[label]
	if !namePattern.MatchString(name) || len(name) > maxNameBytes {
		hint := fmt.Sprintf("use 1 to %d of a-z, 0-9 and -, not - first", maxNameBytes)
		if better := asName(name); better != "" {
			hint += fmt.Sprintf("; write %q", better)
		}
		r.Errorf(b.LabelRanges[label], hint, "the name %q cannot be used", syntax.Short(name))
	}
}

// asName makes a name out of another, or "".
func asName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9'):
			return r
		}
		return '-'
	}, s)
	s = strings.Trim(s, "-")
	return s[:min(len(s), maxNameBytes)]
}

// description gives what the connector says of itself, nil with an error when there is none.
func (l *loader) description(r *syntax.Reader, b *hclsyntax.Block, provider string) *wire.Description {
	at := b.LabelRanges[0]
	var names []string
	if l.providers != nil {
		names = l.providers.Names()
	}
	for _, name := range names {
		if name != provider {
			continue
		}
		d, err := l.providers.Description(provider)
		if err != nil || d == nil {
			r.Errorf(at, "run `mooring connector lock`", "the connector %s cannot be used: %v", provider, err)
			return nil
		}
		return d
	}
	if len(names) == 0 {
		r.Errorf(at, "put the connectors into agent.connector_dirs and run `mooring connector lock`; in a clone of the sources `make build` does both", "no connector is locked yet")
		return nil
	}
	hint := syntax.Choices(provider, "known", names) + "; `mooring connector list` shows what may be locked"
	r.Errorf(at, hint, "there is no connector for %q", syntax.Short(provider))
	return nil
}

// content reads what is inside.
func (l *loader) content(f file, r *syntax.Reader, i *Instance) {
	l.settings(r, i)
	read := credentials{
		file: f, fields: "credentials", methods: i.Description.GetCredentials(), variable: variable(i.Provider, i.Name), instance: i.ID(),
		realtime: i.Description.GetRealtime(),
	}
	b := r.Block("credentials")
	i.Credentials, i.Method = read.block(r, b)
	l.login(r, i, b)
	if b := r.Block("actions"); b != nil {
		i.Actions = l.actions(f, r, i, b)
	}
	l.scans(r, i)
	l.realtime(r, i)
	if b := r.Block("quota"); b != nil {
		i.Quota = readQuota(r.Sub("quota", b))
	}
	i.Enabled = r.Bool("enabled", true)
}

func (l *loader) actions(f file, r *syntax.Reader, i *Instance, b *hclsyntax.Block) *Actions {
	a := &Actions{Range: b.DefRange()}
	s := r.Sub("actions", b)
	if len(i.Description.GetActions()) == 0 {
		s.Errorf(b.TypeRange, "remove the block", "the connector %s has no actions", i.Provider)
	}
	read := credentials{
		file: f, fields: "credentials of actions", methods: i.Description.GetCredentials(), variable: variable(i.Provider, i.Name, "act"),
		instance: i.ID(),
	}
	a.Credentials, a.Method = read.block(s, s.Block("credentials"))
	s.Done()
	return a
}

// variable makes the name of an environment variable.
func variable(words ...string) string {
	return strings.ToUpper(strings.ReplaceAll(strings.Join(words, "_"), "-", "_"))
}

const (
	realtimeOff  = "off"
	realtimePull = "pull"
	realtimePush = "push"
)

func (l *loader) realtime(r *syntax.Reader, i *Instance) {
	i.Realtime = r.OneOf("realtime", realtimePull, realtimeOff, realtimePull, realtimePush)
	if i.Realtime != realtimePush {
		return
	}
	at := r.Attribute("realtime").Expr.Range()
	hooks := false
	for _, m := range i.Description.GetRealtime() {
		hooks = hooks || m.GetMeans() == "webhook"
	}
	switch {
	case !hooks:
		r.Errorf(at, `write realtime = "pull"`, "the connector %s knows no webhooks", i.Provider)
	case l.config.Ingest == nil:
		r.Errorf(at, `add ingest { listen = "0.0.0.0:8443" … }, or write realtime = "pull"`, `realtime = "push" needs an ingest block, where webhooks come in`)
	}
}

func readQuota(r *syntax.Reader) Quota {
	q := Quota{Share: 1, Daily: r.Int("daily", 0, 1, 1_000_000_000)}
	if a := r.Attribute("share"); a != nil {
		n, ok := syntax.Number(a.Expr)
		if !ok {
			r.Errorf(a.Expr.Range(), "write share = 0.5 for half", "share must be a number; this is %s", syntax.Describe(a.Expr))
		} else if q.Share, _ = n.Float64(); !(q.Share > 0 && q.Share <= 1) {
			r.Errorf(a.Expr.Range(), "write share = 0.5 for half, share = 1 for all", "share must be above 0 and at most 1")
		}
	}
	r.Done()
	return q
}
