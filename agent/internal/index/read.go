package index

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// wanted are the fields that the index reads, by their numbers in records.proto. The rest of a record is not decoded,
// which makes building the index about twice as fast.
var wanted = map[wire.Kind]record.Fields{
	wire.Kind_KIND_ACCOUNT:    record.FieldSet(2, 3, 4, 5, 6, 14, 15),
	wire.Kind_KIND_GROUP:      record.FieldSet(3, 4, 5),
	wire.Kind_KIND_ROLE:       record.FieldSet(3),
	wire.Kind_KIND_MEMBERSHIP: record.FieldSet(2, 3, 4, 5, 6, 8, 9),
	wire.Kind_KIND_FILE:       record.FieldSet(7, 13, 18),
	wire.Kind_KIND_APP:        0,
	wire.Kind_KIND_GRANT:      record.FieldSet(3, 4, 5, 6, 7, 12),
}

// put takes the rows of one record. They are in the order of their facets' names.
func (x *Index) put(i *instance, rows []store.Row) error {
	kind, id := rows[0].Kind, rows[0].ID
	if len(rows) > 1 {
		slices.SortStableFunc(rows, func(a, b store.Row) int { return cmp.Compare(i.order[a.Facet], i.order[b.Facet]) })
	}
	facets := make([]access.Facet, len(rows))
	var scratch [512]byte
	for n, row := range rows {
		m := wire.NewRecord(kind)
		if m == nil {
			return nil
		}
		body, err := record.Part(scratch[:0], row.Body, wanted[kind])
		if err == nil {
			err = m.UnmarshalVT(body)
		}
		if err != nil {
			return fmt.Errorf("%s: the stored bytes are no record: %w", i.ref(kind, id), err)
		}
		facets[n] = access.Facet{
			Home: access.Home{Instance: i.id(), Listing: row.Home.Listing, Shard: row.Home.Shard}, Defines: i.defines(row), Record: m,
		}
	}
	x.graph.Put(access.Record{Key: i.key(kind, id), Facets: facets, OwnList: kind == wire.Kind_KIND_FILE && i.ownList(rows)})
	switch kind { //nolint:exhaustive // people are made of these
	case wire.Kind_KIND_ACCOUNT:
		x.account(i, id, rows, facets)
	case wire.Kind_KIND_GROUP:
		x.group(i, id, facets)
	case wire.Kind_KIND_MEMBERSHIP:
		for n, f := range facets {
			if m, ok := f.Record.(*wire.Membership); ok {
				i.contains[rows[n].Home.Listing] |= 1 << m.GetContainer().GetKind()
			}
		}
	}
	return nil
}

// defines says whether a facet makes its record exist. A listing that this connector no longer has keeps its word.
func (i *instance) defines(row store.Row) bool {
	n, known := i.order[row.Facet]
	return !known || slices.Contains(i.Description.GetListings()[n].GetDefines(), row.Kind)
}

// ownList says whether some listing gives access lists for files like this one: that which defines it, or one that adds to
// the files of that listing or of all.
func (i *instance) ownList(rows []store.Row) bool {
	const field = "file.access"
	listings := i.Description.GetListings()
	declared := false
	for _, l := range listings {
		declared = declared || len(l.GetFields()) > 0
		if !slices.Contains(l.GetFields(), field) {
			continue
		}
		n, nested := i.order[l.GetParent()]
		ofFiles := nested && slices.Contains(listings[n].GetDefines(), wire.Kind_KIND_FILE)
		for _, row := range rows {
			if row.Facet == l.GetName() {
				return true
			}
			if slices.Contains(l.GetEnriches(), wire.Kind_KIND_FILE) && (!ofFiles || l.GetParent() == row.Facet) {
				return true
			}
		}
	}
	return !declared
}

func (x *Index) account(i *instance, id string, rows []store.Row, facets []access.Facet) {
	if !slices.ContainsFunc(facets, func(f access.Facet) bool { return f.Defines }) {
		x.dropAccount(i, id)
		return
	}
	a := people.Account{Ref: i.ref(wire.Kind_KIND_ACCOUNT, id)}
	for n, f := range facets {
		m, ok := f.Record.(*wire.Account)
		if !ok {
			continue
		}
		first(&a.Name, m.Name)
		first(&a.DisplayName, m.DisplayName)
		first(&a.Email, m.Email)
		first(&a.Type, m.Type)
		first(&a.ExternalID, m.ExternalId)
		first(&a.NameID, m.SamlNameId)
		a.Verified = a.Verified || verified(rows[n].Body)
	}
	switch at, had := i.at[id]; {
	case !had:
		i.at[id] = len(i.accounts)
		i.accounts = append(i.accounts, a)
		x.people = nil
	case i.accounts[at] != a:
		i.accounts[at] = a
		x.people = nil
	}
}

func (x *Index) dropAccount(i *instance, id string) {
	at, had := i.at[id]
	if !had {
		return
	}
	last := len(i.accounts) - 1
	i.accounts[at] = i.accounts[last]
	i.at[i.accounts[at].Ref.ID] = at
	i.accounts = i.accounts[:last]
	delete(i.at, id)
	x.people = nil
}

// first keeps what the first facet said that knew it.
func first(to, v *string) {
	if *to == "" && v != nil {
		*to = *v
	}
}

// verifiedAttribute is how a connector passes on that the provider has seen to it that an address is the account's.
const verifiedAttribute = "email_verified"

func verified(body []byte) bool {
	if !bytes.Contains(body, []byte(verifiedAttribute)) {
		return false
	}
	m := &sdk.Account{}
	if m.UnmarshalVT(body) != nil {
		return false
	}
	return slices.ContainsFunc(m.GetAttributes(), func(a *wire.Attribute) bool {
		return a.GetName() == verifiedAttribute && a.GetValue() == "true"
	})
}

func (x *Index) group(i *instance, id string, facets []access.Facet) {
	address := ""
	for _, f := range facets {
		if m, ok := f.Record.(*wire.Group); ok && address == "" {
			address = record.Email(m.GetEmail())
		}
	}
	if i.mailbox[id] == address {
		return
	}
	if x.people = nil; address == "" {
		delete(i.mailbox, id)
		return
	}
	i.mailbox[id] = address
}
