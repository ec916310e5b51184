package trial_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/policy/trial"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// folder makes a configuration of policies.
func folder(t *testing.T, files map[string]string) (*config.Config, []*policy.Policy, []*trial.Test, string) {
	t.Helper()
	dir := t.TempDir()
	files["agent.hcl"] = "agent {\n  data_dir = \"./data\"\n}\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, diags := config.Load(dir, nil)
	policies, found := policy.Load(c)
	tests, wrong := trial.Read(c, policies)
	var out bytes.Buffer
	if err := config.Print(&out, append(append(c.All(diags), found...), wrong...), c.Files, false); err != nil {
		t.Fatal(err)
	}
	return c, policies, tests, strings.ReplaceAll(out.String(), dir+string(filepath.Separator), "")
}

// ready gives the policies of examples/policies and their tests.
func ready(t *testing.T) (*config.Config, []*policy.Policy, []*trial.Test) {
	t.Helper()
	names, err := filepath.Glob("../../../../examples/policies/*.hcl")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	files := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(b)
	}
	c, policies, tests, said := folder(t, files)
	if said != "" {
		t.Fatal(said)
	}
	return c, policies, tests
}

// TestReadyPolicies: each does what its tests say, and has one that it matches and one that it does not.
func TestReadyPolicies(t *testing.T) {
	_, policies, tests := ready(t)
	shown := map[string]bool{}
	for _, one := range tests {
		got, why := one.Verdict()
		if got != one.Expect {
			t.Errorf("%s: %q is %s (%s), want %s", one.Policy.Name, one.Name, got, why, one.Expect)
		}
		shown[one.Policy.Name+" "+one.Expect] = true
	}
	for _, p := range policies {
		if !shown[p.Name+" "+trial.Match] || !shown[p.Name+" "+trial.NoMatch] {
			t.Errorf("%s has no test of a match and of what is none", p.Name)
		}
		if p.Description == "" {
			t.Errorf("%s has no description", p.Name)
		}
	}
	if len(policies) < 50 {
		t.Errorf("only %d ready policies", len(policies))
	}
}

// TestUnset: no ready policy matches because something is not known. Of every record that one matches each field is taken away:
// either it is no match any more, or the field says nothing, which means that it matches whatever stands there.
func TestUnset(t *testing.T) {
	_, policies, tests := ready(t)
	for _, p := range policies {
		empty := wire.NewRecord(p.Kind)
		if v, err := p.Condition.Judge(empty, policy.Context{}); err != nil || v == policy.Match {
			t.Errorf("%s matches a record of which nothing is known: %v", p.Name, err)
		}
	}
	taken, off := 0, 0
	for _, one := range tests {
		if one.Expect != trial.Match || one.Policy.Repeat != nil {
			continue
		}
		whole := one.Records
		for _, m := range whole {
			fields := m.ProtoReflect().Descriptor().Fields()
			for n := range fields.Len() {
				fd := fields.Get(n)
				without, _ := proto.Clone(m).(wire.RecordMessage)
				without.ProtoReflect().Clear(fd)
				one.Records = []wire.RecordMessage{without}
				taken++
				if got, _ := one.Verdict(); got != trial.Match {
					off++
					continue
				}
				if fd.Name() == "email" && one.Policy.Condition.Reads().People {
					continue // whose account it is, is asked of all accounts; this one still is among them
				}
				for _, other := range others(fd) {
					with, _ := proto.Clone(without).(wire.RecordMessage)
					with.ProtoReflect().Set(fd, other)
					one.Records = []wire.RecordMessage{with}
					if got, _ := one.Verdict(); got != trial.Match {
						t.Errorf("%s: %q matches without %s, and not with %s = %v", one.Policy.Name, one.Name, fd.Name(), fd.Name(), other)
					}
				}
			}
		}
		one.Records = whole
	}
	if taken < 1_000 || off < 100 {
		t.Errorf("%d fields were taken away, %d of them made a difference", taken, off)
	}
}

// others are values that a field may have: every word of its vocabulary, and some that nobody expects.
func others(fd protoreflect.FieldDescriptor) []protoreflect.Value {
	if fd.IsList() || fd.Message() != nil && fd.Message().Name() != "Timestamp" && fd.Message().Name() != "Ref" {
		return nil // taken as a whole, an empty one is what the tests show
	}
	var all []protoreflect.Value
	switch fd.Kind() {
	case protoreflect.BoolKind:
		all = append(all, protoreflect.ValueOfBool(true), protoreflect.ValueOfBool(false))
	case protoreflect.Int64Kind:
		all = append(all, protoreflect.ValueOfInt64(0), protoreflect.ValueOfInt64(1<<40))
	case protoreflect.StringKind:
		kind := strings.ToLower(string(fd.Parent().Name()))
		for _, w := range append(sdk.Vocabulary(kind+"."+string(fd.Name())), "", "x", "zz@initech.example") {
			all = append(all, protoreflect.ValueOfString(w))
		}
	case protoreflect.MessageKind:
		if fd.Message().Name() == "Ref" {
			all = append(all, protoreflect.ValueOfMessage((&wire.Ref{Kind: wire.Kind_KIND_ACCOUNT, Id: new("nobody")}).ProtoReflect()))
			break
		}
		for _, at := range []int64{0, 1_790_000_000, 1_900_000_000} {
			all = append(all, protoreflect.ValueOfMessage((&timestamppb.Timestamp{Seconds: at}).ProtoReflect()))
		}
	}
	return all
}
