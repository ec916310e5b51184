package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

const (
	platform = "github/platform"
	sales    = "github/sales"
)

// acmeSite scans both organisations of the simulated company.
func acmeSite(t *testing.T, args ...string) (s *site, instances []string) {
	t.Helper()
	s = newSite(t)
	url := s.acme(args...)
	instances = []string{instance("platform", "acme-platform", url, platformApp), instance("sales", "acme-sales", url, salesToken)}
	s.configure("data", loopback, instances...)
	return s, instances
}

// kinds that this provider gives, but for activities, which are another kind of file.
var kinds = []string{"accounts", "groups", "roles", "memberships", "files", "apps", "grants", "settings", "others"}

// refs of all records, with what they say.
func (s *site) everything(file string) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	for _, kind := range kinds {
		for _, r := range s.records("--config", file, kind) {
			found[fmt.Sprint(r["ref"])] = fmt.Sprint(r["name"], r["status"], r["member"], r["container"])
		}
	}
	return found
}

// A backup of a running scan is a part of what the scan gives in the end, whole by itself, and the next scan of it
// completes it.
func TestBackupDuringScan(t *testing.T) {
	s, instances := acmeSite(t, "-accounts", "400", "-latency", "40ms")
	agent := s.start("agent", nil, filepath.Join(s.bin, "mooring"), "run")
	s.wait("memberships of teams", func() bool {
		out, _ := s.mooring(all, "status", "-o", "json")
		return strings.Contains(out, `"agent":`) && len(s.records("--instance", "platform", "--limit", "100", "memberships")) == 100
	})
	out, _ := s.mooring(all, "backup", "copy")
	files := strings.Fields(out)
	if want := []string{"copy/github.platform.mooring", "copy/github.sales.mooring"}; !slices.Equal(files, want) {
		t.Fatalf("the backup has %q, want %q", files, want)
	}
	s.wait("the end of the scan", func() bool {
		out, _ := s.mooring(all, "status")
		return strings.Count(out, " repository_access          complete") == 2 && strings.Count(out, " files                      complete") == 2 &&
			strings.Count(out, " team_members               complete") == 2 && strings.Count(out, " deploy_keys                complete") == 2
	})
	agent.stop()
	s.mooring(all, "scan") // all the rest
	final := s.everything("config.hcl")

	s.configureIn("restored.hcl", "restored", loopback, instances...)
	s.mooring(all, append([]string{"--config", "restored.hcl", "restore"}, files...)...)
	s.isClean("restored.hcl")
	part := s.everything("restored.hcl")
	if len(part) == 0 || len(part) >= len(final) {
		t.Errorf("the backup holds %d of %d records: it was not taken during the scan", len(part), len(final))
	}
	t.Logf("the backup holds %d of %d records", len(part), len(final))
	for ref, says := range part {
		if final[ref] != says {
			t.Errorf("%s is %q in the backup, %q in the end", ref, says, final[ref])
		}
	}
	s.mooring(all, "--config", "restored.hcl", "scan")
	s.isClean("restored.hcl")
	completed := s.everything("restored.hcl")
	for ref, says := range final {
		if completed[ref] != says {
			t.Errorf("%s is %q after the next scan of the backup, want %q", ref, completed[ref], says)
		}
	}
	if len(completed) != len(final) {
		t.Errorf("%d records after the next scan of the backup, want %d", len(completed), len(final))
	}
	// What is there already is not written over.
	if _, problems := s.mooring(1, "--config", "restored.hcl", "restore", files[0]); !strings.Contains(problems, "an empty folder is expected") {
		t.Error(problems)
	}
}

func (s *site) isClean(file string) {
	s.t.Helper()
	out, _ := s.mooring(all, "--config", file, "store", "check")
	if !strings.Contains(out, platform+": clean\n") || !strings.Contains(out, sales+": clean\n") {
		s.t.Errorf("the stores of %s are not clean:\n%s", file, out)
	}
}

const (
	harmed     = 48 // pages of one instance's file, one after the other
	scanEvery  = 8  // of them is also scanned
	pageHeader = 16 // bytes; behind it stand the elements
)

