package policy

import (
	"net/netip"
	"path"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// inCIDR says whether an address lies in a prefix.
func inCIDR(address, prefix ref.Val) ref.Val {
	a, okA := address.(types.String)
	p, okP := prefix.(types.String)
	if !okA || !okP {
		return types.MaybeNoSuchOverloadErr(address)
	}
	net, err := netip.ParsePrefix(string(p))
	if err != nil {
		return types.NewErr("%q is not a CIDR prefix", string(p))
	}
	ip, err := netip.ParseAddr(string(a))
	if err != nil {
		return types.NewErr("%q is not an address", string(a))
	}
	return types.Bool(net.Contains(ip.Unmap()))
}

// domain is what stands behind the last @, in lower case.
func domain(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.String(domainOf(string(s)))
}

func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(address[at+1:])
}

// glob matches a whole text by *, ? and [a-z]; * does not cross a slash.
func glob(v, pattern ref.Val) ref.Val {
	s, okS := v.(types.String)
	p, okP := pattern.(types.String)
	if !okS || !okP {
		return types.MaybeNoSuchOverloadErr(v)
	}
	match, err := path.Match(string(p), string(s))
	if err != nil {
		return types.NewErr("%q is not a pattern", string(p))
	}
	return types.Bool(match)
}
