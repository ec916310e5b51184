package company

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// DocumentType is what sort of document something is.
type DocumentType string

// The types of documents. Doc and Sheet are those that an office suite edits itself.
const (
	Folder DocumentType = "folder"
	Doc    DocumentType = "doc"
	Sheet  DocumentType = "sheet"
	PDF    DocumentType = "pdf"
	Image  DocumentType = "image"
	Text   DocumentType = "text"
)

// Document is a document or a folder as it is now.
type Document struct {
	ID         int64 // unique over all spaces, documents and folders
	Space      Space
	Folder     int64  // the id of the folder it is in; 0: the top of the space
	Path       string // names of the folders above, like "/plans/budget"; "/" at the top
	Name       string // with ending
	Type       DocumentType
	Size       int64 // of Content
	Created    time.Time
	Modified   time.Time
	CreatedBy  int // person
	ModifiedBy int // person
	Shares     []Share
	Trashed    time.Time // zero: not in the trash
	Revision   int       // how often it was changed
}

// Owner is the person a document belongs to, TeamSpace when it belongs to a team.
func (d *Document) Owner() int { return d.Space.Person }

// MIME is the type of the content.
func (d *Document) MIME() string {
	switch d.Type {
	case Doc:
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case Sheet:
		return "text/csv"
	case PDF:
		return "application/pdf"
	case Image:
		return "image/png"
	case Folder:
		return ""
	}
	return "text/plain"
}

// The numbers of a space before any change.
const (
	maxFolders    = 12
	maxDocuments  = 2_000
	foldersPerOne = 3  // folders in a folder
	trashedOneIn  = 20 // documents
	emptyOneIn    = 8  // spaces
)

// space is the unchanged content of a space: folders 0 to folders-1; documents 0 to documents-1, the last of which are in
// the trash.
type space struct {
	Space
	folders, documents, trashed int
}

func (c *Company) space(s Space) space {
	h := c.hash(ofSpace, s.number(), len(s.In))
	sp := space{Space: s}
	switch robot := !s.Shared() && c.Person(s.Person).Type == Service; {
	case robot:
		return sp
	case h%emptyOneIn != 0 || s.Shared() || c.plantedIn(s):
		u := float64(h>>11+1) / (1 << 53)
		sp.documents = min(1+int(5*math.Pow(u, -0.7)), maxDocuments)
	}
	if s.Shared() {
		sp.documents *= 2
	}
	sp.folders = min(maxFolders, below(h>>3, 2+sp.documents/4))
	sp.trashed = sp.documents / trashedOneIn
	return sp
}

// parent is the folder that the n-th folder is in, -1 at the top: the first few are there.
func parent(n int) int { return n/foldersPerOne - 1 }

// place is the folder that the n-th document is in, -1 at the top.
func (s *space) place(n int) int { return n%(s.folders+1) - 1 }

func (s *space) folderID(n int) int64 {
	if n < 0 {
		return 0
	}
	return itemID(s.Space, true, n)
}

// path is the path of what is in a folder.
func (c *Company) path(s *space, folder int) string {
	if folder < 0 {
		return "/"
	}
	above := c.path(s, parent(folder))
	if above != "/" {
		above += "/"
	}
	return above + c.folderName(s, folder)
}

// folderName walks over the words by an odd step, so that no two folders of a space have one name.
func (c *Company) folderName(s *space, n int) string {
	h := c.hash(ofFolder, s.number(), len(s.In))
	return words[(int(h%64)+n*(2*int(h>>8%32)+1))%len(words)]
}

// folder gives a folder as it was.
func (c *Company) folder(s *space, n int) Document {
	h := c.hash(ofFolder, s.number(), len(s.In), n)
	d := Document{
		ID: s.folderID(n), Space: s.Space, Folder: s.folderID(parent(n)), Path: c.path(s, parent(n)), Name: c.folderName(s, n),
		Type: Folder, Created: daysBefore(h, 900), CreatedBy: c.worker(s.Space, h>>20),
	}
	d.Modified, d.ModifiedBy = d.Created, d.CreatedBy
	d.Shares = c.folderShares(&d, h)
	return d
}

