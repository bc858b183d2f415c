// Package quiet removes environment variables that make libraries print secrets. The CLI logs everything that a provider
// prints.
//
// Packages whose imports are initialized are initialized in the order of their import paths. This one imports little, so
// it is initialized before every package that uses HTTP. Tests of internal/esa and internal/provider verify that.
package quiet

import (
	"os"
	"strings"
)

// loud lists the variables, the values to remove from them, and the secrets that these values expose.
var loud = []struct {
	variable string
	is       func(value string) bool
	shows    string
}{
	// net/http, and the copy in gRPC, print what they send and receive.
	{"GODEBUG", func(value string) bool { return strings.Contains(value, "http2debug=") }, "keys and tokens"},
	// credentials-go and tea print tokens and signed URLs.
	{"DEBUG", func(value string) bool { return value == "credential" || value == "tea" || value == "dara" }, "tokens"},
	// terraform-plugin-go writes the CLI's messages, including write-only arguments, to world-readable files.
	{"TF_LOG_SDK_PROTO_DATA_DIR", all, "private keys"},
	// gRPC does not write its messages anywhere yet, but plans to.
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
		// The CLI derives the log level of a line from the word in brackets.
		_, _ = os.Stderr.WriteString("[WARN] terraform-provider-esa ignores " + strings.Join(ignored, ",") + " in " + l.variable + ", as it would show " + l.shows + ".\n")
	}
}
