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

// TestAccLogs compares what the provider logs with what the framework alone does.
func TestAccLogs(t *testing.T) {
	w := newWorkspace(t)
	folder, _ := binary()
	plain := filepath.Join(t.TempDir(), "terraform-provider-esa")
	if out, err := exec.Command("go", "build", "-o", plain, "terraform-provider-esa/internal/provider/testdata/plain").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a := newAccount(t, fakeesa.Options{})
	w.write("main.tf", a.hcl(a.args(name)))
	w.mustRun("apply", "-auto-approve")

	for _, wanted := range []string{"", "TF_LOG=TRACE", "TF_LOG=INFO", "TF_LOG_PROVIDER=INFO", "TF_LOG_PROVIDER_ESA=DEBUG", "TF_LOG_SDK=TRACE", "TF_LOG_SDK_PROTO=TRACE", "TF_LOG=OFF"} {
		t.Run(wanted, func(t *testing.T) {
			before, now := w.kinds(t, plain, wanted), w.kinds(t, filepath.Join(folder, "terraform-provider-esa"), wanted)
			if wanted == "" || wanted == "TF_LOG=OFF" {
				if len(now) > 0 || len(before) == 0 {
					t.Errorf("the provider logs %v, the framework alone %d kinds of lines", now, len(before))
				}
				return
			}
			if diff := cmp.Diff(before, now); diff != "" || len(now) == 0 {
				t.Errorf("%d kinds of lines (-framework alone +provider):\n%s", len(now), diff)
			}
		})
	}
}

// kinds are the kinds of lines that a provider writes into its stderr during a plan.
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
		// Lines without a module are those of the plugin protocol, which are made before anything can be decided.
		if json.Unmarshal(line, &is) == nil && is.Module != "" {
			kinds[is.Level+" "+is.Module+": "+is.Message] = true
		}
	}
	return kinds
}

// TestAccCrash sends the provider the signal that makes it crash.
func TestAccCrash(t *testing.T) {
	newWorkspace(t) // or there is no binary
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
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // it serves
		t.Error(err)
	}
	if err := crash.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if err := crash.Wait(); err == nil || !strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}
