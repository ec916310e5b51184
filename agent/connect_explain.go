package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const noteWidth = 110 // characters of a line

// need is one scope and what it is for.
type need struct {
	scope   string
	instead []string // any of these does as well
	use     []string // listings, actions, …
}

// needs gives the scopes of exactly what was chosen, those for reading or those for changing.
func (c *choice) needs(acting bool) []need {
	var list []need
	add := func(scope, use string, instead ...string) {
		i := slices.IndexFunc(list, func(n need) bool { return n.scope == scope && slices.Equal(n.instead, instead) })
		if i < 0 {
			i, list = len(list), append(list, need{scope: scope, instead: instead})
		}
		if !slices.Contains(list[i].use, use) {
			list[i].use = append(list[i].use, use)
		}
	}
	for _, s := range c.method.GetScopes() {
		if use, ok := c.uses(s.GetCapability(), acting); ok {
			add(s.GetScope(), use, s.GetAlternatives()...)
		}
	}
	if acting {
		return list
	}
	for _, l := range c.of.GetListings() { // where the method says nothing, the listing does
		if c.on(l) && !c.said("list:"+l.GetName()) {
			for _, p := range l.GetPermissions() {
				add(p, l.GetName())
			}
		}
	}
	for _, r := range c.of.GetRealtime() {
		if c.hears(r) && !c.said("realtime:"+r.GetName()) {
			for _, p := range r.GetNeeds() {
				add(p, r.GetName())
			}
		}
	}
	return list
}

// uses tells whether a capability was chosen, and its name for people. One that is neither a listing nor an action is
// needed whatever one chose.
func (c *choice) uses(capability string, acting bool) (string, bool) {
	sort, name, _ := strings.Cut(capability, ":")
	switch sort {
	case "act":
		return name, acting && c.actions
	case "list":
		return name, !acting && c.on(c.listing(name))
	case "content":
		return "content", !acting && c.content
	case "realtime":
		i := slices.IndexFunc(c.of.GetRealtime(), func(r *wire.RealtimeSpec) bool { return r.GetName() == name })
		return name, !acting && i >= 0 && c.hears(c.of.GetRealtime()[i])
	}
	return capability, true
}

// hears tells whether a means of realtime is used: the block says "pull", which takes no webhooks.
func (c *choice) hears(r *wire.RealtimeSpec) bool {
	return r.GetMeans() != "webhook" &&
		(len(r.GetListings()) == 0 || slices.ContainsFunc(r.GetListings(), func(l string) bool { return c.on(c.listing(l)) }))
}

// explain says what to do at the provider, and then here.
func (c *choice) explain(w io.Writer, where string) {
	id := c.of.GetName() + "/" + c.name
	read, act := c.needs(false), c.needs(true)
	if c.method != nil {
		section(w, "At the provider, for "+c.method.GetName()+" ("+c.method.GetDoc()+")")
		c.steps(w, read)
	}
	c.scopes(w, "Scopes, and what for", read)
	if c.actions {
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
	fill := []string{"${scopes}", strings.Join(scopes, ", "), "${name}", c.name}
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

// why a listing that was chosen is off: what it is, and what it takes beyond the scopes of the others.
func (c *choice) why(l *wire.ListingSpec) string {
	extra := slices.DeleteFunc(slices.Clone(l.GetPermissions()), func(p string) bool {
		return slices.ContainsFunc(c.needs(false), func(n need) bool { return n.scope == p })
	})
	if len(extra) > 0 {
		return "takes " + strings.Join(extra, ", ") + ": " + l.GetDoc()
	}
	return cmp.Or(l.GetDoc(), "as the connector does by itself")
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
	for _, f := range c.method.GetFields() {
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

func section(w io.Writer, title string) {
	_, _ = fmt.Fprintln(w)
	for _, line := range wrap(title+":", noteWidth) {
		_, _ = fmt.Fprintln(w, line)
	}
}

// item writes a numbered line.
func item(w io.Writer, n int, text string) {
	head := fmt.Sprintf("%3d. ", n)
	for _, line := range wrap(text, noteWidth-len(head)) {
		_, _ = fmt.Fprintln(w, head+line)
		head = strings.Repeat(" ", len(head))
	}
}

// columns writes rows; the last column is wrapped.
func columns(w io.Writer, rows [][]string) {
	const most = 34 // a wider cell stands alone on its line
	var widths []int
	for _, r := range rows {
		for i, cell := range r[:len(r)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(utf8.RuneCountInString(printable(cell)), most))
		}
	}
	for _, r := range rows {
		line, indent := "  ", "  "
		for i, cell := range r[:len(r)-1] {
			cell = printable(cell)
			line += cell + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)) + "  "
			indent += strings.Repeat(" ", widths[i]+2)
		}
		if utf8.RuneCountInString(line) > utf8.RuneCountInString(indent) {
			_, _ = fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = indent
		}
		for _, text := range wrap(r[len(r)-1], noteWidth-len(indent)) {
			_, _ = fmt.Fprintln(w, line+text)
			line = indent
		}
	}
}

// wrap breaks text at spaces into lines of at most width characters, but for longer words, and takes out what a terminal
// or a file would not show as text.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(printable(text)) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