// One flipped bit in a page that is in use: that instance is set aside or answers as before, and the check names it; the
// other instance is as well as ever.
func TestFlippedBits(t *testing.T) {
	s, instances := acmeSite(t, "-accounts", "300", "-latency", "0")
	s.mooring(all, "scan")
	before := refsOf(s.records("accounts"))
	file := s.path("data/instances/github/platform/instance.db")
	pages, size := pagesInUse(t, file)
	t.Logf("%d pages are in use", len(pages))
	rnd := rand.New(rand.NewPCG(1, 2)) // the same pages every time
	rnd.Shuffle(len(pages), func(i, j int) { pages[i], pages[j] = pages[j], pages[i] })
	if len(pages) < harmed {
		t.Fatalf("only %d pages are in use, want %d", len(pages), harmed)
	}
	aside := 0
	for n, page := range pages[:harmed] {
		at := int64(page)*int64(size) + rnd.Int64N(pageHeader*2)
		bit := byte(1) << rnd.IntN(8)
		flip(t, file, at, bit)
		out, _ := s.mooring(partly, "store", "check")
		if !strings.Contains(out, platform+": ") || strings.Contains(out, platform+": clean") || !strings.Contains(out, "damaged") || !strings.Contains(out, sales+": clean\n") {
			t.Errorf("page %d, byte %d: store check says:\n%s", page, at%int64(size), out)
		}
		s.answers(before)
		if n%scanEvery == 0 {
			aside += s.scansAround(t, instances)
		}
		flip(t, file, at, bit)
	}
	s.isClean("config.hcl")
	if aside == 0 {
		t.Error("no scan met the damage")
	}
}

// answers: the other instance's records are all there; the harmed one's are too, or the answer says that it is not whole.
func (s *site) answers(before []string) {
	s.t.Helper()
	c := s.command(filepath.Join(s.bin, "mooring"), "query", "accounts", "-o", "csv", "--fields", "ref")
	b, err := c.CombinedOutput()
	out := string(b)
	for _, ref := range before {
		if strings.Contains(out, ref+"\n") {
			continue
		}
		if strings.HasPrefix(ref, sales) {
			s.t.Errorf("%s is gone with the other instance's page:\n%.500s", ref, out)
			return
		}
		if c.ProcessState.ExitCode() != partly || !strings.Contains(out, "the answer is not whole: "+platform) || !strings.Contains(out, "damaged") {
			s.t.Errorf("%s is missing, and the answer (%v) does not say why:\n%.500s", ref, err, out)
			return
		}
	}
}

// scansAround scans a copy of the harmed data, and says whether the harmed instance was set aside.
func (s *site) scansAround(t *testing.T, instances []string) int {
	t.Helper()
	defer func() { _ = os.RemoveAll(s.path("harmed")) }()
	if out, err := s.command("cp", "-a", "--sparse=always", "data", "harmed").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.configureIn("harmed.hcl", "harmed", loopback, instances...)
	b, _ := s.command(filepath.Join(s.bin, "mooring"), "--config", "harmed.hcl", "scan", "--full", "--kind", "account,membership,file").CombinedOutput()
	out := string(b)
	if strings.Contains(out, "panic") || strings.Contains(out, "goroutine ") || !completed(out, sales, "members") {
		t.Errorf("the other instance did not scan:\n%s", out)
	}
	if !strings.Contains(out, "did not scan completely") {
		return 0 // it did not come by that page
	}
	if !strings.Contains(out, "instance.db is damaged") || !strings.Contains(out, "1 of 2 instances did not scan completely") {
		t.Errorf("the scan does not say what happened:\n%s", out)
	}
	return 1
}

func completed(summary, id, listing string) bool {
	for line := range strings.Lines(summary) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == id && f[1] == listing && f[len(f)-1] == "complete" {
			return true
		}
	}
	return false
}

func refsOf(records []map[string]any) []string { return column(records, "ref") }

// pagesInUse are the pages of a file that hold something, by the file's own word.
func pagesInUse(t *testing.T, path string) (pages []int, size int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		for n := 0; ; {
			p, err := tx.Page(n)
			if err != nil || p == nil {
				return err
			}
			if p.Type == "leaf" && p.Count > 0 || p.Type == "branch" {
				pages = append(pages, n)
			}
			n += 1 + p.OverflowCount
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages, db.Info().PageSize
}

func flip(t *testing.T, path string, at int64, bit byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= bit
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}
