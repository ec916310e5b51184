package syntax

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Reader reads the content of one block. It collects what is wrong in Diags and goes on; Done complains about what
// nobody asked for.
type Reader struct {
	// What the block is called in messages, and Header, where they point when something is missing.
	What   string
	Header hcl.Range
	Body   *hclsyntax.Body
	Src    []byte
	Diags  *hcl.Diagnostics

	attributes, blocks []string // that were asked for
}

// Sub reads a block inside this one.
func (r *Reader) Sub(what string, b *hclsyntax.Block) *Reader {
	return &Reader{What: what, Header: b.DefRange(), Body: b.Body, Src: r.Src, Diags: r.Diags}
}

// Errorf adds an error.
func (r *Reader) Errorf(at hcl.Range, hint, format string, args ...any) {
	*r.Diags = append(*r.Diags, Errorf(at, hint, format, args...))
}

// Attribute gives an attribute, or nil.
func (r *Reader) Attribute(name string) *hclsyntax.Attribute {
	r.attributes = append(r.attributes, name)
	return r.Body.Attributes[name]
}

// Attributes gives all of them in the order they are written; Done then expects any.
func (r *Reader) Attributes() []*hclsyntax.Attribute {
	var all []*hclsyntax.Attribute
	for name, a := range r.Body.Attributes {
		r.attributes = append(r.attributes, name)
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *hclsyntax.Attribute) int { return a.NameRange.Start.Byte - b.NameRange.Start.Byte })
	return all
}

// Blocks gives the blocks of a type.
func (r *Reader) Blocks(name string) []*hclsyntax.Block {
	r.blocks = append(r.blocks, name)
	var found []*hclsyntax.Block
	for _, b := range r.Body.Blocks {
		if b.Type == name {
			found = append(found, b)
		}
	}
	return found
}

// Block gives the one block of a type, without labels; nil when there is none.
func (r *Reader) Block(name string) *hclsyntax.Block {
	found := r.Blocks(name)
	if len(found) == 0 {
		return nil
	}
	for _, b := range found[1:] {
		r.Errorf(b.TypeRange, fmt.Sprintf("the first is in line %d; put everything into one", found[0].TypeRange.Start.Line),
			"%s has two %s blocks", r.What, name)
	}
	r.Labels(found[0], "write "+name+" {")
	return found[0]
}

// Labels gives the labels of a block, and nil when it has not one for each of names.
func (r *Reader) Labels(b *hclsyntax.Block, hint string, names ...string) []string {
	if len(b.Labels) == len(names) {
		return b.Labels
	}
	at := b.TypeRange
	if len(b.LabelRanges) > len(names) {
		at = b.LabelRanges[len(names)]
	}
	want := "none"
	if len(names) > 0 {
		want = fmt.Sprintf("%d: %s", len(names), strings.Join(names, ", "))
	}
	r.Errorf(at, hint, "%s has the wrong number of labels (%d); expected %s", b.Type, len(b.Labels), want)
	return nil
}

// Text reads a text; "" when there is none.
func (r *Reader) Text(name string) string {
	a := r.Attribute(name)
	if a == nil {
		return ""
	}
	return r.TextOf(a)
}

// TextOf reads the text of an attribute; empty text is an error.
func (r *Reader) TextOf(a *hclsyntax.Attribute) string {
	s, ok := Text(a.Expr)
	switch {
	case !ok:
		r.wrongType(a, "text", r.quoted(a))
	case strings.TrimSpace(s) == "":
		r.Errorf(a.Expr.Range(), "give it a value, or remove the line", "%s is empty", a.Name)
	}
	return s
}

// OneOf reads a text that is one of known, def when there is none.
func (r *Reader) OneOf(name, def string, known ...string) string {
	a := r.Attribute(name)
	if a == nil {
		return def
	}
	s, ok := Text(a.Expr)
	switch {
	case !ok:
		r.wrongType(a, "text", fmt.Sprintf("write %s = %q", name, def))
	case !slices.Contains(known, s):
		r.Errorf(a.Expr.Range(), Choices(s, "allowed", known), "%s cannot be %q", name, Short(s))
	}
	return s
}

// Bool reads true or false; def when there is none.
func (r *Reader) Bool(name string, def bool) bool {
	a := r.Attribute(name)
	if a == nil {
		return def
	}
	v, ok := Bool(a.Expr)
	if !ok {
		r.wrongType(a, "true or false", unquoted(a, "true"))
	}
	return v
}

// Int reads a whole number between low and high; def when there is none.
func (r *Reader) Int(name string, def, low, high int64) int64 {
	a := r.Attribute(name)
	if a == nil {
		return def
	}
	n, ok := Number(a.Expr)
	if !ok {
		r.wrongType(a, "a number", unquoted(a, fmt.Sprint(max(low, 10))))
		return def
	}
	v, accuracy := n.Int64()
	switch {
	case accuracy == 0 && v >= low && v <= high:
		return v
	case low == math.MinInt64 && high == math.MaxInt64:
		r.Errorf(a.Expr.Range(), "", "%s must be a whole number of at most 64 bits", name)
	default:
		r.Errorf(a.Expr.Range(), "", "%s must be a whole number from %d to %d", name, low, high)
	}
	return def
}

