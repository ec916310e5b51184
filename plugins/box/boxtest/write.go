package boxtest

import (
	"context"
	"encoding/json"
	"net/http"
	"sort"
)

// write is a call that changes something.
type write struct {
	scope  string
	handle func(*call)
}

func writes() map[string]write {
	return map[string]write{
		"PUT /2.0/users/{id}":                   {ManageUsers, (*call).putUser},
		"POST /2.0/users/terminate_sessions":    {ManageUsers, (*call).terminateSessions},
		"PUT /2.0/files/{id}":                   {WriteAll, (*call).putItem},
		"PUT /2.0/folders/{id}":                 {WriteAll, (*call).putItem},
		"DELETE /2.0/files/{id}":                {WriteAll, (*call).deleteItem},
		"DELETE /2.0/folders/{id}":              {WriteAll, (*call).deleteItem},
		"POST /2.0/files/{id}":                  {WriteAll, (*call).restoreItem},
		"POST /2.0/folders/{id}":                {WriteAll, (*call).restoreItem},
		"DELETE /2.0/files/{id}/trash":          {WriteAll, (*call).purgeItem},
		"DELETE /2.0/folders/{id}/trash":        {WriteAll, (*call).purgeItem},
		"POST /2.0/folders":                     {WriteAll, (*call).postFolder},
		"POST /2.0/collaborations":              {WriteAll, (*call).postCollaboration},
		"PUT /2.0/collaborations/{id}":          {WriteAll, (*call).putCollaboration},
		"DELETE /2.0/collaborations/{id}":       {WriteAll, (*call).deleteCollaboration},
		"POST /api/2.0/files/content":           {WriteAll, (*call).uploadFile},
		"POST /api/2.0/files/{id}/content":      {WriteAll, (*call).uploadVersion},
		"POST /2.0/files/{id}/versions/current": {WriteAll, (*call).promote},
	}
}

// news is what a call changed, for the log and for webhooks.
type news struct {
	event   string // "": none
	trigger string // "": no webhook tells of it
	item    Item
	source  map[string]any
	details map[string]any
}

// change carries out a call: alone, and then tells of it.
func (w write) change(c *call) {
	c.s.changes.one.Lock()
	w.handle(c)
	c.s.changes.one.Unlock()
	for i := range c.news {
		c.s.tell(c.r.Context(), c, &c.news[i])
	}
}

// tell logs what happened, wakes who polls, and delivers webhooks.
func (s *Server) tell(ctx context.Context, c *call, n *news) {
	if n.event != "" {
		s.log(c, n)
	}
	s.Notify()
	if n.trigger != "" {
		_, _ = s.Deliver(ctx, n.trigger, &n.item, s.person(c.user)) // who does not take it has lost it, as with the vendor
	}
}

// log adds an event behind all that the enterprise's log has now.
func (s *Server) log(c *call, n *news) {
	e := &Event{Type: n.event, Created: s.second(), By: s.person(c.user), Source: n.source, Details: n.details}
	if c.token.user != c.user {
		by := s.person(c.token.user)
		e.ActionBy = &by
	}
	if n.item.ID != "" {
		e.Source, e.Concerns = ItemSource(&n.item, s.parentOf(&n.item)), []string{n.item.Owner.ID}
	}
	now, base := s.cfg.Now(), s.changes.base.Events
	s.changes.log(sort.Search(base.len(), func(i int) bool {
		old := base.At(i)
		return old.recorded().After(now)
	}), e)
}

// person is the user behind an id.
func (s *Server) person(id string) Person {
	if p := s.service(id); p != nil {
		return *p
	}
	if u, ok := s.ent.Users.find(id); ok {
		return u.Person
	}
	return Person{ID: id}
}

// body decodes a request.
func (c *call) body(into any) bool {
	if err := json.NewDecoder(c.r.Body).Decode(into); err != nil {
		c.fail(http.StatusBadRequest, "Entity body should be a correctly nested resource attribute name/value pair")
		return false
	}
	return true
}

// fits says whether an item is still as the call's if-match has it.
func (c *call) fits(it *Item) bool {
	if want := c.r.Header.Get("If-Match"); want != "" && want != it.etag() {
		problemCode(c.w, http.StatusPreconditionFailed, "precondition_failed", "The resource has been modified. Please retrieve the resource again and retry")
		return false
	}
	return true
}

// putUser changes the status of a user; nothing else yet.
func (c *call) putUser() {
	u, ok := c.s.ent.Users.find(c.r.PathValue("id"))
	if !ok {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	var in struct{ Status string }
	if !c.body(&in) {
		return
	}
	switch in.Status {
	case "active", "inactive", "cannot_delete_edit", "cannot_delete_edit_upload":
	default:
		c.fail(http.StatusBadRequest, "Bad Request: status")
		return
	}
	if u.Role == "admin" {
		c.fail(http.StatusForbidden, "Access denied - insufficient permission")
		return
	}
	was := orDefault(u.Status, "active")
	ch := &c.s.changes
	ch.mu.Lock()
	ch.status[u.ID] = in.Status
	ch.mu.Unlock()
	u.Status = in.Status
	if was != in.Status {
		c.news = append(c.news, news{event: "EDIT_USER", source: UserSource(u.Person)})
	}
	c.ok(c.showUser(&u))
}

// terminateSessions takes an order; RunJobs carries it out.
func (c *call) terminateSessions() {
	var in struct {
		IDs    *[]string `json:"user_ids"`
		Logins *[]string `json:"user_logins"`
	}
	if !c.body(&in) {
		return
	}
	if in.IDs == nil || in.Logins == nil || len(*in.IDs)+len(*in.Logins) == 0 {
		c.fail(http.StatusBadRequest, "Bad Request: user_ids and user_logins")
		return
	}
	for _, id := range *in.IDs {
		if _, ok := c.s.ent.Users.find(id); !ok {
			c.fail(http.StatusNotFound, "Not Found")
			return
		}
	}
	ch := &c.s.changes
	ch.mu.Lock()
	ch.jobs = append(ch.jobs, *in.IDs...)
	ch.mu.Unlock()
	answer(c.w, http.StatusAccepted, map[string]any{"message": "Request is successful, please check the admin events for the status of the job"})
}

// RunJobs ends the sessions of whom that was asked for.
func (s *Server) RunJobs() {
	s.changes.mu.Lock()
	defer s.changes.mu.Unlock()
	for _, id := range s.changes.jobs {
		s.changes.ended[id]++
	}
	s.changes.jobs = nil
}

// SignedOut is how often a user's sessions were ended; waiting is how many orders for that are not carried out yet.
func (s *Server) SignedOut(user string) (times, waiting int) {
	s.changes.mu.Lock()
	defer s.changes.mu.Unlock()
	for _, id := range s.changes.jobs {
		if id == user {
			waiting++
		}
	}
	return s.changes.ended[user], waiting
}
