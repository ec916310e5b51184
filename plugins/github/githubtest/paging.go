package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// query is a parameter of the query.
func (c *call) query(name string) string {
	if c.r.URL.RawQuery == "" {
		return ""
	}
	return c.values().Get(name)
}

func (c *call) boolQuery(name string) bool { return c.query(name) == "true" }

// number is a parameter that is a positive number, or the default.
func (c *call) number(name string, def int) int {
	n, err := strconv.Atoi(c.query(name))
	if err != nil || n < 1 {
		return def
	}
	return n
}

// perPage is how many entries a page has.
func (c *call) perPage() int { return min(c.number("per_page", perPageDefault), perPageMax) }

// list answers with a page of a list.
func list[T any](c *call, l List[T], add func(*call, []byte, *T) []byte) {
	c.b = append(c.b, '[')
	listBody(c, l, add)
	c.b = append(c.b, ']')
}

// counted answers with a page of a list inside an object that says how many there are.
func counted[T any](c *call, l List[T], name string, add func(*call, []byte, *T) []byte) {
	c.b = num(append(c.b, '{'), "total_count", int64(l.len()))
	c.b = append(key(c.b, name), '[')
	listBody(c, l, add)
	c.b = append(c.b, ']', '}')
}

// listBody appends the entries of a page and sets Link.
func listBody[T any](c *call, l List[T], add func(*call, []byte, *T) []byte) {
	page, per, n := c.number("page", 1), c.perPage(), l.len()
	step := 1
	if c.fault.Do == FaultHide {
		n, step = (n+1)/2, 2
	}
	from, to := min((page-1)*per, n), min(page*per, n)
	last := max(1, (n+per-1)/per)
	if c.fault.Do == FaultShort {
		to, last = from+(to-from)/2, page
	}
	c.links(page, last)
	for i := from; i < to; i++ {
		v := l.At(i * step)
		c.entry(add(c, comma(c.b), &v))
	}
}

// entry takes b, which is c.b with a comma and an entry, unless the entry was left out.
func (c *call) entry(b []byte) {
	if n := len(b); n > 0 && (b[n-1] == ',' || n == len(c.b)) {
		return
	}
	c.b = b
	c.entries++
}

// links sets Link as the vendor does for numbered pages.
func (c *call) links(page, last int) {
	if c.fault.Do == FaultRepeat && page < last {
		c.h.Set("Link", c.pageLink(page, "next")+", "+c.pageLink(last, "last"))
		return
	}
	var parts []string
	if page > 1 {
		parts = append(parts, c.pageLink(min(page-1, last), "prev"))
	}
	if page < last {
		parts = append(parts, c.pageLink(page+1, "next"), c.pageLink(last, "last"))
	}
	if page > 1 {
		parts = append(parts, c.pageLink(1, "first"))
	}
	if len(parts) > 0 {
		c.h.Set("Link", strings.Join(parts, ", "))
	}
}

func (c *call) pageLink(page int, rel string) string {
	return c.link(rel, []string{"page"}, "page="+strconv.Itoa(page))
}

// link is the address of this request with some parameters taken out and others set.
func (c *call) link(rel string, without []string, with string) string {
	var b strings.Builder
	b.WriteString("<" + c.base)
	if c.alias == "" {
		c.alias = c.numbered()
	}
	b.WriteString(c.alias + "?")
	for part := range strings.SplitSeq(c.r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !slices.Contains(without, name) {
			b.WriteString(part + "&")
		}
	}
	b.WriteString(with + `>; rel="` + rel + `"`)
	return b.String()
}

// views keeps the order of lists that are sorted or filtered, as long as the data has not changed.
type views struct {
	mu sync.Mutex
	by map[viewKey]view
}

type viewKey struct {
	org  int64
	name string
}

type view struct {
	version uint64
	n       int
	index   []int32
}

// viewsMax is how many orders are kept.
const viewsMax = 128

// view is a list in the order of an index that build makes.
func viewOf[T any](c *call, o *Org, name string, l List[T], build func(n int) []int32) List[T] {
	n := l.len()
	var index []int32
	if o.Version == nil {
		index = build(n)
	} else {
		v, k := &c.s.views, viewKey{o.ID, name}
		version := o.Version()
		v.mu.Lock()
		defer v.mu.Unlock()
		kept, ok := v.by[k]
		if !ok || kept.version != version || kept.n != n {
			if v.by == nil || len(v.by) >= viewsMax {
				v.by = map[viewKey]view{}
			}
			kept = view{version: version, n: n, index: build(n)}
			v.by[k] = kept
		}
		index = kept.index
	}
	return List[T]{Len: func() int { return len(index) }, At: func(i int) T { return l.At(int(index[i])) }}
}

// subset is the part of a list that keep keeps.
func subset[T any](c *call, o *Org, name string, l List[T], keep func(*T) bool) List[T] {
	return viewOf(c, o, name, l, func(n int) []int32 {
		index := make([]int32, 0, 16)
		for i := range n {
			if v := l.At(i); keep(&v) {
				index = append(index, int32(i))
			}
		}
		return index
	})
}

// sorted is the list in another order; keyOf gives what is compared, so that At is called once for each entry.
func sorted[T, K any](c *call, o *Org, name string, l List[T], keyOf func(*T) K, compare func(a, b K) int) List[T] {
	return viewOf(c, o, name, l, func(n int) []int32 {
		index, keys := make([]int32, n), make([]K, n)
		for i := range n {
			v := l.At(i)
			index[i], keys[i] = int32(i), keyOf(&v)
		}
		slices.SortStableFunc(index, func(a, b int32) int { return compare(keys[a], keys[b]) })
		return index
	})
}

// ok answers with an object.
func (c *call) ok(b []byte) {
	c.status = http.StatusOK
	c.b = b
}
