package people

import (
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/record"
)

// key is a sign by which accounts are joined.
type key struct {
	sign  sign
	value string
}

type sign uint8

const (
	byMap sign = iota + 1
	byEmail
	byExternalID
	byNameID
)

func (k key) String() string {
	switch k.sign {
	case byMap:
		return "map file"
	case byEmail:
		return "e-mail " + k.value
	case byExternalID:
		return "external id " + k.value
	case byNameID:
		return "SAML name id " + k.value
	}
	return ""
}

// bearer is an account with a sign. It claims it, or it is what the others mean: the account with that very id.
type bearer struct {
	account int32
	claims  bool
}

// claimed are the signs that an account claims.
func (j *joiner) claimed(i int) []key {
	a := &j.accounts[i]
	if who, ok := j.rules.Map.person(a.Ref); ok {
		switch {
		case who == "":
			return nil // the map says that it is nobody's
		case j.personal(a.instance(), record.Email(who)):
			return []key{{byMap, who}, {byEmail, record.Email(who)}}
		}
		return []key{{byMap, who}}
	}
	if !human(a) {
		return nil
	}
	var keys []key
	add := func(k key) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if e := record.Email(a.Email); e != "" && j.counts(a, e) {
		add(key{byEmail, e})
	}
	for _, id := range [...]key{{byExternalID, a.ExternalID}, {byNameID, a.NameID}} {
		switch e := record.Email(id.value); {
		case e != "":
			if j.personal(a.instance(), e) { // what the identity provider says is as good as verified
				add(key{byEmail, e})
			}
		case distinctive(id.value):
			add(id)
		}
	}
	return keys
}

func human(a *Account) bool { return a.Type != "service" && a.Type != "bot" }

// counts says whether an address tells who an account's human is.
func (j *joiner) counts(a *Account, email string) bool {
	if a.Verified || a.Type == "guest" {
		return !j.shared(email)
	}
	return j.personal(a.instance(), email)
}

// personal: one of ours, and of one human as far as anybody can tell.
func (j *joiner) personal(instance, email string) bool {
	_, domain, ok := strings.Cut(email, "@")
	return ok && j.rules.Ours != nil && j.rules.Ours(instance, domain) && !j.shared(email)
}

func (j *joiner) shared(email string) bool {
	local, _, _ := strings.Cut(email, "@")
	return roleMailbox(local) || (j.rules.Shared != nil && j.rules.Shared(email))
}

// roleMailbox knows the names that mailboxes of a duty have (RFC 2142, and what companies add).
func roleMailbox(local string) bool {
	local, _, _ = strings.Cut(local, "+")
	switch local {
	case "abuse", "accounting", "accounts", "admin", "administrator", "all", "billing", "careers", "contact", "devops", "ftp",
		"finance", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "invoices", "it", "jobs", "legal", "mail", "mailer-daemon",
		"marketing", "news", "no-reply", "noc", "noreply", "office", "ops", "orders", "postmaster", "press", "privacy", "root",
		"sales", "security", "service", "shared", "staff", "support", "sysadmin", "team", "test", "usenet", "webmaster", "www":
		return true
	}
	return false
}

// distinctive says whether an id is too long to be the same by chance: 1042 is a number that every system gives.
func distinctive(id string) bool {
	const (
		enough      = 16 // characters, even of digits only
		enoughMixed = 10 // of letters and digits
	)
	letters := strings.ContainsFunc(id, func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
	digits := strings.ContainsAny(id, "0123456789")
	return digits && (len(id) >= enough || letters && len(id) >= enoughMixed)
}
