package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/mooring-hq/mooring/agent/internal/config"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// placeholder stands where only the reader knows the value.
const (
	placeholder = "CHANGE-ME"
	endpointAt  = "https://change-me.example"
)

const commentWidth = 100 // characters of a line

// block writes the instance, in the form of `mooring fmt`. All text of the connector's is quoted or a comment: it can be
// anything.
func (c *choice) block() ([]byte, error) {
	b := &bytes.Buffer{}
	doc := c.of.GetDoc()
	if c.method != nil {
		doc += ", by " + c.method.GetName() + ": " + c.method.GetDoc()
	}
	comment(b, doc)
	fmt.Fprintf(b, "instance %s %s {\n", quote(c.of.GetName()), quote(c.name))
	if err := c.settings(b); err != nil {
		return nil, err
	}
	c.credentials(b, c.keys())
	if c.actions {
		comment(b, "What changes things has a credential of its own. Without this block the instance cannot change anything.")
		act := &bytes.Buffer{}
		c.credentials(act, nil, "act")
		fmt.Fprintf(b, "actions {\n%s\n}\n\n", bytes.TrimSpace(act.Bytes()))
	}
	c.scans(b)
	switch {
	case c.push:
		b.WriteString("realtime = \"push\"\n")
	case len(c.of.GetRealtime()) > 0:
		b.WriteString("realtime = \"pull\"\n")
	}
	out := strings.TrimRight(b.String(), "\n") + "\n}\n"
	return config.Format([]byte(out)), nil
}

// settings writes those that must be there and those that say which tenant it is; the others stand as comments.
func (c *choice) settings(b *bytes.Buffer) error {
	if len(c.of.GetSettings()) == 0 {
		return nil
	}
	b.WriteString("settings {\n")
	for _, s := range c.of.GetSettings() {
		text, err := c.setting(s)
		if err != nil {
			return err
		}
		comment(b, s.GetDoc())
		_, given := c.values[s.GetName()]
		if !given && !s.GetRequired() && (!s.GetIdentity() || s.GetDefault() == "") {
			b.WriteString("# ")
		}
		fmt.Fprintf(b, "%s = %s\n", s.GetName(), text)
	}
	b.WriteString("}\n\n")
	return nil
}

// setting gives a value in HCL: the given one, the default, or one to be changed.
func (c *choice) setting(s *wire.SettingSpec) (string, error) {
	value, given := c.values[s.GetName()]
	if !given {
		value = s.GetDefault()
	}
	wrong := func(want string) error {
		return &exit{exitUsage, fmt.Errorf("setting %s: %s is expected, this is %q", s.GetName(), want, printable(value))}
	}
	switch s.GetType() {
	case "bool":
		if value == "" {
			value = "false"
		}
		v, err := strconv.ParseBool(value)
		if err != nil {
			return "", wrong("true or false")
		}
		return strconv.FormatBool(v), nil
	case "int":
		if value == "" {
			value = "0"
		}
		v, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", wrong("a whole number")
		}
		return strconv.FormatInt(v, 10), nil
	case "list":
		var items []string
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, quote(item))
			}
		}
		if len(items) == 0 && s.GetRequired() {
			items = append(items, quote(c.example(s)))
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	if value == "" {
		value = c.example(s)
	}
	return quote(value), nil
}

func (c *choice) example(s *wire.SettingSpec) string {
	switch {
	case len(s.GetEnum()) > 0:
		return s.GetEnum()[0]
	case s.GetType() == "endpoint":
		return endpointAt
	case s.GetType() == "duration":
		return "12h"
	}
	return placeholder
}

// credentials writes where each field comes from, never a secret: those of the method, and more.
func (c *choice) credentials(b *bytes.Buffer, more []*wire.CredentialField, purpose ...string) {
	if c.method == nil {
		return
	}
	b.WriteString("credentials {\n")
	for _, f := range append(slices.Clone(c.method.GetFields()), more...) {
		if f.GetKept() {
			comment(b, fmt.Sprintf("%s (%s) does not stand here: `mooring login %s/%s` obtains it", f.GetName(), f.GetDoc(), c.of.GetName(), c.name))
			continue
		}
		comment(b, f.GetDoc())
		switch {
		case f.GetSecret():
			fmt.Fprintf(b, "%s = secret(%s)\n", f.GetName(), quote("env:"+c.variable(f, purpose...)))
		default:
			value := c.values[f.GetName()]
			if value == "" {
				value = placeholder
			}
			fmt.Fprintf(b, "%s = %s\n", f.GetName(), quote(value))
		}
	}
	b.WriteString("}\n\n")
}

// variable names the environment variable of a secret, as the errors of the configuration do.
func (c *choice) variable(f *wire.CredentialField, purpose ...string) string {
	words := append(append([]string{c.of.GetName(), c.name}, purpose...), f.GetName())
	return strings.ToUpper(strings.ReplaceAll(strings.Join(words, "_"), "-", "_"))
}

// scans switches off what was not chosen, and shows what is too expensive to be read unasked.
func (c *choice) scans(b *bytes.Buffer) {
	var off []string
	for _, l := range c.of.GetListings() {
		name, chosen := l.GetName(), c.listings[l.GetName()]
		switch {
		case chosen && c.on(l) && l.GetOffByDefault():
			comment(b, l.GetDoc())
			fmt.Fprintf(b, "scan %s {\nenabled = true\n}\n\n", quote(name))
		case chosen && !c.on(l):
			comment(b, "Off unless you switch it on; "+c.why(l))
			fmt.Fprintf(b, "scan %s {\nenabled = false\n}\n\n", quote(name))
		case !chosen && !l.GetOffByDefault():
			off = append(off, name)
		}
	}
	if len(off) > 0 {
		comment(b, "Not chosen. Take a line away to read it too; `mooring connect` says what scope that takes.")
		for _, name := range off {
			fmt.Fprintf(b, "scan %s { enabled = false }\n", quote(name))
		}
		b.WriteString("\n")
	}
}

// quote writes text for HCL, where it is never a template.
func quote(s string) string { return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes()) }

// comment writes text that cannot leave its comment.
func comment(b *bytes.Buffer, text string) {
	for _, line := range wrap(text, commentWidth) {
		b.WriteString("# " + line + "\n")
	}
}
