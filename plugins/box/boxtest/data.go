package boxtest

import (
	"strconv"
	"time"
)

// Enterprise is all that the fake shows. Its funcs may be called at the same time and show the present; nil funcs and zero
// Lists are empty.
type Enterprise struct {
	ID, Name string

	Users    List[User] // managed; key: id
	External List[User] // of other enterprises, who collaborate; key: id
	Groups   List[Group]
	Members  func(group string) List[Membership]

	// Items are what a user sees in a folder. Folder "0" is the user's root: what is owned, and what others share directly.
	Items func(user, folder string) List[Item]
	// Item is any file, folder or web link, in the trash or not.
	Item func(id string) (Item, bool)
	// Sees says whether a user has access to an item that the user does not own; nil: nobody has.
	Sees func(user string, it *Item) bool
	// Trash is what of a user is in the trash.
	Trash func(user string) List[Item]
	// Collaborations of an item, those of the folders above it left out.
	Collaborations func(item string) []Collaboration
	// ItemOf is the item that a collaboration is in, by its id; "": there is none. nil: no call reaches one by its id.
	ItemOf func(collaboration string) string

	// Events of the enterprise, ascending in Recorded. Those without an ID are left out.
	Events List[Event]
	Pins   List[Pin]
	// Domains that may be collaborated with; empty: all.
	Domains List[Domain]
}

// List is a list that is computed.
type List[T any] struct {
	Len  func() int
	At   func(int) T
	Find func(key string) (T, bool)
}

type keyed interface{ key() string }

// ListOf is a list of what is given.
func ListOf[T keyed](items ...T) List[T] {
	return List[T]{
		Len: func() int { return len(items) },
		At:  func(i int) T { return items[i] },
		Find: func(key string) (T, bool) {
			for _, it := range items {
				if it.key() == key {
					return it, true
				}
			}
			var none T
			return none, false
		},
	}
}

func (l List[T]) len() int {
	if l.Len == nil {
		return 0
	}
	return l.Len()
}

func (l List[T]) find(key string) (T, bool) {
	if l.Find == nil {
		var none T
		return none, false
	}
	return l.Find(key)
}

// slice gives items [from, to).
func (l List[T]) slice(from, to int) []T {
	out := make([]T, 0, max(0, to-from))
	for i := from; i < min(to, l.len()); i++ {
		out = append(out, l.At(i))
	}
	return out
}

// Person is how Box names a user in other things.
type Person struct{ ID, Name, Login string }

// User is an account.
type User struct {
	Person
	Role      string // admin, coadmin, user; default user
	Status    string // default active
	Title     string
	Space     int64 // used, in bytes
	PlatForm  bool  // an app user
	External  string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (u User) key() string { return u.ID }

// Group is a group.
type Group struct {
	ID, Name, Type, Description, SyncID string // Type: default managed_group
	CreatedAt, UpdatedAt                time.Time
}

func (g Group) key() string { return g.ID }

// Membership of a group.
type Membership struct {
	ID        string
	User      Person
	Role      string // member, admin; default member
	CreatedAt time.Time
}

func (m Membership) key() string { return m.ID }

// The types of items.
const (
	File    = "file"
	Folder  = "folder"
	WebLink = "web_link"
)

// Root is the folder of a user in which everything is.
const Root = "0"

// Item is a file, a folder or a web link.
type Item struct {
	ID, Type, Name string
	Parent         string // folder; Root at the top
	Owner          Person
	Size           int64
	SHA1           string
	Version        int // from 1
	Touched        int // changes beside those of the content
	CreatedAt      time.Time
	ModifiedAt     time.Time
	CreatedBy      Person
	ModifiedBy     Person
	Link           *Link
	Collaborated   bool // has_collaborations
	TrashedAt      time.Time
	Classification string
	Foreign        bool // owned by somebody outside the enterprise
	URL            string
}

func (it Item) key() string { return it.ID }

// Link is a shared link.
type Link struct {
	URL        string
	Access     string // open, company, collaborators
	Permission string // can_edit, can_download, can_preview, no_access; default can_download
	Password   bool
	Expires    time.Time
	Downloads  int
}

// Collaboration lets somebody reach an item.
type Collaboration struct {
	ID      string
	User    *Person // one of User, Group and Email
	Group   *Group
	Email   string
	Role    string
	Status  string // default accepted
	Expires time.Time
	Created time.Time
	By      Person
}

// Event is an entry of the enterprise's log.
type Event struct {
	ID        string
	Type      string
	Created   time.Time
	Recorded  time.Time // when the log shows it; zero: Created
	By        Person
	ActionBy  *Person
	IP        string
	SessionID string
	Source    map[string]any
	Details   map[string]any
	// Concerns are users, by id, whose own stream shows it beside that of By.
	Concerns []string
}

func (e Event) key() string { return e.ID }

// ItemSource is how the enterprise's streams name an item.
func ItemSource(it *Item, parent *Item) map[string]any {
	s := map[string]any{"item_type": it.Type, "item_id": it.ID, "item_name": it.Name, "owned_by": it.Owner.json()}
	if parent != nil {
		s["parent"] = map[string]any{"type": Folder, "id": parent.ID, "name": parent.Name, "sequence_id": "0", "etag": "0"}
	}
	return s
}

// UserSource is how they name a user.
func UserSource(p Person) map[string]any { return p.json() }

// GroupSource is how they name a group.
func GroupSource(g *Group) map[string]any {
	return map[string]any{"type": "group", "id": g.ID, "name": g.Name}
}

func (p Person) json() map[string]any {
	return map[string]any{"type": "user", "id": p.ID, "name": p.Name, "login": p.Login}
}

// Pin is a device that Box's app is signed in on.
type Pin struct {
	ID      string
	Owner   Person
	Product string
}

// Domain is an entry of the allowlist of collaboration.
type Domain struct {
	ID, Domain, Direction string // Direction: inbound, outbound, both
	CreatedAt             time.Time
}

func (d Domain) key() string { return d.ID }

func (p Pin) key() string { return p.ID }

func str(n int) string { return strconv.Itoa(n) }
