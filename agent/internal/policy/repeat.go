package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/geo"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Repeat makes a finding of many activities: Count of them, or of distinct values, within a time, by one.
type Repeat struct {
	Count  int
	Within time.Duration
	// By is whose activities are counted together; Distinct, when set, is of what different values are counted. Both are one of
	// RepeatFields.
	By, Distinct string
}

// RepeatFields are what activities are counted by. Country is that of the address, else the location as the provider gives it.
func RepeatFields() []string {
	return []string{"actor", "target", "ip", "app", "session", "location", "country", "user_agent", "action", "instance"}
}

// Keys say which windows an activity counts in: most often one, none when it is unknown, several for targets.
func (r *Repeat) Keys(a *wire.Activity, in Context) []string { return repeatValues(r.By, a, in) }

// Values are what an activity adds to the distinct values of its windows; its id when none are asked for.
func (r *Repeat) Values(a *wire.Activity, in Context) []string {
	if r.Distinct == "" {
		return []string{a.GetId()}
	}
	return repeatValues(r.Distinct, a, in)
}

func repeatValues(field string, a *wire.Activity, in Context) []string {
	var values []string
	switch field {
	case "actor":
		values = append(values, refKey(a.GetActor()))
	case "target":
		for _, t := range a.GetTargets() {
			values = append(values, refKey(t))
		}
	case "ip":
		values = append(values, a.GetIp())
	case "app":
		values = append(values, refKey(a.GetApp()))
	case "session":
		values = append(values, a.GetSessionId())
	case "location":
		values = append(values, a.GetLocation())
	case "country":
		values = append(values, country(a, in))
	case "user_agent":
		values = append(values, a.GetUserAgent())
	case "action":
		values = append(values, a.GetAction())
	case "instance":
		values = append(values, in.Ref.Provider+"/"+in.Ref.Instance)
	}
	values = slices.DeleteFunc(values, func(s string) bool { return s == "" })
	slices.Sort(values)
	return slices.Compact(values)
}

// country is a code wherever it can be: two spellings of one country are not two.
func country(a *wire.Activity, in Context) string {
	if in.Look != nil && a.GetIp() != "" {
		if code, known := in.Look.Country(a.GetIp()); known {
			return strings.ToLower(code)
		}
	}
	return cmp.Or(geo.Code(a.GetLocation()), strings.ToLower(a.GetLocation()))
}

// refKey tells who or what is meant: an e-mail address joins what ids of different listings do not, an id what has none.
func refKey(r *wire.Ref) string {
	switch {
	case r.GetEmail() != "":
		return strings.ToLower(r.GetEmail())
	case r.GetId() != "":
		return r.GetId()
	}
	return r.GetName()
}
