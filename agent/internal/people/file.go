package people

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Map is what a human wrote down about who is who. It counts more than every sign.
type Map struct {
	of map[record.Ref]string
}

// Nobody in the map file says that an account is no human's.
const Nobody = "-"

// maxMapLines is the most lines of a map file.
const maxMapLines = 1_000_000

// ReadMap reads a map file: CSV with the head person,account, then one line an account. A person is an e-mail address or
// any other name that is always spelt the same, or - when the account is nobody's; an account is a ref, as in
// okta/main/account/00u1. Lines that begin with # are notes. Errors begin with the line.
func ReadMap(r io.Reader) (Map, error) {
	m := Map{of: map[record.Ref]string{}}
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace = '#', 2, true
	for n := 0; n <= maxMapLines; n++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			if e, ok := errors.AsType[*csv.ParseError](err); ok {
				return Map{}, fmt.Errorf("%d:%d: %w; write person,account", e.Line, e.Column, e.Err)
			}
			return Map{}, err
		}
		line, _ := in.FieldPos(0)
		if err := m.line(fields, n == 0); err != nil {
			return Map{}, fmt.Errorf("%d: %w", line, err)
		}
	}
	return Map{}, fmt.Errorf("more than %d lines", maxMapLines)
}

func (m Map) line(fields []string, first bool) error {
	person, account := strings.TrimSpace(strings.TrimPrefix(fields[0], "\ufeff")), strings.TrimSpace(fields[1])
	if first {
		if person != "person" || account != "account" {
			return errors.New("the first line must be: person,account")
		}
		return nil
	}
	if person == "" {
		return fmt.Errorf("whose is %s? Write an e-mail address, or %s when it is nobody's", account, Nobody)
	}
	ref, err := record.ParseRef(account)
	switch {
	case err != nil:
		return err
	case ref.Kind != wire.Kind_KIND_ACCOUNT:
		return fmt.Errorf("%s is no account", account)
	}
	if e := record.Email(person); e != "" {
		person = e
	}
	if was, again := m.of[ref]; again && was != person {
		return fmt.Errorf("%s is of %s in another line", account, was)
	}
	m.of[ref] = person
	return nil
}

// person is whose an account is: "" for nobody's; not ok: the map does not say.
func (m Map) person(r record.Ref) (who string, ok bool) {
	who, ok = m.of[r]
	if who == Nobody {
		who = ""
	}
	return who, ok
}

// Refs are the accounts that the map names.
func (m Map) Refs() []record.Ref { return slices.SortedFunc(maps.Keys(m.of), compareRefs) }
