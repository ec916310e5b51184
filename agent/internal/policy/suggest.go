package policy

import (
	"slices"
	"strings"
)

// suggestField names the fields nearest to a misspelt one.
func suggestField(field string) string {
	rec, err := newRecords()
	if err != nil {
		return ""
	}
	var near []string
	for name := range rec.messages {
		fields, _ := rec.FindStructFieldNames(name)
		for _, f := range fields {
			if distance(field, f) <= 2 && !slices.Contains(near, f) {
				near = append(near, f)
			}
		}
	}
	if len(near) == 0 {
		return ""
	}
	slices.Sort(near)
	return "; did you mean " + strings.Join(near[:min(len(near), 3)], ", ") + "?"
}

// distance is the number of edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
