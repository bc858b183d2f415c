package provider

import (
	"os"
	"runtime/debug"
	"strings"
)

// PrepareProcess configures logging and garbage collection of the process. It must be called first.
func PrepareProcess(debugging bool) {
	if !debugging && !logsWanted(os.Environ()) {
		// By default the SDK writes every line down to TRACE, which the CLI parses and drops.
		_ = os.Setenv("TF_LOG_SDK", "OFF")
		_ = os.Setenv("TF_LOG_PROVIDER_ESA", "OFF")
	}
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(enoughMemory)
	}
}

const (
	// collectAt is GOGC. It is high because live memory is small: a plan of 1,000 hostnames uses 10 MB.
	collectAt = 400
	// enoughMemory is GOMEMLIMIT, above which the garbage collector runs more often.
	enoughMemory = 200 << 20
)

// logsWanted reports whether the environment enables logs of this provider, its SDK or all of Terraform.
func logsWanted(environment []string) bool {
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && !strings.EqualFold(value, "off") && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_PROVIDER") || strings.HasPrefix(name, "TF_LOG_SDK")) {
			return true
		}
	}
	return false
}
