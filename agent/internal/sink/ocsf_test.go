package sink_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/sink"
)

var update = flag.Bool("update", false, "write the golden files")

// schema is a part of OCSF, in the shape in which OCSF publishes itself.
type schema struct {
	Version    string
	Categories map[string]string
	Base       map[string]attribute
	Classes    map[string]struct {
		UID, Category int
		Caption       string
		Attributes    map[string]attribute
	}
	Objects map[string]struct {
		AtLeastOne []string `json:"at_least_one"`
		Attributes map[string]attribute
	}
}

type attribute struct {
	Type, Requirement, Sibling string
	IsArray                    bool `json:"is_array"`
	Enum                       map[string]string
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	b, err := os.ReadFile("testdata/ocsf-1.5.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// check gives what is wrong with an event.
func (s *schema) check(line []byte) (wrong []string) {
	var e map[string]any
	if err := json.Unmarshal(line, &e); err != nil {
		return []string{err.Error()}
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, c := range s.Classes {
		if float64(c.UID) != e["class_uid"] {
			continue
		}
		all := map[string]attribute{}
		for _, m := range []map[string]attribute{s.Base, c.Attributes} {
			maps.Copy(all, m)
		}
		s.attributes("", e, all, say)
		activity, _ := e["activity_id"].(float64)
		if e["type_uid"] != float64(c.UID*100)+activity || e["type_name"] != c.Caption+": "+fmt.Sprint(e["activity_name"]) {
			say("type %v %v", e["type_uid"], e["type_name"])
		}
		if e["class_name"] != c.Caption || e["category_uid"] != float64(c.Category) || e["category_name"] != s.Categories[strconv.Itoa(c.Category)] {
			say("class %v, category %v %v", e["class_name"], e["category_uid"], e["category_name"])
		}
		if m, _ := e["metadata"].(map[string]any); m["version"] != s.Version {
			say("version %v", m["version"])
		}
		return wrong
	}
	return []string{fmt.Sprintf("no class %v", e["class_uid"])}
}

func (s *schema) attributes(path string, o map[string]any, known map[string]attribute, say func(string, ...any)) {
	for name, a := range known {
		if _, there := o[name]; !there && a.Requirement == "required" {
			say("%s%s is missing", path, name)
		}
	}
	for name, v := range o {
		a, ok := known[name]
		if !ok {
			say("%s%s is not in the schema", path, name)
			continue
		}
		values := []any{v}
		if a.IsArray {
			if values, ok = v.([]any); !ok || len(values) == 0 {
				say("%s%s is no array", path, name)
			}
		} else if a.Enum != nil {
			s.enum(path, name, o, a, say)
		}
		for _, one := range values {
			s.value(path+name, one, a, say)
		}
	}
}

func (s *schema) enum(path, name string, o map[string]any, a attribute, say func(string, ...any)) {
	caption, ok := a.Enum[fmt.Sprint(o[name])]
	if !ok {
		say("%s%s cannot be %v", path, name, o[name])
	} else if o[name] != 99. && o[a.Sibling] != caption {
		say("%s%s is %v, which is called %q, not %v", path, name, o[name], caption, o[a.Sibling])
	}
}

var email = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$`)

func (s *schema) value(path string, v any, a attribute, say func(string, ...any)) {
	object, isObject := v.(map[string]any)
	number, isNumber := v.(float64)
	text, isText := v.(string)
	_, isBool := v.(bool)
	var ok bool
	switch a.Type {
	case "string_t":
		ok = isText && text != ""
	case "email_t":
		ok = isText && email.MatchString(text)
	case "integer_t":
		ok = isNumber && number == math.Trunc(number)
	case "timestamp_t": // milliseconds: seconds would be in 1970
		ok = isNumber && number == math.Trunc(number) && number > 1e12 && number < 1e13
	case "boolean_t":
		ok = isBool
	case "object":
		ok = isObject
	default:
		known, there := s.Objects[a.Type]
		if ok = there && isObject; ok {
			s.attributes(path+".", object, known.Attributes, say)
			if len(known.AtLeastOne) > 0 && !slices.ContainsFunc(known.AtLeastOne, func(n string) bool { return object[n] != nil }) {
				say("%s has none of %v", path, known.AtLeastOne)
			}
		}
	}
	if !ok {
		say("%s is no %s: %v", path, a.Type, v)
	}
}

// every event, with everything and with nothing.
func everything() []*event.Event {
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	var all []*event.Event
	for _, what := range config.EventNames() {
		full := alert()
		full.ID, full.What, full.Time = "full-"+what, event.What(what), at
		full.Reason, full.Group, full.Action, full.Intent, full.Actor = "access_level: public → private", "ann@acme.example", "make_private", "i1", "ann@acme.example"
		all = append(all, full, &event.Event{ID: "bare-" + what, What: event.What(what), Time: at})
	}
	return all
}

func TestLinesAreOCSF(t *testing.T) {
	s := readSchema(t)
	var golden bytes.Buffer
	for _, e := range everything() {
		line, err := json.Marshal(sink.Line(e))
		if err != nil {
			t.Fatal(err)
		}
		golden.Write(append(line, '\n'))
		for _, wrong := range s.check(line) {
			t.Errorf("%s: %s", e.ID, wrong)
		}
		for _, state := range []string{
			"ok", "open", "closed", "resolved", "observe", "baseline", "waiting", "approved", "done", "already", "refused", "rejected", "expired", "stuck",
			"unsure", "pending", "made", "revoked", "failing", "nearly full", "x",
		} {
			for _, action := range []string{"", "make_private", "suspend", "remove_member", "quarantine_file", "undo", "x"} {
				c := *e
				c.State, c.Action, c.Severity, c.Actor, c.People = state, action, state, "uid 1000 @ x", []string{"", "x@y"}
				if line, err = json.Marshal(sink.Line(&c)); err != nil {
					t.Fatal(err)
				}
				for _, wrong := range s.check(line) {
					t.Errorf("%s, state %s, action %s: %s", c.ID, state, action, wrong)
				}
			}
		}
	}
	const path = "testdata/lines.jsonl"
	if *update {
		if err := os.WriteFile(path, golden.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "lines", strings.Split(string(want), "\n"), strings.Split(golden.String(), "\n"))
}

// The check finds what is wrong: every attribute of a good line that is taken away, renamed or of another type, as far as
// the schema minds.
func TestTheCheckCanFail(t *testing.T) {
	s := readSchema(t)
	good, err := json.Marshal(sink.Line(everything()[0]))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e map[string]any){
		"no time":         func(e map[string]any) { delete(e, "time") },
		"seconds":         func(e map[string]any) { e["time"] = 1_790_000_000 },
		"no finding":      func(e map[string]any) { delete(e, "finding_info") },
		"no uid":          func(e map[string]any) { delete(e["finding_info"].(map[string]any), "uid") },
		"unknown":         func(e map[string]any) { e["colour"] = "red" },
		"unknown inside":  func(e map[string]any) { e["metadata"].(map[string]any)["colour"] = "red" },
		"enum":            func(e map[string]any) { e["severity_id"] = 7 },
		"caption":         func(e map[string]any) { e["severity"] = "Low" },
		"type_uid":        func(e map[string]any) { e["type_uid"] = 200402 },
		"category":        func(e map[string]any) { e["category_uid"] = 3 },
		"version":         func(e map[string]any) { e["metadata"].(map[string]any)["version"] = "1.4.0" },
		"class":           func(e map[string]any) { e["class_uid"] = 2001 },
		"text for number": func(e map[string]any) { e["status_id"] = "1" },
		"no array":        func(e map[string]any) { e["resources"] = map[string]any{"uid": "x"} },
		"none of":         func(e map[string]any) { e["resources"] = []any{map[string]any{"type": "file"}} },
		"address": func(e map[string]any) {
			e["resources"] = []any{map[string]any{"uid": "x", "owner": map[string]any{"name": "x", "email_addr": "x"}}}
		},
	} {
		var e map[string]any
		if err := json.Unmarshal(good, &e); err != nil {
			t.Fatal(err)
		}
		change(e)
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.check(line)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

// Whatever an event holds, its line is OCSF.
func FuzzLine(f *testing.F) {
	f.Add("alert.opened", "id", "title", "high", "a/b/c/d", "p@q.example", `{"name":5}`, 3)
	f.Add("", "", "", "", "", "", "", -1)
	f.Add("action.settled", "\x00", "\xff", "x", "////", "@", `[`, 1<<30)
	f.Fuzz(func(t *testing.T, what, id, title, word, ref, person, record string, n int) {
		e := &event.Event{
			ID: "x" + id, What: event.What(what), Time: time.Unix(1_790_000_000, 0), Subject: id, Title: title, Severity: word, State: word, Reason: title,
			Instance: word, Policy: word, Ref: ref, Group: person, People: []string{person, word}, Alert: id, Action: word, Intent: id, Actor: person,
			Count: n, Record: json.RawMessage(record), Evidence: json.RawMessage(record),
		}
		line, err := json.Marshal(sink.Line(e))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range readSchema(t).check(line) {
			t.Errorf("%s: %s", line, wrong)
		}
	})
}
