//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// asProgram is the variable that makes the test binary run the probe.
const asProgram = "ESA_PROBE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestKilled ends a real process between the effect of a create and its response. A killed process leaves the hostname for
// -sweep; an interrupted one removes it.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "interrupted": syscall.SIGINT, "terminated": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := fakeesa.Start(fakeesa.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			fakeesa.Seed(server)
			// The create takes effect at once, but its response is never sent.
			server.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Delay: time.Hour})
			dir := filepath.Join(t.TempDir(), "out")
			journal := filepath.Join(dir, "journal.json")

			run := program(t, server, "-level", "1", "-yes", "-out", dir, "-pause", "50ms", "-site-id", fmt.Sprint(fakeesa.SeedSiteID),
				"-record-id", fmt.Sprint(fakeesa.SeedRecordID), "-domain", domain)
			var out strings.Builder
			run.Stdout, run.Stderr = &out, &out
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); len(server.Hostnames()) == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					_ = run.Process.Kill()
					t.Fatalf("no hostname was created within a minute\n%s", &out)
				}
			}
			if err := run.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := run.Wait(); err == nil {
				t.Errorf("the run succeeded, want an error\n%s", &out)
			}
			left := server.Hostnames()
			if signal != syscall.SIGKILL {
				if len(left) > 0 {
					t.Errorf("got hostnames %+v, want none\n%s", left, &out)
				}
				return
			}
			if len(left) != 1 {
				t.Fatalf("got %d hostnames, want 1", len(left))
			}
			text, err := os.ReadFile(journal)
			if err != nil || !strings.Contains(string(text), left[0].Hostname) || strings.Contains(string(text), fmt.Sprint(left[0].ID)) {
				t.Errorf("the journal must have the name but not the id, error %v:\n%s", err, text)
			}
			if text, err := program(t, server, "-yes", "-sweep", journal).CombinedOutput(); err != nil {
				t.Errorf("the sweep failed: %v\n%s", err, text)
			}
			if left := server.Hostnames(); len(left) > 0 {
				t.Errorf("got hostnames %+v after the sweep, want none", left)
			}
		})
	}
}

func program(t *testing.T, server *fakeesa.Server, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"-on-my-account"}, args...)...)
	cmd.Env = []string{
		asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + server.Options().AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + server.Options().AccessKeySecret,
		"ALIBABA_CLOUD_ENDPOINT_ESA=" + server.URL(),
	}
	return cmd
}