// Duration reads a time between low and high; 0 when there is none.
func (r *Reader) Duration(name string, low, high time.Duration) time.Duration {
	a := r.Attribute(name)
	if a == nil {
		return 0
	}
	return r.DurationOf(a, low, high)
}

// DurationOf reads the time of an attribute.
func (r *Reader) DurationOf(a *hclsyntax.Attribute, low, high time.Duration) time.Duration {
	s, ok := Text(a.Expr)
	if !ok {
		r.wrongType(a, `a time such as "12h"`, fmt.Sprintf(`write %s = "12h"`, a.Name))
		return 0
	}
	d, err := ParseDuration(s)
	switch {
	case err != nil:
		r.Errorf(a.Expr.Range(), `write a number and a unit: "30s", "5m", "12h", "90d", "2w"`, "%s is not a time: %v", a.Name, err)
		return 0
	case d < low || d > high:
		r.Errorf(a.Expr.Range(), "", "%s must be from %s to %s", a.Name, FormatDuration(low), FormatDuration(high))
		return 0
	}
	return d
}

// Item is one text of a list, and where it stands.
type Item struct {
	Text  string
	Range hcl.Range
}

// Texts reads a list of texts.
func (r *Reader) Texts(name string) []Item {
	a := r.Attribute(name)
	if a == nil {
		return nil
	}
	return r.TextsOf(a)
}

// TextsOf reads the list of texts of an attribute.
func (r *Reader) TextsOf(a *hclsyntax.Attribute) []Item {
	exprs, ok := List(a.Expr)
	if !ok {
		hint := ""
		if _, text := Text(a.Expr); text {
			hint = fmt.Sprintf("write %s = [%s]", a.Name, Short(string(a.Expr.Range().SliceBytes(r.Src))))
		}
		r.wrongType(a, "a list of texts", hint)
		return nil
	}
	if len(exprs) > maxItems {
		r.Errorf(a.Expr.Range(), "", "%s has %d items; at most %d are read", a.Name, len(exprs), maxItems)
		return nil
	}
	items := make([]Item, 0, len(exprs))
	seen := map[string]bool{}
	for _, e := range exprs {
		s, ok := Text(e)
		switch {
		case !ok:
			r.Errorf(e.Range(), callHint(e), "%s must be a list of texts; this is %s", a.Name, Describe(e))
		case strings.TrimSpace(s) == "":
			r.Errorf(e.Range(), "remove it", "an item of %s is empty", a.Name)
		case seen[s]:
			r.Errorf(e.Range(), "remove one", "%s has %q twice", a.Name, Short(s))
		default:
			seen[s] = true
			items = append(items, Item{s, e.Range()})
		}
	}
	return items
}

// Done reports attributes and blocks that nobody asked for.
func (r *Reader) Done() {
	for name, a := range r.Body.Attributes {
		if slices.Contains(r.attributes, name) {
			continue
		}
		hint := Choices(name, "allowed", slices.Concat(r.attributes, r.blocks))
		if slices.Contains(r.blocks, name) {
			hint = fmt.Sprintf("it is a block: write %s { … }", name)
		}
		r.Errorf(a.NameRange, hint, "%s has no %q", r.What, Short(name))
	}
	for _, b := range r.Body.Blocks {
		if slices.Contains(r.blocks, b.Type) {
			continue
		}
		hint := Choices(b.Type, "allowed", slices.Concat(r.blocks, r.attributes))
		if slices.Contains(r.attributes, b.Type) {
			hint = fmt.Sprintf("it is a value: write %s = …", b.Type)
		}
		r.Errorf(b.TypeRange, hint, "%s has no block %q", r.What, Short(b.Type))
	}
}

func (r *Reader) wrongType(a *hclsyntax.Attribute, want, hint string) {
	if h := callHint(a.Expr); h != "" {
		hint = h
	}
	r.Errorf(a.Expr.Range(), hint, "%s must be %s; this is %s", a.Name, want, Describe(a.Expr))
}

// quoted is the hint for a value that only lacks its quotes.
func (r *Reader) quoted(a *hclsyntax.Attribute) string {
	switch Describe(a.Expr) {
	case "a number", "true or false", "a word without quotes":
		return fmt.Sprintf("write %s = %q", a.Name, Short(string(a.Expr.Range().SliceBytes(r.Src))))
	}
	return ""
}

// unquoted is the hint for a value that has quotes too many.
func unquoted(a *hclsyntax.Attribute, example string) string {
	if s, ok := Text(a.Expr); ok && s != "" {
		if s == "true" || s == "false" || strings.Trim(s, "0123456789") == "" {
			example = Short(s)
		}
	}
	return fmt.Sprintf("write %s = %s", a.Name, example)
}

func callHint(e hclsyntax.Expression) string {
	c, ok := Call(e)
	switch {
	case !ok:
		return ""
	case c.Name == "secret":
		return "secret() works only in credentials, in sinks and for network.proxy"
	}
	return fmt.Sprintf("there is no function %s(); write the value itself", Short(c.Name))
}

// Short cuts text for a message.
func Short(s string) string {
	const most = 80 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
