package sdk

import (
	"net/url"
	"strings"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// validate finds what an author got wrong before an operator does.
func validate(w *wire.Description) error {
	if !word(w.GetName()) {
		return bad("name %q: 1 to %d of a-z, 0-9, _ and - are expected", w.GetName(), maxNameBytes)
	}
	for _, check := range []func(*wire.Description) error{
		validNames, validSettings, validListings, validBuckets, validHosts, validRealtime, validActions,
	} {
		if err := check(w); err != nil {
			return err
		}
	}
	return nil
}

func validNames(w *wire.Description) error {
	for _, err := range []error{
		unique("setting", w.GetSettings()), unique("credential method", w.GetCredentials()),
		unique("listing", w.GetListings()), unique("realtime means", w.GetRealtime()),
		unique("bucket", w.GetBuckets()), unique("action", w.GetActions()),
	} {
		if err != nil {
			return err
		}
	}
	for _, m := range w.GetCredentials() {
		if err := unique("credential field", m.GetFields()); err != nil {
			return err
		}
		if err := validLogin(m); err != nil {
			return err
		}
	}
	return nil
}

// validLogin: what a login obtains and what a token spends must be fields that are kept.
func validLogin(m *wire.CredentialMethod) error {
	kept := map[string]bool{}
	for _, f := range m.GetFields() {
		if f.GetKept() {
			kept[f.GetName()] = true
		}
	}
	switch {
	case m.GetRotates() != "" && !kept[m.GetRotates()]:
		return bad("method %s rotates %q, which is not one of its kept fields", m.GetName(), m.GetRotates())
	case m.GetLogin() && len(kept) == 0:
		return bad("method %s has a login, but no kept field that it obtains", m.GetName())
	case !m.GetLogin() && len(kept) > 0:
		return bad("method %s has kept fields, but no login that obtains them", m.GetName())
	}
	return nil
}

func validSettings(w *wire.Description) error {
	for _, s := range w.GetSettings() {
		if err := oneOf("type of setting "+s.GetName(), s.GetType(), string(SettingString), string(SettingBool), string(SettingInt),
			string(SettingDuration), string(SettingList), string(SettingEndpoint)); err != nil {
			return err
		}
		if s.GetType() != string(SettingEndpoint) || s.GetDefault() == "" {
			continue
		}
		u, err := url.Parse(s.GetDefault())
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return bad("default %q of setting %s is not a URL", s.GetDefault(), s.GetName())
		}
	}
	return nil
}

func validListings(w *wire.Description) error {
	parents := map[string]string{}
	for _, l := range w.GetListings() {
		parents[l.GetName()] = l.GetParent()
	}
	for _, l := range w.GetListings() {
		name := l.GetName()
		if len(l.GetDefines())+len(l.GetEnriches()) == 0 {
			if !hasChild(w, name) {
				return bad("listing %s neither defines nor enriches a kind, nor carries shards of another", name)
			}
		}
		for _, k := range append(append([]Kind{}, l.GetDefines()...), l.GetEnriches()...) {
			if wire.NewRecord(k) == nil {
				return bad("listing %s names kind %s, which no connector gives", name, KindName(k))
			}
		}
		feed := l.GetType() == wire.ListingSpec_FEED
		if !feed && (l.GetMaxWindow() != nil || l.GetLookback() != nil || l.GetOverlap() != nil || l.GetLateBy() != nil) {
			return bad("listing %s is not a feed, but has windows", name)
		}
		steps := 0
		for p := l.GetParent(); p != ""; p = parents[p] {
			if _, ok := parents[p]; !ok {
				return bad("parent %q of listing %s does not exist", p, name)
			}
			if steps++; steps > len(parents) {
				return bad("listing %s is its own ancestor", name)
			}
		}
	}
	return nil
}

func hasChild(w *wire.Description, name string) bool {
	for _, l := range w.GetListings() {
		if l.GetParent() == name {
			return true
		}
	}
	return false
}

func validBuckets(w *wire.Description) error {
	for _, b := range w.GetBuckets() {
		for _, err := range []error{
			oneOf("shape of bucket "+b.GetName(), b.GetShape(), "fixed_window", "rolling", "token", "concurrency", adaptiveShape),
			oneOf("key source of bucket "+b.GetName(), b.GetKeySource(), "", "host", "path", "context"),
			oneOf("owner of bucket "+b.GetName(), b.GetOwnerScope(), "app", "project", "org", "tenant", credentialOwner),
			oneOf("dialect of bucket "+b.GetName(), b.GetDialect(), "", "github", "okta", "ratelimit", "retry_after", "none"),
		} {
			if err != nil {
				return err
			}
		}
		if b.GetLimit() < 0 || b.GetBurst() < 0 || b.GetWindow().AsDuration() < 0 {
			return bad("bucket %s has a negative number", b.GetName())
		}
	}
	return nil
}

func validHosts(w *wire.Description) error {
	endpoints := map[string]bool{}
	for _, s := range w.GetSettings() {
		endpoints[s.GetName()] = s.GetType() == string(SettingEndpoint)
	}
	for _, h := range w.GetHosts() {
		p := h.GetPattern()
		if name, ok := strings.CutPrefix(p, "${"); ok {
			if name, ok = strings.CutSuffix(name, "}"); !ok || !endpoints[name] {
				return bad("host %q does not name a setting of type endpoint", p)
			}
			continue
		}
		host := strings.TrimPrefix(p, "*.")
		if host == "" || strings.ContainsAny(host, "*/:@ ") {
			return bad(`host %q: a host name, "*.name" or "${setting}" is expected`, p)
		}
	}
	return nil
}

func validRealtime(w *wire.Description) error {
	listings := map[string]bool{}
	for _, l := range w.GetListings() {
		listings[l.GetName()] = true
	}
	for _, r := range w.GetRealtime() {
		if err := oneOf("means of realtime "+r.GetName(), r.GetMeans(), "longpoll", "queue", "webhook"); err != nil {
			return err
		}
		for _, l := range r.GetListings() {
			if !listings[l] {
				return bad("realtime %s names listing %q, which does not exist", r.GetName(), l)
			}
		}
	}
	return nil
}

func validActions(w *wire.Description) error {
	for _, a := range w.GetActions() {
		for _, err := range []error{
			oneOf("safety of action "+a.GetName(), a.GetSafety(), "repeat", "key", "precondition", "readback", "none"),
			oneOf("undo of action "+a.GetName(), a.GetUndo(), "full", "partial", "none"),
		} {
			if err != nil {
				return err
			}
		}
		switch {
		case wire.NewRecord(a.GetTargetKind()) == nil:
			return bad("action %s has no target kind", a.GetName())
		case a.GetUndo() == "partial" && a.GetUndoLoses() == "":
			return bad("undo of action %s is partial: say in undo_loses what it cannot bring back", a.GetName())
		case a.GetSafety() == "readback" && a.GetInFlightMax().AsDuration() <= 0:
			return bad("action %s is made safe by reading back: in_flight_max says how long a request may still take effect", a.GetName())
		}
	}
	return nil
}
