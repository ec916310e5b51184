package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/secret"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// credentials reads a credentials block. Nothing that stands in one is repeated in a message.
type credentials struct {
	file     file
	fields   string // the block, in messages
	methods  []*wire.CredentialMethod
	variable string // how suggested variables begin
	instance string // for what a login obtains
	// realtime names, in its needs, the fields that only prove webhooks: they may stand beside those of a method.
	realtime []*wire.RealtimeSpec
}

// loginName is what says in a credentials block whose login is used.
const loginName = "login"

// block gives the fields and the method they make up. b is nil when there is no block.
func (c credentials) block(outer *syntax.Reader, b *hclsyntax.Block) (map[string]Credential, string) {
	given := map[string]Credential{}
	body, header := &hclsyntax.Body{}, outer.Header
	if b != nil {
		body, header = b.Body, b.DefRange()
	}
	r := &syntax.Reader{What: c.fields, Header: header, Body: body, Src: outer.Src, Diags: outer.Diags}
	for _, f := range c.all() {
		a := r.Attribute(f.GetName())
		switch {
		case a == nil:
		case f.GetKept():
			r.Errorf(a.Range(), "remove the line", "%s is obtained by `mooring login %s`", f.GetName(), c.instance)
			hide(*r.Diags)
		default:
			given[f.GetName()] = c.field(r, a, f)
		}
	}
	if c.logins() {
		r.Attribute(loginName) // read once all instances are known
	}
	before := len(*r.Diags)
	r.Done()
	unknown := len(*r.Diags) > before
	if b != nil && len(c.methods) == 0 {
		r.Errorf(header, "remove the block", "the connector takes no credentials")
		return given, ""
	}
	own := maps.Clone(given)
	maps.DeleteFunc(own, func(name string, _ Credential) bool { return c.beside(name) })
	c.methods = slices.DeleteFunc(slices.Clone(c.methods), c.onlyBeside)
	method := exact(c.methods, own)
	if method == nil && !unknown {
		c.explain(r, b != nil, own)
	}
	return given, method.GetName()
}

func (c credentials) beside(field string) bool {
	return slices.ContainsFunc(c.realtime, func(r *wire.RealtimeSpec) bool { return slices.Contains(r.GetNeeds(), field) })
}

// onlyBeside: the method is no way to call the provider, all its fields stand beside another's.
func (c credentials) onlyBeside(m *wire.CredentialMethod) bool {
	return len(m.GetFields()) > 0 && !slices.ContainsFunc(m.GetFields(), func(f *wire.CredentialField) bool { return !c.beside(f.GetName()) })
}

// logins: some method has fields that a login obtains.
func (c credentials) logins() bool {
	return slices.ContainsFunc(c.methods, func(m *wire.CredentialMethod) bool { return m.GetLogin() })
}

// configured are the fields of a method that stand in the configuration.
func configured(m *wire.CredentialMethod) []*wire.CredentialField {
	var fields []*wire.CredentialField
	for _, f := range m.GetFields() {
		if !f.GetKept() {
			fields = append(fields, f)
		}
	}
	return fields
}

// all fields of all methods; one that several share is a secret if any says so.
func (c credentials) all() []*wire.CredentialField {
	var fields []*wire.CredentialField
	for _, m := range c.methods {
		for _, f := range m.GetFields() {
			k := slices.IndexFunc(fields, func(o *wire.CredentialField) bool { return o.GetName() == f.GetName() })
			switch {
			case k < 0:
				fields = append(fields, f)
			case f.GetSecret():
				fields[k] = f
			}
		}
	}
	return fields
}

// field reads one value: a reference, or text where the field is no secret.
func (c credentials) field(r *syntax.Reader, a *hclsyntax.Attribute, f *wire.CredentialField) Credential {
	name := c.variable + "_" + variable(a.Name)
	if call, ok := syntax.Call(a.Expr); ok {
		return c.file.reference(r, a, call, name)
	}
	at := a.Expr.Range()
	line := fmt.Sprintf(`write %s = secret("env:%s")`, a.Name, name)
	text, isText := syntax.Text(a.Expr)
	switch {
	case f.GetSecret():
		r.Errorf(at, line, "%s is a secret and must not stand here", a.Name)
		hide(*r.Diags)
	case !isText:
		r.Errorf(at, fmt.Sprintf(`put it in quotes: %s = "…"`, a.Name), "%s must be text; this is %s", a.Name, syntax.Describe(a.Expr))
	case strings.TrimSpace(text) == "":
		r.Errorf(at, "give it a value", "%s is empty", a.Name)
	default:
		return Credential{Literal: text, Range: at}
	}
	return Credential{Range: at}
}

