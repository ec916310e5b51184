// Package googleworkspaceorg shows the simulated company as a tenant of Google Workspace: everybody has an account, teams
// are groups, departments are organisational units and groups of groups, and what of the company's documents is in Drive is
// in people's drives and in shared drives of teams.
//
// It promises that everything is computed from the company when it is asked for, and that it keeps nothing. Who left is
// suspended here, as in the company's identity provider.
//
// To play it: googleworkspacetest.New(Config(live, key)), give KeyFile(key) and Admin(live) to the agent, and call Step
// after every change of the company.
package googleworkspaceorg

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// The tenant and the agent's service account.
const (
	CustomerID   = "C01acme99"
	AccountEmail = "mooring@acme-security.iam.gserviceaccount.com"
	accountID    = "104250506097979750001"
	keyID        = "0acme0mooring0acme0mooring0acme0mooring0"
	project      = "acme-security"
)

// Scopes are those granted to the agent: the ones that only read.
func Scopes() []string {
	var list []string
	for _, s := range []string{
		"admin.directory.user.readonly", "admin.directory.group.readonly", "admin.directory.orgunit.readonly",
		"admin.directory.rolemanagement.readonly", "admin.directory.domain.readonly", "admin.reports.audit.readonly",
		"drive.metadata.readonly", "drive.readonly",
	} {
		list = append(list, "https://www.googleapis.com/auth/"+s)
	}
	return list
}

// Admin is the e-mail of the administrator in whose name the agent reads: the setting admin.
func Admin(live *company.Live) string {
	people := live.Admins()
	return live.Person(people[len(people)-1]).Email
}

// KeyFile is the agent's credential service_account_key, as Google gives it.
func KeyFile(key *rsa.PrivateKey) ([]byte, error) {
	return keyFile(key, AccountEmail, accountID, keyID)
}

func keyFile(key *rsa.PrivateKey, email, id, keyID string) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("key of the service account: %w", err)
	}
	return json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": project, "private_key_id": keyID,
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": email, "client_id": id, "token_uri": gw.TokenURI,
	}, "", "  ")
}

// Config is the fake's, without limits, latency and client, which are the caller's to set.
func Config(live *company.Live, key *rsa.PublicKey) gw.Config {
	return gw.Config{
		Tenant:   Tenant(live),
		Accounts: []gw.ServiceAccount{{Email: AccountEmail, ClientID: accountID, KeyID: keyID, Key: key, Scopes: Scopes()}},
	}
}

// org is the company as it is now.
type org struct{ live *company.Live }

// Tenant shows the company.
func Tenant(live *company.Live) *gw.Tenant {
	o := &org{live}
	return &gw.Tenant{
		CustomerID: CustomerID, Domain: company.Domain,
		Domains:  func() []gw.Domain { return []gw.Domain{{Name: company.Domain, Primary: true, Verified: true}} },
		OrgUnits: orgUnits, Users: o.users(), Groups: o.groups(), Members: o.members, Roles: o.roles(), Assigned: o.assigned(), Tokens: o.tokens,
		Drives: o.drives(), DrivePermissions: o.drivePermissions, Files: o.files, File: o.file, Changes: o.changes, Log: o.log,
		Content: o.content, Root: rootID,
	}
}
