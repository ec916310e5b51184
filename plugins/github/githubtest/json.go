package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The answers are appended by hand: encoding/json would be most of the time of a list. Every function appends to b.

const hexDigits = "0123456789abcdef"

// plain says which bytes stand for themselves in a JSON string.
func plain(c byte) bool { return c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf }

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	b = appendInner(b, s)
	return append(b, '"')
}

// appendInner appends s escaped, without quotes.
func appendInner(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain(c) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[start:i]...)
			if c == '"' || c == '\\' {
				b = append(b, '\\', c)
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[start:i]...)
			b = append(b, "\ufffd"...)
			start = i + n
		}
		i += n
	}
	return append(b, s[start:]...)
}

// key appends `,"name":`, without the comma behind a bracket.
func key(b []byte, name string) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func str(b []byte, name, v string) []byte { return appendString(key(b, name), v) }

// strOrNull appends null for the empty string.
func strOrNull(b []byte, name, v string) []byte {
	if v == "" {
		return null(b, name)
	}
	return str(b, name, v)
}

func null(b []byte, name string) []byte               { return append(key(b, name), "null"...) }
func num(b []byte, name string, v int64) []byte       { return strconv.AppendInt(key(b, name), v, 10) }
func flag(b []byte, name string, v bool) []byte       { return strconv.AppendBool(key(b, name), v) }
func verbatim(b []byte, name string, v []byte) []byte { return append(key(b, name), v...) }
func stamp(b []byte, name string, t time.Time) []byte { return appendTime(key(b, name), t) }

// stampOrNull appends null for the zero time.
func stampOrNull(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return null(b, name)
	}
	return stamp(b, name, t)
}

// appendTime appends whole seconds in UTC, as GitHub does; a zero time is the epoch of the fake.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		t = epoch
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	return append(b, '"')
}

// epoch stands where a time is required and the data has none.
var epoch = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

func strs(b []byte, name string, v []string) []byte {
	b = append(key(b, name), '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// pairs appends an object of strings, sorted.
func pairs(b []byte, name string, m map[string]string) []byte {
	b = append(key(b, name), '{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = appendString(comma(b), k)
		b = append(b, ':')
		b = appendString(b, m[k])
	}
	return append(b, '}')
}

// comma appends one unless b ends with an open bracket.
func comma(b []byte) []byte {
	if n := len(b); n > 0 && (b[n-1] == '{' || b[n-1] == '[') {
		return b
	}
	return append(b, ',')
}

// appendAny appends a value of any shape: fields of events and payloads.
func appendAny(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case bool:
		return strconv.AppendBool(b, v)
	}
	j, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, j...)
}

// nodeID appends the global id of an object, in the older of GitHub's two forms.
func nodeID(b []byte, typ string, id int64) []byte {
	var tmp [48]byte
	t := append(tmp[:0], '0'+byte(len(typ)/10), '0'+byte(len(typ)%10), ':')
	t = append(t, typ...)
	t = strconv.AppendInt(t, id, 10)
	b = append(key(b, "node_id"), '"')
	b = base64.StdEncoding.AppendEncode(b, t)
	return append(b, '"')
}
