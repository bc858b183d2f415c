//go:build unix

package provider

import (
	"syscall"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// TestAccFaults_killed ends CLI and provider with SIGKILL during a call, so that the response is lost.
func TestAccFaults_killed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options fakeesa.Options
		during  string
	}{
		"during Create, a second one is refused": {fakeesa.Options{}, "CreateCustomHostname"},
		"during Create, a second one conflicts":  {fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts}, "CreateCustomHostname"},
		"during Get, a second one is refused":    {fakeesa.Options{}, "GetCustomHostname"},
		"during Get, a second one conflicts":     {fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts}, "GetCustomHostname"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, test.options)
			w := newWorkspace(t)
			w.write("main.tf", a.hcl(a.args(name)))
			a.Inject(fakeesa.Fault{Action: test.during, Delay: 5 * time.Second})
			apply := w.command("apply", "-auto-approve")
			apply.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := apply.Start(); err != nil {
				t.Fatal(err)
			}
			a.await(t, test.during)
			// The process group contains the CLI and the provider that it started.
			if err := syscall.Kill(-apply.Process.Pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = apply.Wait()
			w.recover(a, a.record.ID)
		})
	}
}
