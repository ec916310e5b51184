package ingest

import (
	"fmt"
	"os"
)

// stampOf is another text when one of the files is another one.
func stampOf(files ...string) (string, error) {
	stamp := ""
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprint(info.Size(), info.ModTime().UnixNano(), " ")
	}
	return stamp, nil
}
