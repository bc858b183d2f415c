// Command demo runs examples/demo with a real CLI against a fake ESA: create, update in place, plan again, destroy.
// It uses loopback only, leaves nothing behind, and fails if any step has an unexpected result.
//
// TF_CLI is the CLI; `make demo` finds or builds one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

const (
	example  = "examples/demo"
	hostname = "shop.customer-c.com"
	version  = "0.0.1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := play(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// stage is the environment of the demo.
type stage struct {
	ctx    context.Context
	cli    string
	dir    string
	env    []string
	server *fakeesa.Server
}

func play(ctx context.Context) (err error) {
	cli := os.Getenv("TF_CLI")
	if cli == "" {
		return errors.New("TF_CLI is not set: run `make demo`, which finds or builds a CLI")
	}
	dir, err := os.MkdirTemp("", "esa-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	server, err := fakeesa.Start(fakeesa.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	s := &stage{ctx: ctx, cli: cli, dir: dir, server: server}
	if err := s.build(); err != nil {
		return err
	}
	variables, err := s.variables()
	if err != nil {
		return err
	}

	s.say("Create four hostnames: SSL off, free certificate, uploaded certificate, certificate from SSL Certificates Service")
	if err := errors.Join(s.set(variables), s.run(0, "apply", "-auto-approve")); err != nil {
		return err
	}
	s.calls()

	s.say("Plan again: no changes")
	if err := s.run(0, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	s.calls()

	s.say("Update two in place: another record for the first, a renewed certificate for the third")
	variables["static_record_id"] = variables["other_record_id"]
	variables["certificate_file"], variables["private_key_file"] = "renewed.crt", "renewed.key"
	if err := errors.Join(s.set(variables), s.run(2, "plan", "-detailed-exitcode", "-out=change.tfplan")); err != nil {
		return err
	}
	if err := s.run(0, "apply", "change.tfplan"); err != nil {
		return err
	}
	s.calls()

	s.say("Plan again: no changes")
	if err := s.run(0, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	s.calls()

	s.say("Destroy")
	if err := s.run(0, "destroy", "-auto-approve"); err != nil {
		return err
	}
	s.calls()
	if left := len(server.Hostnames()); left != 0 {
		return fmt.Errorf("got %d hostnames after destroy, want none", left)
	}
	fmt.Println("\nDone. No hostname is left on the server, and the temporary folder is removed.")
	return nil
}

// build builds the provider into a folder that the CLI installs from, as from a registry.
func (s *stage) build() error {
	fmt.Printf("Using %s; TF_CLI=path chooses another. Building the provider ...\n", s.cli)
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		target := filepath.Join(s.dir, "mirror", host, "esa-provider", "esa", version, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-esa_v"+version)
		if runtime.GOOS == "windows" {
			target += ".exe"
		}
		build := exec.CommandContext(s.ctx, "go", "build", "-o", target, ".")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("go build: %w", err)
		}
	}
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path    = %q\n    include = [\"registry.terraform.io/esa-provider/*\", \"registry.opentofu.org/esa-provider/*\"]\n  }\n}\n",
		filepath.Join(s.dir, "mirror"))
	if err := os.WriteFile(filepath.Join(s.dir, "cli.rc"), []byte(rc), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(s.work(), 0o700); err != nil {
		return err
	}
	main, err := os.ReadFile(filepath.Join(example, "main.tf"))
	if err != nil {
		return fmt.Errorf("run the demo in the root of the repository: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.work(), "main.tf"), main, 0o600); err != nil {
		return err
	}
	options := s.server.Options()
	s.env = append(clearEnvironment(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(s.dir, "cli.rc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+options.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+options.AccessKeySecret,
		"ESA_ENDPOINT="+s.server.URL())
	init := exec.CommandContext(s.ctx, s.cli, "init", "-input=false", "-no-color")
	init.Dir, init.Env = s.work(), s.env
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("%s init: %w\n%s", s.cli, err, out)
	}
	return nil
}

func (s *stage) work() string { return filepath.Join(s.dir, "work") }

// clearEnvironment returns the environment without the variables of a real account.
func clearEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		for _, prefix := range []string{"ALICLOUD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_", "ESA_", "TF_", "CLIENT_"} {
			if strings.HasPrefix(entry, prefix) {
				return true
			}
		}
		return false
	})
}

// variables creates the site, its records and two certificates for the same hostname.
func (s *stage) variables() (map[string]string, error) {
	site, record := fakeesa.Seed(s.server)
	other := s.server.AddRecord(site.ID, "static.example.com")
	for name, notAfter := range map[string]time.Time{"first": time.Now().AddDate(0, 2, 0), "renewed": time.Now().AddDate(1, 0, 0)} {
		pair, err := certtest.New(certtest.Spec{DNSNames: []string{hostname}, NotAfter: notAfter, Intermediate: 1})
		if err != nil {
			return nil, err
		}
		for ending, text := range map[string]string{".crt": pair.CertificatePEM, ".key": pair.PrivateKeyPEM} {
			if err := os.WriteFile(filepath.Join(s.work(), name+ending), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
	}
	return map[string]string{
		"site_id": fmt.Sprint(site.ID), "record_id": fmt.Sprint(record.ID), "static_record_id": fmt.Sprint(record.ID),
		"other_record_id": fmt.Sprint(other.ID), "certificate_file": "first.crt", "private_key_file": "first.key", "cas_id": "30000478",
	}, nil
}

// set writes the variables for the next run.
func (s *stage) set(variables map[string]string) error {
	known := map[string]string{}
	for name, value := range variables {
		if name != "other_record_id" {
			known[name] = value
		}
	}
	text, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.work(), "terraform.tfvars.json"), text, 0o600)
}

// run runs the CLI and checks its exit status.
func (s *stage) run(want int, command string, arguments ...string) error {
	arguments = append([]string{command, "-input=false"}, arguments...)
	if info, err := os.Stdout.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		arguments = slices.Insert(arguments, 1, "-no-color")
	}
	fmt.Printf("$ %s %s\n", filepath.Base(s.cli), strings.Join(arguments, " "))
	run := exec.CommandContext(s.ctx, s.cli, arguments...)
	// Let an interrupted CLI end by itself, so that it saves its state.
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = 20 * time.Second
	run.Dir, run.Env = s.work(), s.env
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	err := run.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if got := run.ProcessState.ExitCode(); got != want {
		return fmt.Errorf("%s %s: got status %d, want %d", filepath.Base(s.cli), command, got, want)
	}
	return nil
}

func (s *stage) say(text string) {
	fmt.Printf("\n==> %s\n\n", text)
}

// calls prints the API calls since the last time.
func (s *stage) calls() {
	counts := map[string]int{}
	for _, request := range s.server.Requests() {
		counts[request.Action]++
	}
	s.server.ResetRequests()
	fmt.Println("\nAPI calls:")
	for _, action := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("  %3d  %s\n", counts[action], action)
	}
	if len(counts) == 0 {
		fmt.Println("  none")
	}
}
