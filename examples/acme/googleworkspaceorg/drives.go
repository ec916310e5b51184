package googleworkspaceorg

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// Quarantine is the shared drive that files are moved into by the agent, which only the administrator is in. It is empty
// until then.
const Quarantine = "0AQuarantine"

// rootID is the id of a person's My Drive.
func rootID(user string) string { return "0A" + user }

// content of a file, as it is stored.
func (o *org) content(id string) []byte {
	n, _ := documentID(id)
	d, ok := o.live.Document(n)
	if !ok {
		return nil
	}
	return o.live.DocumentContent(&d)
}

// The ids of drives and files.
const (
	drivePrefix = "0AK"
	filePrefix  = "1Ac"
)

func driveID(s company.Space) string { return drivePrefix + strconv.FormatInt(s.ID(), 36) }

func fileID(id int64) string { return filePrefix + strconv.FormatInt(id, 36) }

func documentID(id string) (int64, bool) {
	number, ok := strings.CutPrefix(id, filePrefix)
	n, err := strconv.ParseInt(number, 36, 64)
	return n, ok && err == nil
}

// spaceOfDrive is the team's space that is a shared drive.
func (o *org) spaceOfDrive(id string) (company.Space, bool) {
	number, ok := strings.CutPrefix(id, drivePrefix)
	n, err := strconv.ParseInt(number, 36, 64)
	if !ok || err != nil {
		return company.Space{}, false
	}
	s, ok := company.SpaceWithID(n)
	return s, ok && s.In == company.Drive && s.Shared() && o.live.HasSpace(s)
}

// space is the company's word for the fake's.
func (o *org) space(s gw.Space) (company.Space, bool) {
	if s.DriveID != "" {
		return o.spaceOfDrive(s.DriveID)
	}
	person, ok := o.personWith(s.UserID)
	return company.PersonalSpace(company.Drive, person), ok
}

func spaceOf(s company.Space) gw.Space {
	if s.Shared() {
		return gw.Space{DriveID: driveID(s)}
	}
	return gw.Space{UserID: userID(s.Person)}
}

func (o *org) drives() gw.List[gw.Drive] {
	drive := func(s company.Space) gw.Drive {
		return gw.Drive{ID: driveID(s), Name: o.live.Team(s.Team).Name, Created: company.AsOf().AddDate(-3, 0, 0)}
	}
	quarantine := gw.Drive{ID: Quarantine, Name: "Quarantine", Created: company.AsOf().AddDate(-1, 0, 0)}
	return gw.List[gw.Drive]{
		Len: func() int { return o.live.TeamSpaces(company.Drive) + 1 },
		At: func(i int) gw.Drive {
			s, ok := o.live.TeamSpaceAt(company.Drive, i)
			switch {
			case ok:
				return drive(s)
			case i == o.live.TeamSpaces(company.Drive):
				return quarantine
			}
			return gw.Drive{}
		},
		Find: func(id string) (gw.Drive, bool) {
			if id == Quarantine {
				return quarantine, true
			}
			s, ok := o.spaceOfDrive(id)
			if !ok {
				return gw.Drive{}, false
			}
			return drive(s), true
		},
	}
}

func (o *org) drivePermissions(id string) []gw.Permission {
	if id == Quarantine {
		return []gw.Permission{{ID: "q", Type: "user", Role: "organizer", Email: Admin(o.live)}}
	}
	s, ok := o.spaceOfDrive(id)
	if !ok {
		return nil
	}
	shares := o.live.SpaceShares(s)
	list := make([]gw.Permission, len(shares))
	for i := range shares {
		list[i] = o.permission(&shares[i])
		if shares[i].Role == company.Manager {
			list[i].Role = "organizer"
		}
	}
	return list
}

