package bolt

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/storetest"
)

func openStore(dir string) (store.Store, error) { return Open(Options{Dir: dir}) }

func TestMain(m *testing.M) {
	if storetest.Child(openStore) {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) { storetest.Run(t, openStore) }
