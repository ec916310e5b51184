package config

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const longest = 100 * 365 * syntax.Day

// settings reads the settings block against the connector's schema and fills in the defaults.
func (l *loader) settings(r *syntax.Reader, i *Instance) {
	i.Settings = map[string]string{}
	given := &hclsyntax.Body{}
	header := r.Header
	if b := r.Block("settings"); b != nil {
		given, header = b.Body, b.DefRange()
	}
	s := &syntax.Reader{What: "the connector " + i.Provider + ", in settings,", Header: header, Body: given, Src: r.Src, Diags: r.Diags}
	for _, spec := range i.Description.GetSettings() {
		a := s.Attribute(spec.GetName())
		switch {
		case a != nil:
			i.Settings[spec.GetName()] = l.setting(s, a, spec)
		case spec.GetDefault() != "":
			i.Settings[spec.GetName()] = canonical(spec)
		case spec.GetRequired():
			s.Errorf(s.Header, fmt.Sprintf("write %s in settings%s", exampleOf(spec), about(spec.GetDoc())), "the setting %s is missing", spec.GetName())
		}
	}
	s.Done()
}

func about(doc string) string {
	if doc == "" {
		return ""
	}
	return " (" + strings.TrimSuffix(doc, ".") + ")"
}

// exampleOf is the line to write for a setting.
func exampleOf(spec *wire.SettingSpec) string {
	value := `"…"`
	switch spec.GetType() {
	case "bool":
		value = "true"
	case "int":
		value = "10"
	case "duration":
		value = `"12h"`
	case "list":
		value = `["…"]`
	case "endpoint":
		value = `"https://…"`
	}
	if len(spec.GetEnum()) > 0 && value == `"…"` {
		value = strconv.Quote(spec.GetEnum()[0])
	}
	return spec.GetName() + " = " + value
}

// setting reads one value into its canonical form.
func (l *loader) setting(r *syntax.Reader, a *hclsyntax.Attribute, spec *wire.SettingSpec) string {
	switch spec.GetType() {
	case "bool":
		return strconv.FormatBool(r.Bool(a.Name, false))
	case "int":
		return strconv.FormatInt(r.Int(a.Name, 0, math.MinInt64, math.MaxInt64), 10)
	case "duration":
		return r.DurationOf(a, 0, longest).String()
	case "list":
		return texts(r, a, spec)
	case "endpoint":
		text := r.TextOf(a)
		if text != "" {
			l.endpoint(r, a.Expr.Range(), a.Name, text)
		}
		return text
	}
	if len(spec.GetEnum()) > 0 {
		return r.OneOf(a.Name, spec.GetEnum()[0], spec.GetEnum()...)
	}
	return r.TextOf(a)
}

func texts(r *syntax.Reader, a *hclsyntax.Attribute, spec *wire.SettingSpec) string {
	list := []string{}
	for _, item := range r.TextsOf(a) {
		if enum := spec.GetEnum(); len(enum) > 0 && !slices.Contains(enum, item.Text) {
			r.Errorf(item.Range, syntax.Choices(item.Text, "allowed", enum), "%s cannot have %q", a.Name, syntax.Short(item.Text))
		}
		list = append(list, item.Text)
	}
	return asJSON(list)
}

func asJSON(list []string) string {
	b, _ := json.Marshal(list) // texts always marshal
	return string(b)
}

// canonical gives a default as a configured value would be given. A list's default is a JSON array or separated by commas.
func canonical(spec *wire.SettingSpec) string {
	text := spec.GetDefault()
	switch spec.GetType() {
	case "duration":
		if d, err := syntax.ParseDuration(text); err == nil {
			return d.String()
		}
		if d, err := time.ParseDuration(text); err == nil {
			return d.String()
		}
	case "list":
		var list []string
		if json.Unmarshal([]byte(text), &list) == nil {
			return asJSON(list)
		}
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		return asJSON(list)
	}
	return text
}

// endpoint checks a base URL. Credentials travel there, so it is https unless the way is short.
func (l *loader) endpoint(r *syntax.Reader, at hcl.Range, name, text string) {
	example := fmt.Sprintf(`write %s = "https://api.acme.example"`, name)
	u, err := url.Parse(text) // its error would repeat what stands before the @
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		if err == nil && u.Scheme == "" && isDomain(text) {
			example = fmt.Sprintf(`write %s = "https://%s"`, name, text)
		}
		r.Errorf(at, example, "%s is not a URL that begins with https://", name)
		return
	case u.User != nil:
		r.Errorf(at, "credentials stand in the credentials block, as secret(…)", "%s has a user or password in it", name)
		hide(*r.Diags)
		return
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		r.Errorf(at, "write it without ? and #", "%s has a query or a fragment", name)
		return
	case !validPort(u.Port()):
		r.Errorf(at, "", "the port of %s must be from 1 to 65535", name)
		return
	}
	listed := l.listed(u.Hostname())
	if u.Scheme == "http" && !listed && !isLoopback(u.Hostname()) {
		r.Errorf(at, fmt.Sprintf(`write https://%s; plain http goes only to this machine and to addresses in network { private = […] }`, u.Host),
			"%s would send credentials unencrypted", name)
	} else if ip, ok := inside(u.Hostname()); ok && !listed {
		l.warn(at, fmt.Sprintf(`add network { private = [%q] }`, ip), fmt.Sprintf("%s is a private address, which connectors may not dial", name))
	}
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// inside tells whether a host is an address of this machine or a private network.
func inside(host string) (string, bool) {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "127.0.0.1", strings.EqualFold(host, "localhost")
	}
	ip = ip.Unmap()
	return ip.String(), ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
}

// listed tells whether network.private names a host.
func (l *loader) listed(host string) bool {
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(l.config.Network.Private, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}
