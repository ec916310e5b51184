package geo

// section is data of a database, in which pointers count from its beginning. What cannot be read is not there.
type section []byte

// The types of values that are looked at; others are stepped over.
const (
	typePointer = 1
	typeText    = 2
	typeMap     = 7
	typeArray   = 11
	typeBool    = 14
)

// maxSteps is how many values one question looks at.
const maxSteps = 2_000

// value is what stands at a place.
type value struct {
	kind  uint
	size  uint // bytes, or entries of a map or array
	start uint // of its content
}

// read gives the value at a place, behind a pointer if there is one, and where what follows it in the section begins: of a map
// or array the first entry.
func (s section) read(at uint) (v value, next uint, ok bool) {
	v, ok = s.control(at)
	if !ok || v.kind != typePointer {
		return v, v.start + v.content(), ok
	}
	target, length, ok := s.pointer(at)
	if !ok {
		return v, 0, false
	}
	v, ok = s.control(target)
	return v, at + length, ok && v.kind != typePointer
}

// content is how many bytes of a value follow its control bytes, but for maps and arrays.
func (v value) content() uint {
	if v.kind == typeMap || v.kind == typeArray || v.kind == typeBool {
		return 0
	}
	return v.size
}

// control reads the control bytes at a place.
func (s section) control(at uint) (v value, ok bool) {
	if at >= uint(len(s)) {
		return value{}, false
	}
	c := s[at]
	v = value{kind: uint(c >> 5), size: uint(c & 31), start: at + 1}
	if v.kind == typePointer {
		return v, true
	}
	if v.kind == 0 {
		b, ok := s.bytes(v.start, 1)
		if !ok {
			return value{}, false
		}
		v.kind, v.start = uint(b[0])+7, v.start+1
	}
	const oneByte, threeBytes = 29, 31
	if v.size >= oneByte {
		more := v.size - oneByte + 1
		b, ok := s.bytes(v.start, more)
		if !ok {
			return value{}, false
		}
		v.size = [...]uint{0, 29, 285, 65821}[more] + number(b)
		v.start += more
	}
	return v, v.start+v.content() <= uint(len(s))
}

// pointer reads where one leads, and how many bytes it has.
func (s section) pointer(at uint) (target, length uint, ok bool) {
	c := s[at]
	n := uint(c>>3)&3 + 1
	b, ok := s.bytes(at+1, n)
	if !ok {
		return 0, 0, false
	}
	target = number(b)
	if n < 4 {
		target += uint(c&7)<<(8*n) + [...]uint{0, 0, 2048, 526336}[n]
	}
	return target, n + 1, target < uint(len(s))
}

func (s section) bytes(at, n uint) ([]byte, bool) {
	if at+n > uint(len(s)) {
		return nil, false
	}
	return s[at : at+n], true
}

func number(b []byte) (n uint) {
	for _, c := range b {
		n = n<<8 | uint(c)
	}
	return n
}

// walker looks for an entry of a map. It stops after so many steps, whatever the bytes are.
type walker struct {
	section
	steps int
}

// entry finds the value of a key of the map at a place.
func (w *walker) entry(at uint, key string) (uint, bool) {
	m, _, ok := w.read(at)
	if !ok || m.kind != typeMap {
		return 0, false
	}
	at = m.start
	for range m.size {
		k, next, ok := w.read(at)
		if !ok || k.kind != typeText {
			return 0, false
		}
		if string(w.section[k.start:k.start+k.size]) == key {
			return next, true
		}
		if at, ok = w.skip(next); !ok {
			return 0, false
		}
	}
	return 0, false
}

// skip gives the place behind a value.
func (w *walker) skip(at uint) (next uint, ok bool) {
	for left := uint(1); left > 0; left-- {
		if w.steps++; w.steps > maxSteps {
			return 0, false
		}
		v, ok := w.control(at)
		switch {
		case !ok:
			return 0, false
		case v.kind == typePointer:
			_, length, ok := w.pointer(at)
			if !ok {
				return 0, false
			}
			at += length
			continue
		case v.size > maxSteps && (v.kind == typeMap || v.kind == typeArray):
			return 0, false
		case v.kind == typeMap:
			left += 2 * v.size
		case v.kind == typeArray:
			left += v.size
		}
		at = v.start + v.content()
	}
	return at, true
}

// text reads the text at the end of a path of keys.
func (s section) text(at uint, path ...string) (string, bool) {
	w := &walker{section: s}
	for _, key := range path {
		var ok bool
		if at, ok = w.entry(at, key); !ok {
			return "", false
		}
	}
	v, _, ok := s.read(at)
	if !ok || v.kind != typeText {
		return "", false
	}
	return string(s[v.start : v.start+v.size]), true
}

// number reads an unsigned number of a map.
func (s section) number(at uint, key string) (uint64, bool) {
	at, ok := (&walker{section: s}).entry(at, key)
	if !ok {
		return 0, false
	}
	v, _, ok := s.read(at)
	if !ok || v.size > 8 || v.kind != 5 && v.kind != 6 && v.kind != 9 {
		return 0, false
	}
	return uint64(number(s[v.start : v.start+v.size])), true
}
