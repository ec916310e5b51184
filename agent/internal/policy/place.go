package policy

import (
	"errors"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// place points into the file at what is wrong with a condition.
func place(p *config.Policy, err error) *hcl.Diagnostic {
	at := p.When.Range
	text, hint := err.Error(), ""
	if e, ok := errors.AsType[*Error](err); ok {
		at, text, hint = p.When.At(e.Line, e.Column), e.Message, e.Hint
	}
	return syntax.Errorf(at, hint, "policy %s: %s", p.Name, text)
}
