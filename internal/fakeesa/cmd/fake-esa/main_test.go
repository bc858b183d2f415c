package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

const runMain = "FAKE_ESA_TEST_RUNS_MAIN"

// TestMain lets the test binary be the program itself.
func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProgramServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to send")
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			program := exec.CommandContext(ctx, os.Args[0], "-addr", "127.0.0.1:0", "-access-key", "my-key", "-secret-key", "my-s3cret")
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
			for !strings.Contains(printed.String(), "cas_region") {
				n, err := stdout.Read(piece)
				printed.Write(piece[:n])
				if err != nil {
					t.Fatalf("%v after %q, %s", err, printed.String(), stderr.String())
				}
			}
			found := regexp.MustCompile(`(?s)provider "esa" \{\n  access_key = "my-key"\n  secret_key = "my-s3cret"\n  endpoint   = "(http://127\.0\.0\.1:\d+)"\n\}`).FindStringSubmatch(printed.String())
			if found == nil {
				t.Fatalf("no provider block in %s", printed.String())
			}
			for _, id := range []string{`"4042843419650112"`, `"4042843419650113"`, `"4042843419650114"`} {
				if !strings.Contains(printed.String(), id) {
					t.Errorf("%s is not printed", id)
				}
			}
			if status, body := get(t, found[1]+"/_fake/health"); status != 200 || body != `{"status":"ok"}`+"\n" {
				t.Errorf("health: %d %s", status, body)
			}
			if status, _ := get(t, found[1]+"/?Action=GetCustomHostname&HostnameId=7&PrivateKey=my-s3cret&Hostname=x"); status != 400 {
				t.Errorf("an unsigned call: %d", status)
			}
			if err := program.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, stdout)
			if err := program.Wait(); err != nil {
				t.Errorf("ended with %v: %s", err, stderr.String())
			}
			if log := stderr.String(); !strings.Contains(log, `GET "GetCustomHostname" 400 MissingVersion hostname=7`) || strings.Contains(log, "s3cret") || strings.Count(log, "\n") != 1 {
				t.Errorf("log:\n%s", log)
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

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", "0.0.0.0:0"}, "not a loopback address"},
		{[]string{"-addr", ":8787"}, "not a loopback address"},
		{[]string{"-addr", "8787"}, "not host:port"},
		{[]string{"-nonsense"}, "wrong usage"},
		{[]string{"serve"}, "unexpected argument"},
	} {
		var stdout, stderr bytes.Buffer
		err := run(t.Context(), test.args, &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.args, err)
		}
		if stdout.Len() != 0 {
			t.Errorf("%v printed %s", test.args, stdout.String())
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]fakeesa.Request{
		`POST "UpdateCustomHostname" 404 CustomHostname.SetCertFailed hostname=5`: {
			Method: "POST", Action: "UpdateCustomHostname", Status: 404, Code: "CustomHostname.SetCertFailed", HostnameID: 5, Reason: "x",
		},
		`GET "ListSites" 200`: {Method: "GET", Action: "ListSites", Status: 200},
		// What a client sends cannot make a second line.
		`POST "a\nb" dropped`: {Method: "POST", Action: "a\nb"},
	} {
		if got := line(request); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
