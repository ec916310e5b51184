package oktatest

// List is a random-access list that costs no memory: a page is At(i) for a range of i, so a list may be computed.
//
// All funcs may be called at the same time and show the present. At must not panic for an i that was below Len a moment
// ago: it gives the zero value, which is left out of the answer. The zero List is empty.
type List[T any] struct {
	Len func() int
	At  func(i int) T
	// Find gives the entry with an id. It is optional: without it the list is read through.
	Find func(id string) (T, bool)
}

// ListOf is a fixed list of the items.
func ListOf[T any](items ...T) List[T] {
	return List[T]{
		Len: func() int { return len(items) },
		At: func(i int) T {
			if i < 0 || i >= len(items) {
				var zero T
				return zero
			}
			return items[i]
		},
	}
}

// len is Len of a list that may be the zero List.
func (l List[T]) len() int {
	if l.Len == nil {
		return 0
	}
	return l.Len()
}

// find is Find, or a search where the list has none.
func find[T interface{ key() string }](l List[T], id string) (T, bool) {
	if l.Find != nil {
		return l.Find(id)
	}
	for i, n := 0, l.len(); i < n; i++ {
		if v := l.At(i); v.key() == id {
			return v, true
		}
	}
	var zero T
	return zero, false
}
