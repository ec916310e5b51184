package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// Ingest is the receiver of webhooks, for instances with realtime = "push":
//
//	ingest {
//	  listen     = "0.0.0.0:8443"
//	  public_url = "https://hooks.example.com"   # where providers reach it
//	  tls {
//	    cert_file = "/etc/mooring/hooks.crt"     # read anew when it changes
//	    key_file  = "/etc/mooring/hooks.key"
//	  }
//	}
//
// Behind a reverse proxy that has the certificate, listen on a loopback address and leave tls away; where the proxy is on
// another machine, say behind_proxy = true. The proxy passes /hooks/ on; a path in public_url may be kept or stripped.
type Ingest struct {
	Listen    string
	PublicURL string // without a slash at its end
	// CertFile and KeyFile are both empty when a proxy has the certificate.
	CertFile, KeyFile string
	// Proxied: requests come from a reverse proxy, so their sender's address says nothing.
	Proxied bool
	Range   hcl.Range
}

const (
	exampleListen = `write listen = "0.0.0.0:8443"`
	examplePublic = `write public_url = "https://hooks.example.com", as providers reach it`
)

func (l *loader) ingest(f file, b *hclsyntax.Block) {
	r := f.Sub("ingest", b)
	i := &Ingest{Range: b.DefRange(), Proxied: r.Bool("behind_proxy", false)}
	l.config.Ingest = i
	for name, hint := range map[string]string{"listen": exampleListen, "public_url": examplePublic} {
		if r.Attribute(name) == nil {
			r.Errorf(r.Header, hint, "ingest has no %s", name)
		}
	}
	i.Listen, i.PublicURL = r.Text("listen"), strings.TrimRight(r.Text("public_url"), "/")
	if b := r.Block("tls"); b != nil {
		i.tls(f, r.Sub("tls", b))
	}
	if a := r.Attribute("public_url"); a != nil && i.PublicURL != "" {
		checkPublic(r, a, i.PublicURL)
	}
	if a := r.Attribute("listen"); a != nil && i.Listen != "" {
		i.checkListen(r, a)
	}
	r.Done()
}

func (i *Ingest) tls(f file, r *syntax.Reader) {
	for name, into := range map[string]*string{"cert_file": &i.CertFile, "key_file": &i.KeyFile} {
		if r.Attribute(name) == nil {
			r.Errorf(r.Header, `write `+name+` = "/etc/mooring/hooks.pem"`, "tls has no %s", name)
		} else if path := r.Text(name); path != "" {
			*into = f.path(path)
		}
	}
	r.Done()
}

// checkListen: what comes from other machines is encrypted, here or by a proxy.
func (i *Ingest) checkListen(r *syntax.Reader, a *hclsyntax.Attribute) {
	host, port, err := net.SplitHostPort(i.Listen)
	at := a.Expr.Range()
	if err != nil {
		r.Errorf(at, exampleListen, "listen must be an address with a port")
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		r.Errorf(at, `write listen = "`+net.JoinHostPort(host, "8443")+`"`, "the port of listen must be from 0 to 65535")
		return
	}
	tls := r.Block("tls") != nil
	switch {
	case tls && i.Proxied:
		r.Errorf(r.Attribute("behind_proxy").Expr.Range(), "remove one of them", "ingest has a tls block and a proxy")
	case isLoopback(host):
		i.Proxied = i.Proxied || !tls
	case !tls && !i.Proxied:
		r.Errorf(at, "add a tls block, listen on 127.0.0.1 behind a proxy, or say behind_proxy = true where the proxy is elsewhere",
			"%s can be reached from other machines without TLS", syntax.Short(i.Listen))
	}
}

// checkPublic: providers send to https only; http is for fakes on this machine.
func checkPublic(r *syntax.Reader, a *hclsyntax.Attribute, public string) {
	at := a.Expr.Range()
	u, err := url.Parse(public)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		r.Errorf(at, examplePublic, "public_url is not a URL")
	case u.User != nil:
		r.Errorf(at, examplePublic, "public_url holds a user")
		hide(*r.Diags)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		r.Errorf(at, examplePublic, "public_url may have a host, a port and a path only")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.Errorf(at, `write "https`+strings.TrimPrefix(syntax.Short(public), "http")+`"`, "public_url must begin with https://")
	}
}
