// Package quiet takes out of the environment what would make a library write secrets down: what a provider prints, the
// CLI writes into its log.
//
// Packages are initialized in the order of their import paths as soon as all that they import is. This one imports
// next to nothing, and so comes before every package that knows HTTP. Tests of internal/esa and internal/provider hold it
// to that.
package quiet

import (
	"os"
	"strings"
)

// loud are the variables, which values of their lists are taken out, and what those would show.
var loud = []struct {
	variable string
	is       func(value string) bool
	shows    string
}{
	// net/http, and what gRPC has of it, print what they send and receive.
	{"GODEBUG", func(value string) bool { return strings.Contains(value, "http2debug=") }, "keys and tokens"},
	// credentials-go and tea print the tokens and the signed addresses that they send.
	{"DEBUG", func(value string) bool { return value == "credential" || value == "tea" || value == "dara" }, "tokens"},
	// terraform-plugin-go writes the CLI's messages, write-only arguments included, into files that everybody may read.
	{"TF_LOG_SDK_PROTO_DATA_DIR", all, "private keys"},
	// gRPC has no place to write its messages to yet, but its authors mean to give it one.
	{"GRPC_BINARY_LOG_FILTER", all, "private keys"},
}

func all(value string) bool { return value != "" }

func init() {
	for _, l := range loud {
		var kept, ignored []string
		for _, value := range strings.Split(os.Getenv(l.variable), ",") {
			if l.is(value) {
				ignored = append(ignored, value)
			} else {
				kept = append(kept, value)
			}
		}
		if ignored == nil {
			continue
		}
		if left := strings.Join(kept, ","); left != "" {
			_ = os.Setenv(l.variable, left)
		} else {
			_ = os.Unsetenv(l.variable)
		}
		// The CLI's log takes the level of a line from the word in brackets.
		_, _ = os.Stderr.WriteString("[WARN] terraform-provider-esa ignores " + strings.Join(ignored, ",") + " in " + l.variable + ", as it would show " + l.shows + ".\n")
	}
}
