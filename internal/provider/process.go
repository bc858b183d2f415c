package provider

import (
	"context"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-esa/internal/esa"
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

// logEvent logs an attempt. It omits ESA's messages, as one of them repeats the string to sign, including a private key.
func logEvent(ctx context.Context, event esa.Event) {
	if event.Warning != "" {
		tflog.Warn(ctx, event.Warning)
		return
	}
	if event.Waiting != "" {
		tflog.Info(ctx, "Still waiting: "+event.Waiting, map[string]any{"for": event.Duration.Round(time.Second).String()})
		return
	}
	fields := map[string]any{
		"action":      event.Action,
		"attempt":     event.Attempt,
		"duration_ms": event.Duration.Milliseconds(),
	}
	if event.Status != 0 {
		fields["status"] = event.Status
	}
	if event.RequestID != "" {
		fields["request_id"] = event.RequestID
	}
	if event.Wait > 0 {
		fields["wait_ms"] = event.Wait.Milliseconds()
	}
	switch {
	case event.Code != "":
		fields["code"] = event.Code
	case event.Err != nil:
		fields["error"] = event.Err.Error()
	}
	tflog.Debug(ctx, "Called ESA", fields)
}
