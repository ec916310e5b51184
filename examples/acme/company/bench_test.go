package company

import "testing"

// Benchmark is what each item costs: a fake must not be slower than those who are measured with it.
func Benchmark(b *testing.B) {
	c := New(1, MaxSize)
	live := c.Live(now())
	p := c.Project(500)
	history := c.HistoryUntil(now())
	for name, do := range map[string]func(i int){
		"person":   func(i int) { c.Person(i % MaxSize) },
		"named":    func(int) { c.PersonNamed("zoe-zhang-7") },
		"team":     func(i int) { c.Team(TeamID{Engineering, i % 1000}) },
		"project":  func(i int) { live.ProjectNow(i % c.Projects()) },
		"file":     func(i int) { BlobID(c.FileContent(&p, i%c.FileCount(&p), 0)) },
		"document": func(i int) { live.Document(spaceOf(i, live)) },
		"shared":   func(i int) { live.SharedWith(Box, i%MaxSize) },
		"activity": func(i int) { history.At(i % history.Len()) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				do(i)
				i += 7
			}
		})
	}
}

// spaceOf is a document of one person's drive after the other.
func spaceOf(i int, l *Live) int64 {
	ids := l.Documents(PersonalSpace(Drive, i%MaxSize))
	if len(ids) == 0 {
		return 0
	}
	return ids[i%len(ids)]
}
