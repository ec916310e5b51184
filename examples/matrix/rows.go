package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// row is one capability: what a description says of it, in a word or two for the overview, and in full.
type row struct {
	key, name string
	short     func(*wire.Description) string
	full      func(*wire.Description) string
}

const no = "no"

func rows() []row {
	return []row{
		kind("accounts", "Accounts", sdk.KindAccount), kind("groups", "Groups", sdk.KindGroup),
		kind("memberships", "Who is in them", sdk.KindMembership), kind("roles", "Admin roles", sdk.KindRole),
		{"activities", "Activities", activitiesShort, activities},
		kind("files", "Files", sdk.KindFile), {"sharing", "Who reaches a file", yes(sharing), sharing},
		{"content", "What stands in files", yes(content), content},
		kind("apps", "Apps with access", sdk.KindApp), kind("grants", "Tokens, keys, grants", sdk.KindGrant),
		kind("settings", "Security settings", sdk.KindSetting),
		{"delta", "Rescan costs what changed", deltaShort, delta},
		{"realtime", "Changes at once", realtimeShort, realtime},
		{"fetch", "One record now", yes(fetch), fetch},
		{"methods", "Ways to authenticate", methodsShort, methods},
		{"actions", "Actions", actionsShort, actions},
	}
}

// kind is the row of a kind of records.
func kind(key, name string, k wire.Kind) row {
	full := func(d *wire.Description) string {
		var defines, enriches []string
		for _, l := range d.GetListings() {
			switch {
			case slices.Contains(l.GetDefines(), k):
				defines = append(defines, code(l.GetName()))
			case slices.Contains(l.GetEnriches(), k):
				enriches = append(enriches, code(l.GetName()))
			}
		}
		text := strings.Join(defines, ", ")
		if len(enriches) > 0 {
			text = strings.TrimPrefix(text+"; more of them from "+strings.Join(enriches, ", "), "; ")
		}
		if text == "" {
			return missing(d, key)
		}
		return text
	}
	return row{key, name, yes(full), full}
}

// yes is the short form: whether there is any.
func yes(full func(*wire.Description) string) func(*wire.Description) string {
	return func(d *wire.Description) string {
		text := full(d)
		if word, _, cut := strings.Cut(text, ":"); cut || word == no {
			return word
		}
		return "yes"
	}
}

// missing says why there is none: the provider's reason, where the connector gives one.
func missing(d *wire.Description, capabilities ...string) string {
	for _, u := range d.GetUnsupported() {
		if slices.Contains(capabilities, u.GetCapability()) && u.GetReason() != notImplemented {
			return "not offered: " + u.GetReason()
		}
	}
	return no
}

// notImplemented is the SDK's reason for what a connector does not do.
const notImplemented = "not implemented"

func logs(d *wire.Description) []*wire.ListingSpec {
	return slices.DeleteFunc(slices.Clone(d.GetListings()), func(l *wire.ListingSpec) bool {
		return !slices.Contains(l.GetDefines(), sdk.KindActivity)
	})
}

func activitiesShort(d *wire.Description) string {
	var most time.Duration
	for _, l := range logs(d) {
		most = max(most, l.GetLookback().AsDuration())
	}
	switch {
	case most > 0:
		return span(most) + " back"
	case len(logs(d)) > 0:
		return "yes"
	}
	word, _, _ := strings.Cut(missing(d, "activities"), ":")
	return word
}

