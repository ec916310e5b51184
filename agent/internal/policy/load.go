package policy

import (
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Load compiles the policies of a configuration. One that is wrong is left out, with its diagnostics; a warning leaves none out.
func Load(c *config.Config) ([]*Policy, hcl.Diagnostics) {
	var all []*Policy
	var diags hcl.Diagnostics
	for _, written := range c.Policies {
		l := &loader{config: c, from: written, Policy: Policy{
			Name: written.Name, Description: written.Description, Severity: written.Severity, Mode: written.Mode, ActWithin: written.ActWithin,
			MaxPerHour: written.MaxPerHour, Group: written.Group, Enabled: written.Enabled, Range: written.Range,
		}}
		if l.load() && !l.diags.HasErrors() {
			l.Hash = l.hash()
			all = append(all, &l.Policy)
			l.warn()
		}
		diags = append(diags, l.diags...)
	}
	return all, diags
}

// loader makes one policy.
type loader struct {
	Policy
	config *config.Config
	from   *config.Policy
	diags  hcl.Diagnostics
}

func (l *loader) errorf(at hcl.Range, hint, format string, args ...any) {
	l.diags = append(l.diags, syntax.Errorf(at, hint, "policy "+syntax.Short(l.Name)+": "+format, args...))
}

func (l *loader) warnf(at hcl.Range, hint, format string, args ...any) {
	l.errorf(at, hint, format, args...)
	l.diags[len(l.diags)-1].Severity = hcl.DiagWarning
}

// load compiles; false: the configuration has already said what is missing.
func (l *loader) load() bool {
	if l.ActWithin == 0 {
		l.ActWithin = DefaultActWithin
	}
	if l.MaxPerHour == 0 {
		l.MaxPerHour = DefaultMaxPerHour
	}
	kind, ok := sdk.ParseKind(l.from.On)
	if !ok || l.from.When.Text == "" {
		return false
	}
	l.Kind = kind
	if kind == wire.Kind_KIND_PERSON {
		l.errorf(l.from.OnRange, `write on = "account" and ask person(account)`, "people are made of accounts, and are not judged themselves")
		return true
	}
	l.condition()
	l.grouping()
	if l.from.Repeat != nil {
		l.repeat()
	}
	for i := range l.from.Actions {
		l.action(&l.from.Actions[i])
	}
	return true
}

func (l *loader) condition() {
	c, err := compile(l.Kind, l.from.When.Text, true)
	if err == nil {
		l.Condition = c
		return
	}
	at, text, hint := l.from.When.Range, err.Error(), ""
	if e, ok := errors.AsType[*Error](err); ok {
		at, text, hint = l.from.When.At(e.Line, e.Column), e.Message, e.Hint
	}
	l.errorf(at, hint, "%s", text)
}

func (l *loader) grouping() {
	if l.Group == "" {
		l.Group = defaultGroup(l.Kind)
		return
	}
	name := sdk.KindName(l.Kind)
	switch {
	case l.Group == "folder" && l.Kind != wire.Kind_KIND_FILE:
		l.errorf(l.from.GroupRange, `write group = "record"`, "%s is in no folder", a(name))
	case l.Group == "actor" && l.Kind != wire.Kind_KIND_ACTIVITY:
		l.errorf(l.from.GroupRange, `write group = "owner"`, "%s has no actor", a(name))
	case l.Group == "owner" && !hasOwner(l.Kind):
		l.errorf(l.from.GroupRange, `write group = "record" or group = "none"`, "%s has no owner", a(name))
	}
}

func (l *loader) repeat() {
	r := l.from.Repeat
	l.Repeat = &Repeat{Count: int(r.Count), Within: r.Within, By: r.By, Distinct: r.Distinct}
	if l.Kind != wire.Kind_KIND_ACTIVITY {
		l.errorf(r.Range, `write on = "activity", or remove the block`, "only activities repeat; %s is one", a(sdk.KindName(l.Kind)))
		return
	}
	if !slices.Contains(RepeatFields(), r.By) {
		l.errorf(r.ByRange, syntax.Choices(r.By, "allowed", RepeatFields()), "activities cannot be counted by %q", syntax.Short(r.By))
	}
	switch {
	case r.Distinct == "":
	case !slices.Contains(RepeatFields(), r.Distinct):
		l.errorf(r.DistinctRange, syntax.Choices(r.Distinct, "allowed", RepeatFields()), "there are no distinct %q", syntax.Short(r.Distinct))
	case r.Distinct == r.By:
		l.errorf(r.DistinctRange, "count something else, or by something else", "by one %s there is only one %s", r.By, r.Distinct)
	}
}

// warn tells of a policy that is right and yet does not do what its author expects.
func (l *loader) warn() {
	reads := l.Condition.Reads()
	switch {
	case l.Mode == "enforce" && len(l.Actions) == 0:
		l.warnf(l.Range, `add action "…" { }, or write mode = "alert"`, "there is no action to enforce")
	case l.Mode != "enforce" && len(l.Actions) > 0:
		l.warnf(l.Actions[0].Range, `write mode = "enforce"`, "with mode = %q no action is proposed", l.Mode)
	}
	if len(reads.Fields) == 0 && !reads.Change && !strings.Contains(l.Condition.Source, "provider") && !strings.Contains(l.Condition.Source, "instance") {
		l.warnf(l.from.When.Range, "", "it asks nothing of the %s, so it matches every one or none", l.Condition.name)
	}
	l.warnProviders()
	l.warnFields(reads)
}

// warnProviders tells of providers of which there is no instance.
func (l *loader) warnProviders() {
	var there []string
	for _, i := range l.config.Instances {
		there = append(there, i.Provider)
	}
	for _, p := range l.Condition.providers {
		if len(there) > 0 && !slices.ContainsFunc(p.texts, func(name string) bool { return slices.Contains(there, name) }) {
			l.warnf(l.from.When.At(p.line, p.column), nearest(p.texts[0], there), "there is no instance of %s", syntax.Short(strings.Join(p.texts, " or ")))
		}
	}
}

// warnFields tells of fields that no instance fills: what rests on them is undetermined for ever.
func (l *loader) warnFields(reads Reads) {
	name := sdk.KindName(l.Kind)
	gives, filled := false, map[string]bool{"id": true, "native": true, "attributes": true}
	for _, i := range l.config.Instances {
		for _, s := range i.Description.GetListings() {
			gives = gives || slices.Contains(s.GetDefines(), l.Kind)
			for _, f := range s.GetFields() {
				if of, field, _ := strings.Cut(f, "."); of == name {
					filled[field] = true
				}
			}
		}
	}
	if !slices.ContainsFunc(l.config.Instances, func(i *config.Instance) bool { return i.Description != nil }) {
		return
	}
	if !gives {
		l.warnf(l.from.OnRange, "", "no instance has records of kind %s", name)
		return
	}
	for _, f := range reads.Fields {
		if _, host := derived[strings.ToUpper(name[:1])+name[1:]+"."+f]; !filled[f] && !host && f != "inspection" {
			l.warnf(l.from.When.Range, "", "no instance fills %s.%s: what rests on it is never known", name, f)
		}
	}
}
