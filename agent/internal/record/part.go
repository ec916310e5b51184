package record

import "google.golang.org/protobuf/encoding/protowire"

// Fields is a set of fields by their numbers in records.proto, all below 64.
type Fields uint64

// FieldSet makes one.
func FieldSet(numbers ...int) (f Fields) {
	for _, n := range numbers {
		f |= 1 << n
	}
	return f
}

// Part appends the chosen fields of a serialised record to dst: what a reader who wants two of twenty fields decodes.
func Part(dst, body []byte, f Fields) ([]byte, error) {
	const fields = 64
	for len(body) > 0 {
		number, typ, n := protowire.ConsumeTag(body)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(number, typ, body[n:])
		if m < 0 {
			return nil, protowire.ParseError(m)
		}
		if number < fields && f&(1<<number) != 0 {
			dst = append(dst, body[:n+m]...)
		}
		body = body[n+m:]
	}
	return dst, nil
}
