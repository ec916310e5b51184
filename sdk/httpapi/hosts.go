package httpapi

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// place is a host to which requests may go.
type place struct {
	name         string // lower case; "*.example.com" stands for every name below example.com
	ports        []string
	plain        bool // http is allowed, too
	credentialed bool
	audience     string
}

type hosts []*place

// baseURL is the setting base_url, or its default; nil when there is none.
func baseURL(d *sdk.Description, s *sdk.Session) (*url.URL, error) {
	text := s.Settings["base_url"]
	if text == "" {
		text = d.BaseURL
	}
	if text == "" {
		return nil, nil //nolint:nilnil // a connector may have none
	}
	return endpoint("base_url", text)
}

func endpoint(setting, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, &sdk.Error{
			Type: sdk.ErrInvalid, Field: setting,
			Message: fmt.Sprintf("setting %s is not a URL like https://api.example.com", setting),
		}
	}
	return u, nil
}

// declaredHosts are Description.Hosts, in order, and then the host of base_url, unless "${base_url}" is among them.
func declaredHosts(d *sdk.Description, s *sdk.Session, base *url.URL) (hosts, error) {
	var all hosts
	said := false
	for _, h := range d.Hosts {
		p := &place{name: plainHost(h.Pattern), credentialed: h.Credentialed, audience: h.Audience}
		for _, port := range h.Ports {
			p.ports = append(p.ports, strconv.FormatUint(uint64(port), 10))
		}
		setting, ok := strings.CutPrefix(h.Pattern, "${")
		if !ok {
			if len(p.ports) == 0 {
				p.ports = []string{"443"}
			} else {
				p.plain = !p.credentialed // what was declared for port 80, without credentials
			}
			all = append(all, p)
			continue
		}
		setting = strings.TrimSuffix(setting, "}")
		u := base
		if setting == "base_url" {
			said = true
		} else {
			if s.Settings[setting] == "" {
				continue
			}
			var err error
			if u, err = endpoint(setting, s.Settings[setting]); err != nil {
				return nil, err
			}
		}
		if u != nil {
			all = append(all, p.at(u))
		}
	}
	if base != nil && !said {
		all = append(all, (&place{credentialed: true}).at(base))
	}
	return all, nil
}

// at makes p the host of an endpoint.
func (p *place) at(u *url.URL) *place {
	p.name = plainHost(u.Hostname())
	p.ports = append(p.ports, portOf(u))
	p.plain = u.Scheme == "http"
	return p
}

func (p *place) fits(u *url.URL) bool {
	name := plainHost(u.Hostname())
	if below, ok := strings.CutPrefix(p.name, "*."); ok {
		label, found := strings.CutSuffix(name, "."+below)
		if !found || label == "" {
			return false
		}
	} else if name != p.name {
		return false
	}
	return slices.Contains(p.ports, portOf(u)) && (u.Scheme == "https" || p.plain)
}

// find gives the place of a request, or refuses it.
func (hs hosts) find(req *http.Request) (*place, *sdk.Error) {
	u := req.URL
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, blocked(u, "only https and http URLs can be requested")
	}
	if req.Host != "" && !strings.EqualFold(req.Host, u.Host) {
		return nil, blocked(u, fmt.Sprintf("the request names host %q but would be sent to %q; they must agree", req.Host, u.Host))
	}
	for _, p := range hs {
		if p.fits(u) {
			return p, nil
		}
	}
	declare := fmt.Sprintf("sdk.Host{Pattern: %q}", plainHost(u.Hostname()))
	if port := portOf(u); port != "443" {
		declare = fmt.Sprintf("sdk.Host{Pattern: %q, Ports: []uint32{%s}}", plainHost(u.Hostname()), port)
	}
	return nil, blocked(u, fmt.Sprintf("host %s (%s) is not one this connector declared: its author must add %s to Description.Hosts, "+
		"or base_url must name it", net.JoinHostPort(u.Hostname(), portOf(u)), u.Scheme, declare))
}

// followed judges a request that a redirect caused. crossed: somewhere on the way the host changed, so nothing that
// identifies us may go along.
func followed(req *http.Request) (crossed bool, e *sdk.Error) {
	hops := 0
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		from, to := r.Response.Request.URL, r.URL
		hops++
		switch {
		case hops > MaxRedirects:
			return false, &sdk.Error{
				Type: sdk.ErrInternal, Sent: true, URL: sdk.PlainURL(req.URL),
				Message: fmt.Sprintf("the provider redirects more than %d times", MaxRedirects),
			}
		case from.Scheme == "https" && to.Scheme != "https":
			return false, blocked(to, "the provider redirects from https to "+to.Scheme+", which is refused")
		}
		crossed = crossed || from.Scheme != to.Scheme || plainHost(from.Hostname()) != plainHost(to.Hostname()) || portOf(from) != portOf(to)
	}
	return crossed, nil
}

// blocked names the host only: the path of a redirect is the other side's words, which may repeat our credentials.
func blocked(u *url.URL, message string) *sdk.Error {
	return &sdk.Error{Type: sdk.ErrBlocked, Message: message, URL: (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()}
}

func plainHost(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}
