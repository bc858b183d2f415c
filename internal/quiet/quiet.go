// Package quiet takes out of the environment what would make a library print secrets: what a provider prints, the CLI
// writes into its log.
//
// Packages are initialized in the order of their import paths as soon as all that they import is. This one imports
// next to nothing, and so comes before every package that knows HTTP. A test of internal/esa holds it to that.
package quiet

import (
	"os"
	"strings"
)

// noisy is the value of DEBUG that makes credentials-go print the bearer tokens that it sends.
const noisy = "credential"

func init() {
	var left []string
	for _, name := range strings.Split(os.Getenv("DEBUG"), ",") {
		if name != "" && name != noisy {
			left = append(left, name)
		}
	}
	if debug := strings.Join(left, ","); debug != "" {
		_ = os.Setenv("DEBUG", debug)
	} else {
		_ = os.Unsetenv("DEBUG")
	}
}
