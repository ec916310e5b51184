package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed incumbent.json
var incumbentFile []byte

// incumbent is what another product says it does for the same apps, kept by hand from a sheet about it.
type incumbent struct {
	Product string `json:"product"` // its full name
	Short   string `json:"short"`
	Source  string `json:"source"` // the sheet
	// Sections of the sheet, by row.
	Sections map[string]string `json:"sections"`
	// Every is what it does for all apps alike, by row.
	Every map[string]string `json:"every"`
	// Apps by the name of our connector. What a row says up to the first colon or semicolon is the short form.
	Apps map[string]struct {
		Title string            `json:"title"`
		Rows  map[string]string `json:"rows"`
	} `json:"apps"`
}

func readIncumbent() (*incumbent, error) {
	i := &incumbent{}
	if err := json.Unmarshal(incumbentFile, i); err != nil {
		return nil, fmt.Errorf("incumbent.json: %w", err)
	}
	known := map[string]bool{}
	for _, r := range rows() {
		known[r.key] = true
	}
	for app, a := range i.Apps {
		for key := range a.Rows {
			if !known[key] {
				return nil, fmt.Errorf("incumbent.json: app %s has a row %q, which the matrix has not", app, key)
			}
			if i.Sections[key] == "" {
				return nil, fmt.Errorf("incumbent.json: row %q has no section of the sheet", key)
			}
		}
	}
	return i, nil
}

// says gives the other product's word on a row; "" where the sheet has none.
func (i *incumbent) says(app, key string) string {
	if s := i.Apps[app].Rows[key]; s != "" {
		return s
	}
	return i.Every[key]
}

// title is the app's name for people.
func (i *incumbent) title(app string) string {
	if t := i.Apps[app].Title; t != "" {
		return t
	}
	return app
}
