// Package wire is the contract between the agent and a connector: the messages, generated from records.proto and
// connector.proto. It promises the shapes and their meaning, and nothing about transport.
package wire

import "google.golang.org/protobuf/proto"

// RecordMessage is what every record can do.
type RecordMessage interface {
	proto.Message
	GetId() string
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVT([]byte) error
}

// NewRecord gives an empty record of a kind; nil for a kind that has none.
func NewRecord(k Kind) RecordMessage {
	switch k {
	case Kind_KIND_ACCOUNT:
		return &Account{}
	case Kind_KIND_GROUP:
		return &Group{}
	case Kind_KIND_ROLE:
		return &Role{}
	case Kind_KIND_MEMBERSHIP:
		return &Membership{}
	case Kind_KIND_ACTIVITY:
		return &Activity{}
	case Kind_KIND_FILE:
		return &File{}
	case Kind_KIND_APP:
		return &App{}
	case Kind_KIND_GRANT:
		return &Grant{}
	case Kind_KIND_SETTING:
		return &Setting{}
	case Kind_KIND_OTHER:
		return &Other{}
	}
	return nil
}
