package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// explain says what to do at the provider, and then here.
func (c *choice) explain(w io.Writer, where string) {
	id := c.of.GetName() + "/" + c.name
	read, act := c.needs(false), c.needs(true)
	if c.method != nil {
		section(w, "At the provider, for "+c.method.GetName()+" ("+c.method.GetDoc()+")")
		c.steps(w, read)
	}
	if c.scoped() {
		c.scopes(w, "Scopes, and what for", read)
	}
	if c.actions && c.scoped() {
		c.scopes(w, "Scopes of the second credential, which changes things", act)
	}
	c.leftOut(w)
	section(w, "Here")
	n := 1
	step := func(format string, args ...any) {
		item(w, n, fmt.Sprintf(format, args...))
		n++
	}
	if where != "" {
		step("%s", where)
	}
	if open := c.open(); len(open) > 0 {
		step("Put in your own values: %s.", strings.Join(open, ", "))
	}
	c.secrets(step)
	if c.push {
		step("Say in the block ingest where the provider's webhooks reach this machine; what must be entered at the provider, its " +
			"steps and README say.")
	}
	step("mooring validate")
	if c.method.GetLogin() {
		step("mooring login %s, which obtains %s", id, strings.Join(c.kept(), ", "))
	}
	step("mooring check %s, which says what the credential may do and what is missing", id)
	step("mooring scan %s", id)
	c.unsupported(w)
}

// steps are the connector's own, with their blanks filled in.
func (c *choice) steps(w io.Writer, read []need) {
	var scopes []string
	for _, n := range read {
		if !slices.Contains(scopes, n.scope) {
			scopes = append(scopes, n.scope)
		}
	}
	between := ", "
	if strings.Contains(strings.Join(scopes, ""), "://") { // long ones are pasted as they are, and a line must not break
		between = ","
	}
	fill := []string{"${scopes}", strings.Join(scopes, between)}
	for _, s := range c.of.GetSettings() {
		value := c.values[s.GetName()]
		if value == "" {
			value = s.GetDefault()
		}
		if value == "" {
			value = "<" + s.GetName() + ">"
		}
		fill = append(fill, "${"+s.GetName()+"}", strings.TrimSuffix(value, "/"))
	}
	replacer := strings.NewReplacer(fill...)
	steps := c.method.GetSteps()
	if len(steps) == 0 {
		for _, f := range c.method.GetFields() {
			if !f.GetKept() {
				steps = append(steps, "Get "+f.GetName()+": "+f.GetDoc())
			}
		}
	}
	for n, s := range steps {
		item(w, n+1, replacer.Replace(s))
	}
}

// scoped: the method has scopes. One whose steps mention none has not, whatever the listings say.
func (c *choice) scoped() bool {
	steps := c.method.GetSteps()
	return len(steps) == 0 || strings.Contains(strings.Join(steps, ""), "${scopes}")
}

func (c *choice) scopes(w io.Writer, title string, needs []need) {
	if len(needs) == 0 {
		return
	}
	section(w, title)
	var rows [][]string
	for _, n := range needs {
		use := strings.Join(n.use, ", ")
		if len(n.instead) > 0 {
			use += "; instead of it " + strings.Join(n.instead, " or ")
		}
		rows = append(rows, []string{n.scope, use})
	}
	columns(w, rows)
}

// leftOut names what was chosen and is off all the same.
func (c *choice) leftOut(w io.Writer) {
	var rows [][]string
	for _, l := range c.of.GetListings() {
		if c.listings[l.GetName()] && !c.on(l) {
			rows = append(rows, []string{l.GetName(), c.why(l)})
		}
	}
	if len(rows) > 0 {
		section(w, "Left out unless you name it with --for")
		columns(w, rows)
	}
}

// open names what only the reader knows.
func (c *choice) open() []string {
	var names []string
	for _, s := range c.of.GetSettings() {
		if s.GetRequired() && s.GetDefault() == "" && c.values[s.GetName()] == "" {
			names = append(names, s.GetName())
		}
	}
	for _, f := range c.method.GetFields() {
		if !f.GetSecret() && !f.GetKept() && c.values[f.GetName()] == "" {
			names = append(names, f.GetName())
		}
	}
	return names
}

// secrets says where each has to be.
func (c *choice) secrets(step func(string, ...any)) {
	var names []string
	for _, f := range append(slices.Clone(c.method.GetFields()), c.keys()...) {
		if f.GetSecret() && !f.GetKept() {
			names = append(names, c.variable(f))
			if c.actions {
				names = append(names, c.variable(f, "act"))
			}
		}
	}
	if len(names) > 0 {
		step("Put the secrets into the agent's environment: %s. Or write secret(\"file:…\"), systemd: or exec: in place of env:.",
			strings.Join(names, ", "))
	}
}

func (c *choice) kept() []string {
	var names []string
	for _, f := range c.method.GetFields() {
		if f.GetKept() {
			names = append(names, f.GetName())
		}
	}
	return names
}

// unsupported says what there is not, those with one reason together.
func (c *choice) unsupported(w io.Writer) {
	var reasons []string
	by := map[string][]string{}
	for _, u := range c.of.GetUnsupported() {
		if by[u.GetReason()] == nil {
			reasons = append(reasons, u.GetReason())
		}
		by[u.GetReason()] = append(by[u.GetReason()], u.GetCapability())
	}
	if len(reasons) == 0 {
		return
	}
	section(w, "What there is not")
	var rows [][]string
	for _, r := range reasons {
		rows = append(rows, []string{strings.Join(by[r], ", "), r})
	}
	columns(w, rows)
}
