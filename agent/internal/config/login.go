package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// shared is an instance that uses another one's login.
type shared struct {
	reader *syntax.Reader
	with   *Instance
	at     hcl.Range
}

// login finds out whose login an instance uses: its own, unless its credentials name another one's.
func (l *loader) login(r *syntax.Reader, i *Instance, b *hclsyntax.Block) {
	var a *hclsyntax.Attribute
	if b != nil {
		a = b.Body.Attributes[loginName]
	}
	kept := len(i.Kept()) > 0
	if kept {
		i.Login = i.ID()
	}
	if a == nil || !(credentials{methods: i.Description.GetCredentials()}).logins() { // else block has complained
		return
	}
	if !kept {
		if i.Method != "" {
			r.Errorf(a.Range(), "remove the line", "the method %s needs no login", i.Method)
		}
		return
	}
	if id := readID((&syntax.Reader{What: "credentials", Header: b.DefRange(), Body: b.Body, Src: r.Src, Diags: r.Diags}), loginName); id != "" {
		i.Login = id
		l.shared = append(l.shared, shared{r, i, a.Expr.Range()})
	}
}

// checkLogins wants a shared login to be that of an instance of the same kind, which has one of its own.
func (l *loader) checkLogins() {
	for _, s := range l.shared {
		var ids []string
		for _, i := range l.config.Instances {
			if i.Provider == s.with.Provider && i.Login == i.ID() && i != s.with {
				ids = append(ids, i.ID())
			}
		}
		owner := l.config.Instance(s.with.Login)
		switch {
		case s.with.Login == s.with.ID(): // as without the line
		case owner == nil && len(ids) == 0:
			s.reader.Errorf(s.at, "remove the line, and the instance has a login of its own", "there is no instance %s", s.with.Login)
		case owner == nil:
			s.reader.Errorf(s.at, syntax.Choices(s.with.Login, "logins", ids), "there is no instance %s", s.with.Login)
		case owner.Provider != s.with.Provider:
			s.reader.Errorf(s.at, "name an instance of "+s.with.Provider, "%s is of another provider, and its login works only there", owner.ID())
		case owner.Err.HasErrors():
			s.reader.Errorf(s.at, "correct that instance first", "%s is wrong itself, at %s", owner.ID(), place(owner.Range))
		case owner.Method != s.with.Method:
			s.reader.Errorf(s.at, "give both the same fields", "%s uses the method %s, this instance %s", owner.ID(), owner.Method, s.with.Method)
		case owner.Login != owner.ID():
			s.reader.Errorf(s.at, "write login = \""+owner.Login+"\"", "%s uses the login of %s itself", owner.ID(), owner.Login)
		}
	}
}
