package syntax

import (
	"slices"
	"strings"
)

// Suggest gives the known word that was probably meant, or "".
func Suggest(word string, known []string) string {
	best, bestDistance := "", 1+max(1, min(len(word), maxWordBytes)/3)
	for _, k := range known {
		if d := distance(word, k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// Choices is the hint for a word that is not known: what was meant, and what there is. what names the known words.
func Choices(word, what string, known []string) string {
	var parts []string
	if s := Suggest(word, known); s != "" {
		parts = append(parts, `did you mean "`+s+`"?`)
	}
	if len(known) > 0 {
		sorted := slices.Compact(slices.Sorted(slices.Values(known)))
		if len(sorted) > maxChoices {
			sorted = append(sorted[:maxChoices], "…")
		}
		parts = append(parts, what+": "+strings.Join(sorted, ", "))
	}
	return strings.Join(parts, " ")
}

const (
	maxChoices   = 40 // words in one hint
	maxWordBytes = 64 // longer words are not compared
)

// distance counts the insertions, deletions, replacements and swaps of neighbours that lead from a to b.
func distance(a, b string) int {
	if len(a) > maxWordBytes || len(b) > maxWordBytes {
		return maxWordBytes
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
