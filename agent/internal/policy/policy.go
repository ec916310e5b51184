package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Policy is a rule, ready to judge by.
type Policy struct {
	Name, Description string
	Kind              wire.Kind
	Condition         *Condition
	Severity          string // info | low | medium | high | critical
	Mode              string // observe | alert | enforce
	// ActWithin: what is older causes no action.
	ActWithin time.Duration
	// MaxPerHour caps its actions.
	MaxPerHour int64
	// Group is what its findings are gathered by: owner | folder | actor | record | none.
	Group   string
	Actions []Action
	// Repeat is nil where one match is a finding.
	Repeat  *Repeat
	Enabled bool
	// Hash is of all that judging depends on: a policy with another one has to look at everything anew.
	Hash  string
	Range hcl.Range
}

// Action is what a policy asks for.
type Action struct {
	Name string
	// Approval: a person has to say yes.
	Approval bool
	Args     map[string]string
}

// The limits of a policy that names none.
const (
	DefaultActWithin  = 15 * time.Minute
	DefaultMaxPerHour = 20 // actions
)

// Momentary: it judges something that happened, not a state. Its findings do not close by themselves.
func (p *Policy) Momentary() bool {
	return p.Kind == wire.Kind_KIND_ACTIVITY || p.Condition.Reads().Change
}

// Load compiles the policies of a configuration. One that is wrong is left out, with its diagnostics; warnings leave none out.
func Load(c *config.Config) ([]*Policy, hcl.Diagnostics) {
	var all []*Policy
	var diags hcl.Diagnostics
	for _, written := range c.Policies {
		p, d := compilePolicy(written)
		diags = append(diags, d...)
		if !d.HasErrors() {
			all = append(all, p)
		}
	}
	return all, diags
}

func compilePolicy(from *config.Policy) (*Policy, hcl.Diagnostics) {
	kind, _ := sdk.ParseKind(from.On)
	p := &Policy{
		Name: from.Name, Description: from.Description, Kind: kind, Severity: from.Severity, Mode: from.Mode, ActWithin: from.ActWithin,
		MaxPerHour: from.MaxPerHour, Group: from.Group, Enabled: from.Enabled, Range: from.Range,
	}
	if p.ActWithin == 0 {
		p.ActWithin = DefaultActWithin
	}
	if p.MaxPerHour == 0 {
		p.MaxPerHour = DefaultMaxPerHour
	}
	if p.Group == "" {
		p.Group = defaultGroup(kind)
	}
	for _, a := range from.Actions {
		p.Actions = append(p.Actions, Action{Name: a.Name, Approval: a.Approval == "required", Args: a.Args})
	}
	if r := from.Repeat; r != nil {
		p.Repeat = &Repeat{Count: int(r.Count), Within: r.Within, By: r.By, Distinct: r.Distinct}
	}
	c, err := compile(kind, from.When.Text, true)
	if err != nil {
		return nil, hcl.Diagnostics{place(from, err)}
	}
	p.Condition = c
	p.Hash = p.hash()
	return p, nil
}

// hash is of what a finding depends on. How a condition is spaced does not matter.
func (p *Policy) hash() string {
	b, _ := json.Marshal(struct { //nolint:errchkjson // texts and numbers
		Kind, When, Group string
		Repeat            *Repeat
	}{sdk.KindName(p.Kind), strings.TrimSpace(p.Condition.Source), p.Group, p.Repeat})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}
