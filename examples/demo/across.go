package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
)

// record is what the checks read of `mooring query -o jsonl`.
type record struct {
	Ref    string `json:"ref"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// query gives the records that match a condition.
func (d *demo) query(ctx context.Context, kind, where string) (list []record, err error) {
	out, err := d.mooring(ctx, "query", kind, "--where", where, "-o", "jsonl")
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(out) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("mooring query %s: %w: %.200s", kind, err, line)
		}
		if r.Ref != "" { // the last line says how complete the answer is
			list = append(list, r)
		}
	}
	return list, nil
}

// among says how the records of a kind that match a condition stand in each instance, once they do in all that are
// expected.
func (d *demo) among(ctx context.Context, kind, where string, stands func(record) string, want map[string]string) (list []record, err error) {
	_, err = d.until(ctx, fmt.Sprintf("%s with %s: %v", kind, where, want), func(*status) bool {
		if list, err = d.query(ctx, kind, where); err != nil {
			return false
		}
		for instance, as := range want {
			if !slices.ContainsFunc(list, func(r record) bool { return strings.HasPrefix(r.Ref, instance+"/") && stands(r) == as }) {
				return false
			}
		}
		return true
	})
	return list, err
}

// leaver: one person, blocked where the identity provider rules, forgotten elsewhere.
func (d *demo) leaver(ctx context.Context) error {
	p := d.company.Person(d.company.Leaver())
	where := fmt.Sprintf("account.email == '%s'", p.Email)
	_, err := d.among(ctx, "accounts", where, func(r record) string { return r.Status }, map[string]string{
		"okta/workforce": "deleted", "googleworkspace/office": "suspended", "box/content": "active",
	})
	if err != nil {
		return err
	}
	d.passed("%s has left: deleted in Okta, suspended in Google Workspace, and still active in Box", p.Name)
	return nil
}

// keys: the same private key lies open in two apps.
func (d *demo) keys(ctx context.Context) error {
	where := fmt.Sprintf("file.name == 'id_rsa' || file.name == '%s'", company.KeyFile)
	list, err := d.among(ctx, "files", where, func(record) string { return "" }, map[string]string{
		"github/platform": "", "googleworkspace/office": "",
	})
	if err != nil {
		return err
	}
	var refs []string
	for _, r := range list {
		refs = append(refs, r.Ref)
	}
	d.passed("one private key is in two apps: %s", strings.Join(refs, ", "))
	for _, ref := range refs {
		began := time.Now()
		out, err := d.mooring(ctx, "access", ref, "-o", "jsonl")
		if err != nil {
			return err
		}
		if !bytes.Contains(out, []byte(`"certainty":"certain","kind":"anyone"`)) {
			return fmt.Errorf("expected that anyone can read %s: %.400s", ref, out)
		}
		d.passed("anyone can read %s: certain (asked in %s)", ref, time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// human is what the checks read of `mooring person -o jsonl`.
type human struct {
	Accounts []struct {
		Instance string `json:"instance"`
		Email    string `json:"email"`
	} `json:"accounts"`
}

func (h *human) in(instance string) bool {
	for _, a := range h.Accounts {
		if a.Instance == instance {
			return true
		}
	}
	return false
}

// person: accounts of one human are joined by what proves it; who only has the same name is somebody else.
func (d *demo) person(ctx context.Context) error {
	p, other := d.namesakes()
	var h human
	var took time.Duration
	_, err := d.until(ctx, p.Email+" joined across Okta, Google Workspace and Box", func(*status) bool {
		h = human{}
		began := time.Now()
		out, err := d.mooring(ctx, "person", p.Email, "-o", "jsonl")
		took = time.Since(began)
		first, _, _ := bytes.Cut(out, []byte("\n"))
		return err == nil && json.Unmarshal(first, &h) == nil &&
			h.in("okta/workforce") && h.in("googleworkspace/office") && h.in("box/content")
	})
	if err != nil {
		return err
	}
	for _, a := range h.Accounts {
		if strings.EqualFold(a.Email, other.Email) {
			return fmt.Errorf("%s and %s, who have one name, were taken for one person", p.Email, other.Email)
		}
	}
	d.passed("%s <%s> is one person with %d accounts; %s, who is called the same, is another (asked in %s)",
		p.Name, p.Email, len(h.Accounts), other.Email, took.Round(time.Millisecond))
	return nil
}

// story: what a person did is one story, whatever the app.
func (d *demo) story(ctx context.Context) error {
	p := d.company.Person(d.company.Leaver())
	lines, took := 0, time.Duration(0)
	in := map[string]int{}
	_, err := d.until(ctx, "what "+p.Email+" did in Okta and in Box", func(*status) bool {
		began := time.Now()
		out, err := d.mooring(ctx, "timeline", p.Email, "--since", "90d", "-o", "jsonl")
		took, lines = time.Since(began), bytes.Count(out, []byte("\n"))
		for _, instance := range []string{"okta/workforce", "box/content"} {
			in[instance] = bytes.Count(out, []byte(`"instance":"`+instance+`"`))
		}
		return err == nil && in["okta/workforce"] > 0 && bytes.Contains(out, []byte(`"action":"DOWNLOAD"`))
	})
	if err != nil {
		return err
	}
	d.passed("what %s did in 90 days is one timeline of %d lines, %d of Okta and %d of Box (asked in %s)",
		p.Name, lines, in["okta/workforce"], in["box/content"], took.Round(time.Millisecond))
	return nil
}

// namesakes are two people with one name; the first has an account in Box.
func (d *demo) namesakes() (p, other company.Person) {
	names := map[string]int{}
	for i := range d.company.Size() {
		p = d.company.Person(i)
		first, twice := names[p.Name]
		if _, box := company.BoxPeople().Rank(i); twice && box && p.LeftAt.IsZero() {
			return p, d.company.Person(first)
		}
		names[p.Name] = i
	}
	return p, p
}
