package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// workspace is an empty folder in which a real CLI runs the provider's binary.
type workspace struct {
	t   *testing.T
	cli string
	dir string
	env []string
}

// builtBinary is true if there is a folder to remove.
var builtBinary bool

// binary builds the provider once for all workspaces.
var binary = sync.OnceValues(func() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "esa-provider-"); err != nil {
		return "", err
	}
	builtBinary = true
	build := exec.Command("go", "build", "-o", folder, "terraform-provider-esa")
	if out, err := build.CombinedOutput(); err != nil {
		return folder, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return folder, nil
})

// newWorkspace skips the test under the same condition as the other acceptance tests.
func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("Acceptance tests skipped unless env 'TF_ACC' set")
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		cli = "terraform"
	}
	folder, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, cli: cli, dir: t.TempDir()}
	var overrides strings.Builder
	for _, source := range []string{"esa-provider/esa", "registry.terraform.io/esa-provider/esa", "registry.opentofu.org/esa-provider/esa"} {
		fmt.Fprintf(&overrides, "    %q = %q\n", source, folder)
	}
	w.write("cli.rc", "provider_installation {\n  dev_overrides {\n"+overrides.String()+"  }\n  direct {}\n}\n")
	w.write("versions.tf", "terraform {\n  required_providers {\n    esa = {\n      source = \"esa-provider/esa\"\n    }\n  }\n}\n")
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") {
			w.env = append(w.env, entry)
		}
	}
	w.env = append(w.env, "TF_CLI_CONFIG_FILE="+filepath.Join(w.dir, "cli.rc"), "TF_CLI_ARGS=-no-color", "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
	return w
}

// write writes a file of the workspace.
func (w *workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// configure writes the configuration. If it has required_providers, they replace those of the workspace.
func (w *workspace) configure(text string) {
	w.t.Helper()
	if strings.Contains(text, "required_providers") {
		if err := os.Remove(filepath.Join(w.dir, "versions.tf")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
	w.write("main.tf", text)
}

// mirror lets init install the provider, for configurations that need init. dev_overrides do not support it.
func (w *workspace) mirror() {
	w.t.Helper()
	folder, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		target := filepath.Join(w.dir, ".mirror", host, "esa-provider", "esa", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.CopyFS(target, os.DirFS(folder)); err != nil {
			w.t.Fatal(err)
		}
		built := filepath.Join(target, "terraform-provider-esa")
		if err := errors.Join(os.Rename(built, built+"_v0.0.1"), os.Chmod(built+"_v0.0.1", 0o700)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.write("cli.rc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(w.dir, ".mirror")))
}

// read returns a file of the workspace.
func (w *workspace) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// run runs the CLI, and returns its output and status.
func (w *workspace) run(command string, arguments ...string) (output string, status int) {
	w.t.Helper()
	return w.program(w.cli, append([]string{command}, arguments...)...)
}

// program runs any program like run runs the CLI.
func (w *workspace) program(name string, arguments ...string) (output string, status int) {
	w.t.Helper()
	run := exec.CommandContext(w.t.Context(), name, arguments...)
	run.Dir, run.Env = w.dir, w.env
	out, err := run.CombinedOutput()
	if run.ProcessState == nil {
		w.t.Fatal(err)
	}
	return string(out), run.ProcessState.ExitCode()
}

// command returns the CLI's command, not started. Its Stdout collects the output.
func (w *workspace) command(command string, arguments ...string) *exec.Cmd {
	run := exec.CommandContext(w.t.Context(), w.cli, append([]string{command}, arguments...)...)
	run.Dir, run.Env = w.dir, w.env
	var output bytes.Buffer
	run.Stdout, run.Stderr = &output, &output
	return run
}

// start runs the CLI in the background.
func (w *workspace) start(command string, arguments ...string) *exec.Cmd {
	w.t.Helper()
	run := w.command(command, arguments...)
	if err := run.Start(); err != nil {
		w.t.Fatal(err)
	}
	return run
}

// mustRun runs the CLI, which must succeed.
func (w *workspace) mustRun(command string, arguments ...string) string {
	w.t.Helper()
	output, status := w.run(command, arguments...)
	if status != 0 {
		w.t.Fatalf("%s: got status %d, want 0:\n%s", command, status, output)
	}
	return output
}
