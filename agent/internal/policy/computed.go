package policy

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// computed are the types of what functions give and of change. They are described as records are, so that steps and CEL read
// them in the same way.
type computed struct {
	human, account, change protoreflect.MessageDescriptor
}

const computedFile = "mooring/policy.proto"

var theComputed = sync.OnceValues(func() (*computed, error) {
	records := wire.File_sdk_wire_v1_records_proto
	text, object := descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	one, many := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	field := func(number int32, name string, label descriptorpb.FieldDescriptorProto_Label, t descriptorpb.FieldDescriptorProto_Type,
		of string,
	) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Label: &label, Type: &t}
		if of != "" {
			f.TypeName = &of
		}
		return f
	}
	message := func(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new(computedFile), Package: new("mooring.policy"), Syntax: new("proto2"),
		Dependency: []string{records.Path()},
		MessageType: []*descriptorpb.DescriptorProto{
			message("Human", field(1, "email", one, text, ""), field(2, "accounts", many, object, ".mooring.policy.HumanAccount")),
			message("HumanAccount", field(1, "provider", one, text, ""), field(2, "instance", one, text, ""),
				field(3, "account", one, object, "."+string((&wire.Account{}).ProtoReflect().Descriptor().FullName()))),
			message("Change", field(1, "what", one, text, ""), field(2, "fields", many, text, "")),
		},
	}, protoregistry.GlobalFiles)
	if err != nil {
		return nil, fmt.Errorf("the types of conditions: %w", err)
	}
	m := file.Messages()
	return &computed{m.ByName("Human"), m.ByName("HumanAccount"), m.ByName("Change")}, nil
})

func isComputed(d protoreflect.Descriptor) bool { return d.ParentFile().Path() == computedFile }

// person makes what person() gives.
func (c *computed) person(email string, accounts []PersonAccount) protoreflect.Message {
	m := dynamicpb.NewMessage(c.human)
	fields := c.human.Fields()
	if email != "" {
		m.Set(fields.ByName("email"), protoreflect.ValueOfString(email))
	}
	list := m.Mutable(fields.ByName("accounts")).List()
	for _, a := range accounts {
		e := dynamicpb.NewMessage(c.account)
		of := c.account.Fields()
		e.Set(of.ByName("provider"), protoreflect.ValueOfString(a.Provider))
		e.Set(of.ByName("instance"), protoreflect.ValueOfString(a.Instance))
		if a.Account != nil {
			e.Set(of.ByName("account"), protoreflect.ValueOfMessage(a.Account.ProtoReflect()))
		}
		list.Append(protoreflect.ValueOfMessage(e))
	}
	return m
}

// changed makes what change is.
func (c *computed) changed(from *Change) protoreflect.Message {
	m := dynamicpb.NewMessage(c.change)
	fields := c.change.Fields()
	m.Set(fields.ByName("what"), protoreflect.ValueOfString(from.What))
	list := m.Mutable(fields.ByName("fields")).List()
	for _, f := range from.Fields {
		list.Append(protoreflect.ValueOfString(f))
	}
	return m
}
