package record

import (
	"fmt"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Ref is the address of a record: provider/instance/kind/id. An id may hold slashes, the other parts may not.
type Ref struct {
	Provider, Instance string
	Kind               wire.Kind
	ID                 string
}

// String prints the address.
func (r Ref) String() string {
	return r.Provider + "/" + r.Instance + "/" + sdk.KindName(r.Kind) + "/" + r.ID
}

// ParseRef reads an address. The kind may stand in the plural.
func ParseRef(s string) (Ref, error) {
	parts := strings.SplitN(s, "/", 4)
	if len(parts) < 4 || parts[0] == "" || parts[1] == "" || parts[3] == "" {
		return Ref{}, fmt.Errorf("%q is no ref: expected provider/instance/kind/id, as in github/sales/account/42", s)
	}
	kind, ok := sdk.ParseKind(parts[2])
	if !ok {
		return Ref{}, fmt.Errorf("%q is no ref: there is no kind %q", s, parts[2])
	}
	return Ref{Provider: parts[0], Instance: parts[1], Kind: kind, ID: parts[3]}, nil
}