// reference reads secret("…"). variable is the name to suggest.
func (f file) reference(r *syntax.Reader, a *hclsyntax.Attribute, call *hclsyntax.FunctionCallExpr, variable string) Credential {
	at := a.Expr.Range()
	none := Credential{Range: at}
	line := fmt.Sprintf(`write %s = secret("env:%s")`, a.Name, variable)
	if call.Name != "secret" {
		r.Errorf(call.NameRange, line, "the only function is secret()")
		hide(*r.Diags)
		return none
	}
	if len(call.Args) != 1 || call.ExpandFinal {
		r.Errorf(at, line, "secret() takes one text")
		hide(*r.Diags)
		return none
	}
	text, ok := syntax.Text(call.Args[0])
	if !ok {
		r.Errorf(call.Args[0].Range(), line, "secret() takes one text; this is %s", syntax.Describe(call.Args[0]))
		hide(*r.Diags)
		return none
	}
	ref, err := secret.Parse(text, f.absolute())
	if err != nil {
		hint := line
		if scheme, rest, ok := strings.Cut(text, ":"); ok && rest != "" {
			if s := syntax.Suggest(scheme, []string{"env", "file", "systemd", "exec"}); s != "" && s != scheme {
				hint = fmt.Sprintf("did you mean %s:? %s", s, line)
			}
		}
		r.Errorf(call.Args[0].Range(), hint, "secret(): %v", err)
		hide(*r.Diags)
		return none
	}
	return Credential{Reference: ref, Range: at}
}

// exact finds the method whose fields are all given, and no others.
func exact(methods []*wire.CredentialMethod, given map[string]Credential) *wire.CredentialMethod {
	for _, m := range methods {
		if len(missing(m, given)) == 0 && len(configured(m)) == len(given) {
			return m
		}
	}
	return nil
}

func missing(m *wire.CredentialMethod, given map[string]Credential) []string {
	var names []string
	for _, f := range configured(m) {
		if _, ok := given[f.GetName()]; !ok {
			names = append(names, f.GetName())
		}
	}
	return names
}

// explain says why the fields that are given make up no method.
func (c credentials) explain(r *syntax.Reader, block bool, given map[string]Credential) {
	if len(c.methods) == 0 {
		return
	}
	if len(given) == 0 {
		what := "the block " + c.fields + " is missing"
		if block {
			what = c.fields + " is empty"
		}
		r.Errorf(r.Header, "give the fields of one method: "+listing(c.methods), "%s", what)
		return
	}
	var best *wire.CredentialMethod
	for _, m := range c.methods {
		covers := len(configured(m))-len(missing(m, given)) == len(given)
		if covers && (best == nil || len(missing(m, given)) < len(missing(best, given))) {
			best = m
		}
	}
	if best == nil {
		r.Errorf(r.Header, "keep the fields of one method: "+listing(c.methods), "%s mixes methods", c.fields)
		return
	}
	name := missing(best, given)[0]
	line := fmt.Sprintf(`write %s = "…"`, name)
	for _, f := range best.GetFields() {
		if f.GetName() == name && f.GetSecret() {
			line = fmt.Sprintf(`write %s = secret("env:%s_%s")`, name, c.variable, variable(name))
		}
	}
	r.Errorf(r.Header, line, "%s lacks %s of the method %s", c.fields, strings.Join(missing(best, given), ", "), best.GetName())
}

// listing writes methods with their fields.
func listing(methods []*wire.CredentialMethod) string {
	var parts []string
	for _, m := range methods {
		var fields []string
		for _, f := range configured(m) {
			fields = append(fields, f.GetName())
		}
		parts = append(parts, m.GetName()+" ("+strings.Join(fields, ", ")+")")
	}
	return strings.Join(parts, " or ")
}

// hidden marks a diagnostic whose range Print does not show.
type hidden struct{}

// hide marks the newest diagnostic.
func hide(diags hcl.Diagnostics) { diags[len(diags)-1].Extra = hidden{} }
