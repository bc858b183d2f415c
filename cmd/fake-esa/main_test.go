package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

const (
	runMain    = "FAKE_ESA_TEST_RUNS_MAIN"
	runCommand = "FAKE_ESA_TEST_RUNS_COMMAND"
)

// TestMain lets the test binary act as the program, and as the command that the program runs.
func TestMain(m *testing.M) {
	if os.Getenv(runCommand) != "" {
		command()
	}
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProgramServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot send this signal")
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			program := exec.CommandContext(ctx, os.Args[0], "-addr", "127.0.0.1:0", "-access-key", "my-key", "-secret-key", "my s3cret")
			program.Env = append(os.Environ(), runMain+"=1")
			var stderr bytes.Buffer
			program.Stderr = &stderr
			stdout, err := program.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			var printed strings.Builder
			piece := make([]byte, 1024)
			for !strings.Contains(printed.String(), "# cas") {
				n, err := stdout.Read(piece)
				printed.Write(piece[:n])
				if err != nil {
					t.Fatalf("reading the output failed: %v; got %q, stderr: %s", err, printed.String(), stderr.String())
				}
			}
			found := regexp.MustCompile(`export ALIBABA_CLOUD_ENDPOINT_ESA=(http://127\.0\.0\.1:\d+)\n`).FindStringSubmatch(printed.String())
			if found == nil || !strings.Contains(printed.String(), "export ALICLOUD_ACCESS_KEY=my-key\nexport ALICLOUD_SECRET_KEY='my s3cret'\n") {
				t.Fatalf("the output does not contain the environment: %s", printed.String())
			}
			if status, body := get(t, found[1]+"/fake/health"); status != 200 || body != "{\n  \"status\": \"ok\"\n}\n" {
				t.Errorf("health check: got status %d, body %s; want 200, ok", status, body)
			}
			if status, _ := get(t, found[1]+"/?Action=GetCustomHostname&HostnameId=7&PrivateKey=my+s3cret&Hostname=x"); status != 400 {
				t.Errorf("unsigned call: got status %d, want 400", status)
			}
			if err := program.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, stdout)
			if err := program.Wait(); err != nil {
				t.Errorf("the program ended with %v, want success; stderr: %s", err, stderr.String())
			}
			if log := stderr.String(); !strings.Contains(log, `GET "GetCustomHostname" 400 MissingVersion hostname=7`) || strings.Contains(log, "s3cret") || strings.Count(log, "\n") != 1 {
				t.Errorf("log: got\n%s\nwant one line with the code MissingVersion and without the secret", log)
			}
		})
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// canceled returns a context in which the program does not serve for long if it does not refuse its arguments.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(broken, []byte(`{"sites": [{"nam": "example.com"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, missing := os.ReadFile(broken + ".not")
	outside := func(addr, port string) string {
		return fmt.Sprintf("fakeesa: %q is not a loopback address such as 127.0.0.1:%s; the fake must not be reachable from other machines", addr, port)
	}
	const (
		sites  = "id, name, status, access_type, coverage, records, hostnames"
		dashes = "unexpected argument %q; write -- before a command"
	)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", "0.0.0.0:0"}, outside("0.0.0.0:0", "0")},
		{[]string{"-addr", ":8787"}, outside(":8787", "8787")},
		{[]string{"-addr", "8787"}, `fakeesa: the address "8787" is not host:port`},
		{[]string{"-nonsense"}, "wrong usage"},
		{[]string{"serve"}, fmt.Sprintf(dashes, "serve")},
		{[]string{"serve", "--", "ls"}, fmt.Sprintf(dashes, "serve")},
		{[]string{"-publish", "true", "--", "ls"}, fmt.Sprintf(dashes, "true")},
		{[]string{"-chaos", "-0.1"}, "-chaos is -0.1; it must be from 0 to 1"},
		{[]string{"-chaos", "1.1"}, "-chaos is 1.1; it must be from 0 to 1"},
		{[]string{"-account-type", "Foreign"}, `-account-type is "Foreign"; it must be Domestic or International`},
		{[]string{"-account-type", ""}, `-account-type is ""; it must be Domestic or International`},
		{[]string{"-addr", "127.0.0.1:0", "-seed", broken + ".not"}, "the seed file cannot be read: " + missing.Error()},
		{[]string{"-addr", "127.0.0.1:0", "-seed", broken}, broken + `: sites[0]: there is no argument "nam"; use one of ` + sites},
		{[]string{"-addr", "127.0.0.1:0", "-fault", `{"code": 7}`}, `-fault {"code": 7}: code is a number and must be a string in quotes`},
		{[]string{"--", "/no/such/command"}, "unable to run the command: fork/exec /no/such/command: no such file or directory"},
	} {
		var stdout, stderr bytes.Buffer
		err := run(canceled(t), test.args, nil, &stdout, &stderr)
		// Other systems have other words for the last reason.
		if err == nil || err.Error() != test.want && (runtime.GOOS != "windows" || !strings.HasPrefix(err.Error(), "unable to run the command: ")) {
			t.Errorf("%v: got error %v, want %q", test.args, err, test.want)
		}
		if stdout.Len() != 0 {
			t.Errorf("%v printed %s, want nothing", test.args, stdout.String())
		}
	}
}

