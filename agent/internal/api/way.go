package api

import (
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/sdk"
)

var hows = map[access.How]string{
	access.Member: "member of", access.Holds: "holds", access.Assigned: "uses", access.Scoped: "has a role on", access.Listed: "may open",
	access.Owns: "owns", access.Inherits: "lies above", access.Within: "is within", access.Bears: "is", access.Acts: "acts for",
	access.Token: "opens",
}

// way puts the steps that lead to or from a key into its line.
func (v *question) way(line *Reach, k access.Key, steps []access.Step) {
	if len(steps) == 0 {
		return
	}
	var words []string
	if c := steps[0].Holder; c.Circle() != "" && c != k {
		words = append(words, v.says(c))
	}
	for _, s := range steps {
		step := Step{Holder: v.address(s.Holder), How: hows[s.How], Role: s.Role, Thing: v.address(s.Thing), Why: s.Why}
		line.Path = append(line.Path, step)
		words = append(words, phrase(s, v.says(s.Thing)))
		if s.Why != "" {
			line.Why = append(line.Why, s.Why)
		}
	}
	line.How = strings.Join(words, ", ")
	if len(line.Why) > 0 {
		line.How += "; only possible: " + strings.Join(line.Why, "; ")
	}
}

// phrase is a step as people say it, of who takes it.
func phrase(s access.Step, thing string) string {
	role := ""
	if s.Role != "" && s.Role != "member" {
		role = " as " + s.Role
	}
	if s.Thing.Circle() != "" {
		return map[access.How]string{access.Holds: "one of ", access.Acts: "acts for ", access.Token: "acts for "}[s.How] + thing
	}
	switch s.How {
	case access.Listed:
		if s.Role != "" {
			return s.Role + " on " + thing
		}
		return "access to " + thing
	case access.Scoped:
		return "role " + s.Role + " on " + thing
	case access.Owns:
		return "owner of " + thing
	case access.Inherits:
		return "which holds " + thing
	case access.Bears:
		return "by the address " + thing
	case access.Member, access.Holds, access.Assigned, access.Within, access.Acts, access.Token:
	}
	return hows[s.How] + " " + thing + role
}

// says is a thing by its kind and name.
func (v *question) says(k access.Key) string {
	switch k.Circle() {
	case "":
	case "anyone":
		return "anyone with the link"
	case "organization":
		return "everyone in the organisation of " + k.Instance
	default:
		return "the administrators of " + k.Instance
	}
	if e := k.Email(); e != "" {
		return e
	}
	name := v.name(refOf(k))
	if name == "" {
		name = k.ID
	}
	return sdk.KindName(k.Kind) + " " + name
}

// address is a ref, an e-mail address or a circle.
func (v *question) address(k access.Key) string {
	if e := k.Email(); e != "" {
		return e
	}
	if c := k.Circle(); c != "" {
		return v.says(k)
	}
	return refOf(k).String()
}