func (o *org) permission(s *company.Share) gw.Permission {
	p := gw.Permission{ID: strconv.FormatInt(s.ID, 10), Role: string(s.Role), Expires: s.Expires}
	if s.Role == company.Manager {
		p.Role = "writer"
	}
	switch s.With {
	case company.WithPerson:
		p.Type, p.Email = "user", o.live.Person(s.Person).Email
	case company.WithGuest:
		p.Type, p.Email = "user", o.live.Guest(s.Person).Email
	case company.WithTeam:
		p.Type, p.Email = "group", o.groupEmail(s.Team)
	case company.WithDomain:
		p.Type, p.Domain = "domain", company.Domain
	case company.WithLink:
		p.ID, p.Type = "anyoneWithLink", "anyone"
	case company.WithPublic:
		p.ID, p.Type, p.Discoverable = "anyone", "anyone", true
	}
	return p
}

func (o *org) files(s gw.Space) gw.List[gw.File] {
	sp, ok := o.space(s)
	if !ok {
		return gw.ListOf[gw.File]()
	}
	ids := o.live.Documents(sp)
	return gw.List[gw.File]{
		Len: func() int { return len(ids) },
		At: func(i int) gw.File {
			f, _ := o.fileOf(ids[i])
			return f
		},
	}
}

func (o *org) file(id string) (gw.File, bool) {
	n, ok := documentID(id)
	if !ok {
		return gw.File{}, false
	}
	return o.fileOf(n)
}

// fileOf shows a document, unless it is in another storage.
func (o *org) fileOf(id int64) (gw.File, bool) {
	d, ok := o.live.Document(id)
	if !ok || d.Space.In != company.Drive {
		return gw.File{}, false
	}
	f := gw.File{
		ID: fileID(d.ID), Name: d.Name, MIME: d.MIME(), Size: d.Size, Created: d.Created, Modified: d.Modified, Trashed: d.Trashed,
		Version: int64(d.Revision) + 1, ModifiedBy: o.live.Person(d.ModifiedBy).Email,
	}
	switch d.Type {
	case company.Folder:
		f.MIME, f.Size = "application/vnd.google-apps.folder", -1
	case company.Doc:
		f.MIME, f.Size, f.Name = "application/vnd.google-apps.document", -1, strings.TrimSuffix(d.Name, ".docx")
	case company.Sheet:
		f.MIME, f.Size, f.Name = "application/vnd.google-apps.spreadsheet", -1, strings.TrimSuffix(d.Name, ".csv")
	default:
		sum := md5.Sum(o.live.DocumentContent(&d))
		f.MD5 = hex.EncodeToString(sum[:])
	}
	for i := range d.Shares {
		f.Permissions = append(f.Permissions, o.permission(&d.Shares[i]))
	}
	top := rootID(userID(max(d.Space.Person, 0)))
	if d.Space.Shared() {
		f.DriveID = driveID(d.Space)
		top = f.DriveID
	} else {
		f.Owner, f.OwnerID = o.live.Person(d.Space.Person).Email, userID(d.Space.Person)
	}
	if f.Parent = top; d.Folder != 0 {
		f.Parent = fileID(d.Folder)
	}
	return f, true
}

func (o *org) changes(s gw.Space, after int64) (list []gw.Change, last int64) {
	sp, ok := o.space(s)
	if !ok {
		return nil, 0
	}
	changes, number := o.live.DocumentChanges(int(after))
	for _, ch := range changes {
		if ch.In != company.Drive || ch.Document == 0 || spaceOfItem(ch.Document) != sp {
			continue
		}
		if c, ok := changeOf(&ch); ok {
			list = append(list, c)
		}
	}
	return list, int64(number)
}

func changeOf(ch *company.Change) (gw.Change, bool) {
	c := gw.Change{Number: int64(ch.Number), Time: ch.Time, FileID: fileID(ch.Document)}
	switch ch.Kind {
	case company.DocumentAdded, company.DocumentChanged, company.DocumentShared, company.DocumentUnshared, company.DocumentTrashed:
	case company.DocumentDeleted:
		c.Removed = true
	default:
		return c, false
	}
	return c, true
}

// itemBits of an id tell the items of one space apart; a space's own id has all of them set.
const itemBits = 1<<19 - 1

// spaceOfItem is where a document is, or was before it was deleted.
func spaceOfItem(id int64) company.Space {
	s, _ := company.SpaceWithID(id | itemBits)
	return s
}
