//go:build unix

package provider

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// TestAccLogs compares the log lines of the provider with those of the framework alone.
func TestAccLogs(t *testing.T) {
	w := newWorkspace(t)
	folder, _ := binary()
	plain := filepath.Join(t.TempDir(), "terraform-provider-esa")
	if out, err := exec.Command("go", "build", "-o", plain, "terraform-provider-esa/internal/provider/testdata/plain").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	a := newAccount(t, fakeesa.Options{})
	w.write("main.tf", a.hcl(a.args(name)))
	w.mustRun("apply", "-auto-approve")

	for _, wanted := range []string{"", "TF_LOG=TRACE", "TF_LOG=INFO", "TF_LOG_PROVIDER=INFO", "TF_LOG_PROVIDER_ESA=DEBUG", "TF_LOG_SDK=TRACE", "TF_LOG_SDK_PROTO=TRACE", "TF_LOG=OFF"} {
		t.Run(wanted, func(t *testing.T) {
			before, now := w.kinds(t, plain, wanted), w.kinds(t, filepath.Join(folder, "terraform-provider-esa"), wanted)
			if wanted == "" || wanted == "TF_LOG=OFF" {
				if len(now) > 0 || len(before) == 0 {
					t.Errorf("got log lines %v, want none; the framework alone has %d kinds of lines", now, len(before))
				}
				return
			}
			if diff := cmp.Diff(before, now); diff != "" || len(now) == 0 {
				t.Errorf("got %d kinds of lines (-framework alone +provider):\n%s", len(now), diff)
			}
		})
	}
}

// kinds returns the kinds of lines that a provider writes to stderr during a plan.
func (w *workspace) kinds(t *testing.T, provider, environment string) map[string]bool {
	t.Helper()
	folder := t.TempDir()
	log := filepath.Join(folder, "stderr")
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\" 2>>'%s'\n", provider, log)
	if err := os.WriteFile(filepath.Join(folder, "terraform-provider-esa"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	own, _ := binary()
	rc, err := os.ReadFile(filepath.Join(w.dir, "cli.rc"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("script.rc", strings.ReplaceAll(string(rc), own, folder))
	env := w.env
	w.env = append(slices.Clone(env), "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "script.rc"))
	if environment != "" {
		w.env = append(w.env, environment)
	}
	w.mustRun("plan", "-detailed-exitcode")
	w.env = env
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for line := range bytes.Lines(lines) {
		var is struct {
			Level   string `json:"@level"`
			Module  string `json:"@module"`
			Message string `json:"@message"`
		}
		// Lines without a module come from the plugin protocol, which writes them before the provider reads the environment.
		if json.Unmarshal(line, &is) == nil && is.Module != "" {
			kinds[is.Level+" "+is.Module+": "+is.Message] = true
		}
	}
	return kinds
}

// TestAccCrash sends the provider the signal that makes it crash. It must print its goroutines.
func TestAccCrash(t *testing.T) {
	newWorkspace(t) // skips the test without a CLI, and builds the provider
	folder, _ := binary()
	crash := exec.Command(filepath.Join(folder, "terraform-provider-esa"))
	crash.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
	var stderr bytes.Buffer
	crash.Stderr = &stderr
	stdout, err := crash.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := crash.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // The provider serves.
		t.Error(err)
	}
	if err := crash.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if err := crash.Wait(); err == nil || !strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("got error %v, want a crash with goroutines on stderr:\n%s", err, stderr.String())
	}
}
