package policy

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Action is what a policy asks for.
type Action struct {
	Name string
	// Approval: a person has to say yes.
	Approval bool
	Args     map[string]string
	Range    hcl.Range
}

// Target is what an action on records of a kind changes when a policy matched a record: the record itself; the account behind
// it; of an activity also what it was done to. Nil: nothing that can be told.
func Target(kind wire.Kind, m wire.RecordMessage) *wire.Ref {
	switch r := m.(type) {
	case *wire.Activity:
		if kind == wire.Kind_KIND_ACCOUNT {
			return r.GetActor()
		}
		var found *wire.Ref
		for _, t := range r.GetTargets() {
			if t.GetKind() == kind {
				if found != nil {
					return nil // of several nobody said which
				}
				found = t
			}
		}
		return found
	case *wire.Grant:
		if kind == wire.Kind_KIND_APP {
			return r.GetApp()
		}
	}
	if kind == kindOf(m) {
		id := m.GetId()
		return &wire.Ref{Kind: kind, Id: &id}
	}
	if kind == wire.Kind_KIND_ACCOUNT {
		if r := ownerRef(m); r != nil && namesAccount(r) {
			return r
		}
	}
	return nil
}

func kindOf(m wire.RecordMessage) wire.Kind {
	k, _ := sdk.ParseKind(strings.ToLower(string(m.ProtoReflect().Descriptor().Name())))
	return k
}

// reaches tells whether policies on a kind can have a target of another.
func reaches(from, to wire.Kind) bool {
	switch {
	case from == to, from == wire.Kind_KIND_ACTIVITY, from == wire.Kind_KIND_GRANT && to == wire.Kind_KIND_APP:
		return true
	}
	return to == wire.Kind_KIND_ACCOUNT && hasOwner(from)
}

// action checks what a policy asks for against what the connectors say they can.
func (l *loader) action(asked *config.PolicyAction) {
	l.Actions = append(l.Actions, Action{Name: asked.Name, Approval: asked.Approval == "required", Args: asked.Args, Range: asked.Range})
	var all []string
	var others []wire.Kind
	var fits []*wire.ActionSpec
	known, may := false, false
	for _, i := range l.config.Instances {
		known = known || i.Description != nil
		for _, s := range i.Description.GetActions() {
			all = append(all, s.GetName())
			switch {
			case s.GetName() != asked.Name:
			case reaches(l.Kind, s.GetTargetKind()):
				fits = append(fits, s)
				may = may || i.Actions != nil
			default:
				others = append(others, s.GetTargetKind())
			}
		}
	}
	switch {
	case !known: // no connector says anything
	case len(fits) == 0 && len(others) > 0:
		l.errorf(asked.NameRange, "", "%s works on %s, to which a policy on %s does not lead", syntax.Short(asked.Name), a(sdk.KindName(others[0])), a(sdk.KindName(l.Kind)))
	case len(fits) == 0 && len(all) == 0:
		l.errorf(asked.NameRange, "remove the block", "no connector of an instance has actions")
	case len(fits) == 0:
		l.errorf(asked.NameRange, syntax.Choices(asked.Name, "there are", all), "no instance's connector has an action %q", syntax.Short(asked.Name))
	default:
		l.args(asked, fits)
		if !may {
			l.warnf(asked.NameRange, "add an actions block with its own credentials to an instance", "no instance that has the action %s may act", asked.Name)
		}
	}
}

// args checks what an action is given: it has to be right for one connector at least.
func (l *loader) args(a *config.PolicyAction, specs []*wire.ActionSpec) {
	var first hcl.Diagnostics
	for _, s := range specs {
		before := len(l.diags)
		l.argsOf(a, s)
		wrong := slices.Clone(l.diags[before:])
		l.diags = l.diags[:before]
		if len(wrong) == 0 {
			return
		}
		if first == nil {
			first = wrong
		}
	}
	l.diags = append(l.diags, first...)
}

func (l *loader) argsOf(a *config.PolicyAction, s *wire.ActionSpec) {
	var names []string
	for _, arg := range s.GetArgs() {
		names = append(names, arg.GetName())
		value, given := a.Args[arg.GetName()]
		switch {
		case !given && arg.GetRequired():
			l.errorf(a.Range, "write "+arg.GetName()+" = … : "+arg.GetDoc(), "action %s needs %s", a.Name, arg.GetName())
		case given:
			if want, ok := fits(arg, value); !ok {
				l.errorf(a.ArgRanges[arg.GetName()], "", "%s of action %s must be %s", arg.GetName(), a.Name, want)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Args)) {
		if slices.Contains(names, name) {
			continue
		}
		hint := syntax.Choices(name, "there are", names)
		if len(names) == 0 {
			hint = "remove the line: it takes none"
		}
		l.errorf(a.ArgRanges[name], hint, "action %s has no %q", a.Name, syntax.Short(name))
	}
}

// fits tells whether a value is of an argument's type, and what that is.
func fits(arg *wire.SettingSpec, value string) (want string, ok bool) {
	if words := arg.GetEnum(); len(words) > 0 {
		return "one of " + strings.Join(words, ", "), slices.Contains(words, value)
	}
	switch arg.GetType() {
	case "bool":
		_, err := strconv.ParseBool(value)
		return "true or false", err == nil
	case "int":
		_, err := strconv.ParseInt(value, 10, 64)
		return "a whole number", err == nil
	case "duration":
		d, err := syntax.ParseDuration(value)
		return `a time such as "12h"`, err == nil && d > time.Duration(0)
	}
	return "text", true
}
