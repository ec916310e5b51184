package githubtest

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// edits are what calls changed in one list. The list itself stays the caller's, and is not copied.
type edits[T any] struct {
	key func(*T) string // names an entry
	mu  sync.Mutex      // of who writes
	now atomic.Pointer[edit[T]]
}

// edit is one state of edits; it is never changed.
type edit[T any] struct {
	gone  map[string]bool
	patch map[string]func(T) T
	added []T
}

// write makes the next state.
func (e *edits[T]) write(fn func(next *edit[T])) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := &edit[T]{gone: map[string]bool{}, patch: map[string]func(T) T{}}
	if last := e.now.Load(); last != nil {
		next = &edit[T]{gone: maps.Clone(last.gone), patch: maps.Clone(last.patch), added: slices.Clone(last.added)}
	}
	fn(next)
	e.now.Store(next)
}

// drop takes an entry out.
func (e *edits[T]) drop(key string) {
	e.write(func(next *edit[T]) {
		before := len(next.added)
		next.added = slices.DeleteFunc(next.added, func(v T) bool { return e.key(&v) == key })
		if len(next.added) == before {
			next.gone[key] = true
			delete(next.patch, key)
		}
	})
}

// set changes an entry; what it says later in the caller's list, fn is applied to as well.
func (e *edits[T]) set(key string, fn func(T) T) {
	e.write(func(next *edit[T]) {
		for i := range next.added {
			if e.key(&next.added[i]) == key {
				next.added[i] = fn(next.added[i])
				return
			}
		}
		if last := next.patch[key]; last != nil {
			next.patch[key] = func(v T) T { return fn(last(v)) }
			return
		}
		next.patch[key] = fn
	})
}

// add puts an entry in, or one that was taken out back, as v.
func (e *edits[T]) add(v T) {
	e.write(func(next *edit[T]) {
		key := e.key(&v)
		next.added = slices.DeleteFunc(next.added, func(old T) bool { return e.key(&old) == key })
		if next.gone[key] {
			delete(next.gone, key)
			next.patch[key] = func(T) T { return v }
			return
		}
		next.added = append(next.added, v)
	})
}

// forget undoes what was changed of an entry.
func (e *edits[T]) forget(key string) {
	e.write(func(next *edit[T]) {
		delete(next.gone, key)
		delete(next.patch, key)
		next.added = slices.DeleteFunc(next.added, func(v T) bool { return e.key(&v) == key })
	})
}

// over is the list as it is now: of gives the edits. What was taken out is the zero value, which no answer shows.
func over[T any](of func() *edits[T], base func() List[T], is func(*T, string) bool) List[T] {
	return List[T]{
		Len: func() int {
			n := base().len()
			if now := of().now.Load(); now != nil {
				n += len(now.added)
			}
			return n
		},
		At: func(i int) T {
			e, l := of(), base()
			now := e.now.Load()
			if now == nil {
				return l.At(i)
			}
			if n := l.len(); i < n {
				return e.as(now, l.At(i))
			} else if i-n < len(now.added) {
				return now.added[i-n]
			}
			var zero T
			return zero
		},
		Find: func(key string) (T, bool) {
			e := of()
			now := e.now.Load()
			if now != nil {
				for i := range now.added {
					if is(&now.added[i], key) {
						return now.added[i], true
					}
				}
			}
			v, ok := base().find(key, is)
			if ok {
				v = e.as(now, v)
			}
			return v, ok && is(&v, key)
		},
	}
}

// without hides the entries of a list that hide says.
func without[T any](l List[T], hide func(*T) bool) List[T] {
	see := func(v T) T {
		if hide(&v) {
			var zero T
			return zero
		}
		return v
	}
	out := List[T]{Len: l.Len, At: func(i int) T { return see(l.At(i)) }}
	if l.Find != nil {
		out.Find = func(key string) (T, bool) {
			v, ok := l.Find(key)
			if !ok || hide(&v) {
				var zero T
				return zero, false
			}
			return v, true
		}
	}
	return out
}

// as is an entry of the caller's list as it is now.
func (e *edits[T]) as(now *edit[T], v T) T {
	if now == nil {
		return v
	}
	key := e.key(&v)
	if now.gone[key] {
		var zero T
		return zero
	}
	if fn := now.patch[key]; fn != nil {
		return fn(v)
	}
	return v
}

// edited are the edits of lists that stand below something: the members of each team.
type edited[T any] struct {
	key func(*T) string
	mu  sync.Mutex
	by  map[string]*edits[T]
}

func (e *edited[T]) of(name string) *edits[T] {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by == nil {
		e.by = map[string]*edits[T]{}
	}
	one := e.by[name]
	if one == nil {
		one = &edits[T]{key: e.key}
		e.by[name] = one
	}
	return one
}

// names are the lists in which something was changed.
func (e *edited[T]) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.by))
}

// touched gives the edits of a list, nil when there are none.
func (e *edited[T]) touched(name string) *edits[T] {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.by[name]
}
