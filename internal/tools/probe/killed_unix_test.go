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

// asProgram makes the test binary the program.
const asProgram = "ESA_PROBE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestKilled ends a real process between the effect of a create and its answer. A killed one leaves the hostname for -sweep, an
// interrupted one removes it.
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
			// The effect is there at once, the answer never.
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
					t.Fatalf("no hostname is made\n%s", &out)
				}
			}
			if err := run.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := run.Wait(); err == nil {
				t.Errorf("the run ended well\n%s", &out)
			}
			left := server.Hostnames()
			if signal != syscall.SIGKILL {
				if len(left) > 0 {
					t.Errorf("%+v is left\n%s", left, &out)
				}
				return
			}
			if len(left) != 1 {
				t.Fatalf("%d hostnames are left", len(left))
			}
			text, err := os.ReadFile(journal)
			if err != nil || !strings.Contains(string(text), left[0].Hostname) || strings.Contains(string(text), fmt.Sprint(left[0].ID)) {
				t.Errorf("the journal is to have the name and cannot have the id: %v\n%s", err, text)
			}
			if text, err := program(t, server, "-yes", "-sweep", journal).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			if left := server.Hostnames(); len(left) > 0 {
				t.Errorf("%+v is left after the sweep", left)
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
