package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

func defaultConnectorDirs() []string {
	return []string{"/usr/local/lib/mooring/connectors", "/usr/lib/mooring/connectors"}
}

func (l *loader) agent(f file, b *hclsyntax.Block) {
	r := f.Sub("agent", b)
	a := Agent{Range: b.DefRange(), ConnectorDirs: defaultConnectorDirs()}
	if r.Attribute("data_dir") == nil {
		r.Errorf(r.Header, `write data_dir = "/var/lib/mooring"`, "agent has no data_dir")
	}
	if dir := r.Text("data_dir"); dir != "" {
		a.DataDir = f.path(dir)
	}
	if r.Attribute("connector_dirs") != nil {
		a.ConnectorDirs = f.paths(r.Texts("connector_dirs"))
	}
	if path := r.Text("geo_database"); path != "" {
		a.Geo = f.path(path)
	}
	a.Listen = r.Text("listen")
	if attr := r.Attribute("listen"); attr != nil && a.Listen != "" {
		checkListen(r, attr, a.Listen)
	}
	a.LogLevel = r.OneOf("log_level", "info", "debug", "info", "warn", "error")
	a.LogFormat = r.OneOf("log_format", "text", "text", "json")
	a.Containment = r.OneOf("containment", "", "strict", "basic", "off")
	if unsafe := r.Bool("unsafe", false); a.Containment == "off" && !unsafe {
		r.Errorf(r.Attribute("containment").Expr.Range(), "remove the line, or add unsafe = true if connectors really may do all the agent can",
			`containment = "off" needs unsafe = true`)
	}
	if path := r.Text("audit_checkpoints"); path != "" {
		a.AuditCheckpoints = f.path(path)
	}
	if attr := r.Attribute("seal_key"); attr != nil {
		a.SealKey = f.secret(r, attr, "MOORING_SEAL_KEY")
	}
	r.Done()
	l.config.Agent = a
}

// secret reads a reference where text would be a secret in the open.
func (f file) secret(r *syntax.Reader, a *hclsyntax.Attribute, variable string) Credential {
	if call, ok := syntax.Call(a.Expr); ok {
		return f.reference(r, a, call, variable)
	}
	r.Errorf(a.Expr.Range(), fmt.Sprintf(`write %s = secret("env:%s")`, a.Name, variable), "%s is a secret and must not stand here", a.Name)
	hide(*r.Diags)
	return Credential{}
}

// checkListen: the console has no TLS yet, so only this machine may reach it.
func checkListen(r *syntax.Reader, a *hclsyntax.Attribute, listen string) {
	at := a.Expr.Range()
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		r.Errorf(at, `write listen = "127.0.0.1:8420"`, "listen must be an address with a port")
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		r.Errorf(at, `write listen = "`+net.JoinHostPort(host, "8420")+`"`, "the port of listen must be from 0 to 65535")
	} else if !isLoopback(host) {
		r.Errorf(at, `write listen = "`+net.JoinHostPort("127.0.0.1", strconv.FormatUint(n, 10))+`" and put a proxy with TLS before it`,
			"listen must be a loopback address: the console has no TLS")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (l *loader) organization(f file, b *hclsyntax.Block) {
	r := f.Sub("organization", b)
	o := Organization{Range: b.DefRange()}
	o.Domains = domains(r, "domains")
	for _, item := range r.Texts("protected") {
		if !strings.ContainsAny(item.Text, "@/") {
			r.Errorf(item.Range, `write an e-mail address, or a ref like "okta/main/account/00u1"`, "%q is neither an e-mail address nor a ref",
				syntax.Short(item.Text))
			continue
		}
		o.Protected = append(o.Protected, item.Text)
	}
	if path := r.Text("people"); path != "" {
		o.People = f.path(path)
	}
	o.Personal = domains(r, "personal")
	for _, p := range r.Blocks("partner") {
		if names := r.Labels(p, `write partner "globex" {`, "name"); names != nil {
			o.Partners = append(o.Partners, l.partner(r.Sub("partner "+syntax.Short(names[0]), p), p))
		}
	}
	r.Done()
	l.config.Organization = o
}

// domains reads a list of them, in lower case.
func domains(r *syntax.Reader, name string) []string {
	var list []string
	for _, item := range r.Texts(name) {
		domain := strings.ToLower(item.Text)
		if !isDomain(domain) {
			r.Errorf(item.Range, `write it like "acme.example"`, "%q is not a domain", syntax.Short(item.Text))
			continue
		}
		list = append(list, domain)
	}
	return list
}

func (l *loader) partner(r *syntax.Reader, b *hclsyntax.Block) Partner {
	p := Partner{Name: b.Labels[0], Domains: domains(r, "domains")}
	checkName(r, b, 0)
	switch key := "partner " + p.Name; {
	case slices.Contains([]string{"ours", "personal", "other"}, p.Name):
		r.Errorf(b.LabelRanges[0], "give it another name", "party() says %s of those who are no partner", p.Name)
	case l.first[key] != hcl.Range{}:
		r.Errorf(b.LabelRanges[0], "put all its domains into one", "a second partner %s; the first is at %s", p.Name, place(l.first[key]))
	default:
		l.first[key] = b.LabelRanges[0]
	}
	if r.Attribute("domains") == nil {
		r.Errorf(r.Header, `write domains = ["globex.example"]`, "partner %s has no domains", syntax.Short(p.Name))
	}
	r.Done()
	return p
}

func isDomain(s string) bool {
	const most = 253 // bytes
	labels := strings.Split(s, ".")
	if len(s) > most || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || strings.Trim(label, "-") != label || strings.ContainsAny(label, " @/:*_\\\t\"'") {
			return false
		}
	}
	return true
}

