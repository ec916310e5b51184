package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

const maxMoves = 64 // of one instance

func (l *loader) moved(f file, b *hclsyntax.Block) {
	f.Labels(b, "write moved {")
	r := f.Sub("moved", b)
	m := Moved{Range: b.DefRange()}
	m.From, m.To = readID(r, "from"), readID(r, "to")
	r.Done()
	if m.From == "" || m.To == "" {
		return
	}
	from, to := r.Attribute("from").Expr.Range(), r.Attribute("to").Expr.Range()
	switch first, again := l.first["moved "+m.From]; {
	case again:
		r.Errorf(from, "an instance moves once: remove one", "%s moves a second time; the first is at %s", m.From, place(first))
	case m.From == m.To:
		r.Errorf(to, "remove the block", "%s moves to itself", m.From)
	case provider(m.From) != provider(m.To):
		r.Errorf(to, "an instance keeps its provider", "%s cannot become one of %s", m.From, provider(m.To))
	default:
		l.first["moved "+m.From] = from
		l.config.Moved = append(l.config.Moved, m)
	}
}

func readID(r *syntax.Reader, name string) string {
	a := r.Attribute(name)
	if a == nil {
		r.Errorf(r.Header, `write `+name+` = "github/sales"`, "%s has no %s", r.What, name)
		return ""
	}
	id := r.TextOf(a)
	p, n, _ := strings.Cut(id, "/")
	if id != "" && (!namePattern.MatchString(p) || !namePattern.MatchString(n)) {
		r.Errorf(a.Expr.Range(), `write it like "github/sales"`, "%q does not name an instance", syntax.Short(id))
		return ""
	}
	return id
}

func provider(id string) string {
	p, _, _ := strings.Cut(id, "/")
	return p
}

// checkMoves wants every move to end at an instance that there is, and to begin at one that there is no more.
func (l *loader) checkMoves() {
	next := map[string]string{}
	for _, m := range l.config.Moved {
		next[m.From] = m.To
	}
	var ids []string
	for _, i := range l.config.Instances {
		ids = append(ids, i.ID())
	}
	for _, m := range l.config.Moved {
		if i := l.config.Instance(m.From); i != nil {
			l.wrongMove(m.Range, "remove the moved block, or rename the instance", m.From+" moved away, but there is an instance of that name at "+place(i.Range))
			continue
		}
		end := m.To
		for steps := 0; next[end] != "" && steps < maxMoves; steps++ {
			end = next[end]
		}
		if l.config.Instance(end) == nil {
			l.wrongMove(m.Range, syntax.Choices(end, "instances", ids), m.From+" moves to "+end+", but there is no such instance")
		}
	}
}

func (l *loader) wrongMove(at hcl.Range, hint, summary string) {
	l.diags = append(l.diags, syntax.Errorf(at, hint, "%s", summary))
}
