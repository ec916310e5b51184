package config

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func (l *loader) policy(f file, b *hclsyntax.Block) {
	r := f.Sub("policy", b)
	labels := f.Labels(b, `write policy "keys-in-public-files" {`, "name")
	if labels == nil {
		return
	}
	p := &Policy{Name: labels[0], Range: b.DefRange()}
	r.What = "policy " + syntax.Short(p.Name)
	checkName(r, b, 0)
	if first, again := l.first["policy "+p.Name]; again {
		r.Errorf(b.LabelRanges[0], "give it another name", "a second policy %s; the first is at %s", syntax.Short(p.Name), place(first))
	} else {
		l.first["policy "+p.Name] = b.LabelRanges[0]
	}
	p.On, p.OnRange = readKind(r)
	if a := r.Attribute("when"); a == nil {
		r.Errorf(r.Header, `write when = "account.admin && !known(account.mfa)"`, "policy %s has no when", syntax.Short(p.Name))
	} else if r.TextOf(a) != "" {
		p.When = newSource(a.Expr, r.Src)
	}
	p.Description = r.Text("description")
	p.Severity = r.OneOf("severity", "medium", "info", "low", "medium", "high", "critical")
	p.Mode = r.OneOf("mode", "alert", "observe", "alert", "enforce")
	p.ActWithin = r.Duration("act_within", time.Second, 30*syntax.Day)
	p.MaxPerHour = r.Int("max_per_hour", 0, 1, 1_000_000)
	p.Enabled = r.Bool("enabled", true)
	readGroup(r, p)
	if b := r.Block("repeat"); b != nil {
		p.Repeat = readRepeat(r.Sub("repeat", b), b)
	}
	for _, a := range r.Blocks("action") {
		if names := r.Labels(a, `write action "make_private" {`, "name"); names != nil {
			p.Actions = append(p.Actions, readAction(r.Sub("action "+syntax.Short(names[0]), a), a))
		}
	}
	p.Tests = r.Blocks("test")
	r.Done()
	l.config.Policies = append(l.config.Policies, p)
}

func readKind(r *syntax.Reader) (string, hcl.Range) {
	a := r.Attribute("on")
	if a == nil {
		r.Errorf(r.Header, `write on = "file"`, "%s has no on: the kind of record it looks at", r.What)
		return "", r.Header
	}
	word := r.TextOf(a)
	k, ok := ParseKind(word)
	if !ok && word != "" {
		r.Errorf(a.Expr.Range(), syntax.Choices(word, "kinds", kindNames()), "there is no kind %q", syntax.Short(word))
		return "", a.Expr.Range()
	}
	return KindName(k), a.Expr.Range()
}

// readGroup reads what findings are gathered by.
func readGroup(r *syntax.Reader, p *Policy) {
	p.Group = r.OneOf("group", "", "owner", "folder", "actor", "record", "none")
	if a := r.Attribute("group"); a != nil {
		p.GroupRange = a.Expr.Range()
	}
}

// readRepeat reads how often something has to happen.
func readRepeat(r *syntax.Reader, b *hclsyntax.Block) *Repeat {
	x := &Repeat{Range: b.DefRange(), ByRange: b.DefRange(), DistinctRange: b.DefRange()}
	for _, name := range []string{"count", "within"} {
		if r.Attribute(name) == nil {
			r.Errorf(r.Header, `write repeat { count = 50  within = "1m"  by = "actor" }`, "repeat has no %s", name)
		}
	}
	x.Count = r.Int("count", minRepeat, minRepeat, maxRepeat)
	x.Within = r.Duration("within", time.Second, maxRepeatWithin)
	x.By, x.Distinct = "actor", r.Text("distinct")
	if a := r.Attribute("by"); a != nil {
		x.By, x.ByRange = r.TextOf(a), a.Expr.Range()
	}
	if a := r.Attribute("distinct"); a != nil {
		x.DistinctRange = a.Expr.Range()
	}
	r.Done()
	return x
}

// Limits of repeat: what is counted is kept for as long as it may count.
const (
	minRepeat, maxRepeat = 2, 10_000 // activities
	maxRepeatWithin      = 7 * syntax.Day
)

func kindNames() []string {
	var names []string
	for n := range wire.Kind_name {
		if n != 0 {
			names = append(names, KindName(wire.Kind(n)))
		}
	}
	slices.Sort(names)
	return names
}

func readAction(r *syntax.Reader, b *hclsyntax.Block) PolicyAction {
	a := PolicyAction{
		Name: b.Labels[0], NameRange: b.LabelRanges[0], Args: map[string]string{}, ArgRanges: map[string]hcl.Range{}, Range: b.DefRange(),
	}
	a.Approval = r.OneOf("approval", "none", "required", "none")
	for _, attr := range r.Attributes() {
		if attr.Name == "approval" {
			continue
		}
		text, ok := plain(attr.Expr)
		if !ok {
			r.Errorf(attr.Expr.Range(), "", "%s must be text, a number, true or false; this is %s", attr.Name, syntax.Describe(attr.Expr))
		}
		a.Args[attr.Name], a.ArgRanges[attr.Name] = text, attr.NameRange
	}
	r.Done()
	return a
}

// plain writes a simple value as text.
func plain(e hclsyntax.Expression) (string, bool) {
	if s, ok := syntax.Text(e); ok {
		return s, true
	}
	if v, ok := syntax.Bool(e); ok {
		return strconv.FormatBool(v), true
	}
	n, ok := syntax.Number(e)
	if !ok {
		return "", false
	}
	return number(n), true
}

func number(n *big.Float) string {
	if i, accuracy := n.Int64(); accuracy == 0 {
		return strconv.FormatInt(i, 10)
	}
	f, _ := n.Float64()
	return strings.TrimSuffix(strconv.FormatFloat(f, 'g', -1, 64), ".0")
}
