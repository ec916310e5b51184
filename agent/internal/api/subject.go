package api

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// subject is whom or what a question is about.
type subject struct {
	// refs are the records that are meant. A ref means itself; an e-mail or name means all accounts of the persons who have it.
	refs []record.Ref
	// emails are those of the accounts, by which logs may call them.
	emails []string
}

// asked is the text that says whom or what is meant.
func asked(v url.Values) (string, error) {
	x := strings.TrimSpace(v.Get("x"))
	if x == "" {
		return "", badRequest("who or what? Write a ref (box/main/account/42), an e-mail address or a whole name")
	}
	return x, nil
}

// person finds the accounts that a text means: a ref, an e-mail address, a name. Nobody is no error here.
func (v *question) person(x string) ([]record.Ref, error) {
	if ref, err := record.ParseRef(x); err == nil {
		return []record.Ref{ref}, v.exists(ref)
	}
	if email := record.Email(x); email != "" {
		refs := v.people.Bearing(email)
		for _, ref := range v.people.Named(email) { // the person's name in the map file, or a login
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
		return refs, nil
	}
	return v.people.Named(x), nil
}

func (v *question) exists(ref record.Ref) error {
	i := v.instance(ref.Provider + "/" + ref.Instance)
	if i == nil {
		return notFound("there is no instance %q with data; there are: %s", ref.Provider+"/"+ref.Instance, strings.Join(ids(v.instances), ", "))
	}
	for _, err := range i.Store.Rows(v.ctx, store.Range{Kind: ref.Kind, ID: ref.ID}) {
		return err
	}
	return notFound("there is no record %s now", ref)
}

// all are the accounts of everybody to whom one of these belongs.
func (v *question) all(refs []record.Ref) []record.Ref {
	var out []record.Ref
	add := func(r record.Ref) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, r := range refs {
		if p := v.people.Of(r); p != nil {
			for _, a := range p.Accounts {
				add(a.Ref)
			}
		}
		add(r)
	}
	return out
}

// subject finds what a text means, of every kind.
func (v *question) subject(x string) (*subject, error) {
	refs, err := v.person(x)
	if err != nil {
		return nil, err
	}
	s := &subject{refs: refs}
	if _, err := record.ParseRef(x); err != nil {
		s.refs = v.all(refs)
	}
	if len(s.refs) == 0 {
		if s.refs, err = v.things(x); err != nil {
			return nil, err
		}
	}
	if len(s.refs) == 0 {
		return nil, notFound("nothing is called %q: write a ref (box/main/account/42), an e-mail address or a whole name", x)
	}
	for _, r := range s.refs {
		if a := v.people.Account(r); a != nil && r.Kind == wire.Kind_KIND_ACCOUNT {
			if e := record.Email(a.Email); e != "" && !slices.Contains(s.emails, e) {
				s.emails = append(s.emails, e)
			}
		}
	}
	return s, nil
}

// maxNamesakes is how many things of one name are told before one has to be more exact.
const maxNamesakes = 5

// things finds a group, role, file or app by its address, name or path. Several of one name are an error that lists them.
func (v *question) things(x string) ([]record.Ref, error) {
	var found []record.Ref
	for _, i := range v.instances {
		if email := record.Email(x); email != "" {
			for _, k := range v.Graph().Bearers(access.Address(i.ID(), email)) {
				found = append(found, refOf(k))
			}
			continue
		}
		for _, kind := range []wire.Kind{wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_APP, wire.Kind_KIND_FILE} {
			for row, err := range i.Store.Rows(v.ctx, store.Range{Kind: kind}) {
				if err != nil {
					return nil, err
				}
				ref := record.Ref{Provider: i.Provider, Instance: i.Name, Kind: kind, ID: row.ID}
				if called(kind, row.Body, x) && !slices.Contains(found, ref) && len(found) <= maxNamesakes {
					found = append(found, ref)
				}
			}
		}
	}
	if len(found) > 1 {
		var list []string
		for _, r := range found[:min(len(found), maxNamesakes)] {
			list = append(list, r.String())
		}
		return nil, badRequest("several things are called %q: write the ref of one: %s", x, strings.Join(list, ", "))
	}
	return found, nil
}

// called says whether the name or path of a record is this.
func called(kind wire.Kind, body []byte, name string) bool {
	const nameField, pathField = 2, 3
	fields := record.FieldSet(nameField)
	if kind == wire.Kind_KIND_FILE {
		fields = record.FieldSet(nameField, pathField)
	}
	part, err := record.Part(nil, body, fields)
	if err != nil {
		return false
	}
	m, err := record.Decode(kind, "", record.Facet{Body: part})
	if err != nil {
		return false
	}
	if f, ok := m.(*wire.File); ok && f.GetPath() == name {
		return true
	}
	n, ok := m.(interface{ GetName() string })
	return ok && n.GetName() == name
}

// name of a record as people say it; "" when it has none.
func (v *question) name(ref record.Ref) string {
	if n, known := v.names[ref]; known {
		return n
	}
	v.names[ref] = v.readName(ref)
	return v.names[ref]
}

func (v *question) readName(ref record.Ref) string {
	if ref.Kind == wire.Kind_KIND_ACCOUNT {
		if a := v.people.Account(ref); a != nil {
			return accountName(a)
		}
	}
	i := v.instance(ref.Provider + "/" + ref.Instance)
	if i == nil {
		return ""
	}
	for row, err := range i.Store.Rows(v.ctx, store.Range{Kind: ref.Kind, ID: ref.ID}) {
		if err != nil {
			return ""
		}
		m, err := record.Decode(ref.Kind, "", record.Facet{Body: row.Body})
		if err != nil {
			return ""
		}
		if f, ok := m.(*wire.File); ok && f.GetPath() != "" {
			return f.GetPath()
		}
		if n, ok := m.(interface{ GetName() string }); ok && n.GetName() != "" {
			return n.GetName()
		}
	}
	return ""
}

func accountName(a *people.Account) string {
	for _, n := range []string{a.DisplayName, a.Name, a.Email} {
		if n != "" {
			return n
		}
	}
	return ""
}