// TestBusyPort checks that the error names the busy address and suggests another port.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	addr := strings.TrimPrefix(start(t).url, "http://")
	err := run(canceled(t), []string{"-addr", addr}, nil, io.Discard, io.Discard)
	const fix = "; if another program uses the port, choose another one with -addr, such as -addr 127.0.0.1:0 for a free one"
	if err == nil || !strings.HasPrefix(err.Error(), "fakeesa: listen tcp "+addr+": ") || !strings.HasSuffix(err.Error(), fix) {
		t.Errorf("got error %v, want one that names the address and suggests -addr 127.0.0.1:0", err)
	}
}

// TestTerminatedCommand checks that a command gets SIGTERM, and can end by itself.
func TestTerminatedCommand(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot send this signal")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, os.Args[0], "-addr", "127.0.0.1:0", "--",
		"sh", "-c", `trap "exit 5" TERM; echo ready; i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done`)
	program.Env = append(os.Environ(), runMain+"=1")
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("ready"))); err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stdout)
	if err := program.Wait(); program.ProcessState.ExitCode() != 5 {
		t.Errorf("got %v, want exit status 5", err)
	}
}

// TestReadingsOfTheCommandLine checks that -reading overrides -readings.
func TestReadingsOfTheCommandLine(t *testing.T) {
	first := fakeesa.Readings()[0]
	file := filepath.Join(t.TempDir(), "readings.json")
	document := fmt.Sprintf(`{%q: %q}`, first.Name, first.Values[0])
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	var got, want fakeesa.Options
	if err := read(&got, file, [][2]string{{first.Name, first.Values[1]}}); err != nil {
		t.Fatal(err)
	}
	if err := want.SetReading(first.Name, first.Values[1]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

// TestCommand checks that a command gets the environment of the fake, and that its exit status is returned. The command is
// this test binary, which calls the fake.
func TestCommand(t *testing.T) {
	for _, name := range []string{"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_SECURITY_TOKEN", "ESA_ENDPOINT"} {
		t.Setenv(name, "of a real account")
	}
	// These belong to the makefile. Setenv restores them after the test.
	for _, name := range []string{"ESA_TOOLS_DIR", "ESA_CLIS"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(runCommand, "1")
	// The program and the command write to the same file, as they do in a terminal.
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stderr.Close() }()
	var stdout bytes.Buffer
	err = run(t.Context(), []string{"-account-type", "International", "-secret-key", "s3cret", "--", os.Args[0], "one argument"}, nil, &stdout, stderr)
	logged, readErr := os.ReadFile(stderr.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 7 {
		t.Errorf("the command ended with %v, want exit status 7; stderr: %s", err, logged)
	}
	want := []string{
		"ALIBABA_CLOUD_ACCOUNT_TYPE=International", "ALIBABA_CLOUD_ENDPOINT_ESA=http://127.0.0.1:PORT", "ALICLOUD_ACCESS_KEY=fake-access-key-id",
		"ALICLOUD_SECRET_KEY=s3cret", "argument one argument", "health 200", "call 400",
	}
	got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(stdout.String(), "127.0.0.1:PORT")
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(got), "\n")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if len(logged) != 0 {
		t.Errorf("the log of calls must not mix with the output of the command; got stderr: %s", logged)
	}
}

// ofAccount matches the variables of an account. It is independent of the program's own list, which may lack one.
var ofAccount = regexp.MustCompile(`^(ALICLOUD|ALIBABA_?CLOUD|ESA)_`)

// command is the command that TestCommand runs.
func command() {
	entries := os.Environ()
	slices.Sort(entries)
	for _, entry := range entries {
		if ofAccount.MatchString(entry) {
			fmt.Println(entry)
		}
	}
	fmt.Println("argument", os.Args[1])
	response, err := http.Get(os.Getenv("ALIBABA_CLOUD_ENDPOINT_ESA") + "/fake/health")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = response.Body.Close()
	fmt.Println("health", response.StatusCode)
	if response, err = http.Get(os.Getenv("ALIBABA_CLOUD_ENDPOINT_ESA") + "/?Action=GetSite"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = response.Body.Close()
	fmt.Println("call", response.StatusCode)
	os.Exit(7)
}

func TestLine(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]fakeesa.Request{
		`POST "UpdateCustomHostname" 404 CustomHostname.SetCertFailed hostname=5`: {
			Method: "POST", Action: "UpdateCustomHostname", Status: 404, Code: "CustomHostname.SetCertFailed", HostnameID: 5, Reason: "x",
		},
		`GET "ListSites" 200`: {Method: "GET", Action: "ListSites", Status: 200},
		`POST "CreateCustomHostname" dropped InternalException hostname=5`: {Method: "POST", Action: "CreateCustomHostname", Code: "InternalException", HostnameID: 5},
		`POST "" 400 MissingAction`:                                        {Method: "POST", Status: 400, Code: "MissingAction"},
		// A value from a client cannot add a second line.
		`POST "a\nb" dropped`: {Method: "POST", Action: "a\nb"},
	} {
		if got := line(request); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
