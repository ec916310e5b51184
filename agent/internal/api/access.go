package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Reach is one line of an answer about access: who can reach the thing, or what the account can reach.
type Reach struct {
	// Certainty: certain, possible, or unknown: a place where nobody could look, which may hide more.
	Certainty string `json:"certainty"`
	Ref       string `json:"ref,omitempty"`
	Instance  string `json:"instance,omitempty"`
	Kind      string `json:"kind"`
	Name      string `json:"name,omitempty"`
	Email     string `json:"email,omitempty"`
	// Role as the access list has it, on this way.
	Role string `json:"role,omitempty"`
	// How in one line: the way in words, or why it is not known.
	How  string `json:"how"`
	Path []Step `json:"path,omitempty"`
	// Why it is only possible.
	Why []string `json:"why,omitempty"`
}

// Step is one step of a way, from the one who reaches to the thing.
type Step struct {
	Holder string `json:"holder"`
	How    string `json:"how"`
	Role   string `json:"role,omitempty"`
	Thing  string `json:"thing"`
	Why    string `json:"why,omitempty"`
}

// accessKinds are those that ways lead through.
var accessKinds = []wire.Kind{
	wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_FILE, wire.Kind_KIND_APP,
	wire.Kind_KIND_GRANT,
}

// maxNamed is how many lines get their names and ways; the others have their refs.
const maxNamed = 10_000

func (s *server) access(w http.ResponseWriter, r *http.Request) error {
	q, err := parseAccess(r.URL.Query())
	if err != nil {
		return err
	}
	var (
		lines   []Reach
		trailer Trailer
	)
	err = s.ask(r.Context(), accessKinds, func(v *question) error {
		sub, err := v.subject(q.x)
		if err != nil {
			return err
		}
		trailer = s.trailer(r.Context(), v, v.of(sub.refs), accessKinds...)
		if sub.refs[0].Kind == wire.Kind_KIND_ACCOUNT || q.reach {
			lines = v.reach(sub.refs)
		} else {
			lines, err = v.who(sub.refs[0])
		}
		return err
	})
	if err != nil {
		return err
	}
	if q.limit > 0 && len(lines) > q.limit {
		lines = lines[:q.limit]
	}
	return send(w, trailer, lines)
}

type accessQuery struct {
	x     string
	reach bool
	limit int
}

func parseAccess(v url.Values) (*accessQuery, error) {
	x, err := asked(v)
	if err != nil {
		return nil, err
	}
	q := &accessQuery{x: x, reach: v.Get("reach") == "true"}
	if v.Get("at") != "" {
		return nil, badRequest("access has no --at yet: what was certain at a time past is not kept; `mooring query --at` shows the records of then")
	}
	if l := v.Get("limit"); l != "" {
		if q.limit, err = strconv.Atoi(l); err != nil || q.limit < 0 {
			return nil, badRequest("limit %q is not a number of lines", l)
		}
	}
	return q, nil
}

// who can reach a thing.
func (v *question) who(ref record.Ref) ([]Reach, error) {
	switch ref.Kind { //nolint:exhaustive // the others are nothing that one reaches
	case wire.Kind_KIND_FILE, wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_APP:
	default:
		return nil, badRequest("nobody reaches a %s: ask for a file, group, role or app, or for an account", sdk.KindName(ref.Kind))
	}
	key := keyOf(ref)
	a := v.Graph().Who(key, v.looks)
	lines := v.lines(a, func(k access.Key) bool {
		switch k.Kind { //nolint:exhaustive // the others are on the way
		case wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_APP, wire.Kind_KIND_GRANT:
			return true
		case wire.Kind_KIND_UNSPECIFIED:
			return k.Circle() != "administrators" && len(v.Graph().Bearers(k)) == 0
		}
		return false
	})
	for _, h := range a.Holes {
		line := v.line(h.Key)
		line.Certainty, line.How = "unknown", "who else is behind it: "+h.Why
		lines = append(lines, line)
	}
	if ref.Kind == wire.Kind_KIND_APP && len(v.looks.membersOf(v.looks.at(key.Instance), ref.Kind)) == 0 {
		line := v.line(key)
		line.Certainty, line.How = "unknown", "who uses it: no listing of "+ref.Provider+" tells"
		lines = append(lines, line)
	}
	return lines, nil
}