func (l *loader) network(f file, b *hclsyntax.Block) {
	r := f.Sub("network", b)
	n := Network{Range: b.DefRange()}
	if a := r.Attribute("proxy"); a != nil {
		n.Proxy = l.proxy(f, r, a)
	}
	for _, item := range r.Texts("no_proxy") {
		n.NoProxy = append(n.NoProxy, item.Text)
	}
	n.CAFiles = f.paths(r.Texts("ca_files"))
	for _, item := range r.Texts("private") {
		if p, ok := privatePrefix(r, item); ok {
			n.Private = append(n.Private, p)
		}
	}
	r.Done()
	l.config.Network = n
}

func (l *loader) proxy(f file, r *syntax.Reader, a *hclsyntax.Attribute) Credential {
	const example = `write proxy = "http://proxy.acme.example:3128"`
	if call, ok := syntax.Call(a.Expr); ok {
		return f.reference(r, a, call, "MOORING_PROXY")
	}
	text, ok := syntax.Text(a.Expr)
	at := a.Expr.Range()
	if !ok {
		r.Errorf(at, example, "proxy must be text or secret(…); this is %s", syntax.Describe(a.Expr))
		return Credential{}
	}
	u, err := url.Parse(text) // its error would repeat the password
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		r.Errorf(at, example, "proxy is not a URL that begins with http:// or https://")
	case u.User != nil:
		r.Errorf(at, `write proxy = secret("env:MOORING_PROXY") and put the whole URL there`, "proxy holds a password as text")
	default:
		return Credential{Literal: text, Range: at}
	}
	hide(*r.Diags)
	return Credential{}
}

func privatePrefix(r *syntax.Reader, item syntax.Item) (netip.Prefix, bool) {
	const example = `write an address or a network, like "10.1.2.3" or "10.1.0.0/16"`
	if ip, err := netip.ParseAddr(item.Text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), true
	}
	p, err := netip.ParsePrefix(item.Text)
	switch {
	case err != nil:
		r.Errorf(item.Range, example, "%q is not an IP address or network", syntax.Short(item.Text))
	case p != p.Masked():
		r.Errorf(item.Range, `write "`+p.Masked().String()+`" for the network, or "`+p.Addr().String()+`" for the one address`,
			"%q is an address inside a network, with the network's length", item.Text)
	case p.Bits() == 0:
		r.Errorf(item.Range, "name the networks that are yours", "%q opens every address", item.Text)
	default:
		return p, true
	}
	return netip.Prefix{}, false
}

// warn adds what does not stop anything.
func (l *loader) warn(at hcl.Range, hint, summary string) {
	l.diags = append(l.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: hint, Subject: &at})
}

// path gives a path of the configuration as one of the process.
func (f file) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(f.dir, p)
}

func (f file) paths(items []syntax.Item) []string {
	var paths []string
	for _, item := range items {
		paths = append(paths, f.path(item.Text))
	}
	return paths
}

// absolute is the folder from the root, for what is resolved later.
func (f file) absolute() string {
	dir, err := filepath.Abs(f.dir)
	if err != nil { // no working directory: secret.Parse then wants absolute paths
		return ""
	}
	return dir
}
