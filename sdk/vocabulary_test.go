package sdk

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The words are those of the contract.
func TestWordsAreThoseOfTheContract(t *testing.T) {
	text, err := os.ReadFile("wire/v1/records.proto")
	if err != nil {
		t.Fatal(err)
	}
	message, comment, found := "", "", 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "message "):
			message = strings.ToLower(strings.Fields(line)[1])
		case strings.HasPrefix(line, "//"):
			comment += " " + strings.TrimPrefix(line, "//")
			continue
		case strings.Contains(comment, " | ") && strings.HasPrefix(line, "optional string "):
			name := message + "." + strings.Fields(line)[2]
			list, _, _ := strings.Cut(comment, ".") // what follows is prose
			list, _, _ = strings.Cut(list, ":")
			if got := strings.Fields(strings.ReplaceAll(list, "|", " ")); !slices.Equal(got, Vocabulary(name)) {
				t.Errorf("%s: the contract says %q, the table %q", name, got, Vocabulary(name))
			}
			found++
		}
		comment = ""
	}
	if found != len(vocabularies) {
		t.Errorf("%d vocabularies in the contract, %d in the table", found, len(vocabularies))
	}
}
