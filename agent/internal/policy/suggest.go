package policy

import (
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// nearest asks for the known word that was probably meant; "" when none is near.
func nearest(word string, known []string) string {
	if s := syntax.Suggest(word, known); s != "" {
		return "did you mean " + s + "?"
	}
	return ""
}

// suggestField names the fields of any record nearest to a misspelt one.
func suggestField(field string) string {
	rec, err := newRecords()
	if err != nil {
		return ""
	}
	var all []string
	for name := range rec.messages {
		fields, _ := rec.FindStructFieldNames(name)
		all = append(all, fields...)
	}
	slices.Sort(all)
	return nearest(strings.ToLower(field), slices.Compact(all))
}

func kindNamed(name string) wire.Kind {
	k, _ := sdk.ParseKind(name)
	return k
}
