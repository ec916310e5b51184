package egress

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

func TestDirect(t *testing.T) {
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, []byte("PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Direct(Settings{
		Proxy: "http://user:pass@proxy.example:3128", NoProxy: []string{"localhost"}, CAFiles: []string{roots, roots},
		Private: []string{"127.0.0.1", "10.0.0.0/8", "0:0::1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.GetProxy() != "http://user:pass@proxy.example:3128" || strings.Join(n.GetPrivate(), " ") != "127.0.0.1 10.0.0.0/8 ::1" ||
		string(n.GetRoots()) != "PEM\nPEM\n" || n.Door != nil || len(n.GetNoProxy()) != 1 {
		t.Errorf("%v", n)
	}
	if n, err := Direct(Settings{}); err != nil || n.Proxy != nil {
		t.Errorf("nothing set: %v %v", n, err)
	}
}

func TestDirectRefuses(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big.pem")
	if err := os.WriteFile(big, make([]byte, maxRootsBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Settings{
		"proxy must be a URL":  {Proxy: "secret-user:secret@proxy"},
		"private \"intranet\"": {Private: []string{"intranet"}},
		"no such file":         {CAFiles: []string{"/none"}},
		"more than 1048576":    {CAFiles: []string{big}},
		"ftp":                  {Proxy: "ftp://proxy"},
	} {
		if want == "ftp" {
			want = "proxy must be a URL"
		}
		_, err := Direct(s)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, want)
		}
		if want != "no such file" && sdk.TypeOf(err) != sdk.ErrInvalid {
			t.Errorf("%v is not invalid", err)
		}
	}
}
