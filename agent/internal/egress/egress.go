// Package egress decides how connectors reach the outside.
//
// It promises the network settings that one connector gets. In direct mode, the only one there is yet, the connector dials
// by itself and package sdk/httpapi holds it to its declared hosts: that protects against mistakes, not against a hostile
// program. The door, a socket through which everything must go, will be a second mode.
package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxRootsBytes is the size of all private roots together.
const maxRootsBytes = 1 << 20

// Settings are the network block of the configuration.
type Settings struct {
	// Proxy is the URL of an HTTP proxy, "" for none.
	Proxy string
	// NoProxy lists hosts and domains that are reached without it.
	NoProxy []string
	// CAFiles are PEM files with roots to trust beside the system's.
	CAFiles []string
	// Private are addresses and prefixes that may be dialled although they are not public.
	Private []string
}

// Direct gives the settings for connectors that dial by themselves. It reads the files of the roots.
func Direct(s Settings) (*wire.Network, error) {
	n := &wire.Network{NoProxy: slices.Clone(s.NoProxy)}
	if s.Proxy != "" {
		u, err := url.Parse(s.Proxy)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: "proxy", Message: `network: proxy must be a URL such as "http://proxy.example:3128"`}
		}
		n.Proxy = &s.Proxy
	}
	for _, p := range s.Private {
		if _, err := netip.ParsePrefix(p); err == nil {
			n.Private = append(n.Private, p)
			continue
		}
		a, err := netip.ParseAddr(p)
		if err != nil {
			return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: "private", Message: fmt.Sprintf("network: private %q is neither an address nor a prefix such as 10.0.0.0/8", p)}
		}
		n.Private = append(n.Private, a.String())
	}
	for _, path := range s.CAFiles {
		pem, err := os.ReadFile(path) //nolint:gosec // named in the configuration
		if err != nil {
			return nil, fmt.Errorf("network: ca_files: %w", err)
		}
		if n.Roots = append(append(n.Roots, pem...), '\n'); len(n.Roots) > maxRootsBytes {
			return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: "ca_files", Message: fmt.Sprintf("network: ca_files have more than %d bytes together", maxRootsBytes)}
		}
	}
	return n, nil
}
