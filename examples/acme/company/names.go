package company

// nameBits is the size of both lists of names: 1<<nameBits each.
const nameBits = 7

// block is how many people share no pair of names before a number is added.
const block = 1 << (2 * nameBits)

// name gives the i-th pair of names and how often the pair was given before. Within a block a Feistel network permutes
// all pairs, so no pair is met twice and no table is needed.
func (c *Company) name(d domain, i int) (first, last string, again int) {
	const mask = 1<<nameBits - 1
	again = i / block
	l, r := i%block>>nameBits, i&mask
	for round := range 4 {
		l, r = r, l^int(c.hash(ofName, int(d), again, round, r)&mask)
	}
	return firstNames[l], lastNames[r], again
}

var firstNames = [1 << nameBits]string{
	"Ada", "Adam", "Agnes", "Ahmed", "Aiko", "Alan", "Alba", "Alice", "Amara", "Amir", "Ana", "Andre", "Anja", "Anna",
	"Arjun", "Astrid", "Ben", "Bianca", "Bruno", "Carla", "Carlos", "Celia", "Chen", "Chloe", "Clara", "Daniel", "Daria",
	"David", "Diana", "Diego", "Dina", "Edgar", "Elena", "Elif", "Elin", "Emil", "Emma", "Erik", "Eva", "Farah", "Felix",
	"Fiona", "Frida", "Gabriel", "Gemma", "Goran", "Grace", "Hana", "Hanna", "Hassan", "Helen", "Hugo", "Ibrahim", "Ida",
	"Ines", "Ingrid", "Irene", "Isaac", "Ivan", "Jana", "Jasmin", "Jonas", "Jorge", "Julia", "Kai", "Karim", "Karin",
	"Keiko", "Kofi", "Lars", "Laura", "Leila", "Leo", "Lina", "Linus", "Lucas", "Lucia", "Luis", "Maja", "Malik", "Marco",
	"Maria", "Martin", "Mateo", "Maya", "Mei", "Milan", "Mina", "Miriam", "Nadia", "Naomi", "Nico", "Nina", "Noah", "Nora",
	"Olga", "Oliver", "Omar", "Oscar", "Paula", "Pedro", "Petra", "Priya", "Rafael", "Rania", "Ravi", "Rosa", "Ruben",
	"Sam", "Samira", "Sara", "Sergio", "Simon", "Sofia", "Sonja", "Stefan", "Susan", "Tara", "Theo", "Thomas", "Tomas",
	"Uma", "Vera", "Victor", "Wanda", "Yara", "Yusuf", "Zoe",
}

var lastNames = [1 << nameBits]string{
	"Abbas", "Adler", "Ahlberg", "Almeida", "Andersen", "Aoki", "Arnold", "Bakker", "Banerjee", "Barros", "Bauer",
	"Becker", "Bennett", "Berg", "Bianchi", "Blanc", "Bishop", "Brandt", "Campos", "Carter", "Castro", "Cohen", "Cole",
	"Conti", "Costa", "Cruz", "Dahl", "Dias", "Diop", "Dubois", "Duarte", "Edwards", "Eriksen", "Evans", "Farkas", "Fischer",
	"Fontana", "Foster", "Franco", "Fuchs", "Garcia", "Gomez", "Graf", "Grant", "Greco", "Gupta", "Haas", "Hansen", "Harris",
	"Hayashi", "Hoffmann", "Holm", "Horvat", "Hughes", "Ibarra", "Ito", "Ivanov", "Jansen", "Jensen", "Joshi", "Kato",
	"Kaya", "Keller", "Khan", "Kim", "Klein", "Kovacs", "Kruger", "Kumar", "Lang", "Larsen", "Laurent", "Lehmann", "Lima",
	"Lindqvist", "Lopez", "Lund", "Marino", "Mensah", "Meyer", "Mishra", "Molina", "Morgan", "Moretti", "Mori", "Murphy",
	"Nakamura", "Navarro", "Nguyen", "Nilsen", "Novak", "Nowak", "Okafor", "Olsen", "Ortega", "Osei", "Park", "Patel",
	"Pereira", "Peters", "Popov", "Quinn", "Ramos", "Reed", "Ricci", "Rojas", "Rossi", "Roth", "Santos", "Sato", "Schmidt",
	"Shah", "Silva", "Singh", "Sousa", "Stone", "Svensson", "Tanaka", "Torres", "Traore", "Vargas", "Vega", "Virtanen",
	"Vogel", "Wagner", "Weber", "Winter", "Zhang",
}

var words = [64]string{
	"account", "alert", "archive", "asset", "audit", "batch", "billing", "branch", "budget", "cache", "calendar", "campaign",
	"catalog", "channel", "checkout", "client", "contract", "courier", "customer", "dashboard", "delivery", "device",
	"digest", "event", "export", "feed", "forecast", "gateway", "handler", "identity", "import", "index", "inventory",
	"invoice", "ledger", "login", "mailer", "market", "metric", "notice", "offer", "order", "partner", "payment", "pipeline",
	"planner", "pricing", "profile", "quote", "report", "request", "review", "router", "schedule", "search", "session",
	"shipment", "signal", "storage", "survey", "ticket", "token", "vendor", "worker",
}

var projectKinds = [16]string{
	"service", "api", "web", "worker", "tools", "infra", "docs", "sdk", "mobile", "jobs", "models", "proxy", "console",
	"schemas", "tests", "scripts",
}
