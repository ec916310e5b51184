package trial

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	maxTimes = 20_000 // activities that one test may make of one
	// standard is the domain that is ours in tests, beside those of the configuration: no real one ends like that.
	standard = "acme.example"
)

// reader reads one test block.
type reader struct {
	*syntax.Reader
	file         *hcl.File
	organization config.Organization
	now          time.Time
	test         *Test
	diags        hcl.Diagnostics
	look         *look
}

func (r *reader) read(b *hclsyntax.Block) {
	r.Reader = &syntax.Reader{What: "test", Header: b.DefRange(), Body: b.Body, Diags: &r.diags}
	if r.file != nil {
		r.Src = r.file.Bytes
	}
	if names := r.Labels(b, `write test "a key that anybody reads" {`, "what it shows"); names != nil {
		r.test.Name = names[0]
		r.What = "test " + syntax.Short(names[0])
	}
	r.test.Expect = r.OneOf("expect", "", Match, NoMatch, Unknown)
	if r.test.Expect == "" {
		r.Errorf(r.Header, `write expect = "match", "no match" or "unknown"`, "%s expects nothing", r.What)
	}
	if a := r.Attribute("at"); a != nil {
		r.now = r.time(a.Expr, a.Name)
	}
	r.test.context.Now = r.now
	if a := r.Attribute("instance"); a != nil {
		provider, name, ok := strings.Cut(r.TextOf(a), "/")
		if !ok {
			r.Errorf(a.Expr.Range(), `write instance = "github/sales"`, "the instance needs its provider")
		}
		r.test.context.Ref.Provider, r.test.context.Ref.Instance = provider, name
	}
	r.lookups()
	r.records()
	r.times()
	r.changes()
	r.Done()
}

// records reads what is judged: one object or a list of them, under the name of the kind.
func (r *reader) records() {
	kind := r.test.Policy.Kind
	name := sdk.KindName(kind)
	a := r.Attribute(name)
	if a == nil {
		r.Errorf(r.Header, fmt.Sprintf("write %s = { … }", name), "%s has no %s to judge", r.What, name)
		return
	}
	items, ok := syntax.List(a.Expr)
	if !ok {
		items = []hclsyntax.Expression{a.Expr}
	}
	for n, e := range items {
		m := r.record(kind, e, fmt.Sprintf("%d", n+1))
		if m == nil {
			continue
		}
		r.derive(m)
		r.test.Records = append(r.test.Records, m)
		if a, ok := m.(*wire.Account); ok {
			r.look.accounts = append(r.look.accounts, given{r.look.instance, a})
		}
	}
}

// times makes many of each activity.
func (r *reader) times() {
	n := r.Int("times", 1, 1, maxTimes)
	every := r.Duration("every", time.Millisecond, syntax.Week)
	if n == 1 {
		return
	}
	once := r.test.Records
	for i := range n - 1 {
		for _, m := range once {
			a, ok := proto.Clone(m).(*wire.Activity)
			if !ok {
				r.Errorf(r.Body.Attributes["times"].NameRange, "remove the line", "only activities happen more than once")
				return
			}
			a.Id = fmt.Sprintf("%s-%d", a.GetId(), i+2)
			a.Time = timestamppb.New(a.GetTime().AsTime().Add(time.Duration(i+1) * every))
			for _, t := range a.GetTargets() {
				if t.Id != nil {
					*t.Id = strings.ReplaceAll(t.GetId(), "#", fmt.Sprint(i+2))
				}
			}
			r.test.Records = append(r.test.Records, a)
		}
	}
}

