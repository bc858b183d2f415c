// Package repotest tests the repository as a whole: imports, pages, translations, pictures, messages, workflows and
// releases.
package repotest

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests in the repository's root, where the names of files begin.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
