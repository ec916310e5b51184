package githubtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strings"
)

// tree is the files of a repository as they are now. A repository that calls changed is merged for each request.
func (v *overlay) tree(repo string) List[Blob] {
	base := listOf(v.base.Tree, repo)
	touched := v.now.Load().files.touched(lower(repo))
	if touched == nil {
		return base
	}
	now := touched.now.Load()
	var all []Blob
	for i, n := 0, base.len(); i < n; i++ {
		if b := touched.as(now, base.At(i)); b.Path != "" {
			all = append(all, b)
		}
	}
	if now != nil {
		all = append(all, now.added...)
	}
	slices.SortFunc(all, func(a, b Blob) int { return strings.Compare(a.Path, b.Path) })
	return ListOf(all...)
}

// content is what was written, or what the Org has.
func (v *overlay) content(repo, sha string) []byte {
	c := v.now.Load()
	c.mu.Lock()
	written, ok := c.content[lower(repo)+" "+sha]
	c.mu.Unlock()
	if ok {
		return written
	}
	if v.base.Content == nil {
		return nil
	}
	return v.base.Content(repo, sha)
}

// audit is the log with what calls did in it, by time.
func (v *overlay) audit() List[Event] {
	log := func() []Event {
		c := v.now.Load()
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.log // it is only appended to
	}
	// at is where the j-th of ours stands: behind what was before it.
	at := func(own []Event, j int) int {
		l := v.base.Audit
		return j + sort.Search(l.len(), func(i int) bool { return l.At(i).Time.After(own[j].Time) })
	}
	return List[Event]{
		Len: func() int { return v.base.Audit.len() + len(log()) },
		At: func(i int) Event {
			own := log()
			j := sort.Search(len(own), func(j int) bool { return at(own, j) >= i })
			switch {
			case j < len(own) && at(own, j) == i:
				return own[j]
			case i-j < v.base.Audit.len():
				return v.base.Audit.At(i - j)
			}
			return Event{}
		},
	}
}

// log writes what the caller did into the audit log. Fields are name and value, in turn.
func (c *call) log(action, operation string, fields ...any) {
	who := c.sender()
	e := Event{ID: "made-" + number(c.org.id()), Time: c.now, Action: action, Actor: who.Login, ActorID: who.ID, Fields: map[string]any{
		"org": c.org.Login, "org_id": c.org.ID, "operation_type": operation,
	}}
	for i := 0; i+1 < len(fields); i += 2 {
		if name, ok := fields[i].(string); ok {
			e.Fields[name] = fields[i+1]
		}
	}
	made := c.org.at()
	made.mu.Lock()
	made.log = append(made.log, e)
	made.mu.Unlock()
	c.org.touch()
}

// sender is the caller as webhooks and logs name it.
func (c *call) sender() User {
	if c.who.app != nil {
		return User{ID: 200_000_000 + c.who.app.ID, Login: c.who.app.Slug + "[bot]", Type: "Bot"}
	}
	return c.who.user
}

// tell sends webhooks of what the caller did, when it was answered. fill appends what is special about the event.
func (c *call) tell(event, action string, fill func(b []byte) []byte) {
	b := []byte{'{'}
	if action != "" {
		b = str(b, "action", action)
	}
	b = fill(b)
	b = append(null(c.orgSimple(append(key(b, "organization"), '{'), c.org), "description"), '}')
	who := c.sender()
	payload := json.RawMessage(append(c.user(key(b, "sender"), &who), '}'))
	org := c.org.Login
	c.s.background.Go(func() {
		_, _ = c.s.Deliver(context.Background(), org, event, payload) // what a receiver says is recorded
	})
}

// repository appends the repository of a webhook.
func (c *call) repository(b []byte, r *Repo) []byte {
	return append(c.repoFields(append(key(b, "repository"), '{'), c.org, r), '}')
}

// body decodes the body of a request, or says what is wrong with it.
func (c *call) body(in any) bool {
	if c.r.Body == nil || c.r.ContentLength == 0 {
		return true
	}
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, writeMax)).Decode(in); err != nil {
		c.error(http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	return true
}

// person is an account of GitHub by login, lower case, or "#" and the id: it is there whatever its organisations do.
func (s *Server) person(key string) (User, bool) {
	for _, o := range s.cfg.Orgs {
		if m, ok := o.over.base.Members.find(key, isMember); ok {
			return m.User, true
		}
		if m, ok := o.over.base.Outside.find(key, isMember); ok {
			return m.User, true
		}
		if u, ok := o.over.base.Blocks.find(key, isUser); ok {
			return u, true
		}
	}
	for i := range s.cfg.People {
		if isUser(&s.cfg.People[i], key) {
			return s.cfg.People[i], true
		}
	}
	return User{}, false
}

// thePerson is the account of the path, or 404.
func (c *call) thePerson() (User, bool) {
	u, ok := c.s.person(lower(c.param("{username}")))
	if !ok {
		c.notFound()
	}
	return u, ok
}