// changes reads what just happened. The fields that changed are found by comparing, unless they are named.
func (r *reader) changes() {
	kind := r.test.Policy.Kind
	if a := r.Attribute("before"); a != nil {
		if m := r.record(kind, a.Expr, "1"); m != nil {
			r.derive(m)
			r.test.context.Before = m
		}
	}
	a := r.Attribute("change")
	if a == nil {
		if r.test.context.Before != nil && len(r.test.Records) > 0 {
			r.test.context.Change = &policy.Change{What: policy.Updated, Fields: differ(r.test.context.Before, r.test.Records[0])}
		}
		return
	}
	if words := []string{policy.Created, policy.Updated, policy.Filled, policy.Deleted}; !slices.Contains(words, r.textOf(a)) {
		r.Errorf(a.Expr.Range(), syntax.Choices(r.textOf(a), "allowed", words), "a record is not %q", syntax.Short(r.textOf(a)))
		return
	}
	r.test.context.Change = &policy.Change{What: r.textOf(a)}
	if r.test.context.Before != nil && len(r.test.Records) > 0 {
		r.test.context.Change.Fields = differ(r.test.context.Before, r.test.Records[0])
	}
}

func (r *reader) textOf(a *hclsyntax.Attribute) string { s, _ := syntax.Text(a.Expr); return s }

func differ(a, b wire.RecordMessage) []string {
	var names []string
	x, y := a.ProtoReflect(), b.ProtoReflect()
	for n := range x.Descriptor().Fields().Len() {
		fd := x.Descriptor().Fields().Get(n)
		if x.Has(fd) != y.Has(fd) || x.Has(fd) && !x.Get(fd).Equal(y.Get(fd)) {
			names = append(names, string(fd.Name()))
		}
	}
	return names
}

// derive fills what the agent would know from the rest, where the test does not say it.
func (r *reader) derive(m wire.RecordMessage) {
	full, ok := proto.Clone(m).(wire.RecordMessage)
	if !ok {
		return
	}
	record.NewOrganisation(append(slices.Clone(r.organization.Domains), standard)...).Derive(full, r.look.derive())
	from, to := full.ProtoReflect(), m.ProtoReflect()
	for n := range from.Descriptor().Fields().Len() {
		if fd := from.Descriptor().Fields().Get(n); from.Has(fd) && !to.Has(fd) && derived[string(fd.FullName().Name())] {
			to.Set(fd, from.Get(fd))
		}
	}
}

var derived = map[string]bool{"external": true, "access_level": true} //nolint:gochecknoglobals // a table

// record reads an object as a record of a kind; without an id it gets one.
func (r *reader) record(kind wire.Kind, e hclsyntax.Expression, id string) wire.RecordMessage {
	m := wire.NewRecord(kind)
	o, ok := e.(*hclsyntax.ObjectConsExpr)
	if m == nil || !ok {
		r.Errorf(e.Range(), "write "+sdk.KindName(kind)+" = { … }", "this must be an object, with the fields of %s; it is %s", sdk.KindName(kind), syntax.Describe(e))
		return nil
	}
	r.message(m.ProtoReflect(), o)
	return r.complete(m, id)
}

// body reads a block as a record; what else stands in it is given back.
func (r *reader) body(kind wire.Kind, b *hclsyntax.Body, id string, beside ...string) (wire.RecordMessage, map[string]*hclsyntax.Attribute) {
	m := wire.NewRecord(kind)
	rest := map[string]*hclsyntax.Attribute{}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		a := b.Attributes[name]
		if slices.Contains(beside, name) {
			rest[name] = a
			continue
		}
		r.set(m.ProtoReflect(), name, a.NameRange, a.Expr)
	}
	for _, inner := range b.Blocks {
		r.Errorf(inner.TypeRange, fmt.Sprintf("write %s = { … }", inner.Type), "there are no blocks in a record")
	}
	return r.complete(m, id), rest
}

func (r *reader) complete(m wire.RecordMessage, id string) wire.RecordMessage {
	p := m.ProtoReflect()
	if m.GetId() == "" {
		p.Set(p.Descriptor().Fields().ByName("id"), protoreflect.ValueOfString(id))
	}
	if a, ok := m.(*wire.Activity); ok && a.Time == nil {
		a.Time = timestamppb.New(r.now)
	}
	return m
}
