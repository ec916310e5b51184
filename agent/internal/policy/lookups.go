package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"google.golang.org/protobuf/reflect/protoreflect"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// function is one of those that need more than their arguments: the time, other records. A new one is a row here.
type function struct {
	name string
	// usage says how it is called, for whoever did it wrongly.
	usage string
	// takes are the types of the arguments, one list for each way to call it.
	takes  [][]*cel.Type
	gives  *cel.Type
	do     func(j *judgement, a, b value) value
	reads  Reads               // but for Fields
	fields map[string][]string // read of a record given whole, by its type
}

var theFunctions = func() []function { //nolint:gochecknoglobals // a table
	account, group, refType := kindType(wire.Kind_KIND_ACCOUNT), kindType(wire.Kind_KIND_GROUP), cel.ObjectType(typePrefix+"Ref")
	file, grant, app := kindType(wire.Kind_KIND_FILE), kindType(wire.Kind_KIND_GRANT), kindType(wire.Kind_KIND_APP)
	activity, member := kindType(wire.Kind_KIND_ACTIVITY), kindType(wire.Kind_KIND_MEMBERSHIP)
	human := cel.ObjectType(typePrefix + "Human")
	one := func(all ...*cel.Type) (lists [][]*cel.Type) {
		for _, t := range all {
			lists = append(lists, []*cel.Type{t})
		}
		return lists
	}
	two := func(first []*cel.Type, second *cel.Type) (lists [][]*cel.Type) {
		for _, t := range first {
			lists = append(lists, []*cel.Type{t, second})
		}
		return lists
	}
	kinds := func(k ...wire.Kind) Reads { return Reads{Kinds: k} }
	who := map[string][]string{"Account": {"email", "external_id", "id", "saml_name_id"}}
	owners := map[string][]string{"File": {"owner"}, "Grant": {"account", "created_by"}, "Membership": {"member"}, "Activity": {"actor"}}
	return []function{
		{"now", "now()", [][]*cel.Type{{}}, cel.TimestampType, nowFunction, Reads{Now: true}, nil},
		{"ago", "ago('90d')", one(cel.DurationType), cel.TimestampType, agoFunction, Reads{Now: true}, nil},
		{"since", "since(file.modified_at), the time until now", one(cel.TimestampType), cel.DurationType, sinceFunction, Reads{Now: true}, nil},
		{
			"owner", "owner(file): the account behind a file, grant, membership or activity", one(file, grant, member, activity), account,
			ownerFunction, kinds(wire.Kind_KIND_ACCOUNT), owners,
		},
		{
			"account_of", "account_of(membership.member): the account that is meant", one(refType), account, accountFunction,
			kinds(wire.Kind_KIND_ACCOUNT), nil,
		},
		{"parent", "parent(file): the folder or repository that a file is in", one(file), file, parentFunction, kinds(wire.Kind_KIND_FILE), map[string][]string{"File": {"parent"}}},
		{"group_of", "group_of(membership.container): the group that is meant", one(refType), group, groupFunction, kinds(wire.Kind_KIND_GROUP), nil},
		{
			"in_group", "in_group(account, 'name, e-mail or id of the group'); an e-mail or an actor may stand for the account",
			two([]*cel.Type{account, refType, cel.StringType}, cel.StringType), cel.BoolType, inGroupFunction,
			kinds(wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_MEMBERSHIP), who,
		},
		{
			"person", "person(account); an e-mail or an actor may stand for the account", one(account, refType, cel.StringType), human,
			personFunction, Reads{People: true, Kinds: []wire.Kind{wire.Kind_KIND_ACCOUNT}}, who,
		},
		{
			"party", "party(account.email): 'ours', 'personal', 'other' or the name of a partner", one(cel.StringType, refType, account),
			cel.StringType, partyFunction, Reads{}, map[string][]string{"Account": {"email"}},
		},
		{
			"verdict", "verdict(app): 'approved', 'banned' or 'none'", one(app, refType), cel.StringType, verdictFunction, Reads{Verdicts: true},
			map[string][]string{"App": {"id", "name"}},
		},
		{"country", "country(activity.ip), as two small letters", one(cel.StringType), cel.StringType, countryFunction, Reads{}, nil},
	}
}()

