package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

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

// The limits of a policy that names none.
const (
	DefaultActWithin  = 15 * time.Minute
	DefaultMaxPerHour = 20 // actions
)

// Momentary says that it judges something that happened, not a state. Its findings do not close by themselves.
func (p *Policy) Momentary() bool {
	return p.Kind == wire.Kind_KIND_ACTIVITY || p.Condition.Reads().Change
}

// hash is of what a finding depends on. How a condition is spaced at its ends does not matter.
func (p *Policy) hash() string {
	b, _ := json.Marshal(struct { //nolint:errchkjson // texts and numbers
		Kind, When, Group string
		Repeat            *Repeat
	}{sdk.KindName(p.Kind), strings.TrimSpace(p.Condition.Source), p.Group, p.Repeat})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}
