package sdk_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/mooring-hq/mooring"

// An author's program gets what package sdk imports: the standard library, protobuf and our own.
func TestWhatTheSDKImports(t *testing.T) {
	own := []string{
		module + "/sdk", module + "/sdk/httpapi", module + "/sdk/internal/call", module + "/sdk/wire/v1",
		module + "/sdk/sdktest",
	}
	for _, p := range []string{"sdk", "sdk/httpapi", "sdk/wire/v1", "sdk/sdktest"} {
		for _, dep := range outside(t, module+"/"+p) {
			allowed := strings.HasPrefix(dep, "google.golang.org/protobuf/") || strings.HasPrefix(dep, "github.com/planetscale/vtprotobuf/")
			for _, o := range own {
				allowed = allowed || dep == o
			}
			if !allowed {
				t.Errorf("%s imports %s", p, dep)
			}
		}
	}
}

// outside lists the packages that one is made of, without the standard library's.
func outside(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	list := strings.Fields(string(out))
	if len(list) == 0 {
		t.Fatalf("go list gives nothing for %s", pkg)
	}
	return list
}