func activities(d *wire.Description) string {
	var parts []string
	for _, l := range logs(d) {
		text := code(l.GetName())
		var more []string
		if b := l.GetLookback(); b != nil {
			more = append(more, span(b.AsDuration())+" back")
		}
		if late := l.GetLateBy(); late != nil {
			more = append(more, "up to "+span(late.AsDuration())+" late")
		}
		if len(more) > 0 {
			text += " (" + strings.Join(more, ", ") + ")"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return missing(d, "activities")
	}
	return strings.Join(parts, ", ")
}

func sharing(d *wire.Description) string {
	var names []string
	for _, l := range d.GetListings() {
		if slices.Contains(l.GetFields(), "file.access") {
			names = append(names, code(l.GetName()))
		}
	}
	if len(names) == 0 {
		return missing(d, "sharing", "files")
	}
	return strings.Join(names, ", ")
}

func content(d *wire.Description) string {
	if d.GetContent() == nil {
		return missing(d, "content")
	}
	var kinds []string
	for _, k := range d.GetContent().GetKinds() {
		kinds = append(kinds, sdk.KindName(k))
	}
	return "of " + strings.Join(kinds, ", ")
}

func deltaShort(d *wire.Description) string {
	n := 0
	for _, l := range d.GetListings() {
		if l.GetType() != wire.ListingSpec_SNAPSHOT {
			n++
		}
	}
	return fmt.Sprintf("%d of %d lists", n, len(d.GetListings()))
}

func delta(d *wire.Description) string {
	var whole, each []string
	for _, l := range d.GetListings() {
		switch {
		case l.GetType() != wire.ListingSpec_SNAPSHOT:
		case l.GetParent() != "":
			each = append(each, code(l.GetName()))
		default:
			whole = append(whole, code(l.GetName()))
		}
	}
	text := deltaShort(d)
	if len(each) > 0 {
		text += "; one by one, where something may have moved: " + strings.Join(each, ", ")
	}
	if len(whole) > 0 {
		text += "; read whole: " + strings.Join(whole, ", ")
	}
	return text
}

func realtimeShort(d *wire.Description) string {
	var parts []string
	for _, r := range d.GetRealtime() {
		parts = append(parts, r.GetMeans()+" "+within(r.GetExpectedDelay()))
	}
	if len(parts) == 0 {
		word, _, _ := strings.Cut(missing(d, "realtime", "watch", "webhook"), ":")
		return word
	}
	return strings.Join(parts, ", ")
}

func realtime(d *wire.Description) string {
	var parts []string
	for _, r := range d.GetRealtime() {
		text := r.GetMeans() + " " + within(r.GetExpectedDelay())
		if r.GetName() != r.GetMeans() {
			text = code(r.GetName()) + ": " + text
		}
		if len(r.GetNeeds()) > 0 {
			text += ", needs " + strings.Join(r.GetNeeds(), ", ")
		}
		parts = append(parts, fmt.Sprintf("%s, for %d lists", text, len(r.GetListings())))
	}
	if len(parts) == 0 {
		return missing(d, "realtime", "watch", "webhook")
	}
	return strings.Join(parts, "; ")
}

func within(d *durationpb.Duration) string {
	if d == nil {
		return "soon"
	}
	return "within " + span(d.AsDuration())
}

func fetch(d *wire.Description) string {
	var kinds []string
	for _, k := range d.GetFetches() {
		kinds = append(kinds, sdk.KindName(k))
	}
	if len(kinds) == 0 {
		return missing(d, "fetch")
	}
	return strings.Join(kinds, ", ")
}

// callers are the ways to call the provider. Those that only check webhooks are none.
func callers(d *wire.Description) []*wire.CredentialMethod {
	var beside []string
	for _, r := range d.GetRealtime() {
		beside = append(beside, r.GetNeeds()...)
	}
	return slices.DeleteFunc(slices.Clone(d.GetCredentials()), func(m *wire.CredentialMethod) bool {
		return len(m.GetFields()) > 0 &&
			!slices.ContainsFunc(m.GetFields(), func(f *wire.CredentialField) bool { return !slices.Contains(beside, f.GetName()) })
	})
}

func methodsShort(d *wire.Description) string {
	var names []string
	for _, m := range callers(d) {
		names = append(names, strings.ReplaceAll(m.GetName(), "_", " "))
	}
	if len(names) == 0 {
		return no
	}
	return strings.Join(names, ", ")
}

func methods(d *wire.Description) string {
	var parts []string
	for _, m := range callers(d) {
		text := code(m.GetName()) + ": " + m.GetDoc()
		if m.GetLogin() {
			text += ", by consent in a browser"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return no
	}
	return strings.Join(parts, "; ")
}

func actionsShort(d *wire.Description) string {
	if n := len(d.GetActions()); n > 0 {
		return fmt.Sprint(n)
	}
	word, _, _ := strings.Cut(missing(d, "actions"), ":")
	return word
}

func actions(d *wire.Description) string {
	var names []string
	for _, a := range d.GetActions() {
		text := code(a.GetName())
		if a.GetUndo() != "" {
			text += " (undo: " + a.GetUndo() + ")"
		}
		names = append(names, text)
	}
	if len(names) == 0 {
		return missing(d, "actions")
	}
	return strings.Join(names, ", ")
}

// permission is what a listing needs: by the method that says most of it, else by itself.
func permission(d *wire.Description, l *wire.ListingSpec) string {
	most := ""
	for _, m := range callers(d) {
		var all []string
		for _, n := range m.GetScopes() {
			if n.GetCapability() == "list:"+l.GetName() {
				all = append(all, strings.Join(append([]string{n.GetScope()}, n.GetAlternatives()...), " or "))
			}
		}
		if text := strings.Join(all, ", "); len(text) > len(most) {
			most = text
		}
	}
	return cmp.Or(most, strings.Join(l.GetPermissions(), ", "))
}

func code(s string) string { return "`" + s + "`" }

// span writes a time in its largest whole unit.
func span(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "days"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if d == 24*time.Hour {
			return "1 day"
		}
		if d >= u.size && d%u.size == 0 {
			return fmt.Sprintf("%d %s", d/u.size, u.name)
		}
	}
	return d.String()
}
