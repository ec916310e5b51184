package httpapi

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/mooring-hq/mooring/sdk"
)

// special are the addresses that are not on the public internet, beside those netip knows by itself.
var special = prefixes( //nolint:gochecknoglobals // a table
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
)

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, p := range list {
		all[i] = netip.MustParsePrefix(p)
	}
	return all
}

// private lists what may be dialled although it is private.
type private []netip.Prefix

func parsePrivate(list []string) (private, error) {
	var p private
	for _, entry := range list {
		if entry == "localhost" {
			p = append(p, prefixes("127.0.0.0/8", "::1/128")...)
			continue
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			p = append(p, prefix.Masked())
			continue
		}
		addr, err := netip.ParseAddr(entry)
		if err != nil {
			return nil, &sdk.Error{
				Type: sdk.ErrInvalid, Field: fieldPrivate,
				Message: fmt.Sprintf("network { private } has %q; an address, a prefix like 10.0.0.0/8, or \"localhost\" is expected", entry),
			}
		}
		addr = addr.Unmap()
		p = append(p, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return p, nil
}

// control looks at the address that is really dialled, behind all names, and refuses a private one.
func (p private) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		host, _, _ := net.SplitHostPort(address)
		return &sdk.Error{Type: sdk.ErrBlocked, Message: fmt.Sprintf("%q is not an address", host)}
	}
	addr := at.Addr().Unmap().WithZone("")
	if !isPrivate(addr) {
		return nil
	}
	for _, allowed := range p {
		if allowed.Contains(addr) {
			return nil
		}
	}
	return &sdk.Error{
		Type: sdk.ErrBlocked, Field: fieldPrivate,
		Message: fmt.Sprintf("%s is a private address; if it is meant, allow it with network { private = [%q] }", addr, addr),
	}
}

// nat64 carries IPv4 addresses through networks that have only IPv6.
var nat64 = netip.MustParsePrefix("64:ff9b::/96") //nolint:gochecknoglobals // a constant

func isPrivate(a netip.Addr) bool {
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() { // the first covers loopback, link-local, multicast, unspecified
		return true
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Guard gives what a net.Dialer needs as ControlContext to refuse addresses that are not public but for those listed, for
// protocols other than HTTP.
func Guard(allowed []string) (func(ctx context.Context, network, address string, conn syscall.RawConn) error, error) {
	p, err := parsePrivate(allowed)
	if err != nil {
		return nil, err
	}
	return p.control, nil
}