// reach is what accounts, or others who hold things, can reach.
func (v *question) reach(refs []record.Ref) []Reach {
	var starts []access.Start
	for _, r := range refs {
		starts = append(starts, access.Start{Key: keyOf(r)})
		if a := v.people.Account(r); a != nil {
			external := v.org.External(a.Email)
			ours, theirs := external != nil && !*external, external != nil && *external
			everyone := access.Start{Key: access.Everyone(r.Provider + "/" + r.Instance)}
			switch guest := a.Type == "guest"; {
			case guest && theirs:
				continue
			case guest || !ours: // a member may well show a private address
				everyone.Why = "it is not known whether the account counts as the organisation's"
			}
			starts = append(starts, everyone)
		}
	}
	lines := v.lines(v.Graph().Reach(v.looks, starts...), func(k access.Key) bool {
		switch k.Kind { //nolint:exhaustive // the others are on the way
		case wire.Kind_KIND_FILE, wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_APP:
			return true
		case wire.Kind_KIND_UNSPECIFIED:
			return k.Circle() == "administrators"
		}
		return false
	})
	return append(lines, v.unlisted(refs)...)
}

// unlisted are the listings that could give more to reach, and could not be read.
func (v *question) unlisted(refs []record.Ref) (out []Reach) {
	var done []string
	for _, r := range refs {
		id := r.Provider + "/" + r.Instance
		in := v.looks.at(id)
		if in == nil || slices.Contains(done, id) {
			continue
		}
		done = append(done, id)
		for _, l := range in.i.Description.GetListings() {
			gives := slices.Contains(l.GetFields(), "file.access") || slices.ContainsFunc(l.GetDefines(), func(k wire.Kind) bool {
				return k == wire.Kind_KIND_MEMBERSHIP || k == wire.Kind_KIND_FILE || k == wire.Kind_KIND_GRANT
			})
			why := v.looks.listing(in, l.GetName())
			if r := in.rounds[l.GetName()]; why == "" && r.Unavailable+r.Skipped > 0 {
				why = l.GetName() + ": " + Count(r.Unavailable+r.Skipped, "place", "places") + " could not be listed, or not whole"
			}
			if gives && why != "" {
				out = append(out, Reach{Certainty: "unknown", Instance: id, Kind: "listing", Name: l.GetName(), How: "what else it would give: " + why})
			}
		}
	}
	return out
}

// lines are those found that are wanted.
func (v *question) lines(a *access.Answer, wanted func(access.Key) bool) (lines []Reach) {
	for _, r := range a.Reached {
		if !wanted(r.Key) {
			continue
		}
		line := Reach{Ref: refOf(r.Key).String(), Instance: r.Key.Instance, Kind: sdk.KindName(r.Key.Kind)}
		if len(lines) < maxNamed || r.Key.Kind == wire.Kind_KIND_UNSPECIFIED {
			line = v.line(r.Key)
			v.way(&line, r.Key, a.Way(r.Key))
		}
		line.Certainty, line.Role = "possible", r.Role
		if r.Certain {
			line.Certainty = "certain"
		}
		lines = append(lines, line)
	}
	return lines
}

// line is a record, circle or address by its name.
func (v *question) line(k access.Key) Reach {
	line := Reach{Instance: k.Instance, Kind: sdk.KindName(k.Kind)}
	switch {
	case k.Email() != "":
		line.Kind, line.Email, line.Name = "email", k.Email(), k.Email()
	case k.Circle() != "":
		line.Kind, line.Name = k.Circle(), v.says(k)
	default:
		ref := refOf(k)
		line.Ref, line.Name = ref.String(), v.name(ref)
		if a := v.people.Account(ref); a != nil && k.Kind == wire.Kind_KIND_ACCOUNT {
			line.Email = a.Email
		}
	}
	return line
}
