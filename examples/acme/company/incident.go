package company

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Incident is something wrong that was planted and that somebody who watches the company should find.
type Incident struct {
	Name  string
	What  string
	Where string // in words, with the names of this company's things
	// In is the storage it is about; empty: it is about people and projects.
	In Storage `json:",omitzero"`
}

// The paths of planted files.
const (
	KeyFile      = "deploy/id_rsa"
	EnvFile      = "config/.env.production"
	CustomerFile = "data/customers.csv"
)

// Incidents lists what is planted.
func (c *Company) Incidents() []Incident {
	keys, data := c.Project(c.KeyProject()).Name, c.Project(c.CustomerProject()).Name
	leaver, careless := c.Person(c.Leaver()), c.Person(c.CarelessAdmin())
	guest, old := c.Guest(c.PowerfulGuest()), c.Person(c.ForgetfulOwner())
	return []Incident{
		{"keys in a public project", "a private key and cloud credentials that everyone can read", keys + ": " + KeyFile + ", " + EnvFile, ""},
		{"customer data in a public project", "names, addresses and card numbers that everyone can read", data + ": " + CustomerFile, ""},
		{"leaver still active", fmt.Sprintf("left on %s, the accounts still work", leaver.LeftAt.Format("2006-01-02")), leaver.Login, ""},
		{"leaver downloads everything", fmt.Sprintf("%d projects within ten minutes, once a week", burst), leaver.Login + ", in the activities", ""},
		{"guest with admin rights", "somebody of another company can change who has access", guest.Login + " on the guest's project", ""},
		{"admin without second factor", "an administrator of all apps signs in with a password only", careless.Login, ""},
		{"over-privileged app", "a note-taking app may write code, settings and members everywhere", OverApp, ""},
		{"old unused token", "a personal token without expiry, last used over 400 days ago", old.Login, ""},
		{"deploy key with write", "a machine's key may push", c.Project(c.DeployProject()).Name, ""},
		{"admin invited by private address", "an invitation to become administrator outside the company's domain", PrivateInvite, ""},
		{"events sent in the clear", "a webhook to an unknown host, without TLS check", UnknownHook, ""},
		{"keys in a public document", "everyone can find the private key that also stands in " + keys, c.Person(c.KeyKeeper()).Email + ", in the personal drive", Drive},
		{"customer data behind a link", "anyone with the link can read names, addresses and card numbers", "Box: folder of " + c.customerSpace().Team.name(), Box},
		{"leaver still active in Box", "blocked in the identity provider, forgotten in Box: still downloads there", leaver.Email, Box},
	}
}

// The names of planted things that are not people or projects.
const (
	OverApp       = "notes-everywhere"
	PrivateInvite = "ada.at.home@mail.example"
	UnknownHook   = "http://collector.unknown.example/in"
)

// Leaver is a person who has left and whose accounts still work.
func (c *Company) Leaver() int { return units[Sales].At(3) }

// CarelessAdmin is an administrator without a second factor.
func (c *Company) CarelessAdmin() int { return units[IT].At(0) }

// PowerfulGuest is the guest with admin rights on a project.
func (c *Company) PowerfulGuest() int { return 0 }

// ForgetfulOwner is the person with the old unused token.
func (c *Company) ForgetfulOwner() int { return units[Engineering].At(2) }

// KeyProject is the public project with keys in it.
func (c *Company) KeyProject() int { return units[Engineering].At(2) }

// DeployProject is the project with a deploy key that may write.
func (c *Company) DeployProject() int { return units[Engineering].At(3) }

// CustomerProject is the public project with customers' data.
func (c *Company) CustomerProject() int { return units[Sales].At(1) }

// leaversOneIn of the company have left too, besides Leaver.
const leaversOneIn = 400

// place makes a person play the part that the incidents give.
func (c *Company) place(p *Person, rank int) {
	switch {
	case p.Index == c.Leaver():
		p.LeftAt = AsOf().AddDate(0, 0, -30)
		p.Type = Employee
	case p.Index == c.CarelessAdmin():
		p.Admin, p.MFA = true, false
	case p.Admin:
		p.MFA = true
	case p.Index < c.size && rank > 8 && c.hash(ofPerson, p.Index, 2)%leaversOneIn == 0:
		p.LeftAt = daysBefore(c.hash(ofPerson, p.Index, 3), 60)
	}
	if !p.LeftAt.IsZero() && p.HiredAt.After(p.LeftAt) {
		p.HiredAt = p.LeftAt.AddDate(-1, 0, 0)
	}
}

// placeProject does the same for a project.
func (c *Company) placeProject(p *Project) {
	switch p.Index {
	case c.KeyProject(), c.CustomerProject():
		p.Visibility, p.Archived = Public, false
	case c.DeployProject():
		p.Archived = false
	}
}

// planted are the further files of a project, in order.
func (c *Company) planted(project int) []string {
	switch project {
	case c.KeyProject():
		return []string{EnvFile, KeyFile}
	case c.CustomerProject():
		return []string{CustomerFile}
	}
	return nil
}

// secretContent is the content of a planted file, nil for any other. What looks like a key is noise.
func (c *Company) secretContent(p *Project, path string) []byte {
	if !slices.Contains(c.planted(p.Index), path) {
		return nil
	}
	switch path {
	case KeyFile:
		text := base64.StdEncoding.EncodeToString(c.noise(1190))
		var b strings.Builder
		b.WriteString("-----BEGIN RSA " + "PRIVATE KEY-----\n")
		for line := range slices.Chunk([]byte(text), 64) {
			b.Write(line)
			b.WriteByte('\n')
		}
		b.WriteString("-----END RSA " + "PRIVATE KEY-----\n")
		return []byte(b.String())
	case EnvFile:
		return fmt.Appendf(nil, "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\nREGION=eu-north-1\n",
			c.AccessKey(), base64.StdEncoding.EncodeToString(c.noise(30)))
	}
	return c.customers()
}

// AccessKey is what looks like a cloud access key in EnvFile.
func (c *Company) AccessKey() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := []byte("AKIA")
	for _, n := range c.noise(16) {
		b = append(b, letters[n%32])
	}
	return string(b)
}

// noise gives n bytes.
func (c *Company) noise(n int) []byte {
	b := make([]byte, 0, n+8)
	for i := 0; len(b) < n; i++ {
		b = binary.BigEndian.AppendUint64(b, c.hash(ofSecret, i))
	}
	return b[:n]
}

// customers gives a table of invented people with card numbers that pass the check digit.
func (c *Company) customers() []byte {
	b := []byte("name,email,card\n")
	for i := range 200 {
		first, last, _ := c.name(ofSecret, i)
		card := fmt.Sprintf("400000%09d", c.hash(ofSecret, i, 1)%1e9)
		b = fmt.Appendf(b, "%s %s,%s.%s@shop.example,%s%d\n", first, last, strings.ToLower(first), strings.ToLower(last), card, checkDigit(card))
	}
	return b
}

// checkDigit is the digit that makes a number pass Luhn's test.
func checkDigit(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}
