package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
	return nil
}