// document gives a document as it was.
func (c *Company) document(s *space, n int) Document {
	h := c.hash(ofDocument, s.number(), len(s.In), n)
	d := Document{
		ID: itemID(s.Space, false, n), Space: s.Space, Folder: s.folderID(s.place(n)), Path: c.path(s, s.place(n)),
		Type: [...]DocumentType{Doc, Doc, Doc, Sheet, Sheet, PDF, Image, Text}[h%8], Created: daysBefore(mix(h), 700),
		CreatedBy: c.worker(s.Space, h>>20),
	}
	d.Modified = d.Created.Add(AsOf().Sub(d.Created) / 1024 * time.Duration(h>>40%1024))
	d.ModifiedBy = c.worker(s.Space, h>>30)
	d.Name = words[h>>10%64] + " " + words[h>>16%64] + " " + strconv.Itoa(n+1) + d.Type.ending()
	d.Shares = c.documentShares(&d, h)
	if n < s.documents && n >= s.documents-s.trashed {
		d.Trashed = d.Modified.Add(AsOf().Sub(d.Modified) / 2)
	}
	c.plant(&d, n)
	return d
}

func (t DocumentType) ending() string {
	switch t {
	case Doc:
		return ".docx"
	case Sheet:
		return ".csv"
	case PDF:
		return ".pdf"
	case Image:
		return ".png"
	case Folder:
		return ""
	}
	return ".txt"
}

// worker is somebody who works in a space: its owner, or one of its team, with an account there.
func (c *Company) worker(s Space, h uint64) int {
	if !s.Shared() {
		return s.Person
	}
	u := units[s.Team.Department]
	from, to := 0, u.Len(c.size)
	if s.Team.N != WholeDepartment {
		from, to = s.Team.ranks()
		from, to = min(from, u.Len(c.size)-1), min(to, u.Len(c.size))
	}
	app := AppOf(s.In)
	for try := range to - from {
		i := u.At(from + (below(h, to-from)+try)%(to-from))
		if _, has := app.Rank(i); has {
			return i
		}
	}
	return c.CarelessAdmin()
}

// The incidents' documents are the first of their spaces.

// KeyDocument is a public document in Drive with the keys that are also in KeyProject.
func (c *Company) KeyDocument() int64 { return itemID(c.keySpace(), false, 0) }

func (c *Company) keySpace() Space { return PersonalSpace(Drive, c.KeyKeeper()) }

// KeyKeeper is the person whose document that is.
func (c *Company) KeyKeeper() int { return units[Engineering].At(4) }

// CustomerDocument is a document in Box with the customers' data, open to anyone with the link.
func (c *Company) CustomerDocument() int64 { return itemID(c.customerSpace(), false, 0) }

func (c *Company) customerSpace() Space { return Space{Box, TeamSpace, TeamID{Sales, WholeDepartment}} }

func (c *Company) plantedIn(s Space) bool { return s == c.keySpace() || s == c.customerSpace() }

// plant makes a document play the part that the incidents give.
func (c *Company) plant(d *Document, n int) {
	if n != 0 || !c.plantedIn(d.Space) {
		return
	}
	d.Trashed = time.Time{}
	share := Share{ID: shareID(d.ID, 0), With: WithPublic, Role: Reader, Since: d.Modified}
	d.Type, d.Name = Text, KeyFile[strings.LastIndexByte(KeyFile, '/')+1:]
	if d.ID == c.CustomerDocument() {
		d.Type, d.Name = Sheet, CustomerFile[strings.LastIndexByte(CustomerFile, '/')+1:]
		share.With = WithLink
	}
	d.Shares = []Share{share}
}
