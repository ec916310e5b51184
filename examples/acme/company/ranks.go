package company

import (
	"slices"
	"sort"
)

// ranks is an ascending set of ranks that are missing from a list.
type ranks []int

func (r *ranks) add(rank int) {
	if i, had := slices.BinarySearch(*r, rank); !had {
		*r = slices.Insert(*r, i, rank)
	}
}

func (r *ranks) remove(rank int) {
	if i, had := slices.BinarySearch(*r, rank); had {
		*r = slices.Delete(*r, i, i+1)
	}
}

func (r ranks) has(rank int) bool {
	_, had := slices.BinarySearch(r, rank)
	return had
}

// in is how many of [from, to) are left.
func (r ranks) in(from, to int) int {
	return to - from - len(r.between(from, to))
}

// at gives the n-th of [from, to) that is left. n is below in(from, to).
func (r ranks) at(n, from, to int) int {
	missing := r.between(from, to)
	before := sort.Search(len(missing), func(i int) bool { return missing[i]-from-i > n })
	return from + n + before
}

func (r ranks) between(from, to int) ranks {
	i, _ := slices.BinarySearch(r, from)
	j, _ := slices.BinarySearch(r, max(from, to))
	return r[i:j]
}
