package googleworkspacetest

import (
	"maps"
	"strings"
)

// fields is a mask of partial answers: a,b(c,d),e/f. An empty one below a name means all of it.
type fields map[string]fields

// parseFields reads a mask; false when it is none.
func parseFields(s string) (fields, bool) {
	p := &maskParser{rest: s}
	f, ok := p.list()
	return f, ok && p.rest == ""
}

type maskParser struct{ rest string }

func (p *maskParser) list() (fields, bool) {
	all := fields{}
	for {
		end := strings.IndexAny(p.rest, ",()/")
		if end < 0 {
			end = len(p.rest)
		}
		name := strings.TrimSpace(p.rest[:end])
		if name == "" {
			return nil, false
		}
		p.rest = p.rest[end:]
		below, ok := p.below()
		if !ok {
			return nil, false
		}
		if have, twice := all[name]; twice {
			maps.Copy(have, below)
		} else {
			all[name] = below
		}
		if !strings.HasPrefix(p.rest, ",") {
			return all, true
		}
		p.rest = p.rest[1:]
	}
}

func (p *maskParser) below() (fields, bool) {
	switch {
	case strings.HasPrefix(p.rest, "("):
		p.rest = p.rest[1:]
		f, ok := p.list()
		if !ok || !strings.HasPrefix(p.rest, ")") {
			return nil, false
		}
		p.rest = p.rest[1:]
		return f, true
	case strings.HasPrefix(p.rest, "/"):
		p.rest = p.rest[1:]
		end := strings.IndexAny(p.rest, ",()/")
		if end < 0 {
			end = len(p.rest)
		}
		name := p.rest[:end]
		p.rest = p.rest[end:]
		f, ok := p.below()
		return fields{name: f}, ok && name != ""
	}
	return fields{}, true
}

// pick leaves in a value what the mask names.
func (f fields) pick(v any) any {
	if len(f) == 0 || f["*"] != nil {
		return v
	}
	switch v := v.(type) {
	case object:
		out := object{}
		for name, below := range f {
			if x, ok := v[name]; ok {
				out[name] = below.pick(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = f.pick(v[i])
		}
		return out
	}
	return v
}

// object is a JSON object in the making; absent values are left out.
type object map[string]any

func (o object) set(name string, v any, when bool) object {
	if when {
		o[name] = v
	}
	return o
}
