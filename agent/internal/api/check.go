package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Checked is what one instance's check said.
type Checked struct {
	Instance          string       `json:"instance"`
	Error             string       `json:"error,omitempty"`
	ErrorType         string       `json:"error_type,omitempty"`
	TenantID          string       `json:"tenant_id,omitempty"`
	Tenant            string       `json:"tenant,omitempty"`
	Subject           string       `json:"subject,omitempty"`
	CredentialExpires *time.Time   `json:"credential_expires,omitempty"`
	Domains           []string     `json:"domains,omitempty"`
	Capabilities      []Capability `json:"capabilities,omitempty"`
	// Actions is what the check of the credentials for actions said, of actions only; nil: there are none.
	Actions *Checked `json:"actions,omitempty"`
}

// Capability is one thing the credential may or may not do.
type Capability struct {
	Name string `json:"name"`
	// held, missing, not_in_plan, switched_off, unneeded or unknown
	State   string   `json:"state"`
	Missing []string `json:"missing,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

// NewChecked makes one of an answer.
func NewChecked(instance string, r *wire.CheckResponse, err error) Checked {
	c := Checked{Instance: instance, TenantID: r.GetTenantId(), Tenant: r.GetTenantName(), Subject: r.GetSubject(), Domains: r.GetDomains()}
	if err != nil {
		c.Error, c.ErrorType = err.Error(), string(sdk.TypeOf(err))
	}
	if t := r.GetCredentialExpires(); t != nil {
		c.CredentialExpires = new(t.AsTime())
	}
	for _, p := range r.GetCapabilities() {
		c.Capabilities = append(c.Capabilities, Capability{
			Name: p.GetName(), State: strings.ToLower(p.GetState().String()), Missing: p.GetMissing(), Reason: p.GetReason(),
		})
	}
	return c
}

// NewCheckedActing makes one of what the credentials for actions answered; nil when there are none.
func NewCheckedActing(instance string, r *wire.CheckResponse, err error) *Checked {
	if r == nil && err == nil {
		return nil
	}
	c := NewChecked(instance, r, err)
	c.Domains = nil
	c.Capabilities = slices.DeleteFunc(c.Capabilities, func(p Capability) bool { return !strings.HasPrefix(p.Name, actPrefix) })
	return &c
}

// actPrefix begins the names of the capabilities of actions.
const actPrefix = "act:"

func (s *server) check(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	instances, err := s.chosen(r.URL.Query()["instance"])
	if err != nil {
		return err
	}
	out := []Checked{}
	for _, i := range instances {
		if i.Orphaned || !i.Enabled {
			continue
		}
		answer, err := a.Check(r.Context(), i.ID())
		one := NewChecked(i.ID(), answer, err)
		if err == nil {
			answer, err = a.CheckActing(r.Context(), i.ID())
			one.Actions = NewCheckedActing(i.ID(), answer, err)
		}
		out = append(out, one)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out)
}