func functionOf(name string) *function {
	i := slices.IndexFunc(theFunctions, func(f function) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &theFunctions[i]
}

func nowFunction(j *judgement, _, _ value) value { return ofTime(j.now()) }

func agoFunction(j *judgement, d, _ value) value {
	if d.kind != durationValue {
		return value{}
	}
	return ofTime(j.now().Add(-time.Duration(d.n)))
}

func sinceFunction(j *judgement, t, _ value) value {
	if t.kind != timeValue {
		return value{}
	}
	return ofDuration(j.now().Sub(t.time()))
}

func ownerFunction(j *judgement, of, _ value) value {
	m, ok := of.p.(protoreflect.Message)
	if !ok {
		return value{}
	}
	r, _ := m.Interface().(wire.RecordMessage)
	return j.account(ownerRef(r))
}

func accountFunction(j *judgement, of, _ value) value { return j.account(refOf(of)) }

// account finds whom a ref means. A group or app is nobody.
func (j *judgement) account(r *wire.Ref) value {
	if r == nil || !namesAccount(r) {
		return value{}
	}
	if look := j.look(); look != nil {
		if a := look.Account(r); a != nil {
			return ofMessage(a.ProtoReflect())
		}
	}
	return value{}
}

func namesAccount(r *wire.Ref) bool {
	return r.GetKind() == wire.Kind_KIND_ACCOUNT || r.GetKind() == wire.Kind_KIND_UNSPECIFIED
}

// parentFunction finds the folder or repository of a file, where the look can.
func parentFunction(j *judgement, of, _ value) value {
	m, ok := of.p.(protoreflect.Message)
	if !ok {
		return value{}
	}
	f, _ := m.Interface().(*wire.File)
	files, can := j.look().(Files)
	if !can || f.GetParent() == nil {
		return value{}
	}
	if p := files.File(f.GetParent()); p != nil {
		return ofMessage(p.ProtoReflect())
	}
	return value{}
}

func groupFunction(j *judgement, of, _ value) value {
	r := refOf(of)
	if r.GetKind() != wire.Kind_KIND_GROUP {
		return value{}
	}
	if look := j.look(); look != nil {
		if g := look.Group(r); g != nil {
			return ofMessage(g.ProtoReflect())
		}
	}
	return value{}
}

func inGroupFunction(j *judgement, who, name value) value {
	a, ok := accountOf(j, who)
	look := j.look()
	if !ok || look == nil || name.kind != stringValue || name.s == "" {
		return value{}
	}
	groups, all := look.Groups(a)
	for _, g := range groups {
		if g.GetId() == name.s || strings.EqualFold(g.GetName(), name.s) || strings.EqualFold(g.GetEmail(), name.s) {
			return ofBool(true)
		}
	}
	if !all {
		return value{}
	}
	return ofBool(false)
}

// accountOf is the account that an argument is, or means.
func accountOf(j *judgement, v value) (*wire.Account, bool) {
	m, _ := v.p.(protoreflect.Message)
	if m != nil {
		if a, ok := m.Interface().(*wire.Account); ok {
			return a, true
		}
	}
	found, _ := j.account(refOf(v)).p.(protoreflect.Message)
	if found == nil {
		return nil, false
	}
	a, ok := found.Interface().(*wire.Account)
	return a, ok
}

// refOf is whom an argument means: an account, a ref, or an e-mail address.
func refOf(v value) *wire.Ref {
	if v.kind == stringValue {
		if v.s == "" {
			return nil
		}
		return &wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Email: &v.s}
	}
	m, ok := v.p.(protoreflect.Message)
	if !ok {
		return nil
	}
	switch r := m.Interface().(type) {
	case *wire.Ref:
		return r
	case *wire.Account:
		return ownerRef(r)
	case *wire.App:
		return &wire.Ref{Kind: wire.Kind_KIND_APP, Id: &r.Id, Name: r.Name}
	}
	return nil
}

func personFunction(j *judgement, who, _ value) value {
	r := refOf(who)
	look := j.look()
	if r == nil || look == nil || !namesAccount(r) {
		return value{}
	}
	accounts, known := look.Person(r)
	types, err := theComputed()
	if !known || err != nil {
		return value{}
	}
	email := r.GetEmail()
	for _, a := range accounts {
		if email == "" {
			email = a.Account.GetEmail()
		}
	}
	return value{kind: recordValue, p: types.person(strings.ToLower(email), accounts)}
}

func partyFunction(j *judgement, who, _ value) value {
	address := who.s
	if who.kind != stringValue {
		address = refOf(who).GetEmail()
	}
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		address = address[at+1:]
	}
	look := j.look()
	if address == "" || look == nil {
		return value{}
	}
	name, known := look.Party(strings.ToLower(address))
	if !known {
		return value{}
	}
	return ofString(name)
}

func verdictFunction(j *judgement, app, _ value) value {
	r := refOf(app)
	look := j.look()
	if r.GetKind() != wire.Kind_KIND_APP || look == nil {
		return value{}
	}
	v, known := look.Verdict(r)
	if !known {
		return value{}
	}
	return ofString(cmp.Or(v, "none"))
}

func countryFunction(j *judgement, ip, _ value) value {
	look := j.look()
	if ip.kind != stringValue || ip.s == "" || look == nil {
		return value{}
	}
	code, known := look.Country(ip.s)
	if !known {
		return value{}
	}
	return ofString(strings.ToLower(code))
}
