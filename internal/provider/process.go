package provider

import (
	"os"
	"runtime/debug"
	"strings"
)

// PrepareProcess sets what a process serves with. It comes before everything else.
func PrepareProcess(debugging bool) {
	if !debugging && !logsWanted(os.Environ()) {
		// The SDK makes every line down to TRACE if it is told nothing, and the CLI parses it and throws it away.
		_ = os.Setenv("TF_LOG_SDK", "OFF")
		_ = os.Setenv("TF_LOG_PROVIDER_ESA", "OFF")
	}
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(enoughMemory)
	}
}

const (
	// collectAt lets garbage grow to some times of what is in use, which is little: a plan of 1,000 hostnames uses 10 MB.
	collectAt = 400
	// enoughMemory is what the garbage collector works harder to stay below.
	enoughMemory = 200 << 20
)

// logsWanted tells whether somebody wants to read what this provider, its SDK or all of Terraform log.
func logsWanted(environment []string) bool {
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && !strings.EqualFold(value, "off") && (name == "TF_LOG" || strings.HasPrefix(name, "TF_LOG_PROVIDER") || strings.HasPrefix(name, "TF_LOG_SDK")) {
			return true
		}
	}
	return false
}
